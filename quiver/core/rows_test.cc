#include "quiver/core/rows.h"

#include <gtest/gtest.h>

namespace quiver {
namespace {

TEST(RowsTest, DenseRowsKnowTheirSpaceAndShareMemory) {
  Matrix m(3, 5);
  m.row(2)[4] = 7;
  const float* memory = m.data();
  const Rows rows = Rows::dense(std::move(m), {.id = "one"});
  const Rows copy = rows;
  EXPECT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows.space().dims, 5U);
  EXPECT_EQ(rows.form(), Form::Dense);
  EXPECT_EQ(copy.dense()->data, memory);
  EXPECT_EQ(copy.dense()->row(2)[4], 7);
}
TEST(RowsTest, OtherElementsAreNotFloats) {
  const Rows rows = Rows::dense(TypedMatrix(Element::U8, 2, 5), {});
  EXPECT_EQ(rows.dense().error().code(), Code::Unsupported);
  EXPECT_EQ(dims_of(rows.view()), 5U);
  EXPECT_EQ(rows.dense_typed()->element, Element::U8);
  EXPECT_TRUE(Rows::dense(TypedMatrix(Element::F32, 2, 5), {}).dense().has_value());
}
TEST(RowsTest, RaggedOffsetsAreChecked) {
  EXPECT_EQ(Rows::ragged(Matrix(3, 2), {0, 1, 3}, {})->size(), 2U);
  EXPECT_NE(Rows::ragged(Matrix(3, 2), {0, 2, 1}, {}).error().message().find("offset 2 falls from 2 to 1"),
            std::string::npos);
  EXPECT_NE(Rows::ragged(Matrix(3, 2), {0, 2}, {}).error().message().find("last offset is 2 but there are 3"),
            std::string::npos);
  EXPECT_NE(Rows::ragged(Matrix(3, 2), {}, {}).error().message().find("beginning at 0"), std::string::npos);
}
TEST(RowsTest, SparseTermsAreChecked) {
  const auto build = [](std::vector<std::uint32_t> terms, std::size_t dims) {
    SparseRows sparse;
    sparse.dims = dims;
    sparse.weights.assign(terms.size(), 1.0F);
    sparse.offsets.push_back(static_cast<std::uint32_t>(terms.size()));
    sparse.terms = std::move(terms);
    return Rows::sparse(std::move(sparse), {});
  };
  const auto good = build({1, 4}, 5);
  ASSERT_TRUE(good.has_value());
  EXPECT_EQ(good->form(), Form::Sparse);
  EXPECT_EQ(good->dense_typed().error().message(), "reading rows as dense vectors: these are sparse");
  EXPECT_EQ(good->size(), 1U);
  EXPECT_EQ(good->space().dims, 5U);
  EXPECT_FALSE(build({4, 1}, 5).has_value());
  EXPECT_FALSE(build({1, 1}, 5).has_value());
  EXPECT_FALSE(build({1, 5}, 5).has_value());
}
TEST(RowsTest, SomeRowsKeepTheirElementTypeAndSpace) {
  TypedMatrix bytes(Element::U8, 4, 3);
  for (std::size_t i = 0; i < 4; ++i) bytes.row(i)[1] = std::byte(10 * i);
  const Rows all = Rows::dense(std::move(bytes), {.id = "one", .metric = Metric::L2});
  const std::uint32_t which[] = {3, 0, 3};
  const auto some = rows_at(all, which);
  ASSERT_TRUE(some.has_value()) << some.error().message();
  EXPECT_EQ(some->space(), all.space());
  const TypedView view = *some->dense_typed();
  EXPECT_EQ(view.element, Element::U8);
  ASSERT_EQ(view.rows(), 3U);
  EXPECT_EQ(view.bytes.row(0)[1], std::byte{30});
  EXPECT_EQ(view.bytes.row(1)[1], std::byte{0});
  EXPECT_EQ(view.bytes.row(2)[1], std::byte{30});
  Matrix floats(2, 1);
  floats.row(1)[0] = 7;
  const std::uint32_t last[] = {1};
  EXPECT_EQ(rows_at(Rows::dense(std::move(floats), {}), last)->dense()->row(0)[0], 7);
  EXPECT_EQ(rows_at(all, {})->size(), 0U);
  EXPECT_EQ(rows_at(*Rows::sparse({}, {}), {}).error().code(), Code::Unsupported);
}
TEST(RowsTest, EmptyRowsAreAMatrixOfNothing) {
  const Rows rows;
  EXPECT_EQ(rows.size(), 0U);
  EXPECT_TRUE(rows.dense().has_value());
}

}  // namespace
}  // namespace quiver
