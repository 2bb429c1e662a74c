#include "quiver/recipes/arms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/core/file.h"
#include "quiver/core/temporary_folder.h"
#include "quiver/model/linear.h"

namespace quiver {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;

Result<std::vector<Measured>> two_numbers() { return std::vector<Measured>{{"", "loss", 0.5}, {"other", "loss", 2}}; }

TEST(Arms, GiveTheirNameToWhatHasNone) {
  quiver::Run run({.threads = 1});
  Arms arms(run, {"a"});
  ASSERT_TRUE(arms.measure("a", two_numbers));
  EXPECT_EQ(arms.value("a", "loss"), 0.5);
  EXPECT_EQ(arms.value("other", "loss"), 2);
  arms.add({"a - other", "loss", -1.5});
  EXPECT_THAT(std::move(arms).measured(), ElementsAre(Measured{"a", "loss", 0.5}, Measured{"other", "loss", 2},
                                                      Measured{"a - other", "loss", -1.5}));
}

TEST(Arms, AreMeasuredOnceWhileTheirFolderStands) {
  const TemporaryFolder folder;
  int calls = 0;
  for (int round = 0; round < 2; ++round) {
    quiver::Run run({.threads = 1});
    const KeptArms kept(run, folder.path() / "seed1");
    Arms arms(run, {"a", "b - c"});
    for (const char* arm : {"a", "b - c"}) {
      ASSERT_TRUE(arms.measure(arm, [&]() -> Result<std::vector<Measured>> {
        ++calls;
        return std::vector<Measured>{{"", "calls", static_cast<double>(calls)}};
      }));
    }
    EXPECT_THAT(std::move(arms).measured(), ElementsAre(Measured{"a", "calls", 1}, Measured{"b - c", "calls", 2}));
  }
  EXPECT_EQ(calls, 2);
}

TEST(Arms, AreMeasuredAgainWhenWhatWasKeptIsDamaged) {
  const TemporaryFolder folder;
  quiver::Run run({.threads = 1});
  const KeptArms kept(run, folder.path());
  ASSERT_TRUE(Arms(run, {}).measure("a", two_numbers));
  for (const auto& file : std::filesystem::directory_iterator(folder.path()))
    ASSERT_TRUE(write_file(file.path(), "[{\"arm\": 3}]"));
  Arms again(run, {});
  ASSERT_TRUE(again.measure("a", two_numbers));
  EXPECT_EQ(again.value("a", "loss"), 0.5);
}

TEST(Arms, ModelsAreFittedOnce) {
  const TemporaryFolder folder;
  int calls = 0;
  const auto fit = [&]() -> Result<Model> {
    ++calls;
    Matrix basis(2, 3);
    basis.row(0)[0] = basis.row(1)[1] = 1;
    const std::vector<float> mean(3, 0.5F);
    return linear_map(basis.view(), mean, {.dims = 3}, {.name = "map", .space = {.metric = Metric::L2}},
                      {.recipe = "test", .data_licence = "none"});
  };
  std::string id;
  for (int round = 0; round < 2; ++round) {
    quiver::Run run({.threads = 1});
    const KeptArms kept(run, folder.path());
    const auto made = Arms(run, {}).model("base", fit);
    ASSERT_TRUE(made) << made.error().message();
    if (round == 0) id = made->id();
    EXPECT_EQ(made->id(), id);
  }
  EXPECT_EQ(calls, 1);
}

TEST(Arms, ErrorsNameTheArm) {
  quiver::Run run({.threads = 1});
  Arms arms(run, {"a"});
  const auto failed = arms.measure("a", []() -> Result<std::vector<Measured>> { return Error::io("no disk"); });
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message(), HasSubstr("arm a"));
  EXPECT_FALSE(measured_of(Json::object()));
}

TEST(Arms, StopBetweenTwoArms) {
  quiver::Run run({.threads = 1});
  Arms arms(run, {"a"});
  run.cancel();
  const auto stopped = arms.measure("a", two_numbers);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code(), Code::Cancelled);
}

}  // namespace
}  // namespace quiver
