// Image: the pixels of one picture, and what is done to them before a model sees them. 8 bits a channel.
//
//   QUIVER_TRY(Image image, read_image("lion.jpg"));             // read_images.h
//   image = with_channels(image, 3);                             // grey -> RGB, RGBA -> RGB on white
//   image = centre_cropped(resized(image, 72, 72), 64, 64);
//   std::vector<float> input(image.pixels.size());               // (channels, height, width)
//   to_floats(image, {0.485F, 0.456F, 0.406F}, {0.229F, 0.224F, 0.225F}, input);
//
// Layout: (height, width, channels), rows from the top, channels of a pixel side by side. Channels: 1 grey, 3 RGB,
// 4 RGBA with alpha not multiplied in. Values are sRGB as files hold them; nothing here linearises.
//
// resized() weighs with a triangle: bilinear where it enlarges; where it shrinks, the triangle is as wide as the step
// between output pixels (two input pixels for half the size, each way), so that nothing aliases. Weights are ratios of
// integers and all arithmetic is integer: the same bytes on every machine, within 1 of the sum in real numbers.
// Each channel is resized by itself: bring pictures with transparency onto a background first.
//
// Invariant: pixels.size() == height * width * channels. Thread-safety: a value. Cost: resized() reads every row once
// and every column once per tap; the others touch each pixel once.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace quiver {

struct Image {
  std::size_t height = 0, width = 0, channels = 0;
  std::vector<std::uint8_t> pixels;

  Image() = default;
  Image(std::size_t h, std::size_t w, std::size_t c) : height(h), width(w), channels(c), pixels(h * w * c) {}
  std::uint8_t& at(std::size_t y, std::size_t x, std::size_t channel) {
    return pixels[(y * width + x) * channels + channel];
  }
  std::uint8_t at(std::size_t y, std::size_t x, std::size_t channel) const {
    return pixels[(y * width + x) * channels + channel];
  }
  std::span<const std::uint8_t> row(std::size_t y) const {
    return std::span(pixels).subspan(y * width * channels, width * channels);
  }
  bool operator==(const Image&) const = default;
};

// Requires: height, width, and both of the image, in [1, 65535].
Image resized(const Image& image, std::size_t height, std::size_t width);
// Requires: the part lies inside the image.
Image cropped(const Image& image, std::size_t top, std::size_t left, std::size_t height, std::size_t width);
// The middle; of two middles the upper, the left one. Requires: no larger than the image.
Image centre_cropped(const Image& image, std::size_t height, std::size_t width);
// Grey repeats as RGB; RGB becomes grey by luma (0.299 R + 0.587 G + 0.114 B); alpha is 255 where there was none, and
// is laid over `background`, a grey, where there shall be none. Requires: channels 1, 3 or 4.
Image with_channels(const Image& image, std::size_t channels, std::uint8_t background = 255);
// Turns and mirrors as EXIF's orientation 1 to 8 asks, so that the picture stands upright.
Image oriented(const Image& image, unsigned orientation);
// out (channels, height, width) = (pixel / 255 - mean) / deviation. Requires: a mean and a deviation above 0 for each
// channel, out.size() == pixels.size().
void to_floats(const Image& image, std::span<const float> mean, std::span<const float> deviation, std::span<float> out);

}  // namespace quiver
