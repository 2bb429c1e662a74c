#include "quiver/learn/guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <new>

#include "quiver/learn/tensor.h"

namespace quiver::learn {
namespace {
using testing::HasSubstr;
using testing::Not;

TEST(GuardTest, HandsResultsOn) {
  EXPECT_EQ(*guarded("adding", []() -> Result<int> { return 2; }), 2);
  const auto failed = guarded("adding", []() -> Result<void> { return Error::not_found("no file"); });
  EXPECT_EQ(failed.error().code(), Code::NotFound);
  EXPECT_EQ(failed.error().message(), "no file");
}

TEST(GuardTest, TorchErrorsLoseTheirStack) {
  const auto failed = guarded("multiplying", []() -> Result<void> {
    torch::mm(torch::zeros({2, 3}), torch::zeros({2, 3}));
    return {};
  });
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code(), Code::Internal);
  EXPECT_THAT(failed.error().message(), HasSubstr("multiplying: torch refused: "));
  EXPECT_THAT(failed.error().message(), Not(HasSubstr("\n")));
}

TEST(GuardTest, LackOfMemoryIsItsOwnCode) {
  const auto refused = guarded("training", []() -> Result<void> {
    torch::empty({std::int64_t{1} << 55});
    return {};
  });
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), Code::ResourceExhausted);
  EXPECT_THAT(refused.error().message(), HasSubstr("take a smaller batch"));
  const auto thrown = guarded("training", []() -> Result<void> { throw std::bad_alloc(); });
  EXPECT_EQ(thrown.error().code(), Code::ResourceExhausted);
}

TEST(GuardTest, OtherExceptionsAreInternal) {
  const auto known = guarded("training", []() -> Result<void> { throw std::runtime_error("bad luck"); });
  EXPECT_EQ(known.error().message(), "training: bad luck");
  const auto unknown = guarded("training", []() -> Result<void> { throw 7; });
  EXPECT_THAT(unknown.error().message(), HasSubstr("no exception was thrown"));
}

}  // namespace
}  // namespace quiver::learn
