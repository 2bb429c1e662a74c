#include "quiver/data/rows_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/core/container.h"
#include "quiver/core/file.h"
#include "quiver/data/dataset.h"
#include "quiver/data/internal/testing.h"
#include "quiver/data/select_rows.h"

namespace quiver {
namespace {
using internal::error_of;
using internal::TestFolder;
using ::testing::HasSubstr;

Rows sample(std::size_t rows, std::size_t dims, Element element = Element::F32) {
  Matrix matrix(rows, dims);
  for (std::size_t i = 0; i < rows * dims; ++i) matrix.row(i / dims)[i % dims] = static_cast<float>(i % 100);
  Space space{.id = "qv:7", .metric = Metric::Cosine, .prefix_of = {}};
  if (element == Element::F32) return Rows::dense(std::move(matrix), space);
  return Rows::dense(*to_element(matrix.view(), element), space);
}

TEST(RowsFile, SurvivesForEveryElementAndSize) {
  const TestFolder folder;
  for (const Element element : {Element::F32, Element::F16, Element::Bf16, Element::I8, Element::U8, Element::Bit}) {
    for (const std::size_t dims : {1u, 15u, 16u, 65u}) {
      const Rows rows = sample(3, dims, element);
      ASSERT_TRUE(save_rows(folder / "a.qvr", rows).has_value());
      const Rows back = *open_rows(folder / "a.qvr");
      EXPECT_EQ(back.space(), rows.space());
      EXPECT_EQ(*Items::of("v", back).hashes(), *Items::of("v", rows).hashes()) << name_of(element) << " " << dims;
    }
  }
}

TEST(RowsFile, PartsOfWiderMatricesAreLaidOutAnew) {
  const TestFolder folder;
  const Rows whole = sample(4, 64);
  const Rows prefix = Rows::borrowed(typed(whole.dense()->prefix(60)), {}, std::make_shared<const Rows>(whole));
  const Rows narrow = Rows::borrowed(typed(whole.dense()->prefix(3)), {}, std::make_shared<const Rows>(whole));
  for (const Rows& rows : {prefix, narrow, slice_rows(whole, 1, 2)}) {
    ASSERT_TRUE(save_rows(folder / "a.qvr", rows).has_value());
    const Rows back = *open_rows(folder / "a.qvr");
    EXPECT_EQ(*Items::of("v", back).hashes(), *Items::of("v", rows).hashes());
  }
  // Nothing of the hidden coordinates is in the file.
  ASSERT_TRUE(save_rows(folder / "p.qvr", prefix).has_value());
  const auto file = *Container::open(folder / "p.qvr", "rows");
  const auto values = *file.array<float>("matrix");
  EXPECT_EQ(values[59], 59);
  EXPECT_EQ(values[60], 0);
}

TEST(RowsFile, OutlivesItsName) {
  const TestFolder folder;
  ASSERT_TRUE(save_rows(folder / "a.qvr", sample(2, 3)).has_value());
  const Rows rows = *open_rows(folder / "a.qvr");
  ASSERT_TRUE(save_rows(folder / "a.qvr", sample(5, 3)).has_value());  // a new file under the old name
  EXPECT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows.dense()->row(1)[0], 3);
  EXPECT_EQ(open_rows(folder / "a.qvr")->size(), 5u);
}

TEST(RowsFile, IsADataset) {
  const TestFolder folder;
  ASSERT_TRUE(save_rows(folder / "a.qvr", sample(2, 3)).has_value());
  const auto data = *Dataset::open((folder / "a.qvr").string() + "?metric=dot&rows=2");
  EXPECT_EQ(data.items().only_rows()->space().metric, Metric::Dot);
  EXPECT_EQ(data.items().only_rows()->space().id, "qv:7");
}

TEST(RowsFile, ErrorsSayWhatIsWrong) {
  const TestFolder folder;
  EXPECT_THAT(error_of(save_rows(folder / "a.qvr", Rows::dense(Matrix(0, 4), {}))), HasSubstr("empty"));
  EXPECT_THAT(error_of(save_rows(folder / "a.qvr", Rows::dense(Matrix(4, 0), {}))), HasSubstr("dimension 0"));
  EXPECT_THAT(error_of(save_rows(folder / "a.qvr", *Rows::sparse({}, {}))), HasSubstr("these are sparse"));
  EXPECT_THAT(error_of(open_rows(folder / "none.qvr")), HasSubstr("none.qvr"));
  ContainerWriter other("rows");
  other.add("meta", R"({"space": {"id": "", "dims": 3, "metric": "l2"}, "element": "f32", "rows": 9, "stride": 64})");
  other.add("matrix", std::string(128, '\0'));
  ASSERT_TRUE(other.save(folder / "lies.qvr").has_value());
  EXPECT_THAT(error_of(open_rows(folder / "lies.qvr")),
              HasSubstr("9 rows of 3 x f32 at 64 bytes each, but the matrix has 128"));
  ContainerWriter nameless("rows");
  nameless.add("meta", "{}");
  ASSERT_TRUE(nameless.save(folder / "empty.qvr").has_value());
  EXPECT_THAT(error_of(open_rows(folder / "empty.qvr")), HasSubstr("space"));
}

TEST(RowsFile, EveryTruncationAndFlipIsDetected) {
  const TestFolder folder;
  ASSERT_TRUE(save_rows(folder / "a.qvr", sample(3, 5)).has_value());
  const std::string bytes = *read_file(folder / "a.qvr");
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string flipped = bytes;
    flipped[i] = static_cast<char>(flipped[i] ^ 0x10);
    EXPECT_FALSE(open_rows(folder.write("b.qvr", flipped)).has_value()) << "byte " << i;
    EXPECT_FALSE(open_rows(folder.write("b.qvr", bytes.substr(0, i))).has_value()) << "cut to " << i;
  }
}

}  // namespace
}  // namespace quiver
