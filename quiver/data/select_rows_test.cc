#include "quiver/data/select_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace quiver {
namespace {
using ::testing::ElementsAre;

TEST(SelectRows, DenseSlicesShareMemory) {
  Matrix matrix(7, 5);
  for (std::size_t i = 0; i < 7; ++i) matrix.row(i)[4] = static_cast<float>(i);
  const Rows rows = Rows::dense(std::move(matrix), Space{.id = "s", .prefix_of = {}});
  const Rows part = slice_rows(rows, 2, 3);
  EXPECT_EQ(part.dense()->row(0).data(), rows.dense()->row(2).data());
  EXPECT_EQ(part.space(), rows.space());
  EXPECT_EQ(slice_rows(rows, 7, 0).size(), 0u);
  EXPECT_EQ(slice_rows(slice_rows(rows, 1, 5), 1, 2).dense()->row(1)[4], 3);
}

TEST(SelectRows, TypedRowsKeepTheirElement) {
  TypedMatrix matrix(Element::U8, 3, 2);
  matrix.row(2)[1] = std::byte{9};
  const Rows rows = Rows::dense(std::move(matrix), {});
  const std::uint32_t chosen[] = {2, 2, 0};
  for (const Rows& part : {take_rows(rows, chosen), slice_rows(rows, 2, 1)}) {
    const auto view = std::get<TypedView>(part.view());
    EXPECT_EQ(view.element, Element::U8);
    EXPECT_EQ(view.bytes.row(0)[1], std::byte{9});
  }
}

TEST(SelectRows, RaggedAndSparseRowsAreCopied) {
  Matrix vectors(4, 1);
  for (std::size_t i = 0; i < 4; ++i) vectors.row(i)[0] = static_cast<float>(i);
  const Rows ragged = *Rows::ragged(std::move(vectors), {0, 1, 1, 4}, {});
  const Rows tail = slice_rows(ragged, 1, 2);
  const auto view = std::get<RaggedView>(tail.view());
  EXPECT_THAT(view.offsets, ElementsAre(0, 0, 3));
  EXPECT_EQ(view.vectors.row(2)[0], 3);

  SparseRows sparse;
  sparse.dims = 10;
  sparse.offsets = {0, 2, 2, 3};
  sparse.terms = {1, 4, 7};
  sparse.weights = {.5f, 1, 2};
  const Rows rows = *Rows::sparse(std::move(sparse), {});
  const std::uint32_t chosen[] = {2, 0};
  const Rows taken = take_rows(rows, chosen);
  const auto sparse_view = std::get<SparseView>(taken.view());
  EXPECT_THAT(sparse_view.terms, ElementsAre(7, 1, 4));
  EXPECT_THAT(sparse_view.offsets, ElementsAre(0, 1, 3));
  EXPECT_EQ(sparse_view.dims, 10u);
}

}  // namespace
}  // namespace quiver
