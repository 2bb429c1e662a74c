#include "quiver/data/internal/child.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "quiver/data/internal/testing.h"

namespace quiver::internal {
namespace {
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

std::string outcome(const std::function<void(ChildSink&)>& body, milliseconds silence = seconds(20)) {
  Child child = *Child::start(body, silence);
  std::byte one{};
  return error_of(child.read({&one, 1}));
}

TEST(Child, HandsItsBytesBack) {
  std::vector<int> sent(1'000'000), got(sent.size());
  std::iota(sent.begin(), sent.end(), 0);
  Child child = *Child::start([&](ChildSink& sink) { sink.write(std::as_bytes(std::span(sent))); }, seconds(20));
  EXPECT_TRUE(child.read(std::as_writable_bytes(std::span(got)).first(13)).has_value());
  EXPECT_TRUE(child.read(std::as_writable_bytes(std::span(got)).subspan(13)).has_value());
  EXPECT_EQ(sent, got);
}

TEST(Child, ItsDeathIsAnError) {
  EXPECT_THAT(outcome([](ChildSink&) { std::raise(SIGSEGV); }), HasSubstr("the reading process"));
  EXPECT_THAT(outcome([](ChildSink&) { ::signal(SIGBUS, SIG_DFL), std::raise(SIGBUS); }),
              HasSubstr("crashed (Bus error)"));
  EXPECT_THAT(outcome([](ChildSink&) {}), HasSubstr("ended early"));
  EXPECT_THAT(outcome([](ChildSink&) { throw std::runtime_error("x"); }), HasSubstr("ended early"));
  EXPECT_THAT(outcome([](ChildSink&) { ::pause(); }, milliseconds(50)), HasSubstr("no progress for 0.1 seconds"));
}

TEST(Child, MayBeLeftEarly) {
  for (int i = 0; i < 20; ++i) {
    Child child = *Child::start(
        [](ChildSink& sink) {
          for (;;) sink.write(std::as_bytes(std::span("endless")));
        },
        seconds(20));
    std::byte one{};
    EXPECT_TRUE(child.read({&one, 1}).has_value());
    const Child moved = std::move(child);
  }
}

}  // namespace
}  // namespace quiver::internal
