#include "quiver/learn/tables/look_up.h"

#include <gtest/gtest.h>

namespace quiver::learn {
namespace {

TEST(LookUpTest, GivesRowsAndTheGradientThatTorchGives) {
  const Tensor values = torch::arange(20, torch::kFloat32).view({5, 4});
  Table table("t", values.clone());
  const Tensor whole = values.clone().requires_grad_();
  const std::vector<std::uint32_t> ids{3, 0, 3, 3, 1};
  const Tensor pull = torch::linspace(-1, 2, 20).view({5, 4});
  const Tensor rows = look_up(table, ids), wanted = whole.index_select(0, torch::tensor({3, 0, 3, 3, 1}));
  EXPECT_TRUE(torch::equal(rows, wanted));
  (rows.square() * pull).sum().backward();
  (wanted.square() * pull).sum().backward();
  const RowGradient& gradient = table.gradient();
  EXPECT_EQ(gradient.rows, (std::vector<std::uint32_t>{0, 1, 3}));
  EXPECT_TRUE(torch::allclose(gradient.values, whole.grad().index_select(0, torch::tensor({0, 1, 3}))));
}

TEST(LookUpTest, AsksForNoGradientWhereNoneIsTaken) {
  Table table("t", torch::ones({3, 2}));
  const torch::NoGradGuard no_grad;
  EXPECT_FALSE(look_up(table, std::vector<std::uint32_t>{1}).requires_grad());
  EXPECT_EQ(look_up(table, {}).sizes(), (std::vector<std::int64_t>{0, 2}));
  EXPECT_TRUE(by_row({}, torch::zeros({0, 2})).rows.empty());
}

}  // namespace
}  // namespace quiver::learn
