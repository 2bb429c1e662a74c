// Pictures: pictures of one size, decoded and packed side by side: what a training draws batches from, and what a model
// of pictures computes on.
//
//   QUIVER_TRY(Pictures all, Pictures::of(photos, {32, 32, 3}, run));        // an ImageColumn, or Rows of bytes
//   std::span<const std::uint8_t> pixels = all[7];                           // (height, width, channels)
//   const PixelScale scale({0.5F, 0.5F, 0.5F}, {0.25F, 0.25F, 0.25F});
//   float x = scale(channel, pixels[0]);                                     // (pixel / 255 - mean) / deviation
//
// Every picture is brought to the shape: grey to RGB or back, transparency onto white, resized where its size differs
// (image.h; the sides are not kept in proportion). Rows of bytes, as idx files give them, are square pictures: grey
// where their length is a square, RGB where it is three times one. Errors: those of ImageColumn::image();
// InvalidArgument for rows that are no square pictures or no bytes; Cancelled. Thread-safety: reading is safe from many
// threads. Memory: height * width * channels bytes a picture. Cost: decoding, on all threads.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/core/rows.h"
#include "quiver/core/run.h"
#include "quiver/data/image.h"
#include "quiver/data/image_column.h"

namespace quiver {

struct PictureShape {
  std::size_t height = 0, width = 0, channels = 0;
  std::size_t bytes() const noexcept { return height * width * channels; }
  bool operator==(const PictureShape&) const = default;
};

class Pictures {
 public:
  Pictures() = default;
  explicit Pictures(PictureShape shape, std::size_t count = 0);  // black ones
  static Result<Pictures> of(const ImageColumn& column, PictureShape shape, Run& run);
  static Result<Pictures> of(const Rows& rows, PictureShape shape, Run& run);

  std::size_t size() const noexcept { return count_; }
  const PictureShape& shape() const noexcept { return shape_; }
  std::span<const std::uint8_t> operator[](std::size_t row) const {
    return std::span(pixels_).subspan(row * shape_.bytes(), shape_.bytes());
  }
  void set(std::size_t row, const Image& image);  // brought to the shape. Requires: row < size()
  Pictures take(std::span<const std::uint32_t> rows) const;
  // These pictures, then those of `other`. Requires: one shape.
  void append(const Pictures& other);

 private:
  PictureShape shape_;
  std::size_t count_ = 0;
  std::vector<std::uint8_t> pixels_;
};

// One row of bytes as a square picture. The Error says which lengths there are.
Result<Image> image_of_bytes(std::span<const std::uint8_t> row);

// What a byte of each channel means to a net.
class PixelScale {
 public:
  PixelScale() = default;
  // Requires: as many deviations as means, each above 0.
  PixelScale(std::span<const float> mean, std::span<const float> deviation);
  // The mean and deviation of every channel over all pixels. Requires: at least one picture; a channel of one colour
  // gets the deviation 1.
  static PixelScale of(const Pictures& pictures);

  std::size_t channels() const noexcept { return mean_.size(); }
  std::span<const float> mean() const noexcept { return mean_; }
  std::span<const float> deviation() const noexcept { return deviation_; }
  float operator()(std::size_t channel, std::uint8_t byte) const { return table_[channel * 256 + byte]; }
  // out[i] of pixels[i]. Requires: sizes that agree, a multiple of channels().
  void apply(std::span<const std::uint8_t> pixels, float* out) const;

 private:
  std::vector<float> mean_, deviation_, table_;  // table: (channels, 256)
};

}  // namespace quiver
