#include "quiver/data/pictures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/core/file.h"
#include "quiver/core/random.h"
#include "quiver/core/temporary_folder.h"
#include "quiver/data/dataset.h"

namespace quiver {
namespace {
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
constexpr std::uint64_t kPictureSeed = 5;

Image noise(std::size_t height, std::size_t width, std::size_t channels, std::uint64_t stream) {
  Random random(kPictureSeed, stream);
  Image image(height, width, channels);
  for (auto& pixel : image.pixels) pixel = static_cast<std::uint8_t>(random.below(256));
  return image;
}

Rows rows_of_bytes(const std::vector<std::vector<std::uint8_t>>& bytes) {
  TypedMatrix matrix(Element::U8, bytes.size(), bytes.empty() ? 0 : bytes[0].size());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::ranges::copy(std::as_bytes(std::span(bytes[i])), matrix.row(i));
  }
  return Rows::dense(std::move(matrix), {.metric = Metric::L2});
}

TEST(PicturesTest, OfAFolderHaveOneShapeAndTheOrderOfItsRows) {
  const TemporaryFolder folder;
  const std::vector<Image> images{noise(6, 6, 3, 1), noise(6, 6, 1, 2), noise(9, 5, 3, 3)};
  for (std::size_t i = 0; i < images.size(); ++i) {
    const auto png = encode_png(images[i]);
    ASSERT_TRUE(png);
    ASSERT_TRUE(write_file(folder.path() / (std::to_string(i) + ".png"), *png));
  }
  const auto data = Dataset::open(folder.path().string());
  ASSERT_TRUE(data) << data.error().message();
  quiver::Run run({.threads = 2});
  const auto pictures = Pictures::of(*data->items().images("image"), {6, 6, 3}, run);
  ASSERT_TRUE(pictures) << pictures.error().message();
  ASSERT_EQ(pictures->size(), 3U);
  EXPECT_THAT((*pictures)[0], ElementsAreArray(images[0].pixels));
  EXPECT_THAT((*pictures)[1], ElementsAreArray(with_channels(images[1], 3).pixels));
  EXPECT_THAT((*pictures)[2], ElementsAreArray(resized(images[2], 6, 6).pixels));
}

TEST(PicturesTest, ADamagedFileIsNamed) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_file(folder.path() / "a.png", *encode_png(noise(4, 4, 1, 1))));
  ASSERT_TRUE(write_file(folder.path() / "b.png", "no picture"));
  const auto data = Dataset::open(folder.path().string());
  quiver::Run run;
  const auto pictures = Pictures::of(*data->items().images("image"), {4, 4, 1}, run);
  ASSERT_FALSE(pictures);
  EXPECT_THAT(pictures.error().message(), HasSubstr("b.png"));
}

TEST(PicturesTest, RowsOfBytesAreSquareGreyOrColour) {
  quiver::Run run;
  const auto grey = Pictures::of(rows_of_bytes({{1, 2, 3, 4}, {5, 6, 7, 8}}), {2, 2, 1}, run);
  ASSERT_TRUE(grey) << grey.error().message();
  EXPECT_THAT((*grey)[1], ElementsAre(5, 6, 7, 8));
  const auto colour = Pictures::of(rows_of_bytes({{9, 8, 7}}), {1, 1, 3}, run);
  ASSERT_TRUE(colour) << colour.error().message();
  EXPECT_THAT((*colour)[0], ElementsAre(9, 8, 7));
  const auto none = Pictures::of(rows_of_bytes({}), {1, 1, 3}, run);
  ASSERT_TRUE(none);
  EXPECT_EQ(none->size(), 0U);
}

TEST(PicturesTest, RefusesRowsThatAreNoPictures) {
  quiver::Run run;
  EXPECT_THAT(Pictures::of(rows_of_bytes({{1, 2, 3, 4, 5}}), {2, 2, 1}, run).error().message(),
              HasSubstr("5 bytes are no square picture"));
  Matrix floats(1, 4);
  EXPECT_THAT(Pictures::of(Rows::dense(std::move(floats), {}), {2, 2, 1}, run).error().message(),
              HasSubstr("they hold f32, pictures are bytes"));
  run.cancel();
  EXPECT_EQ(Pictures::of(rows_of_bytes({{1, 2, 3, 4}}), {2, 2, 1}, run).error().code(), Code::Cancelled);
}

TEST(PicturesTest, TakeAndAppendCopyRows) {
  Pictures all({1, 1, 3}, 2);
  Image red(1, 1, 3);
  red.pixels = {255, 0, 0};
  all.set(1, red);
  const std::vector<std::uint32_t> rows{1, 0, 1};
  Pictures some = all.take(rows);
  some.append(all);
  ASSERT_EQ(some.size(), 5U);
  for (const std::size_t i : {0, 2, 4}) EXPECT_THAT(some[i], ElementsAre(255, 0, 0)) << i;
  for (const std::size_t i : {1, 3}) EXPECT_THAT(some[i], ElementsAre(0, 0, 0)) << i;
}

TEST(PicturesTest, ScaleIsTheMeanAndDeviationOfEveryChannel) {
  Pictures pictures({1, 2, 3}, 1);
  Image image(1, 2, 3);
  image.pixels = {0, 51, 7, 255, 102, 7};
  pictures.set(0, image);
  const PixelScale scale = PixelScale::of(pictures);
  EXPECT_NEAR(scale.mean()[0], 0.5, 1e-6);
  EXPECT_NEAR(scale.deviation()[0], 0.5, 1e-6);
  EXPECT_NEAR(scale.mean()[1], 0.3, 1e-6);
  EXPECT_NEAR(scale.deviation()[1], 0.1, 1e-6);
  EXPECT_EQ(scale.deviation()[2], 1.0F);  // one colour
  std::vector<float> out(6), expected(6);
  scale.apply(image.pixels, out.data());
  for (std::size_t i = 0; i < 6; ++i) {
    const std::size_t c = i % 3;
    expected[i] = (static_cast<float>(image.pixels[i]) / 255 - scale.mean()[c]) / scale.deviation()[c];
  }
  EXPECT_THAT(out, ElementsAreArray(expected));
}

}  // namespace
}  // namespace quiver
