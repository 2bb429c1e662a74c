#include "quiver/data/image_column.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/data/dataset.h"
#include "quiver/data/internal/images/fixtures.h"
#include "quiver/data/internal/testing.h"
#include "quiver/data/items_builder.h"

namespace quiver {
namespace {
using internal::error_of;
using internal::expected_image;
using internal::image_bytes;
using internal::TestFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ImageColumn, PathsOfATableBecomePictures) {
  const TestFolder folder;
  folder.write("a.png", image_bytes("rgb.png"));
  folder.write("b.jpg", image_bytes("orientation-6.jpg"));
  const auto table = folder.write("photos.csv", "photo,stars\na.png,5\n,4\nb.jpg,3\n").string();
  const Dataset data = *Dataset::open(table + "?images=photo");
  EXPECT_EQ(describe(data.fields()[0]), "photo (image, optional)");
  EXPECT_EQ(data.fields()[1].name, "stars");
  const ImageColumn photos = *data.items().images("photo");
  ASSERT_EQ(photos.size(), 3u);
  EXPECT_EQ(photos.path(0), folder / "a.png");
  EXPECT_EQ(*photos.image(0), expected_image("rgb.png"));
  EXPECT_TRUE(photos.missing(1));
  EXPECT_EQ(photos.path(1), "");
  EXPECT_EQ(*photos.info(2), (ImageInfo{.format = ImageFormat::Jpeg, .height = 13, .width = 9}));
  EXPECT_EQ(error_of(photos.image(1)), "row 1 of column 'photo' has no picture; leave such rows out");
  EXPECT_EQ(error_of(photos.info(1)), error_of(photos.image(1)));
  EXPECT_THAT(error_of(photos.image(0, {.max_pixels = 3})), HasSubstr("a.png: its header asks for 13 x 9 pixels"));
  // Slices and chosen rows read the same files.
  EXPECT_EQ(data.items().slice(2, 1).images("photo")->path(0), folder / "b.jpg");
  const std::uint32_t rows[] = {2, 1, 0};
  const ImageColumn turned = *data.items().take(rows).images("photo");
  EXPECT_EQ(turned.path(2), folder / "a.png");
  EXPECT_TRUE(turned.missing(1));
}

TEST(ImageColumn, JsonLinesNamePicturesToo) {
  const TestFolder folder;
  folder.write("a.png", image_bytes("rgb.png"));
  const auto lines = folder.write("photos.jsonl", "{\"left\": \"a.png\", \"right\": \"a.png\", \"x\": \"a.png\"}\n");
  const Dataset data = *Dataset::open(lines.string() + "?images=right,left&columns=x,right,left");
  EXPECT_THAT(data.fields(), ElementsAre(Field{.name = "x"}, Field{.name = "right", .modality = Modality::Image},
                                         Field{.name = "left", .modality = Modality::Image}));
}

TEST(ImageColumn, EqualPicturesHashAlikeWhereverTheyLie) {
  const TestFolder folder;
  const auto write = [&](const std::string& name, const std::string& picture) {
    ItemsBuilder builder({{.name = "image", .modality = Modality::Image}});
    builder.image(0, folder.write(name, image_bytes(picture)).string());
    builder.end_row();
    builder.end_row();  // a missing one
    return *std::move(builder).build().hashes();
  };
  const auto a = write("a", "rgb.png"), same = write("b", "rgb.png"), other = write("c", "grey.png");
  EXPECT_EQ(a, same);
  EXPECT_NE(a[0], other[0]);
  EXPECT_EQ(a[1], other[1]);
}

TEST(ImageColumn, ErrorsNameRowAndCause) {
  const TestFolder folder;
  folder.write("a.png", "not a picture");
  const auto table = folder.write("t.csv", "photo,stars\na.png,5\nb.png,4\n").string();
  EXPECT_THAT(error_of(Dataset::open(table + "?images=photo")),
              HasSubstr("row 1 of column 'photo': there is no file " + (folder / "b.png").string()));
  EXPECT_THAT(error_of(Dataset::open(table + "?images=stars")),
              HasSubstr("reading column 'stars' as paths of pictures: it is stars (number)"));
  EXPECT_THAT(error_of(Dataset::open(table + "?images=phot")), HasSubstr("did you mean 'photo'?"));
  const Dataset plain = *Dataset::open(table);
  EXPECT_THAT(error_of(plain.items().images("photo")),
              HasSubstr("it is photo (text); if it holds paths, say ?images=photo"));
  EXPECT_THAT(error_of(plain.items().images("stars")), HasSubstr("as one picture a row: it is stars (number)"));
  const Dataset data = *Dataset::open(folder.path().string());
  const ImageColumn images = *data.items().images("image");
  EXPECT_THAT(error_of(images.image(0)), HasSubstr("a.png: it does not begin like a picture"));
  EXPECT_THAT(error_of(data.items().categories("image")), HasSubstr("as one category a row"));
  EXPECT_THAT(error_of(data.items().text("image")), HasSubstr("it is image (image)"));
  std::filesystem::remove(folder / "a.png");
  EXPECT_EQ(images.info(0).error().code(), Code::NotFound);
  EXPECT_EQ(data.digest().error().code(), Code::NotFound);
}

}  // namespace
}  // namespace quiver
