#include "quiver/learn/augment.h"

#include <gtest/gtest.h>

#include <set>

#include "quiver/core/random.h"

namespace quiver::learn {
namespace {
constexpr std::uint64_t kAugmentSeed = 11;

struct Album {
  Pictures pictures;
  PixelScale scale;
  explicit Album(PictureShape shape, std::size_t count = 3) : pictures(shape, count) {
    Random random(kAugmentSeed);
    for (std::size_t i = 0; i < count; ++i) {
      Image image(shape.height, shape.width, shape.channels);
      for (auto& pixel : image.pixels) pixel = static_cast<std::uint8_t>(1 + random.below(255));
      pictures.set(i, image);
    }
    const std::vector<float> mean(shape.channels, 0.0F), deviation(shape.channels, 1.0F / 255);
    scale = PixelScale(mean, deviation);  // a byte is its own value, so 0 is only what comes from outside
  }
  float at(std::size_t row, std::int64_t y, std::int64_t x, std::int64_t c) const {
    const PictureShape& s = pictures.shape();
    const auto height = static_cast<std::int64_t>(s.height), width = static_cast<std::int64_t>(s.width);
    if (y < 0 || x < 0 || y >= height || x >= width) return 0;
    return static_cast<float>(
        pictures[row][static_cast<std::size_t>((y * width + x) * static_cast<std::int64_t>(s.channels) + c)]);
  }
};

TEST(AugmentTest, PlainBatchesAreThePicturesChannelsLast) {
  const Album album({4, 5, 3});
  const std::vector<std::uint32_t> rows{2, 0};
  const Tensor images = images_of(album.pictures, rows, album.scale);
  ASSERT_EQ(images.sizes(), (std::vector<std::int64_t>{2, 3, 4, 5}));
  EXPECT_TRUE(images.is_contiguous(at::MemoryFormat::ChannelsLast));
  for (std::int64_t i = 0; i < 2; ++i) {
    for (std::int64_t c = 0; c < 3; ++c) {
      for (std::int64_t y = 0; y < 4; ++y) {
        for (std::int64_t x = 0; x < 5; ++x)
          EXPECT_NEAR(images[i][c][y][x].item<float>(), album.at(rows[static_cast<std::size_t>(i)], y, x, c), 1e-4);
      }
    }
  }
}

// Every augmented picture is one of the shifted and mirrored ones, and over many steps all of them come up.
TEST(AugmentTest, ShowsEveryShiftAndItsMirrorImage) {
  for (const bool mirror : {true, false}) {
    const Album album({4, 5, 1}, 1);
    const std::vector<std::uint32_t> rows{0};
    std::set<std::tuple<int, int, bool>> seen;
    for (std::uint64_t step = 0; step < 400; ++step) {
      const Tensor image = augmented(album.pictures, rows, album.scale, step,
                                     {.padding = 1, .mirror = mirror, .seed = kAugmentSeed})[0][0];  // (height, width)
      int matches = 0;
      for (int dy = -1; dy <= 1; ++dy) {
        for (int dx = -1; dx <= 1; ++dx) {
          for (const bool mirrored : {false, true}) {
            bool same = true;
            for (int y = 0; y < 4; ++y) {
              for (int x = 0; x < 5; ++x)
                same &= std::abs(image[y][mirrored ? 4 - x : x].item<float>() - album.at(0, y + dy, x + dx, 0)) < 1e-3F;
            }
            if (!same) continue;
            ++matches;
            seen.insert({dy, dx, mirrored});
          }
        }
      }
      EXPECT_EQ(matches, 1) << "seed " << kAugmentSeed << ", step " << step;
    }
    EXPECT_EQ(seen.size(), mirror ? 18U : 9U);
  }
}

TEST(AugmentTest, IsAFunctionOfSeedStepAndRow) {
  const Album album({6, 6, 3}, 4);
  const std::vector<std::uint32_t> rows{0, 1, 2, 3}, reversed{3, 2, 1, 0};
  const AugmentOptions options{.padding = 3, .seed = kAugmentSeed};
  const Tensor a = augmented(album.pictures, rows, album.scale, 9, options);
  EXPECT_TRUE(torch::equal(a, augmented(album.pictures, rows, album.scale, 9, options)));
  EXPECT_TRUE(torch::equal(a, augmented(album.pictures, reversed, album.scale, 9, options).flip({0})));
  EXPECT_FALSE(torch::equal(a, augmented(album.pictures, rows, album.scale, 10, options)));
  EXPECT_FALSE(torch::equal(a, augmented(album.pictures, rows, album.scale, 9, {.padding = 3, .seed = 12})));
}

TEST(AugmentTest, ShiftsBeyondThePictureLeaveTheMeanColour) {
  const Album album({2, 2, 1}, 1);
  const std::vector<std::uint32_t> rows{0};
  bool blank = false;
  for (std::uint64_t step = 0; step < 50; ++step)
    blank |=
        augmented(album.pictures, rows, album.scale, step, {.padding = 8, .seed = 1}).abs().sum().item<float>() == 0;
  EXPECT_TRUE(blank);
  EXPECT_EQ(images_of(album.pictures, {}, album.scale).size(0), 0);
}

}  // namespace
}  // namespace quiver::learn
