#include "quiver/model/pooling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace quiver {
namespace {
using testing::ElementsAre;
using testing::FloatNear;
using testing::HasSubstr;

Matrix three_tokens() {
  Matrix states(3, 2);
  const float values[3][2] = {{1, -4}, {3, 5}, {8, -1}};
  for (std::size_t i = 0; i < 3; ++i) std::copy_n(values[i], 2, states.row(i).data());
  return states;
}
std::vector<float> pooled(Pool how, MatrixView states, std::size_t skip = 0) {
  std::vector<float> out(states.cols, 99);
  pool(how, states, skip, out);
  return out;
}

TEST(Pooling, EveryWay) {
  const Matrix states = three_tokens();
  EXPECT_THAT(pooled(Pool::First, states.view()), ElementsAre(1, -4));
  EXPECT_THAT(pooled(Pool::Last, states.view()), ElementsAre(8, -1));
  EXPECT_THAT(pooled(Pool::Mean, states.view()), ElementsAre(4, 0));
  EXPECT_THAT(pooled(Pool::Max, states.view()), ElementsAre(8, 5));
  EXPECT_THAT(pooled(Pool::MeanSqrt, states.view()), ElementsAre(FloatNear(12 / std::sqrt(3.0F), 1e-6F), 0));
  EXPECT_THAT(pooled(Pool::Weighted, states.view()),
              ElementsAre(FloatNear((1 + 6 + 24) / 6.0F, 1e-6F), FloatNear((-4 + 10 - 3) / 6.0F, 1e-6F)));
}

TEST(Pooling, SkippedTokensAreLeftOut) {
  const Matrix states = three_tokens();
  EXPECT_THAT(pooled(Pool::First, states.view(), 1), ElementsAre(3, 5));
  EXPECT_THAT(pooled(Pool::Last, states.view(), 1), ElementsAre(8, -1));
  EXPECT_THAT(pooled(Pool::Mean, states.view(), 1), ElementsAre(5.5F, 2));
  EXPECT_THAT(pooled(Pool::Max, states.view(), 2), ElementsAre(8, -1));
  EXPECT_THAT(pooled(Pool::Weighted, states.view(), 1),  // weights 2 and 3, as if nothing had been skipped
              ElementsAre(FloatNear((6 + 24) / 5.0F, 1e-6F), FloatNear((10 - 3) / 5.0F, 1e-6F)));
}

TEST(Pooling, NoTokensGiveTheZeroVector) {
  const Matrix states = three_tokens();
  for (const Pool how : {Pool::First, Pool::Mean, Pool::Max, Pool::Last, Pool::MeanSqrt, Pool::Weighted}) {
    EXPECT_THAT(pooled(how, states.view(), 3), ElementsAre(0, 0)) << name_of(how);
    EXPECT_THAT(pooled(how, states.view(), 7), ElementsAre(0, 0)) << name_of(how);
    EXPECT_EQ(*parse_pool(name_of(how)), how);
  }
  EXPECT_THAT(parse_pool("cls").error().message(), HasSubstr("'cls' is no pooling; there are first, mean"));
}

}  // namespace
}  // namespace quiver
