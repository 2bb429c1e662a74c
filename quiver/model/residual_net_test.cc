#include "quiver/model/residual_net.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "quiver/core/file.h"
#include "quiver/core/random.h"
#include "quiver/core/temporary_folder.h"
#include "quiver/data/dataset.h"

namespace quiver {
namespace {
using testing::ElementsAreArray;
using testing::HasSubstr;
constexpr std::uint64_t kNetSeed = 23;

std::vector<float> draws(std::size_t count, std::string_view name, float deviation) {
  Random random(kNetSeed, stream_of(name));
  std::vector<float> out(count);
  for (float& x : out) x = deviation * random.normal();
  return out;
}

// A net as training would freeze it, and the same by loops in double precision.
struct Net {
  ResidualNetConfig net{.size = 9,
                        .stem_stride = 1,
                        .widths = {4, 6},
                        .blocks = 2,
                        .mean = {0.5F, 0.4F, 0.3F},
                        .deviation = {0.25F, 0.2F, 0.3F}};
  std::size_t dims = 5;
  std::string steps = R"([{"step":"linear","name":"projection"},{"step":"unit"}])";
  std::vector<Port> ports{
      {.name = "image", .reads = {{.name = "image", .modality = Modality::Image}}, .space = {.dims = 5}, .dims = {2}},
      {.name = "pixels",
       .reads = {{.name = "vectors", .modality = Modality::Rows}},
       .space = {.dims = 5},
       .dims = {2}}};
  std::map<std::string, std::string, std::less<>> columns{{"image", "image"}, {"pixels", "vectors"}};
  std::string without;  // a tensor that is left out

  std::vector<float> taps(const Convolution& c) const {
    const std::size_t fan = c.kernel * c.kernel * c.in;
    return draws(c.out * fan, c.name, std::sqrt(2.0F / static_cast<float>(fan)));
  }
  std::vector<float> bias(const Convolution& c) const { return draws(c.out, c.name + "_bias", 0.1F); }
  std::vector<float> projection() const { return draws(dims * net.widths.back(), "projection", 0.5F); }

  Result<Model> model() const {
    Weights weights;
    for (const Convolution& c : plan_of(net).all()) {
      if (c.name == without) continue;
      const std::vector<float> values = taps(c);
      const std::size_t fan = c.kernel * c.kernel * c.in;
      QUIVER_TRY(weights.add(c.name, MatrixView{values.data(), c.out, fan, fan}));
      QUIVER_TRY(weights.add(c.name + "_bias", std::span<const float>(bias(c))));
    }
    const std::vector<float> last = projection();
    QUIVER_TRY(weights.add("projection/weight", MatrixView{last.data(), dims, net.widths.back(), net.widths.back()}));
    const ResidualNetBodyConfig config{.net = net, .steps = steps, .ports = columns};
    return Model::make("residual_net", config.to_json(), ports, std::move(weights),
                       {.recipe = "test", .data_licence = "none"});
  }

  struct Grid {
    std::size_t side = 0, channels = 0;
    std::vector<double> values;
    double at(std::ptrdiff_t y, std::ptrdiff_t x, std::size_t c) const {
      const auto last = static_cast<std::ptrdiff_t>(side);
      if (y < 0 || x < 0 || y >= last || x >= last) return 0;
      return values[static_cast<std::size_t>(y * last + x) * channels + c];
    }
  };
  Grid convolved(const Convolution& c, const Grid& x) const {
    const std::vector<float> w = taps(c), b = bias(c);
    Grid y{(x.side + c.stride - 1) / c.stride, c.out, {}};
    const auto reach = static_cast<std::ptrdiff_t>(c.kernel / 2);
    for (std::size_t row = 0; row < y.side; ++row) {
      for (std::size_t column = 0; column < y.side; ++column) {
        for (std::size_t o = 0; o < c.out; ++o) {
          double sum = b[o];
          for (std::size_t ky = 0; ky < c.kernel; ++ky) {
            for (std::size_t kx = 0; kx < c.kernel; ++kx) {
              for (std::size_t i = 0; i < c.in; ++i) {
                sum += static_cast<double>(w[((o * c.kernel + ky) * c.kernel + kx) * c.in + i]) *
                       x.at(static_cast<std::ptrdiff_t>(row * c.stride + ky) - reach,
                            static_cast<std::ptrdiff_t>(column * c.stride + kx) - reach, i);
              }
            }
          }
          y.values.push_back(sum);
        }
      }
    }
    return y;
  }
  static void rectify(Grid& x) {
    for (double& value : x.values) value = std::max(value, 0.0);
  }
  std::vector<double> vector_of(const Image& image) const {
    Grid x{net.size, net.channels, {}};
    for (std::size_t i = 0; i < image.pixels.size(); ++i) {
      const std::size_t c = i % net.channels;
      x.values.push_back((image.pixels[i] / 255.0 - net.mean[c]) / net.deviation[c]);
    }
    const ResidualPlan plan = plan_of(net);
    x = convolved(plan.stem, x);
    rectify(x);
    for (const ResidualBlock& block : plan.blocks) {
      Grid y = convolved(block.first, x);
      rectify(y);
      y = convolved(block.second, y);
      const Grid past = block.shortcut.empty() ? x : convolved(block.shortcut[0], x);
      for (std::size_t i = 0; i < y.values.size(); ++i) y.values[i] += past.values[i];
      rectify(y);
      x = y;
    }
    std::vector<double> mean(x.channels), out(dims);
    for (std::size_t i = 0; i < x.values.size(); ++i) {
      mean[i % x.channels] += x.values[i] / static_cast<double>(x.side * x.side);
    }
    const std::vector<float> last = projection();
    double norm = 0;
    for (std::size_t j = 0; j < dims; ++j) {
      for (std::size_t c = 0; c < mean.size(); ++c) out[j] += static_cast<double>(last[j * mean.size() + c]) * mean[c];
      norm += out[j] * out[j];
    }
    for (double& value : out) value /= std::sqrt(norm);
    return out;
  }
};

Image noise_of(std::size_t side, std::size_t channels, std::uint64_t stream) {
  Random random(kNetSeed, stream);
  Image image(side, side, channels);
  for (auto& pixel : image.pixels) pixel = static_cast<std::uint8_t>(random.below(256));
  return image;
}
Items items_of(const std::vector<Image>& images) {
  TypedMatrix matrix(Element::U8, images.size(), images.empty() ? 0 : images[0].pixels.size());
  for (std::size_t i = 0; i < images.size(); ++i) {
    std::ranges::copy(std::as_bytes(std::span(images[i].pixels)), matrix.row(i));
  }
  return Items::of("vectors", Rows::dense(std::move(matrix), {.metric = Metric::L2}));
}

TEST(ResidualNet, AgreesWithTheLoops) {
  for (const std::size_t stride : {1, 2}) {
    for (const std::size_t count : {0, 1, 70}) {
      Net net;
      net.net.stem_stride = stride;
      const auto model = net.model();
      ASSERT_TRUE(model) << model.error().message();
      std::vector<Image> images;
      for (std::size_t i = 0; i < count; ++i) images.push_back(noise_of(9, 3, i));
      quiver::Run run({.threads = 2});
      const auto encoded = model->encode(items_of(images), {}, run);
      ASSERT_TRUE(encoded) << encoded.error().message();
      const MatrixView rows = *encoded->rows.dense();
      ASSERT_EQ(rows.rows, count);
      for (const std::size_t i : {std::size_t{0}, count / 2, count - 1}) {
        if (i >= count) continue;
        const std::vector<double> expected = net.vector_of(images[i]);
        for (std::size_t j = 0; j < expected.size(); ++j)
          EXPECT_NEAR(rows.row(i)[j], expected[j], 1e-4)
              << "seed " << kNetSeed << ", row " << i << ", stride " << stride;
      }
    }
  }
}

TEST(ResidualNet, PicturesOfAFolderAndTheirBytesGiveOneVector) {
  const TemporaryFolder folder;
  const Image image = noise_of(9, 3, 4), large = noise_of(12, 3, 5);
  ASSERT_TRUE(write_file(folder.path() / "a.png", *encode_png(image)));
  ASSERT_TRUE(write_file(folder.path() / "b.png", *encode_png(large)));
  const auto data = Dataset::open(folder.path().string());
  ASSERT_TRUE(data);
  const Net net;
  const auto model = net.model();
  quiver::Run run;
  const auto from_files = model->encode(data->items(), {}, run);
  ASSERT_TRUE(from_files) << from_files.error().message();
  const auto from_bytes = model->encode(items_of({image, resized(large, 9, 9)}), {}, run);
  ASSERT_TRUE(from_bytes) << from_bytes.error().message();
  for (const std::size_t i : {0, 1})
    EXPECT_THAT(from_files->rows.dense()->row(i), ElementsAreArray(from_bytes->rows.dense()->row(i)));
}

TEST(ResidualNet, PrefixesAreUnitVectorsAgain) {
  const auto model = Net().model();
  quiver::Run run;
  const auto cut = model->encode(items_of({noise_of(9, 3, 1)}), {.dims = 2}, run);
  ASSERT_TRUE(cut) << cut.error().message();
  const auto row = cut->rows.dense()->row(0);
  EXPECT_NEAR(std::hypot(row[0], row[1]), 1, 1e-6);
}

TEST(ResidualNet, KeepsItsAnswersThroughAFile) {
  const TemporaryFolder folder;
  const auto model = Net().model();
  ASSERT_TRUE(model->save(folder.path() / "net.qvm"));
  const auto opened = Model::open(folder.path() / "net.qvm");
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_EQ(opened->id(), model->id());
  quiver::Run run;
  const Items items = items_of({noise_of(9, 3, 1), noise_of(9, 3, 2)});
  const auto a = model->encode(items, {}, run), b = opened->encode(items, {}, run);
  ASSERT_TRUE(a && b);
  for (const std::size_t i : {0, 1}) EXPECT_THAT(a->rows.dense()->row(i), ElementsAreArray(b->rows.dense()->row(i)));
}

TEST(ResidualNet, AMissingOrDamagedPictureIsAnError) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_file(folder.path() / "a.png", "no picture"));
  const auto data = Dataset::open(folder.path().string());
  quiver::Run run;
  const auto model = Net().model();
  EXPECT_THAT(model->encode(data->items(), {}, run).error().message(), HasSubstr("a.png"));
  run.cancel();
  EXPECT_EQ(model->encode(items_of({noise_of(9, 3, 1)}), {}, run).error().code(), Code::Cancelled);
}

TEST(ResidualNet, ConfigSurvivesJson) {
  const ResidualNetBodyConfig config{.net = Net().net, .steps = Net().steps, .ports = Net().columns};
  const auto read = ResidualNetBodyConfig::parse(config.to_json());
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->net, config.net);
  EXPECT_EQ(read->to_json(), config.to_json());
}

TEST(ResidualNet, SaysWhatDoesNotFit) {
  const auto message = [](auto&& change) {
    Net net;
    change(net);
    const auto model = net.model();
    return model.has_value() ? std::string("fits") : model.error().message();
  };
  EXPECT_EQ(message([](Net&) {}), "fits");
  EXPECT_THAT(message([](Net& n) { n.without = "stages/1/0/shortcut"; }), HasSubstr("stages/1/0/shortcut"));
  EXPECT_THAT(message([](Net& n) { n.columns.erase("image"); }), HasSubstr("does not say what port 'image' (encode)"));
  EXPECT_THAT(message([](Net& n) { n.ports[0].ability = Ability::Score; }), HasSubstr("port 'image' (score)"));
  EXPECT_THAT(message([](Net& n) { n.columns["image"] = "file"; }), HasSubstr("column 'file', which is no picture"));
  EXPECT_THAT(message([](Net& n) { n.ports[1].space.dims = 7; }), HasSubstr("promises 7 dims, the steps give 5"));
  EXPECT_THAT(message([](Net& n) { n.steps = R"([{"step":"fold","name":"f"}])"; }), HasSubstr("'fold' is no step"));
  EXPECT_THAT(message([](Net& n) { n.net.channels = 2; }), HasSubstr("channels = 2"));
  EXPECT_THAT(message([](Net& n) { n.net.stem_stride = 3; }), HasSubstr("stem_stride = 3"));
  EXPECT_THAT(message([](Net& n) { n.net.size = 0; }), HasSubstr("size = 0"));
  EXPECT_THAT(message([](Net& n) { n.net.mean.pop_back(); }), HasSubstr("2 means"));
  EXPECT_THAT(message([](Net& n) { n.net.deviation[1] = 0; }), HasSubstr("deviation 0"));
}

}  // namespace
}  // namespace quiver
