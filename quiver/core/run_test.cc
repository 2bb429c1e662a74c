#include "quiver/core/run.h"

#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <thread>

#include "quiver/core/file.h"
#include "quiver/core/temporary_folder.h"

namespace quiver {
namespace {
namespace fs = std::filesystem;

TEST(RunTest, StopsWhenCancelledAndSaysHowToGoOn) {
  quiver::Run run({.seed = 9, .threads = 1});
  EXPECT_EQ(run.seed(), 9U);
  EXPECT_FALSE(run.stop());
  run.cancel();
  EXPECT_TRUE(run.stop());
  EXPECT_EQ(run.stopped("encoding").code(), Code::Cancelled);
  EXPECT_EQ(run.stopped("encoding").message(), "encoding was interrupted; run the same command again to go on");
}
TEST(RunTest, StopsAtTheDeadline) {
  quiver::Run run({.threads = 1, .deadline_seconds = 0.02});
  std::this_thread::sleep_for(std::chrono::milliseconds(40));
  EXPECT_TRUE(run.stop());
  EXPECT_NE(run.stopped("encoding").message().find("out of time after 0.02 s"), std::string::npos);
}
TEST(RunTest, StagesAreTimed) {
  quiver::Run run({.threads = 1});
  {
    auto stage = run.stage("encode", 10);
    stage.advance(4);
    stage.advance(6);
    stage.note("loss 1.5");
  }
  ASSERT_EQ(run.stage_times().size(), 1U);
  EXPECT_EQ(run.stage_times()[0].name, "encode");
  EXPECT_EQ(run.stage_times()[0].done, 10U);
}
TEST(RunTest, CachedMakesOnce) {
  const TemporaryFolder folder;
  quiver::Run run({.threads = 1, .cache = folder.path()});
  EXPECT_EQ(run.cache(), folder.path());
  int made = 0;
  const auto make = [&](const fs::path& path) -> Result<void> {
    ++made;
    return write_file(path, "artefact");
  };
  auto first = run.cached("key", make);
  auto second = run.cached("key", make);
  ASSERT_TRUE(first.has_value() && second.has_value());
  EXPECT_EQ(made, 1);
  EXPECT_EQ(*first, *second);
  EXPECT_EQ(*read_file(*first), "artefact");
  EXPECT_NE(*run.cached("other", make), *first);
}
TEST(RunTest, AFailedMakeLeavesNothing) {
  const TemporaryFolder folder;
  quiver::Run run({.threads = 1, .cache = folder.path()});
  const auto failed = run.cached("key", [](const fs::path& path) -> Result<void> {
    QUIVER_TRY(write_file(path, "half"));
    return Error::internal("the training diverged");
  });
  EXPECT_EQ(failed.error().message(), "making 'key': the training diverged");
  auto good = run.cached("key", [](const fs::path& path) { return write_file(path, "whole"); });
  ASSERT_TRUE(good.has_value());
  EXPECT_EQ(*read_file(*good), "whole");
}
TEST(RunTest, OnlyOneMakesWhileOthersWait) {
  const TemporaryFolder folder;
  std::atomic<int> made{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      quiver::Run run({.threads = 1, .cache = folder.path()});
      auto path = run.cached("key", [&](const fs::path& making) -> Result<void> {
        ++made;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        return write_file(making, "x");
      });
      EXPECT_TRUE(path.has_value());
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(made, 1);
}
TEST(RunDeathTest, CtrlCCancelsAndTheSecondOneEnds) {
  EXPECT_EXIT(
      {
        quiver::Run::handle_interrupts();
        const quiver::Run run({.threads = 1});
        std::raise(SIGINT);
        if (!run.stop()) std::exit(1);
        std::raise(SIGINT);
        std::exit(2);
      },
      ::testing::ExitedWithCode(130), "");
}

}  // namespace
}  // namespace quiver
