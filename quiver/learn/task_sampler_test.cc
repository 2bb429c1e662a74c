#include "quiver/learn/task_sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace quiver::learn {
namespace {
using testing::HasSubstr;

std::string refusal(const std::vector<TaskShare>& tasks, std::uint32_t cycle = 60) {
  const auto made = TaskSampler::create(tasks, {.cycle = cycle});
  return made.has_value() ? std::string("made") : made.error().message();
}

TEST(TaskSamplerTest, EveryCycleHoldsTheWeights) {
  const auto tasks =
      TaskSampler::create(std::vector<TaskShare>{{"a", 3}, {"b", 2}, {"c", 1}}, {.seed = 7, .cycle = 20});
  ASSERT_TRUE(tasks.has_value()) << tasks.error().message();
  EXPECT_EQ(tasks->steps_of(0) + tasks->steps_of(1) + tasks->steps_of(2), 20u);
  std::vector<std::uint64_t> next(3, 0);
  std::set<std::vector<std::uint32_t>> orders;
  for (std::uint64_t cycle = 0; cycle < 5; ++cycle) {
    std::vector<std::uint32_t> seen(3, 0), order;
    for (std::uint64_t step = cycle * 20; step < (cycle + 1) * 20; ++step) {
      const TaskSampler::Turn turn = tasks->at(step);
      EXPECT_EQ(turn.number, next[turn.task]++) << "step " << step;  // no batch of a task twice, none left out
      ++seen[turn.task];
      order.push_back(turn.task);
    }
    EXPECT_THAT(seen, testing::ElementsAre(10, 7, 3));
    orders.insert(order);
  }
  EXPECT_EQ(orders.size(), 5u) << "cycles have orders of their own";
}

TEST(TaskSamplerTest, IsAFunctionOfSeedAndStep) {
  const std::vector<TaskShare> shares{{"a", 1}, {"b", 1}};
  const auto one = TaskSampler::create(shares, {.seed = 1}), again = TaskSampler::create(shares, {.seed = 1});
  const auto other = TaskSampler::create(shares, {.seed = 2});
  std::size_t different = 0;
  for (std::uint64_t step = 0; step < 120; ++step) {
    EXPECT_EQ(one->at(step).task, again->at(step).task);
    different += one->at(step).task != other->at(step).task ? 1 : 0;
  }
  EXPECT_GT(different, 20u);
}

TEST(TaskSamplerTest, OneTaskHasEveryStep) {
  const auto tasks = TaskSampler::create(std::vector<TaskShare>{{"only", 0.1}}, {});
  for (std::uint64_t step : {0, 1, 59, 60, 61}) {
    EXPECT_EQ(tasks->at(step).task, 0u);
    EXPECT_EQ(tasks->at(step).number, step);
  }
}

TEST(TaskSamplerTest, SaysWhichTaskCannotBe) {
  EXPECT_THAT(refusal({}), HasSubstr("there are none"));
  EXPECT_THAT(refusal({{"a", 1}, {"b", 0}}), HasSubstr("'b' has weight 0; it must be above 0"));
  EXPECT_THAT(refusal({{"a", std::numeric_limits<double>::quiet_NaN()}}), HasSubstr("'a' has weight nan"));
  EXPECT_THAT(refusal({{"big", 100}, {"small", 1}}, 10), HasSubstr("'small' has weight 1 of 101 together, less than"));
}

}  // namespace
}  // namespace quiver::learn
