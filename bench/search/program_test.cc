#include "bench/search/program.h"

#include <gmock/gmock.h>

#include <csignal>

#include "quiver/core/file.h"
#include "quiver/core/temporary_folder.h"

namespace quiver::bench {
namespace {
using testing::HasSubstr;

Result<Program> shell(const std::string& script, const ProgramOptions& options = {}) {
  std::signal(SIGPIPE, SIG_IGN);
  return Program::start({"sh", "-c", script}, options);
}

TEST(Program, LinesGoInAndOut) {
  quiver::Run run;
  auto program = shell("echo ready; while read a b; do echo \"$b $a\"; done");
  ASSERT_TRUE(program.has_value());
  auto ready = program->read_line(run, 10);
  ASSERT_TRUE(ready.has_value()) << ready.error().message();
  EXPECT_EQ(*ready, "ready");
  for (const auto& [line, wanted] : {std::pair{"1 2", "2 1"}, {"x", " x"}}) {
    auto answer = program->ask(line, run, 10);
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(*answer, wanted);
  }
}

TEST(Program, ItSeesOneThreadAndSpeaksToItsLog) {
  const TemporaryFolder folder;
  const auto log = folder.path() / "log";
  quiver::Run run;
  auto program = shell("echo problem >&2; echo $OMP_NUM_THREADS; exit 3", {.log = log});
  ASSERT_TRUE(program.has_value());
  EXPECT_EQ(*program->read_line(run, 10), "1");
  const auto gone = program->read_line(run, 10);
  ASSERT_FALSE(gone.has_value());
  EXPECT_EQ(gone.error().code(), Code::Unavailable);
  EXPECT_THAT(gone.error().message(), HasSubstr("status 3"));
  EXPECT_THAT(gone.error().message(), HasSubstr(log.string()));
  EXPECT_EQ(*read_file(log), "problem\n");
}

TEST(Program, WhatCannotStartSaysWhy) {
  const auto program = Program::start({"no-such-program-at-all"}, {});
  ASSERT_FALSE(program.has_value());
  EXPECT_EQ(program.error().code(), Code::NotFound);
  EXPECT_THAT(program.error().message(), HasSubstr("no-such-program-at-all"));
}

TEST(Program, SilenceDeathAndInterruptionAreErrors) {
  quiver::Run run;
  auto silent = shell("sleep 60");
  ASSERT_TRUE(silent.has_value());
  const auto nothing = silent->read_line(run, 0.05);
  ASSERT_FALSE(nothing.has_value());
  EXPECT_THAT(nothing.error().message(), HasSubstr("said nothing"));

  auto killed = shell("kill -9 $$");
  ASSERT_TRUE(killed.has_value());
  const auto gone = killed->read_line(run, 10);
  ASSERT_FALSE(gone.has_value());
  EXPECT_THAT(gone.error().message(), HasSubstr("signal 9"));

  auto deaf = shell("exec <&-; exec >&-; exit 0");
  ASSERT_TRUE(deaf.has_value());
  EXPECT_FALSE(deaf->ask("1", run, 10).has_value());

  run.cancel();
  const auto stopped = silent->ask("1", run, 10);
  ASSERT_FALSE(stopped.has_value());
  EXPECT_EQ(stopped.error().code(), Code::Cancelled);
}

}  // namespace
}  // namespace quiver::bench
