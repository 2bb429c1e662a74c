#include "quiver/data/read_vecs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "quiver/core/file.h"
#include "quiver/data/internal/testing.h"
#include "quiver/data/read_vectors.h"

namespace quiver {
namespace {
using internal::error_of;
using internal::TestFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <class T>
std::string vecs(const std::vector<std::vector<T>>& rows) {
  std::string bytes;
  for (const auto& row : rows) {
    const auto dims = static_cast<std::int32_t>(row.size());
    bytes.append(reinterpret_cast<const char*>(&dims), 4);
    bytes.append(reinterpret_cast<const char*>(row.data()), row.size() * sizeof(T));
  }
  return bytes;
}
Matrix numbered(std::size_t rows, std::size_t cols) {
  Matrix matrix(rows, cols);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < cols; ++j) matrix.row(i)[j] = static_cast<float>(i * cols + j) / 7;
  }
  return matrix;
}
auto from(std::string bytes) { return Source::of(std::move(bytes), "test"); }

TEST(Vecs, ReadWhatTheFormatSays) {
  const auto floats = *read_fvecs(from(vecs<float>({{1, 2.5f, -3}, {4, 5, 6}})), {});
  const Rows rows = *floats.rows("vectors");
  EXPECT_EQ(rows.space().metric, Metric::L2);
  EXPECT_THAT(rows.dense()->row(0), ElementsAre(1, 2.5f, -3));
  EXPECT_THAT(rows.dense()->row(1), ElementsAre(4, 5, 6));
  const auto bytes = *read_bvecs(from(vecs<std::uint8_t>({{0, 255}})), {.metric = Metric::Hamming});
  const auto view = std::get<TypedView>(bytes.rows("vectors")->view());
  EXPECT_EQ(view.element, Element::U8);
  EXPECT_EQ(view.bytes.row(0)[1], std::byte{255});
  EXPECT_EQ(bytes.rows("vectors")->space().metric, Metric::Hamming);
  const auto integers =
      *read_ivecs(from(vecs<std::int32_t>({{7, -1}, {std::numeric_limits<std::int32_t>::max(), 0}})), {});
  EXPECT_THAT((*integers.number_lists("neighbors"))[1], ElementsAre(2147483647, 0));
}

TEST(Vecs, SurviveWritingAndReading) {
  const TestFolder folder;
  for (const std::size_t dims : {1u, 3u, 16u, 17u}) {
    for (const std::size_t count : {1u, 2u, 1500u}) {
      const Rows rows = Rows::dense(numbered(count, dims), {});
      ASSERT_TRUE(write_vectors(folder / "a.fvecs", rows).has_value());
      const Rows back = *read_vectors(folder / "a.fvecs");
      ASSERT_EQ(back.size(), count);
      for (std::size_t i = 0; i < count; ++i) {
        ASSERT_TRUE(std::ranges::equal(back.dense()->row(i), rows.dense()->row(i))) << i;
      }
    }
  }
  const std::int32_t values[] = {1, 2, 3, 4, 5, 6};
  ASSERT_TRUE(write_integers(folder / "t.ivecs", {values, 2, 3, 3}).has_value());
  const Integers back = *read_integers(folder / "t.ivecs");
  EXPECT_EQ(back.rows, 2u);
  EXPECT_THAT(back.view().row(1), ElementsAre(4, 5, 6));
  TypedMatrix bytes(Element::U8, 3, 5);
  bytes.row(2)[4] = std::byte{77};
  ASSERT_TRUE(write_vectors(folder / "b.bvecs", Rows::dense(std::move(bytes), {})).has_value());
  EXPECT_EQ(std::get<TypedView>(read_vectors(folder / "b.bvecs")->view()).bytes.row(2)[4], std::byte{77});
}

TEST(Vecs, ErrorsNameTheRow) {
  EXPECT_THAT(error_of(read_fvecs(from(""), {})), HasSubstr("empty"));
  EXPECT_THAT(error_of(read_fvecs(from("ab"), {})), HasSubstr("inside the dimension of row 0"));
  EXPECT_THAT(error_of(read_fvecs(from(vecs<float>({{}})), {})), HasSubstr("dimension 0"));
  EXPECT_THAT(error_of(read_fvecs(from(std::string(8, '\xFF')), {})), HasSubstr("dimension -1"));
  EXPECT_THAT(error_of(read_fvecs(from(vecs<float>({{1, 2}, {1, 2, 3}})), {})),
              HasSubstr("row 1 has dimension 3, the first row has 2"));
  const std::string whole = vecs<float>({{1, 2}, {3, 4}});
  EXPECT_THAT(error_of(read_fvecs(from(whole.substr(0, 20)), {})), HasSubstr("inside row 1: 8 of its 12 bytes"));
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinite = std::numeric_limits<float>::infinity();
  EXPECT_THAT(error_of(read_fvecs(from(vecs<float>({{1, 2}, {3, nan}})), {})), HasSubstr("row 1"));
  EXPECT_THAT(error_of(read_fvecs(from(vecs<float>({{infinite, 2}})), {})), HasSubstr("column 0"));
}

TEST(Vecs, WritersRefuseWhatTheFormatCannotHold) {
  const TestFolder folder;
  const Rows floats = Rows::dense(numbered(2, 2), {});
  EXPECT_THAT(error_of(write_vectors(folder / "a.bvecs", floats)), HasSubstr("bvecs hold u8 values and these are f32"));
  EXPECT_THAT(error_of(write_vectors(folder / "a.xyz", floats)), HasSubstr("'.xyz' is no format to write"));
  EXPECT_THAT(error_of(write_vectors(folder / "a.fvecs", Rows::dense(Matrix(0, 2), {}))), HasSubstr("empty"));
  EXPECT_THAT(error_of(write_vectors(folder / "no/folder/a.fvecs", floats)), HasSubstr("no/folder"));
  const Rows ragged = *Rows::ragged(numbered(2, 2), {0, 1, 2}, {});
  EXPECT_THAT(error_of(write_vectors(folder / "a.fvecs", ragged)), HasSubstr("these are ragged"));
  const std::int32_t value = 1;
  EXPECT_THAT(error_of(write_integers(folder / "a.txt", {&value, 1, 1, 1})), HasSubstr("use .ivecs or .npy"));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Vecs, AnErrorLeavesTheOldFile) {
  const TestFolder folder;
  const auto path = folder.write("a.fvecs", "old");
  EXPECT_FALSE(write_vectors(path, Rows::dense(Matrix(0, 2), {})).has_value());
  EXPECT_EQ(*read_file(path), "old");
}

TEST(Vecs, DamageNeverCrashes) {
  const std::string floats = vecs<float>({{1, 2, 3}, {4, 5, 6}, {7, 8, 9}});
  EXPECT_GT(internal::read_damaged(
                floats, [](const std::string& d) { return read_fvecs(from(d), {}); }, 1),
            40);
  const std::string bytes = vecs<std::uint8_t>({{1, 2, 3}, {4, 5, 6}});
  EXPECT_GT(internal::read_damaged(
                bytes, [](const std::string& d) { return read_bvecs(from(d), {}); }, 2),
            10);
  const std::string integers = vecs<std::int32_t>({{1, 2, 3}, {4, 5, 6}});
  EXPECT_GT(internal::read_damaged(
                integers, [](const std::string& d) { return read_ivecs(from(d), {}); }, 3),
            20);
}

}  // namespace
}  // namespace quiver
