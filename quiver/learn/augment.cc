#include "quiver/learn/augment.h"

#include <algorithm>

#include "quiver/core/check.h"
#include "quiver/core/random.h"

namespace quiver::learn {
namespace {

// How one picture is changed: output (y, x) is input (y + down, x + right), of the mirror image where `mirrored`.
struct Change {
  std::ptrdiff_t down = 0, right = 0;
  bool mirrored = false;
};

Change draw_change(const AugmentOptions& options, std::uint64_t step, std::uint32_t row) {
  Random random(options.seed, mix(mix(stream_of("augment"), step), row));
  const std::uint64_t shifts = 2 * options.padding + 1;
  Change change;
  change.down = static_cast<std::ptrdiff_t>(random.below(shifts)) - static_cast<std::ptrdiff_t>(options.padding);
  change.right = static_cast<std::ptrdiff_t>(random.below(shifts)) - static_cast<std::ptrdiff_t>(options.padding);
  change.mirrored = options.mirror && random.below(2) == 1;
  return change;
}

// out: (height, width, channels), zeroed
void write_changed(std::span<const std::uint8_t> pixels, const PictureShape& shape, const PixelScale& scale,
                   const Change& change, float* out) {
  const auto height = static_cast<std::ptrdiff_t>(shape.height), width = static_cast<std::ptrdiff_t>(shape.width);
  const std::ptrdiff_t from = std::max<std::ptrdiff_t>(0, -change.right);  // columns that come from inside
  const std::ptrdiff_t until = std::min(width, width - change.right);
  for (std::ptrdiff_t y = 0; y < height; ++y) {
    const std::ptrdiff_t source = y + change.down;
    if (source < 0 || source >= height || from >= until) continue;
    const std::size_t first = static_cast<std::size_t>(source * width + from + change.right) * shape.channels;
    float* to = out + static_cast<std::size_t>(y * width + from) * shape.channels;
    scale.apply(pixels.subspan(first, static_cast<std::size_t>(until - from) * shape.channels), to);
    if (!change.mirrored) continue;
    float* line = out + static_cast<std::size_t>(y * width) * shape.channels;
    for (std::size_t a = 0, b = shape.width - 1; a < b; ++a, --b) {
      std::swap_ranges(line + a * shape.channels, line + (a + 1) * shape.channels, line + b * shape.channels);
    }
  }
}

template <class ChangeOf>
Tensor batch_of(const Pictures& pictures, std::span<const std::uint32_t> rows, const PixelScale& scale,
                const ChangeOf& change_of) {
  const PictureShape shape = pictures.shape();
  QUIVER_CHECK(scale.channels() == shape.channels);
  const auto extent = [](std::size_t n) { return static_cast<std::int64_t>(n); };
  Tensor batch = torch::zeros({extent(rows.size()), extent(shape.height), extent(shape.width), extent(shape.channels)});
  float* out = batch.data_ptr<float>();
  for (const std::uint32_t row : rows) {
    write_changed(pictures[row], shape, scale, change_of(row), out);
    out += shape.bytes();
  }
  return batch.permute({0, 3, 1, 2});  // (rows, channels, height, width), channels last in memory
}
}  // namespace

Tensor augmented(const Pictures& pictures, std::span<const std::uint32_t> rows, const PixelScale& scale,
                 std::uint64_t step, const AugmentOptions& options) {
  return batch_of(pictures, rows, scale, [&](std::uint32_t row) { return draw_change(options, step, row); });
}

Tensor images_of(const Pictures& pictures, std::span<const std::uint32_t> rows, const PixelScale& scale) {
  return batch_of(pictures, rows, scale, [](std::uint32_t) { return Change{}; });
}

}  // namespace quiver::learn
