#include "quiver/index/internal/row_slots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quiver::internal {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;

bool is_row_one(std::size_t slot) { return slot == 1; }

TEST(RowSlots, NothingIsStoredWhileNoPlaceIsUsedAgain) {
  RowSlots slots(2);
  slots.place(std::vector<std::uint32_t>{2, 3}, is_row_one);
  EXPECT_EQ(slots.rows(), 4U);
  EXPECT_EQ(slots.slots(), 4U);
  EXPECT_TRUE(slots.table().empty());
  EXPECT_EQ(slots.bytes(), 0U);
  EXPECT_EQ(slots.row_of(3), 3U);
  EXPECT_EQ(slots.slot_of(3), 3U);
  EXPECT_EQ(slots.slot_of(4), std::nullopt);
}

TEST(RowSlots, APlaceIsUsedAgainANumberIsNot) {
  RowSlots slots(3);
  slots.release(1);
  slots.place(std::vector<std::uint32_t>{1, 3}, is_row_one);
  EXPECT_THAT(slots.table(), ElementsAre(0, 3, 2, 4));
  EXPECT_EQ(slots.rows(), 5U);
  EXPECT_EQ(slots.slot_of(1), std::nullopt);
  EXPECT_EQ(slots.slot_of(3), 1U);
  EXPECT_EQ(slots.slot_of(4), 3U);
  slots.release(1);
  EXPECT_EQ(slots.slot_of(3), std::nullopt);
  EXPECT_EQ(slots.row_of(1), RowSlots::kNone);
}

TEST(RowSlots, EndlessChurnTakesNoMoreMemory) {
  RowSlots slots(3);
  for (std::uint32_t row = 3; row < 1000; ++row) {
    const std::uint32_t slot = row % 3;
    slots.release(slot);
    slots.place({&slot, 1}, [&](std::size_t other) { return other == slot; });
    EXPECT_EQ(slots.slot_of(row), slot);
  }
  EXPECT_THAT(slots.table(), ElementsAre(999, 997, 998));
  EXPECT_EQ(slots.slot_of(996), std::nullopt);
  EXPECT_EQ(slots.bytes(), 12U);
}

TEST(RowSlots, ReadsWhatATableSays) {
  const std::vector<std::uint32_t> table{4, RowSlots::kNone, 2};
  const auto slots = RowSlots::of(table, 5);
  ASSERT_TRUE(slots.has_value());
  EXPECT_EQ(slots->slot_of(4), 0U);
  EXPECT_EQ(slots->slot_of(3), std::nullopt);
  EXPECT_EQ(slots->rows(), 5U);
  EXPECT_THAT(RowSlots::of(table, 4).error().message(), HasSubstr("slot 0 holds row 4 of 4"));
  EXPECT_THAT(RowSlots::of(std::vector<std::uint32_t>{1, 1}, 2).error().message(),
              HasSubstr("row 1 lies in two slots"));
}

}  // namespace
}  // namespace quiver::internal
