#include "quiver/data/image.h"

#include <algorithm>

#include "quiver/core/check.h"

namespace quiver {
namespace {

// Which input pixels make an output pixel, and how much of each: `weights` sum to kUnit.
constexpr std::uint32_t kUnit = 1U << 16;
struct Taps {
  std::size_t first = 0;
  std::vector<std::uint32_t> weights;
};

// Output pixel i has its centre at (i + 1/2) * from / to - 1/2 of the input, and the triangle reaches max(1, from / to)
// to both sides. In units of 1 / (2 * to) all of that is integer.
Taps taps_of(std::size_t i, std::size_t from, std::size_t to) {
  const auto in = static_cast<std::int64_t>(from), out = static_cast<std::int64_t>(to);
  const std::int64_t centre = (2 * static_cast<std::int64_t>(i) + 1) * in - out;
  const std::int64_t reach = 2 * std::max(in, out), step = 2 * out;
  const std::int64_t first = std::max<std::int64_t>(0, (centre - reach) / step);
  const std::int64_t last = std::min(in - 1, (centre + reach) / step);
  std::vector<std::int64_t> heights;
  std::int64_t total = 0;
  for (std::int64_t j = first; j <= last; ++j) {
    const std::int64_t away = j * step > centre ? j * step - centre : centre - j * step;
    heights.push_back(std::max<std::int64_t>(0, reach - away));
    total += heights.back();
  }
  // Differences of rounded sums: their own sum is exact, so a picture of one colour keeps it.
  Taps taps{.first = static_cast<std::size_t>(first), .weights = {}};
  std::int64_t sum = 0, given = 0;
  for (const std::int64_t height : heights) {
    sum += height;
    const std::int64_t until = (sum * kUnit + total / 2) / total;
    taps.weights.push_back(static_cast<std::uint32_t>(until - given));
    given = until;
  }
  return taps;
}

// The values between the two passes: 8 bits and 8 behind the point. 255 * 256 * kUnit and its rounding fit 32 bits.
constexpr std::uint32_t kPoint = 256;

// (height, from, channels) -> (height, to, channels), times kPoint
std::vector<std::uint16_t> resize_rows(const Image& image, std::size_t to) {
  const std::size_t channels = image.channels;
  std::vector<std::uint16_t> out(image.height * to * channels);
  std::vector<Taps> taps;
  for (std::size_t x = 0; x < to; ++x) taps.push_back(taps_of(x, image.width, to));
  for (std::size_t y = 0; y < image.height; ++y) {
    const auto row = image.row(y);
    std::uint16_t* write = out.data() + y * to * channels;
    for (const Taps& tap : taps) {
      for (std::size_t c = 0; c < channels; ++c) {
        std::uint32_t sum = 0;
        const std::uint8_t* read = row.data() + tap.first * channels + c;
        for (const std::uint32_t weight : tap.weights) {
          sum += weight * *read;
          read += channels;
        }
        *write++ = static_cast<std::uint16_t>((sum + kUnit / kPoint / 2) / (kUnit / kPoint));
      }
    }
  }
  return out;
}

}  // namespace

Image resized(const Image& image, std::size_t height, std::size_t width) {
  constexpr std::size_t kMost = 65535;
  QUIVER_CHECK(height >= 1 && width >= 1 && height <= kMost && width <= kMost);
  QUIVER_CHECK(image.height >= 1 && image.width >= 1 && image.height <= kMost && image.width <= kMost);
  if (height == image.height && width == image.width) return image;
  const std::vector<std::uint16_t> rows = resize_rows(image, width);
  Image out(height, width, image.channels);
  const std::size_t stride = width * image.channels;
  std::vector<std::uint32_t> sums(stride);
  for (std::size_t y = 0; y < height; ++y) {
    const Taps tap = taps_of(y, image.height, height);
    std::ranges::fill(sums, kUnit * kPoint / 2);
    for (std::size_t k = 0; k < tap.weights.size(); ++k) {
      const std::uint16_t* read = rows.data() + (tap.first + k) * stride;
      for (std::size_t i = 0; i < stride; ++i) sums[i] += tap.weights[k] * read[i];
    }
    for (std::size_t i = 0; i < stride; ++i) {
      out.pixels[y * stride + i] = static_cast<std::uint8_t>(sums[i] / (kUnit * kPoint));
    }
  }
  return out;
}

Image cropped(const Image& image, std::size_t top, std::size_t left, std::size_t height, std::size_t width) {
  QUIVER_CHECK(top + height <= image.height && left + width <= image.width);
  Image out(height, width, image.channels);
  for (std::size_t y = 0; y < height; ++y) {
    const auto row = image.row(top + y).subspan(left * image.channels, width * image.channels);
    std::ranges::copy(row, out.pixels.begin() + static_cast<std::ptrdiff_t>(y * row.size()));
  }
  return out;
}

Image centre_cropped(const Image& image, std::size_t height, std::size_t width) {
  QUIVER_CHECK(height <= image.height && width <= image.width);
  return cropped(image, (image.height - height) / 2, (image.width - width) / 2, height, width);
}

Image with_channels(const Image& image, std::size_t channels, std::uint8_t background) {
  const auto known = [](std::size_t n) { return n == 1 || n == 3 || n == 4; };
  QUIVER_CHECK(known(channels) && known(image.channels));
  if (channels == image.channels) return image;
  constexpr unsigned kOpaque = 255;
  Image out(image.height, image.width, channels);
  for (std::size_t i = 0; i < image.height * image.width; ++i) {
    const std::uint8_t* from = image.pixels.data() + i * image.channels;
    std::uint8_t* to = out.pixels.data() + i * channels;
    unsigned colour[3];
    for (std::size_t c = 0; c < 3; ++c) colour[c] = from[image.channels == 1 ? 0 : c];
    if (image.channels == 4 && channels != 4) {
      const unsigned alpha = from[3];
      for (unsigned& value : colour) {
        value = (value * alpha + background * (kOpaque - alpha) + kOpaque / 2) / kOpaque;
      }
    }
    if (channels == 1) {
      to[0] = static_cast<std::uint8_t>((299 * colour[0] + 587 * colour[1] + 114 * colour[2] + 500) / 1000);
      continue;
    }
    for (std::size_t c = 0; c < 3; ++c) to[c] = static_cast<std::uint8_t>(colour[c]);
    if (channels == 4) to[3] = static_cast<std::uint8_t>(kOpaque);
  }
  return out;
}

Image oriented(const Image& image, unsigned orientation) {
  QUIVER_CHECK(orientation >= 1 && orientation <= 8);
  if (orientation == 1) return image;
  const bool turned = orientation >= 5;  // rows of the file are columns of the picture
  const bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool from_below = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  Image out(turned ? image.width : image.height, turned ? image.height : image.width, image.channels);
  for (std::size_t y = 0; y < out.height; ++y) {
    for (std::size_t x = 0; x < out.width; ++x) {
      const std::size_t v = turned ? x : y, u = turned ? y : x;
      const std::size_t from_y = from_below ? image.height - 1 - v : v, from_x = from_right ? image.width - 1 - u : u;
      for (std::size_t c = 0; c < image.channels; ++c) out.at(y, x, c) = image.at(from_y, from_x, c);
    }
  }
  return out;
}

void to_floats(const Image& image, std::span<const float> mean, std::span<const float> deviation,
               std::span<float> out) {
  QUIVER_CHECK(mean.size() == image.channels && deviation.size() == image.channels);
  QUIVER_CHECK(out.size() == image.pixels.size());
  const std::size_t plane = image.height * image.width;
  for (std::size_t c = 0; c < image.channels; ++c) {
    QUIVER_CHECK(deviation[c] > 0);
    for (std::size_t i = 0; i < plane; ++i) {
      out[c * plane + i] = (static_cast<float>(image.pixels[i * image.channels + c]) / 255.0F - mean[c]) / deviation[c];
    }
  }
}

}  // namespace quiver
