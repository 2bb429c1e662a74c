// Body "residual_net": a small residual net for pictures, without torch (He et al. 2016, arXiv:1512.03385, the form for
// 32 x 32). Norms are folded into the convolutions when a trained net is frozen, so all that is left is
//
//   picture (size, size, channels) -> scaled by channel
//   x = relu(conv3x3(x, stride stem_stride))                                                          "stem"
//   for every stage s, block b:                                                                       "stages/s/b/..."
//     y = conv3x3(relu(conv3x3(x, stride)))        first, second; stride 2 at the first block of all stages but the
//     first x = relu(y + shortcut(x))                    shortcut: x, or conv1x1 where stride or width change
//   mean over all positions -> steps (layers.h), such as a linear map to the dimensions of the space
//
// Tensors of a convolution NAME: "NAME" (out, kernel * kernel * in), taps row by row, channels of a tap side by side;
// "NAME_bias" (out). Those of the steps. Config (JSON): ResidualNetBodyConfig; docs/reference/formats/model.md.
// Ports read one column: of pictures, or of rows of bytes that are square pictures (data/pictures.h). Pictures of
// another size or with other channels are brought to the net's; a missing picture is an error. Thread-safety: const.
// Cost: a GEMM per convolution and picture, of patches copied side by side; about 12 million multiply-adds at 32 x 32
// with the default widths, a quarter of it with stem_stride 2.
#pragma once
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/data/pictures.h"
#include "quiver/model/body.h"

namespace quiver {

struct ResidualNetConfig {
  std::size_t size = 32, channels = 3;  // pictures are (size, size, channels)
  std::size_t stem_stride = 1;          // 2: a quarter of the work, for small budgets
  std::vector<std::size_t> widths{16, 32, 64};
  std::size_t blocks = 1;              // of every stage
  std::vector<float> mean, deviation;  // of pixels / 255, by channel
  Result<void> check() const;          // the Error names the field
  std::string to_json() const;
  static Result<ResidualNetConfig> parse(std::string_view json);
  bool operator==(const ResidualNetConfig&) const = default;
  PictureShape shape() const { return {size, size, channels}; }
};

struct Convolution {
  std::string name;
  std::size_t in = 0, out = 0, kernel = 3, stride = 1;  // padded by kernel / 2 on every side
};
// One block of a stage; no shortcut: the identity.
struct ResidualBlock {
  Convolution first, second;
  std::vector<Convolution> shortcut;  // one or none
};
struct ResidualPlan {
  Convolution stem;
  std::vector<ResidualBlock> blocks;
  std::vector<Convolution> all() const;  // in the order they are computed
};
// The convolutions of a net: the module that trains and the body that runs both follow it. Requires: config.check().
ResidualPlan plan_of(const ResidualNetConfig& config);

struct ResidualNetBodyConfig {
  ResidualNetConfig net{};
  std::string steps = "[]";                                 // JSON array of Layers behind the mean
  std::map<std::string, std::string, std::less<>> ports{};  // the column that each port reads, by its name
  std::string to_json() const;
  static Result<ResidualNetBodyConfig> parse(std::string_view json);
};

Result<std::unique_ptr<const ModelBody>> make_residual_net(std::string_view config, std::span<const Port> ports,
                                                           const Weights& weights);

}  // namespace quiver
