#include "quiver/learn/encoders/residual_net.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/core/random.h"
#include "quiver/core/temporary_folder.h"
#include "quiver/learn/augment.h"
#include "quiver/learn/export_residual_net.h"
#include "quiver/learn/objectives/cross_entropy.h"
#include "quiver/learn/parameters.h"
#include "quiver/learn/sgd.h"
#include "quiver/learn/trainer.h"

namespace quiver::learn {
namespace {
using testing::HasSubstr;
constexpr std::uint64_t kPixelSeed = 31;

ResidualNetConfig small_net(std::size_t stem_stride = 1) {
  return {.size = 12,
          .stem_stride = stem_stride,
          .widths = {6, 8},
          .blocks = 1,
          .mean = {0.5F, 0.5F, 0.5F},
          .deviation = {0.25F, 0.25F, 0.25F}};
}
Pictures pixels(std::size_t count) {
  Random random(kPixelSeed);
  Pictures out({12, 12, 3}, count);
  for (std::size_t i = 0; i < count; ++i) {
    Image image(12, 12, 3);
    // Row i's brightness says its parity, so that there is something to learn.
    for (auto& pixel : image.pixels) pixel = static_cast<std::uint8_t>(random.below(128) + (i % 2) * 100);
    out.set(i, image);
  }
  return out;
}
std::vector<std::uint32_t> all_rows(std::size_t count) {
  std::vector<std::uint32_t> rows(count);
  for (std::size_t i = 0; i < count; ++i) rows[i] = static_cast<std::uint32_t>(i);
  return rows;
}
PixelScale scale_of(const ResidualNetConfig& config) { return {config.mean, config.deviation}; }

// Norms and statistics as after some training.
ResidualNet trained_net(std::size_t stem_stride, std::int64_t dims) {
  ResidualNet net(small_net(stem_stride), dims, kPixelSeed);
  const torch::NoGradGuard no_grad;
  for (const auto& [name, parameter] : net.named())
    parameter.add_(random_parameter("moved/" + name, parameter.sizes(), 0.1F, kPixelSeed));
  for (const auto& [name, tensor] : net.statistics())
    tensor.add_(random_parameter("moved/" + name, tensor.sizes(), 0.3F, kPixelSeed).abs());
  return net;
}

TEST(ResidualNetTest, TheFrozenModelGivesItsVectors) {
  for (const std::size_t stride : {1, 2}) {
    const ResidualNet net = trained_net(stride, 10);
    const Pictures pictures = pixels(7);
    const torch::NoGradGuard no_grad;
    const Tensor z = net.forward(images_of(pictures, all_rows(7), scale_of(net.config())), false);  // (7, dims)
    const Tensor expected = z / z.norm(2, 1, true);

    const auto model = freeze(net, {.prefixes = {4}}, {.recipe = "test", .data_licence = "none"});
    ASSERT_TRUE(model.has_value()) << model.error().message();
    const TemporaryFolder folder;
    ASSERT_TRUE(model->save(folder.path() / "net.qvm").has_value());
    const auto opened = Model::open(folder.path() / "net.qvm");
    ASSERT_TRUE(opened.has_value()) << opened.error().message();
    TypedMatrix bytes(Element::U8, 7, 12 * 12 * 3);
    for (std::size_t i = 0; i < 7; ++i) std::ranges::copy(std::as_bytes(pictures[i]), bytes.row(i));
    quiver::Run run;
    const auto encoded = opened->encode(Items::of("vectors", Rows::dense(std::move(bytes), {})), {}, run);
    ASSERT_TRUE(encoded.has_value()) << encoded.error().message();
    const Tensor given = to_tensor(*encoded->rows.dense());
    EXPECT_LT((given - expected).abs().max().item<double>(), 1e-4) << "seed " << kPixelSeed << ", stride " << stride;
    EXPECT_EQ(opened->ports()[0].dims, std::vector<std::size_t>{4});
  }
}

TEST(ResidualNetTest, PrefixesThatDoNotRiseAreRefused) {
  const ResidualNet net(small_net(), 8, 1);
  for (const std::vector<std::size_t>& bad : {std::vector<std::size_t>{4, 4}, {8}, {0}, {5, 3}}) {
    const auto model = freeze(net, {.prefixes = bad}, {.recipe = "test", .data_licence = "none"});
    ASSERT_FALSE(model.has_value());
    EXPECT_THAT(model.error().message(), HasSubstr("must rise and stay below 8"));
  }
}

TEST(ResidualNetTest, BeginsAsItsSeedSays) {
  const ResidualNet one(small_net(), 8, 1), same(small_net(), 8, 1), other(small_net(), 8, 2);
  EXPECT_TRUE(torch::equal(one.named().at("stem"), same.named().at("stem")));
  EXPECT_FALSE(torch::equal(one.named().at("stem"), other.named().at("stem")));
  EXPECT_EQ(one.named().at("stages/1/0/shortcut").sizes(), (std::vector<std::int64_t>{8, 1, 1, 6}));
  EXPECT_FALSE(one.named().contains("stages/0/0/shortcut"));
}

// Two classes by brightness: learnt in a few steps, and an interrupted training goes on as if it had not stopped,
// running statistics included.
struct Lesson {
  Pictures pictures = pixels(32);
  ResidualNet net{small_net(2), 8, 3};
  CrossEntropy objective{{8}, 2};
  std::vector<Tensor> parameters() const {
    std::vector<Tensor> all = net.parameters();
    for (const Tensor& each : objective.parameters()) all.push_back(each);
    return all;
  }
  Tensor labels() const { return torch::arange(32, torch::kInt64) % 2; }
  Result<TrainLog> go(std::uint64_t steps, const std::filesystem::path& checkpoint, quiver::Run& run,
                      std::uint64_t stop_after = 1000) {
    Sgd sgd(parameters(), {.rate = 0.05, .weight_decay = 1e-4});
    const Turn turn{.name = "pictures", .optimizers = {&sgd}, .loss = [&](std::uint64_t step) -> Result<Tensor> {
                      if (step + 1 == stop_after) run.cancel();
                      const Tensor images =
                          augmented(pictures, all_rows(32), scale_of(net.config()), step, {.padding = 1, .seed = 3});
                      return objective({{"vectors", net.forward(images, true)}}, {{"label", labels()}});
                    }};
    return train({&turn, 1},
                 {.schedule = {.steps = steps, .warmup = 2},
                  .kept = net.statistics(),
                  .checkpoint = checkpoint,
                  .fingerprint = "lesson"},
                 run);
  }
  double accuracy() const {
    const torch::NoGradGuard no_grad;
    const Tensor z = net.forward(images_of(pictures, all_rows(32), scale_of(net.config())), false);
    return objective.logits(z).argmax(1).eq(labels()).to(torch::kFloat32).mean().item<double>();
  }
};

TEST(ResidualNetTest, LearnsAndResumesExactly) {
  Lesson whole, parts;
  quiver::Run run;
  ASSERT_TRUE(whole.go(30, {}, run).has_value());
  EXPECT_EQ(whole.accuracy(), 1.0);
  const TemporaryFolder folder;
  {
    quiver::Run interrupted;
    const auto stopped = parts.go(30, folder.path() / "c.qvc", interrupted, 13);
    ASSERT_FALSE(stopped.has_value());
    EXPECT_EQ(stopped.error().code(), Code::Cancelled);
  }
  Lesson resumed;
  const auto log = resumed.go(30, folder.path() / "c.qvc", run);
  ASSERT_TRUE(log.has_value()) << log.error().message();
  EXPECT_EQ(log->resumed_at, 13U);
  for (const auto& [name, parameter] : whole.net.named())
    EXPECT_TRUE(torch::equal(parameter, resumed.net.named().at(name))) << name;
  for (const auto& [name, tensor] : whole.net.statistics())
    EXPECT_TRUE(torch::equal(tensor, resumed.net.statistics().at(name))) << name;
}

}  // namespace
}  // namespace quiver::learn
