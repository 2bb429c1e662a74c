#include "quiver/compress/dense_input.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace quiver {
namespace {
using testing::HasSubstr;

TEST(DenseInput, ReadsFloatsWhereTheyLieAndConvertsOthers) {
  Matrix rows(3, 2);
  rows.row(2)[1] = 7;
  Matrix scratch;
  const auto floats = DenseInput::of(rows.view(), 2, 0, "reading");
  ASSERT_TRUE(floats.has_value());
  EXPECT_EQ(floats->floats(1, 2, scratch).data, rows.row(1).data());
  const auto halves = to_element(rows.view(), Element::F16);
  const auto typed = DenseInput::of(halves->view(), 2, 0, "reading");
  ASSERT_TRUE(typed.has_value());
  EXPECT_EQ(typed->floats(2, 1, scratch).row(0)[1], 7);
  EXPECT_EQ(typed->row(2).rows(), 1U);
}

TEST(DenseInput, SaysWhatIsWrong) {
  const auto message = [](const RowsView& rows, std::size_t dims, std::size_t held) {
    const auto input = DenseInput::of(rows, dims, held, "encoding as f16");
    EXPECT_FALSE(input.has_value());
    return input.has_value() ? "" : input.error().message();
  };
  Matrix rows(2, 3);
  EXPECT_THAT(message(rows.view(), 4, 0), HasSubstr("rows have 3 dims, the space has 4"));
  EXPECT_THAT(message(rows.view(), 3, 0xfffffffeU), HasSubstr("more than 2^32 - 1"));
  rows.row(1)[2] = NAN;
  EXPECT_THAT(message(rows.view(), 3, 0), HasSubstr("row 1, column 2 is NaN"));
  EXPECT_THAT(message(typed(rows.view()), 3, 0), HasSubstr("row 1, column 2 is NaN"));
  const auto halves = to_element(rows.view(), Element::Bf16);
  EXPECT_THAT(message(halves->view(), 3, 0), HasSubstr("row 1, column 2"));
  EXPECT_THAT(message(SparseView{}, 3, 0), HasSubstr("these are sparse"));
}

}  // namespace
}  // namespace quiver
