#include "quiver/core/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace quiver {
namespace {

Result<int> halved(int n) {
  if (n % 2 != 0) return Error::invalid_argument("halving " + std::to_string(n) + ": it is odd; give an even number");
  return n / 2;
}
Result<void> checked(int n) {
  QUIVER_TRY(halved(n).transform([](int) { return std::monostate(); }).and_then([](std::monostate) {
    return Result<int>(0);
  }));
  return {};
}
Result<int> quartered(int n) {
  QUIVER_TRY(const int half, halved(n));
  QUIVER_TRY(const int quarter, halved(half).within("quartering"));
  return quarter;
}

TEST(ResultTest, CarriesAValue) {
  const Result<int> r = halved(8);
  ASSERT_TRUE(r.has_value());
  EXPECT_EQ(*r, 4);
  EXPECT_TRUE(static_cast<bool>(r));
}
TEST(ResultTest, CarriesAnErrorWithTheStepsAroundIt) {
  const Result<int> r = quartered(6);
  ASSERT_FALSE(r.has_value());
  EXPECT_EQ(r.error().code(), Code::InvalidArgument);
  EXPECT_EQ(r.error().message(), "quartering: halving 3: it is odd; give an even number");
}
TEST(ResultTest, TryReturnsEarlyFromVoid) {
  EXPECT_TRUE(checked(2).has_value());
  EXPECT_FALSE(checked(3).has_value());
}
TEST(ResultTest, TransformAndThenSkipErrors) {
  int calls = 0;
  const auto count = [&](int n) {
    ++calls;
    return n + 1;
  };
  EXPECT_EQ(*halved(4).transform(count), 3);
  EXPECT_FALSE(halved(5).transform(count).has_value());
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(*halved(8).and_then(halved), 2);
  EXPECT_EQ(halved(5).value_or(-1), -1);
}
TEST(ResultTest, HoldsMoveOnlyAndConvertibleValues) {
  struct Base {
    virtual ~Base() = default;
    virtual int id() const { return 1; }
  };
  struct Derived : Base {
    int id() const override { return 2; }
  };
  const auto make = []() -> Result<std::unique_ptr<Base>> { return std::make_unique<Derived>(); };
  auto made = make();
  ASSERT_TRUE(made.has_value());
  const std::unique_ptr<Base> owned = *std::move(made);
  EXPECT_EQ(owned->id(), 2);
}
TEST(ResultTest, ErrorsCopyDeeply) {
  Error first = Error::io("writing x: full");
  Error copy = first;
  EXPECT_EQ(std::move(copy).within("saving").message(), "saving: writing x: full");
  EXPECT_EQ(first.message(), "writing x: full");
}
TEST(ResultTest, EveryCodeHasANameAndAnExitStatus) {
  EXPECT_EQ(exit_status(Code::InvalidArgument), 2);
  EXPECT_EQ(exit_status(Code::Unsupported), 2);
  EXPECT_EQ(exit_status(Code::NotFound), 3);
  EXPECT_EQ(exit_status(Code::AlreadyExists), 4);
  EXPECT_EQ(exit_status(Code::FailedPrecondition), 5);
  EXPECT_EQ(exit_status(Code::Cancelled), 130);
  EXPECT_EQ(exit_status(Code::ResourceExhausted), 6);
  EXPECT_EQ(exit_status(Code::Unavailable), 7);
  EXPECT_EQ(exit_status(Code::Corruption), 8);
  EXPECT_EQ(exit_status(Code::Io), 9);
  EXPECT_EQ(exit_status(Code::Internal), 70);
  EXPECT_EQ(name_of(Code::Internal), "internal");
}
TEST(ResultDeathTest, ReadingTheWrongSideStopsTheProgram) {
  EXPECT_DEATH((void)*halved(3), "broken promise");
  EXPECT_DEATH((void)halved(4).error(), "broken promise");
}

}  // namespace
}  // namespace quiver
