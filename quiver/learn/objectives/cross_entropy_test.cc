#include "quiver/learn/objectives/cross_entropy.h"

#include <gtest/gtest.h>

#include <cmath>

#include "quiver/learn/objectives/matryoshka.h"

namespace quiver::learn {
namespace {

static_assert(Objective<CrossEntropy> && Objective<Matryoshka<CrossEntropy>>);

// The formula as the header writes it, one item at a time.
double by_loops(const Tensor& logits, const Tensor& labels, double smoothing) {
  const std::int64_t classes = logits.size(1);
  double sum = 0;
  for (std::int64_t i = 0; i < logits.size(0); ++i) {
    double total = 0;
    for (std::int64_t c = 0; c < classes; ++c) total += std::exp(logits[i][c].item<double>());
    for (std::int64_t c = 0; c < classes; ++c) {
      const double q =
          (labels[i].item<std::int64_t>() == c ? 1 - smoothing : 0.0) + smoothing / static_cast<double>(classes);
      sum -= q * (logits[i][c].item<double>() - std::log(total));
    }
  }
  return sum / static_cast<double>(logits.size(0));
}

struct HeadCase {
  Tensor vectors, labels;
  HeadCase() {
    torch::manual_seed(7);
    vectors = torch::randn({6, 8});                             // (batch, 8)
    labels = torch::tensor({0, 2, 1, 1, 0, 2}, torch::kInt64);  // (batch)
  }
};

TEST(CrossEntropyTest, FollowsItsFormula) {
  const HeadCase given;
  for (const double smoothing : {0.0, 0.1}) {
    const CrossEntropy objective({8}, 3, {.smoothing = smoothing});
    const double loss = objective({{"vectors", given.vectors}}, {{"label", given.labels}}).item<double>();
    EXPECT_NEAR(loss, by_loops(objective.logits(given.vectors), given.labels, smoothing), 1e-5);
  }
}

TEST(CrossEntropyTest, EveryLengthHasItsOwnHead) {
  const HeadCase given;
  const CrossEntropy objective({2, 8}, 3);
  const std::vector<Tensor> all = objective.parameters();
  ASSERT_EQ(all.size(), 4U);  // two matrices, two biases
  EXPECT_EQ(all[0].sizes(), (std::vector<std::int64_t>{3, 2}));
  EXPECT_EQ(all[1].sizes(), (std::vector<std::int64_t>{3, 8}));
  objective.logits(given.vectors.narrow(1, 0, 2)).sum().backward();
  EXPECT_TRUE(all[0].grad().defined() && all[2].grad().defined());
  EXPECT_FALSE(all[1].grad().defined() || all[3].grad().defined());
}

// The classic mistake is to take the first rows of W; they are classes.
TEST(CrossEntropyTest, ASharedHeadGivesItsFirstColumnsAndItsBias) {
  const HeadCase given;
  const CrossEntropy objective({2, 5, 8}, 3, {.heads = Heads::Shared});
  const std::vector<Tensor> all = objective.parameters();
  ASSERT_EQ(all.size(), 2U);
  ASSERT_EQ(all[0].sizes(), (std::vector<std::int64_t>{3, 8}));
  {
    const torch::NoGradGuard no_grad;
    all[1].copy_(torch::tensor({0.5F, -1.0F, 2.0F}));
  }
  const Tensor logits = objective.logits(given.vectors.narrow(1, 0, 5));  // (batch, classes)
  for (std::int64_t i = 0; i < 6; ++i) {
    for (std::int64_t c = 0; c < 3; ++c) {
      double expected = all[1][c].item<double>();
      for (std::int64_t j = 0; j < 5; ++j) expected += all[0][c][j].item<double>() * given.vectors[i][j].item<double>();
      EXPECT_NEAR(logits[i][c].item<double>(), expected, 1e-5);
    }
  }
}

TEST(CrossEntropyTest, MatryoshkaAroundItIsTheSumOverLengths) {
  const HeadCase given;
  const CrossEntropy inner({2, 8}, 3, {.smoothing = 0.1});
  const Matryoshka nested(inner, {2, 8}, {1, 0.5}, Combine::Sum);
  const auto at = [&](std::int64_t m) {
    return by_loops(inner.logits(given.vectors.narrow(1, 0, m)), given.labels, 0.1);
  };
  EXPECT_NEAR(nested({{"vectors", given.vectors}}, {{"label", given.labels}}).item<double>(), at(2) + 0.5 * at(8),
              1e-5);
}

TEST(CrossEntropyTest, BeginsAlikeForASeed) {
  const HeadCase given;
  const CrossEntropy one({8}, 3, {.seed = 4}), same({8}, 3, {.seed = 4}), other({8}, 3, {.seed = 5});
  EXPECT_TRUE(torch::equal(one.logits(given.vectors), same.logits(given.vectors)));
  EXPECT_FALSE(torch::equal(one.logits(given.vectors), other.logits(given.vectors)));
}

}  // namespace
}  // namespace quiver::learn
