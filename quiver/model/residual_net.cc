#include "quiver/model/residual_net.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <optional>

#include "quiver/core/json.h"
#include "quiver/core/linalg.h"
#include "quiver/model/layers.h"

namespace quiver {
namespace {
constexpr std::size_t kPicturesPerBlock = 64;  // pictures whose pooled vectors pass the steps together
constexpr std::size_t kLargest = 4096;         // side, channels, widths: refused before memory is asked for

// Activations of one picture: (side, side, channels).
struct Plane {
  std::size_t side = 0, channels = 0;
  std::vector<float> values;
  void resize(std::size_t to, std::size_t width) {
    side = to;
    channels = width;
    values.resize(to * to * width);
  }
};

class Kernel {
 public:
  static Result<Kernel> open(const Convolution& as, const Weights& weights) {
    Kernel kernel(as);
    QUIVER_TRY(kernel.taps_, weights.matrix(as.name, as.out, as.kernel * as.kernel * as.in));
    QUIVER_TRY(kernel.bias_, weights.vector(as.name + "_bias", as.out));
    return kernel;
  }

  // y = conv(x) + bias; patches: scratch
  void apply(const Plane& x, Plane& y, std::vector<float>& patches) const {
    const std::size_t side = (x.side + as_.stride - 1) / as_.stride;
    y.resize(side, as_.out);
    const std::size_t width = as_.kernel * as_.kernel * as_.in;
    const float* rows = x.values.data();
    if (as_.kernel > 1 || as_.stride > 1) {
      patches.resize(side * side * width);
      gather(x, side, patches.data());
      rows = patches.data();
    }
    gemm_nt({rows, side * side, width, width}, taps_, y.values.data(), as_.out);  // (positions, out)
    for (std::size_t i = 0; i < y.values.size(); i += as_.out) {
      for (std::size_t c = 0; c < as_.out; ++c) y.values[i + c] += bias_[c];
    }
  }

 private:
  explicit Kernel(Convolution as) : as_(std::move(as)) {}

  // The patch under every output position, zeros outside of the picture: (positions, kernel * kernel * in)
  void gather(const Plane& x, std::size_t side, float* out) const {
    const std::size_t reach = as_.kernel / 2, in = as_.in;
    for (std::size_t row = 0; row < side; ++row) {
      for (std::size_t column = 0; column < side; ++column) {
        for (std::size_t dy = 0; dy < as_.kernel; ++dy) {
          const std::size_t y = row * as_.stride + dy - reach;  // beyond the top it wraps to a huge number
          for (std::size_t dx = 0; dx < as_.kernel; ++dx, out += in) {
            const std::size_t at = column * as_.stride + dx - reach;
            if (y < x.side && at < x.side) {
              std::copy_n(x.values.data() + (y * x.side + at) * in, in, out);
            } else {
              std::fill_n(out, in, 0.0F);
            }
          }
        }
      }
    }
  }

  Convolution as_;
  MatrixView taps_;
  std::span<const float> bias_;
};

void rectify(Plane& x) {
  for (float& value : x.values) value = std::max(value, 0.0F);
}

class ResidualNet final : public ModelBody {
 public:
  struct Block {
    Kernel first, second;
    std::optional<Kernel> shortcut;
  };
  static Result<std::unique_ptr<ResidualNet>> open(ResidualNetBodyConfig config, const Weights& weights) {
    const ResidualPlan plan = plan_of(config.net);
    QUIVER_TRY(Kernel stem, Kernel::open(plan.stem, weights));
    QUIVER_TRY(Layers steps, Layers::parse(config.steps, config.net.widths.back(), weights));
    std::vector<Block> blocks;
    for (const ResidualBlock& as : plan.blocks) {
      QUIVER_TRY(Kernel first, Kernel::open(as.first, weights));
      QUIVER_TRY(Kernel second, Kernel::open(as.second, weights));
      Block block{std::move(first), std::move(second), std::nullopt};
      if (!as.shortcut.empty()) {
        QUIVER_TRY(block.shortcut, Kernel::open(as.shortcut[0], weights));
      }
      blocks.push_back(std::move(block));
    }
    return std::unique_ptr<ResidualNet>(
        new ResidualNet(std::move(config), std::move(stem), std::move(blocks), std::move(steps), weights));
  }

  std::size_t dims() const noexcept { return steps_.out(); }

  Result<Encoded> encode(const Port& port, const Items& items, std::uint32_t, Run& run) const override {
    const std::string& column = config_.ports.find(port.name)->second;
    Matrix out(items.size(), port.space.dims);
    Threads& threads = run.threads();
    std::vector<Scratch> scratch(threads.count());
    std::mutex lock;
    std::optional<Error> failed;
    auto stage = run.stage("encode", items.size());
    const BlasThreads one(1);  // each worker multiplies its own pictures
    threads.parallel_for(items.size(), kPicturesPerBlock, [&](std::size_t begin, std::size_t end, unsigned worker) {
      for (; begin < end && !run.stop(); begin += kPicturesPerBlock) {
        const std::size_t count = std::min(kPicturesPerBlock, end - begin);
        if (auto done = encode_block(items.slice(begin, count), column, run, scratch[worker], out, begin);
            !done.has_value()) {
          const std::lock_guard guard(lock);
          failed = std::move(done).error();
          return;
        }
        stage.advance(count);
      }
    });
    if (failed) return *std::move(failed);
    if (run.stop()) return run.stopped("encoding pictures");
    return Encoded{Rows::dense(std::move(out), port.space), {}};
  }

 private:
  struct Scratch {
    Plane x, y, z, shortcut;
    std::vector<float> patches;
  };

  ResidualNet(ResidualNetBodyConfig config, Kernel stem, std::vector<Block> blocks, Layers steps, Weights weights)
      : config_(std::move(config)),
        scale_(config_.net.mean, config_.net.deviation),
        stem_(std::move(stem)),
        blocks_(std::move(blocks)),
        steps_(std::move(steps)),
        weights_(std::move(weights)) {}

  Result<Pictures> pictures_of(const Items& items, const std::string& column, Run& run) const {
    QUIVER_TRY(const Field field, items.field(column));
    if (field.modality == Modality::Image) {
      QUIVER_TRY(const ImageColumn images, items.images(column));
      return Pictures::of(images, config_.net.shape(), run);
    }
    QUIVER_TRY(const Rows rows, items.rows(column));
    return Pictures::of(rows, config_.net.shape(), run);
  }

  Result<void> encode_block(const Items& items, const std::string& column, Run& run, Scratch& scratch, Matrix& out,
                            std::size_t first) const {
    QUIVER_TRY(const Pictures pictures, pictures_of(items, column, run));
    Matrix pooled(pictures.size(), config_.net.widths.back());
    for (std::size_t i = 0; i < pictures.size(); ++i) pool(pictures[i], scratch, pooled.row(i));
    const Matrix vectors = steps_.apply(std::move(pooled));  // (pictures, space.dims)
    for (std::size_t i = 0; i < pictures.size(); ++i) {
      std::copy_n(vectors.row(i).data(), vectors.cols(), out.row(first + i).data());
    }
    return {};
  }

  void pool(std::span<const std::uint8_t> pixels, Scratch& s, std::span<float> mean) const {
    s.y.resize(config_.net.size, config_.net.channels);
    scale_.apply(pixels, s.y.values.data());
    stem_.apply(s.y, s.x, s.patches);
    rectify(s.x);
    for (const Block& block : blocks_) {
      block.first.apply(s.x, s.y, s.patches);
      rectify(s.y);
      block.second.apply(s.y, s.z, s.patches);
      if (block.shortcut) block.shortcut->apply(s.x, s.shortcut, s.patches);
      const std::vector<float>& past = block.shortcut ? s.shortcut.values : s.x.values;
      for (std::size_t i = 0; i < past.size(); ++i) s.z.values[i] += past[i];
      rectify(s.z);
      std::swap(s.x, s.z);
    }
    const auto positions = static_cast<float>(s.x.side * s.x.side);
    for (std::size_t i = 0; i < s.x.values.size(); i += mean.size()) {
      for (std::size_t c = 0; c < mean.size(); ++c) mean[c] += s.x.values[i + c];
    }
    for (float& value : mean) value /= positions;
  }

  ResidualNetBodyConfig config_;
  PixelScale scale_;
  Kernel stem_;
  std::vector<Block> blocks_;
  Layers steps_;
  Weights weights_;  // shares what the kernels point into
};

Result<void> check_size(std::string_view what, std::size_t value) {
  if (value >= 1 && value <= kLargest) return {};
  return Error::invalid_argument(fmt::format("a residual net with {} = {}; it must be 1 .. {}", what, value, kLargest));
}
}  // namespace

Result<void> ResidualNetConfig::check() const {
  QUIVER_TRY(check_size("size", size));
  if (channels != 1 && channels != 3) {
    return Error::invalid_argument(fmt::format("a residual net with channels = {}; they are 1 or 3", channels));
  }
  if (stem_stride != 1 && stem_stride != 2) {
    return Error::invalid_argument(fmt::format("a residual net with stem_stride = {}; it is 1 or 2", stem_stride));
  }
  QUIVER_TRY(check_size("blocks", blocks));
  if (widths.empty() || widths.size() > 8) {
    return Error::invalid_argument(fmt::format("a residual net of {} stages; there are 1 to 8", widths.size()));
  }
  for (const std::size_t width : widths) QUIVER_TRY(check_size("widths", width));
  if (mean.size() != channels || deviation.size() != channels) {
    return Error::invalid_argument(
        fmt::format("a residual net with {} channels has {} means and {} deviations; give one of each a channel",
                    channels, mean.size(), deviation.size()));
  }
  for (std::size_t c = 0; c < channels; ++c) {
    if (!std::isfinite(mean[c]) || !std::isfinite(deviation[c]) || deviation[c] <= 0) {
      return Error::invalid_argument(
          fmt::format("a residual net scales channel {} by mean {} and deviation {}; deviations are above 0", c,
                      mean[c], deviation[c]));
    }
  }
  return {};
}

std::string ResidualNetConfig::to_json() const {
  return dump_json(Json{{"size", size},
                        {"channels", channels},
                        {"stem_stride", stem_stride},
                        {"widths", widths},
                        {"blocks", blocks},
                        {"mean", mean},
                        {"deviation", deviation}},
                   -1);
}

Result<ResidualNetConfig> ResidualNetConfig::parse(std::string_view json) {
  QUIVER_TRY(const Json object, parse_json(json));
  ResidualNetConfig config;
  QUIVER_TRY(config.size, get<std::size_t>(object, "size"));
  QUIVER_TRY(config.channels, get<std::size_t>(object, "channels"));
  QUIVER_TRY(config.stem_stride, get<std::size_t>(object, "stem_stride"));
  QUIVER_TRY(config.widths, get<std::vector<std::size_t>>(object, "widths"));
  QUIVER_TRY(config.blocks, get<std::size_t>(object, "blocks"));
  QUIVER_TRY(config.mean, get<std::vector<float>>(object, "mean"));
  QUIVER_TRY(config.deviation, get<std::vector<float>>(object, "deviation"));
  QUIVER_TRY(config.check());
  return config;
}

std::vector<Convolution> ResidualPlan::all() const {
  std::vector<Convolution> out{stem};
  for (const ResidualBlock& block : blocks) {
    out.push_back(block.first);
    out.push_back(block.second);
    out.insert(out.end(), block.shortcut.begin(), block.shortcut.end());
  }
  return out;
}

ResidualPlan plan_of(const ResidualNetConfig& config) {
  ResidualPlan plan{.stem = {"stem", config.channels, config.widths.front(), 3, config.stem_stride}, .blocks = {}};
  std::size_t in = config.widths.front();
  for (std::size_t stage = 0; stage < config.widths.size(); ++stage) {
    for (std::size_t b = 0; b < config.blocks; ++b) {
      const std::string name = fmt::format("stages/{}/{}/", stage, b);
      const std::size_t out = config.widths[stage], stride = stage > 0 && b == 0 ? 2 : 1;
      ResidualBlock block{{name + "first", in, out, 3, stride}, {name + "second", out, out, 3, 1}, {}};
      if (stride > 1 || in != out) block.shortcut.push_back({name + "shortcut", in, out, 1, stride});
      plan.blocks.push_back(std::move(block));
      in = out;
    }
  }
  return plan;
}

std::string ResidualNetBodyConfig::to_json() const {
  const auto embed = [](const std::string& text) {  // what does not parse is refused by make_residual_net
    auto parsed = parse_json(text);
    return parsed.has_value() ? *std::move(parsed) : Json();
  };
  return dump_json(Json{{"net", embed(net.to_json())}, {"steps", embed(steps)}, {"ports", ports}}, -1);
}

Result<ResidualNetBodyConfig> ResidualNetBodyConfig::parse(std::string_view json) {
  QUIVER_TRY(const Json object, parse_json(json));
  ResidualNetBodyConfig config;
  QUIVER_TRY(const Json net, get<Json>(object, "net"));
  QUIVER_TRY(config.net, ResidualNetConfig::parse(dump_json(net, -1)).within("its net"));
  QUIVER_TRY(const Json steps, get<Json>(object, "steps"));
  config.steps = dump_json(steps, -1);
  QUIVER_TRY(const auto ports, (get<std::map<std::string, std::string>>(object, "ports")));
  config.ports.insert(ports.begin(), ports.end());
  return config;
}

Result<std::unique_ptr<const ModelBody>> make_residual_net(std::string_view config_text, std::span<const Port> ports,
                                                           const Weights& weights) {
  QUIVER_TRY(ResidualNetBodyConfig config,
             ResidualNetBodyConfig::parse(config_text).within("the config of a residual net"));
  for (const Port& port : ports) {
    const auto entry = config.ports.find(port.name);
    if (port.ability != Ability::Encode || entry == config.ports.end()) {
      return Error::invalid_argument(fmt::format("the config of a residual net does not say what port '{}' ({}) reads",
                                                 port.name, name_of(port.ability)));
    }
    const auto reads = std::ranges::find(port.reads, entry->second, &Field::name);
    if (reads == port.reads.end() || (reads->modality != Modality::Image && reads->modality != Modality::Rows)) {
      return Error::invalid_argument(fmt::format(
          "port '{}' encodes column '{}', which is no picture and no row of bytes it reads", port.name, entry->second));
    }
  }
  QUIVER_TRY(auto body, ResidualNet::open(std::move(config), weights));
  for (const Port& port : ports) {
    if (port.space.dims != body->dims()) {
      return Error::invalid_argument(
          fmt::format("port '{}' promises {} dims, the steps give {}", port.name, port.space.dims, body->dims()));
    }
  }
  return std::unique_ptr<const ModelBody>(std::move(body));
}

}  // namespace quiver
