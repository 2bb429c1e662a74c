#include "quiver/recipes/image_sets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/core/file.h"
#include "quiver/core/temporary_folder.h"
#include "quiver/data/dataset.h"
#include "quiver/data/items_builder.h"
#include "quiver/data/read_images.h"

namespace quiver::recipes {
namespace {
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(ImageSets, AFolderGivesPicturesAndTheirClasses) {
  const TemporaryFolder folder;
  for (const char* name : {"cat", "dog"}) {
    ASSERT_TRUE(make_folders(folder.path() / name));
    Image image(2, 2, 1);
    image.pixels.assign(4, name[0] == 'c' ? 10 : 20);
    ASSERT_TRUE(write_file(folder.path() / name / "1.png", *encode_png(image)));
  }
  const auto data = Dataset::open(folder.path().string());
  ASSERT_TRUE(data);
  quiver::Run run;
  const auto set = labelled_pictures(data->items(), "label", {2, 2, 1}, run);
  ASSERT_TRUE(set) << set.error().message();
  EXPECT_THAT(set->names, ElementsAre("cat", "dog"));
  EXPECT_THAT(set->labels, ElementsAre(0, 1));
  EXPECT_THAT(set->pictures[1], Each(20));
  const std::vector<std::uint32_t> rows{1, 1, 0};
  const LabelledPictures some = set->take(rows);
  EXPECT_THAT(some.labels, ElementsAre(1, 1, 0));
  EXPECT_THAT(some.pictures[2], Each(10));
}

TEST(ImageSets, PicturesAreVectorsOfTheirBytes) {
  Pictures pictures({1, 2, 3}, 2);
  Image image(1, 2, 3);
  image.pixels = {1, 2, 3, 4, 5, 255};
  pictures.set(1, image);
  const Matrix rows = pixel_rows(pictures);
  ASSERT_EQ(rows.rows(), 2U);
  EXPECT_THAT(rows.row(0), Each(0.0F));
  EXPECT_THAT(rows.row(1), ElementsAre(1.0F, 2.0F, 3.0F, 4.0F, 5.0F, 255.0F));
}

TEST(ImageSets, ClassesAreNumberedByNameWhateverComesFirst) {
  ItemsBuilder builder({{.name = "label", .modality = Modality::Category}});
  for (const char* name : {"7", "2", "7", "5"}) {
    builder.category(0, name);
    builder.end_row();
  }
  const auto items =
      Items::of("vectors", Rows::dense(TypedMatrix(Element::U8, 4, 4), {})).beside(std::move(builder).build());
  quiver::Run run;
  const auto set = labelled_pictures(*items, "label", {2, 2, 1}, run);
  ASSERT_TRUE(set) << set.error().message();
  EXPECT_THAT(set->names, ElementsAre("2", "5", "7"));
  EXPECT_THAT(set->labels, ElementsAre(2, 0, 2, 1));
}

TEST(ImageSets, SayWhatIsMissing) {
  quiver::Run run;
  const Items texts = Items::of("text", std::vector<std::string>{"a"});
  EXPECT_THAT(labelled_pictures(texts, "label", {2, 2, 1}, run).error().message(), HasSubstr("one column of pictures"));
  TypedMatrix bytes(Element::U8, 2, 4);
  const Items unlabelled = Items::of("vectors", Rows::dense(std::move(bytes), {}));
  EXPECT_THAT(labelled_pictures(unlabelled, "label", {2, 2, 1}, run).error().message(), HasSubstr("'label'"));
  ItemsBuilder builder({{.name = "label", .modality = Modality::Category, .optional = true}});
  builder.category(0, "a");
  builder.end_row();
  builder.end_row();
  const auto both = unlabelled.beside(std::move(builder).build());
  ASSERT_TRUE(both) << both.error().message();
  EXPECT_THAT(labelled_pictures(*both, "label", {2, 2, 1}, run).error().message(), HasSubstr("row 1 has no 'label'"));
}

TEST(ImageSets, DigitsHaveTenClasses) {
  quiver::Run run;
  const auto digits = open_mnist({28, 28, 1}, run);
  if (!digits && digits.error().code() == Code::NotFound) GTEST_SKIP() << digits.error().message();
  ASSERT_TRUE(digits) << digits.error().message();
  EXPECT_EQ(digits->train.size(), 60000U);
  EXPECT_EQ(digits->test.names.size(), 10U);
}

}  // namespace
}  // namespace quiver::recipes
