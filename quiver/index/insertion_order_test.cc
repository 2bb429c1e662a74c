#include "quiver/index/insertion_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace quiver {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::vector<std::uint32_t> order_of(InsertionOrder order, const OrderInputs& inputs) {
  auto made = insertion_order(order, inputs);
  EXPECT_TRUE(made.has_value()) << made.error().message();
  return std::move(made).value_or(std::vector<std::uint32_t>{});
}

TEST(InsertionOrder, GivesEveryOrder) {
  EXPECT_THAT(order_of(InsertionOrder::AsGiven, {.rows = 3}), ElementsAre(0U, 1U, 2U));
  EXPECT_THAT(order_of(InsertionOrder::AsGiven, {.rows = 0}), IsEmpty());
  const auto shuffled = order_of(InsertionOrder::Shuffled, {.rows = 5, .seed = 3});
  EXPECT_THAT(shuffled, UnorderedElementsAre(0U, 1U, 2U, 3U, 4U));
  EXPECT_EQ(shuffled, order_of(InsertionOrder::Shuffled, {.rows = 5, .seed = 3}));
  EXPECT_NE(order_of(InsertionOrder::Shuffled, {.rows = 50, .seed = 3}),
            order_of(InsertionOrder::Shuffled, {.rows = 50, .seed = 4}));
  const std::vector<double> lid = {2, std::numeric_limits<double>::quiet_NaN(), 7, 2};
  EXPECT_THAT(order_of(InsertionOrder::LidDescending, {.rows = 4, .lid = lid}), ElementsAre(2U, 0U, 3U, 1U));
  const std::vector<std::uint32_t> custom = {2, 0, 1};
  EXPECT_THAT(order_of(InsertionOrder::Custom, {.rows = 3, .custom = custom}), ElementsAre(2U, 0U, 1U));
}

TEST(InsertionOrder, SaysWhatIsWrong) {
  const auto message = [](InsertionOrder order, const OrderInputs& inputs) {
    return insertion_order(order, inputs).error().message();
  };
  const std::vector<double> lid = {1};
  EXPECT_THAT(message(InsertionOrder::LidDescending, {.rows = 2, .lid = lid}),
              HasSubstr("1 intrinsic dimensions were given"));
  const std::vector<std::uint32_t> twice = {0, 0}, beyond = {0, 2};
  EXPECT_THAT(message(InsertionOrder::Custom, {.rows = 2, .custom = twice}), HasSubstr("row 0 is named twice"));
  EXPECT_THAT(message(InsertionOrder::Custom, {.rows = 2, .custom = beyond}), HasSubstr("row 2 is not one of them"));
  EXPECT_THAT(message(InsertionOrder::Custom, {.rows = 3, .custom = twice}), HasSubstr("2 row numbers"));
}

}  // namespace
}  // namespace quiver
