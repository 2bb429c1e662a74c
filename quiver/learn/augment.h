// Batches of pictures for a net, as they are or changed a little at every step, so that a net does not learn the pixels
// by heart: a crop of the padded picture and, every other time, its mirror image (Krizhevsky 2012; He et al. 2016).
//
//   Tensor images = augmented(pictures, rows, scale, step, {.padding = 4, .seed = run.seed()});
//   Tensor plain  = images_of(pictures, rows, scale);                 // (rows, channels, height, width), channels last
//
//   shift (dy, dx) uniform in -padding .. padding, mirrored with probability 1/2: pure functions of (seed, step, row),
//   so a resumed training sees the same pictures. What a shift brings in from outside is the mean colour, 0 after
//   scaling.
//
// Pixels stay bytes until they are written into the batch. Requires: rows below pictures.size(); a scale of as many
// channels. Thread-safety: functions. Cost: about 10 us a picture of 32 x 32 x 3, some percent of a step.
#pragma once
#include <cstdint>
#include <span>

#include "quiver/data/pictures.h"
#include "quiver/learn/tensor.h"

namespace quiver::learn {

struct AugmentOptions {
  std::size_t padding = 4;  // farthest shift, in pixels; 0: none
  bool mirror = true;       // letters and digits must not be
  std::uint64_t seed = 1;
};

Tensor augmented(const Pictures& pictures, std::span<const std::uint32_t> rows, const PixelScale& scale,
                 std::uint64_t step, const AugmentOptions& options);
Tensor images_of(const Pictures& pictures, std::span<const std::uint32_t> rows, const PixelScale& scale);

}  // namespace quiver::learn
