#include "quiver/learn/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/core/file.h"
#include "quiver/core/temporary_folder.h"

namespace quiver::learn {
namespace {
using testing::HasSubstr;

Tensors some_state(float value) {
  return {{"table", torch::full({3, 5}, value)},
          {"steps", torch::full({}, 4, torch::kInt64)},
          {"none", torch::zeros({0, 2})}};
}

TEST(CheckpointTest, GoesThereAndBack) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "c.qvc";
  const Tensors saved{{"table", torch::arange(6, torch::kFloat32).reshape({2, 3}).t()},
                      {"steps", torch::full({}, 9, torch::kInt64)}};
  ASSERT_TRUE(save_checkpoint(path, {.step = 12, .fingerprint = "f"}, saved).has_value());
  Tensors state{{"table", torch::zeros({3, 2})}, {"steps", torch::zeros({}, torch::kInt64)}};
  const Tensor handle = state.at("table");
  const auto head = load_checkpoint(path, "f", state);
  ASSERT_TRUE(head.has_value()) << head.error().message();
  EXPECT_EQ(head->step, 12U);
  EXPECT_TRUE(torch::equal(handle, saved.at("table")));  // written in place
  EXPECT_EQ(state.at("steps").item<std::int64_t>(), 9);
}

TEST(CheckpointTest, RefusesAnotherTraining) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "c.qvc";
  ASSERT_TRUE(save_checkpoint(path, {.step = 1, .fingerprint = "f"}, some_state(1)).has_value());
  const auto message = [&](std::string_view fingerprint, Tensors state) {
    const auto loaded = load_checkpoint(path, fingerprint, state);
    EXPECT_EQ(loaded.error().code(), Code::FailedPrecondition);
    for (const auto& [name, tensor] : state) EXPECT_EQ(tensor.sum().item<double>(), 0) << name;  // nothing was written
    return loaded.error().message();
  };
  const Tensors zeros{
      {"table", torch::zeros({3, 5})}, {"steps", torch::zeros({}, torch::kInt64)}, {"none", torch::zeros({0, 2})}};
  EXPECT_THAT(message("g", zeros), HasSubstr("its data, options, seed or version differ"));
  EXPECT_THAT(message("f", {{"table", torch::zeros({3, 5})}}), HasSubstr("it has 3 tensors, this training 1"));
  Tensors renamed = zeros;
  renamed.erase("table");
  renamed["tables"] = torch::zeros({3, 5});
  EXPECT_THAT(message("f", renamed), HasSubstr("it has no tensor 'tables'"));
  Tensors wider = zeros;
  wider["table"] = torch::zeros({3, 6});
  EXPECT_THAT(message("f", wider), HasSubstr("tensor 'table' has another type or shape"));
}

TEST(CheckpointTest, SaysWhatIsMissingOrDamaged) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "c.qvc";
  Tensors state = some_state(0);
  EXPECT_EQ(load_checkpoint(path, "f", state).error().code(), Code::NotFound);
  ASSERT_TRUE(save_checkpoint(path, {.step = 1, .fingerprint = "f"}, state).has_value());
  std::string bytes = *read_file(path);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  ASSERT_TRUE(write_file(path, bytes).has_value());
  const auto damaged = load_checkpoint(path, "f", state);
  EXPECT_EQ(damaged.error().code(), Code::Corruption);
  EXPECT_THAT(damaged.error().message(), HasSubstr("reading checkpoint"));
}

}  // namespace
}  // namespace quiver::learn
