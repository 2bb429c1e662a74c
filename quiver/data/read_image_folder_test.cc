#include "quiver/data/read_image_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/data/dataset.h"
#include "quiver/data/image_column.h"
#include "quiver/data/internal/images/fixtures.h"
#include "quiver/data/internal/testing.h"

namespace quiver {
namespace {
using internal::error_of;
using internal::expected_image;
using internal::image_bytes;
using internal::TestFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

void put(const TestFolder& folder, const std::string& name, const std::string& picture) {
  std::filesystem::create_directories((folder / name).parent_path());
  folder.write(name, image_bytes(picture));
}

TEST(ImageFolder, ASubFolderIsAClass) {
  const TestFolder folder;
  put(folder, "dog/1.png", "grey.png");
  put(folder, "cat/2.JPG", "rgb-420.jpg");
  put(folder, "cat/1.webp", "lossless.webp");
  put(folder, "cat/notes.txt", "rgb.png");
  put(folder, "cat/._1.png", "rgb.png");
  put(folder, ".trash/3.png", "rgb.png");
  std::filesystem::create_directories(folder / "cat/x.png");  // a folder, whatever its name
  std::filesystem::create_symlink(folder / "none.png", folder / "dog/link.png");
  const Dataset data = *Dataset::open(folder.path().string());
  EXPECT_THAT(data.fields(), ElementsAre(Field{.name = "image", .modality = Modality::Image}, Field{.name = "file"},
                                         Field{.name = "label", .modality = Modality::Category}));
  EXPECT_THAT(data.items().text("file")->to_vector(), ElementsAre("cat/1.webp", "cat/2.JPG", "dog/1.png"));
  const Categories labels = *data.items().categories("label");
  EXPECT_THAT(labels.codes, ElementsAre(0, 0, 1));
  EXPECT_THAT(labels.names.view().to_vector(), ElementsAre("cat", "dog"));
  EXPECT_EQ(*data.items().images("image")->image(2), expected_image("grey.png"));
  EXPECT_EQ(Dataset::open(folder.path().string() + "?limit=2&columns=image,label&rows=3")->size(), 2u);
}

TEST(ImageFolder, ClassesNestAndMayBeAbsent) {
  const TestFolder nested;
  put(nested, "greek/alpha/1.png", "bits-1.png");
  put(nested, "0.png", "bits-1.png");
  const Items items = *read_image_folder(nested.path());
  EXPECT_THAT(items.text("label")->to_vector(), ElementsAre("", "greek/alpha"));
  EXPECT_TRUE(items.text("label")->missing(0));
  const TestFolder flat;
  put(flat, "1.png", "bits-1.png");
  EXPECT_FALSE(read_image_folder(flat.path())->has("label"));
}

TEST(ImageFolder, DigestFollowsThePicturesNotTheirPlace) {
  const TestFolder folder;
  for (const char* place : {"one/", "two/"}) {
    put(folder, place + std::string("cat/1.png"), "rgb.png");
    put(folder, place + std::string("dog/1.png"), "grey.png");
  }
  const auto digest = [&](const std::string& place) { return *Dataset::open((folder / place).string())->digest(); };
  const std::string before = digest("one");
  EXPECT_EQ(before, digest("two"));
  put(folder, "one/dog/1.png", "rgba.png");
  EXPECT_NE(before, digest("one"));
}

TEST(ImageFolder, ErrorsNameTheFolder) {
  const TestFolder folder;
  folder.write("notes.txt", "x");
  EXPECT_EQ(error_of(read_image_folder(folder.path())),
            "reading the pictures in " + folder.path().string() +
                ": there are no pictures in it or below: no file ends in .png, .jpg, .jpeg, .webp");
  EXPECT_THAT(error_of(read_image_folder(folder / "none")), HasSubstr("there is no such folder"));
  put(folder, "\xFF/1.png", "rgb.png");
  EXPECT_THAT(error_of(read_image_folder(folder.path())), HasSubstr("the names of its files"));
  EXPECT_THAT(error_of(Dataset::open(folder.path().string() + "?format=csv")),
              HasSubstr("the options of a folder: no option 'format'"));
}

}  // namespace
}  // namespace quiver
