#include "quiver/data/image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <tuple>

#include "quiver/core/random.h"
#include "quiver/data/internal/images/fixtures.h"

namespace quiver {
namespace {
using internal::expected_image;
using internal::farthest;
using ::testing::ElementsAre;

Image random_image(std::size_t height, std::size_t width, std::size_t channels, std::uint64_t seed) {
  Random random(seed);
  Image image(height, width, channels);
  for (std::uint8_t& value : image.pixels) value = static_cast<std::uint8_t>(random.below(256));
  return image;
}

// The definition: every output pixel is the mean of all input pixels, weighed by the triangle, in real numbers.
Image resized_by_definition(const Image& image, std::size_t height, std::size_t width) {
  const auto weight = [](std::size_t i, std::size_t j, std::size_t from, std::size_t to) {
    const double scale = static_cast<double>(from) / static_cast<double>(to), reach = std::max(1.0, scale);
    const double centre = (static_cast<double>(i) + 0.5) * scale - 0.5;
    return std::max(0.0, 1 - std::abs(static_cast<double>(j) - centre) / reach);
  };
  Image out(height, width, image.channels);
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t x = 0; x < width; ++x) {
      for (std::size_t c = 0; c < image.channels; ++c) {
        double sum = 0, total = 0;
        for (std::size_t v = 0; v < image.height; ++v) {
          for (std::size_t u = 0; u < image.width; ++u) {
            const double w = weight(y, v, image.height, height) * weight(x, u, image.width, width);
            sum += w * image.at(v, u, c);
            total += w;
          }
        }
        out.at(y, x, c) = static_cast<std::uint8_t>(std::lround(sum / total));
      }
    }
  }
  return out;
}

TEST(Image, ResizesAsTheDefinitionSays) {
  const std::size_t sizes[] = {1, 2, 3, 7, 16, 33};
  std::uint64_t seed = 1;
  for (const std::size_t height : sizes) {
    for (const std::size_t width : sizes) {
      const Image image = random_image(height, width, 1 + 2 * (seed % 2), seed);
      for (const auto& [h, w] : {std::pair{std::size_t{1}, std::size_t{1}}, {5, 4}, {16, 33}, {40, 2}}) {
        EXPECT_LE(farthest(resized(image, h, w), resized_by_definition(image, h, w)), 1)
            << "seed " << seed << ", " << height << " x " << width << " -> " << h << " x " << w;
      }
      ++seed;
    }
  }
}

TEST(Image, ResizesLikeTheReferenceImplementation) {
  const Image image = expected_image("rgb.png");
  for (const auto& [height, width] : {std::pair{4, 5}, {20, 31}, {3, 26}}) {
    const std::string name = "resized-" + std::to_string(height) + "x" + std::to_string(width);
    const Image out = resized(image, static_cast<std::size_t>(height), static_cast<std::size_t>(width));
    EXPECT_LE(farthest(out, expected_image(name)), 1) << name;
  }
}

TEST(Image, ResizingKeepsOneColourAndTheSize) {
  for (const int value : {0, 1, 127, 254, 255}) {
    Image image(31, 17, 3);
    std::ranges::fill(image.pixels, static_cast<std::uint8_t>(value));
    for (const std::size_t size : {std::size_t{1}, std::size_t{6}, std::size_t{64}}) {
      EXPECT_THAT(resized(image, size, size).pixels, ::testing::Each(value)) << size;
    }
  }
  const Image image = random_image(9, 5, 4, 3);
  EXPECT_EQ(resized(image, 9, 5), image);
}

TEST(Image, ShrinkingDoesNotAlias) {
  Image stripes(64, 64, 1);  // black and white columns: any fair small picture of them is grey
  for (std::size_t y = 0; y < 64; ++y) {
    for (std::size_t x = 0; x < 64; x += 2) stripes.at(y, x, 0) = 255;
  }
  for (const std::uint8_t value : resized(stripes, 7, 7).pixels) EXPECT_NEAR(value, 128, 8);
}

TEST(Image, CropsThePartAndTheMiddle) {
  Image image(3, 4, 1);
  for (std::size_t i = 0; i < 12; ++i) image.pixels[i] = static_cast<std::uint8_t>(i);
  EXPECT_THAT(cropped(image, 1, 2, 2, 2).pixels, ElementsAre(6, 7, 10, 11));
  EXPECT_THAT(centre_cropped(image, 1, 2).pixels, ElementsAre(5, 6));
  EXPECT_THAT(centre_cropped(image, 2, 1).pixels, ElementsAre(1, 5));  // of two middles the upper, left one
  EXPECT_EQ(centre_cropped(image, 3, 4), image);
}

TEST(Image, ChangesChannels) {
  Image grey(1, 2, 1);
  grey.pixels = {7, 200};
  EXPECT_THAT(with_channels(grey, 3).pixels, ElementsAre(7, 7, 7, 200, 200, 200));
  EXPECT_THAT(with_channels(grey, 4).pixels, ElementsAre(7, 7, 7, 255, 200, 200, 200, 255));
  Image clear(1, 3, 4);
  clear.pixels = {10, 20, 30, 0, 10, 20, 30, 255, 10, 20, 30, 128};
  EXPECT_THAT(with_channels(clear, 3).pixels, ElementsAre(255, 255, 255, 10, 20, 30, 132, 137, 142));
  EXPECT_THAT(with_channels(clear, 3, 0).pixels, ElementsAre(0, 0, 0, 10, 20, 30, 5, 10, 15));
  Image colours(1, 3, 3);
  colours.pixels = {255, 0, 0, 0, 255, 0, 0, 0, 255};
  EXPECT_THAT(with_channels(colours, 1).pixels, ElementsAre(76, 150, 29));
  EXPECT_EQ(with_channels(clear, 4), clear);
}

TEST(Image, TurnsUpright) {
  Image image(2, 3, 1);
  image.pixels = {1, 2, 3, 4, 5, 6};
  const auto turned = [&](unsigned orientation) { return oriented(image, orientation).pixels; };
  EXPECT_EQ(oriented(image, 1), image);
  EXPECT_THAT(turned(2), ElementsAre(3, 2, 1, 6, 5, 4));
  EXPECT_THAT(turned(3), ElementsAre(6, 5, 4, 3, 2, 1));
  EXPECT_THAT(turned(4), ElementsAre(4, 5, 6, 1, 2, 3));
  EXPECT_THAT(turned(5), ElementsAre(1, 4, 2, 5, 3, 6));
  EXPECT_THAT(turned(6), ElementsAre(4, 1, 5, 2, 6, 3));
  EXPECT_THAT(turned(7), ElementsAre(6, 3, 5, 2, 4, 1));
  EXPECT_THAT(turned(8), ElementsAre(3, 6, 2, 5, 1, 4));
  EXPECT_EQ(oriented(image, 6).height, 3u);
}

TEST(Image, BecomesPlanesOfFloats) {
  Image image(1, 2, 3);
  image.pixels = {0, 51, 255, 255, 102, 0};
  std::vector<float> out(6);
  to_floats(image, std::vector<float>{0.5F, 0, 1}, std::vector<float>{0.5F, 1, 2}, out);
  EXPECT_THAT(out, ElementsAre(-1, 1, 0.2F, 0.4F, 0, -0.5F));
}

}  // namespace
}  // namespace quiver
