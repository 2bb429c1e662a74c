#include "quiver/learn/objectives/ranking.h"

#include <gtest/gtest.h>

#include <cmath>

#include "quiver/learn/optimizer.h"
#include "quiver/learn/parameters.h"

namespace quiver::learn {
namespace {
constexpr std::uint64_t kRankingSeed = 29;

struct Drawn {
  Tensor scores, relevance, present;
  Drawn(std::int64_t lists, std::int64_t candidates)
      : scores(random_parameter("scores", {lists, candidates}, 1, kRankingSeed).requires_grad_()),
        relevance(random_parameter("relevance", {lists, candidates}, 1, kRankingSeed).round()),
        present(random_parameter("present", {lists, candidates}, 1, kRankingSeed) > -0.8) {
    if (lists > 2) {
      present[1] = false;        // a list of nothing
      relevance[2].fill_(1.0F);  // a list without an order
    }
  }
};

Tensor pairwise_reference(const Drawn& d) {
  Tensor sum = torch::zeros({});
  int lists = 0;
  for (std::int64_t q = 0; q < d.scores.size(0); ++q) {
    Tensor list = torch::zeros({});
    int pairs = 0;
    for (std::int64_t i = 0; i < d.scores.size(1); ++i) {
      for (std::int64_t j = 0; j < d.scores.size(1); ++j) {
        if (!d.present[q][i].item<bool>() || !d.present[q][j].item<bool>()) continue;
        if (d.relevance[q][i].item<float>() <= d.relevance[q][j].item<float>()) continue;
        list = list + torch::log(1 + torch::exp(-(d.scores[q][i] - d.scores[q][j])));
        ++pairs;
      }
    }
    if (pairs == 0) continue;
    sum = sum + list / pairs;
    ++lists;
  }
  return sum / std::max(lists, 1);
}

Tensor listwise_reference(const Drawn& d, double temperature) {
  Tensor sum = torch::zeros({});
  int lists = 0;
  for (std::int64_t q = 0; q < d.scores.size(0); ++q) {
    Tensor all_scores = torch::zeros({}), all_relevance = torch::zeros({}), list = torch::zeros({});
    int candidates = 0;
    for (std::int64_t i = 0; i < d.scores.size(1); ++i) {
      if (!d.present[q][i].item<bool>()) continue;
      all_scores = all_scores + torch::exp(d.scores[q][i]);
      all_relevance = all_relevance + torch::exp(d.relevance[q][i] / temperature);
      ++candidates;
    }
    if (candidates == 0) continue;
    for (std::int64_t i = 0; i < d.scores.size(1); ++i) {
      if (!d.present[q][i].item<bool>()) continue;
      const Tensor p = torch::exp(d.relevance[q][i] / temperature) / all_relevance;
      list = list - p * (d.scores[q][i] - torch::log(all_scores));
    }
    sum = sum + list;
    ++lists;
  }
  return sum / std::max(lists, 1);
}

template <class O>
void expect_agreement(const O& objective, const Drawn& d, const Tensor& wanted, std::string_view what) {
  const Tensor loss = objective({{"scores", d.scores}}, {{"relevance", d.relevance}, {"present", d.present}});
  EXPECT_NEAR(loss.template item<double>(), wanted.item<double>(), 1e-5) << what << ", seed " << kRankingSeed;
  const Tensor mine = torch::autograd::grad({loss}, {d.scores})[0];
  const Tensor theirs =
      wanted.requires_grad() ? torch::autograd::grad({wanted}, {d.scores})[0] : torch::zeros_like(d.scores);
  EXPECT_TRUE(torch::allclose(mine, theirs, 1e-4, 1e-6)) << what << ", seed " << kRankingSeed;
}

TEST(RankingTest, AgreesWithTheReferencesInValueAndGradient) {
  for (const std::int64_t lists : {1, 4, 7}) {
    for (const std::int64_t candidates : {1, 2, 6}) {
      const Drawn drawn(lists, candidates);
      expect_agreement(PairwiseRanking(), drawn, pairwise_reference(drawn), "pairwise");
      expect_agreement(ListwiseRanking(0.5), drawn, listwise_reference(drawn, 0.5), "listwise");
    }
  }
}

TEST(RankingTest, OnePositiveAndOneNegativeIsBpr) {
  const Tensor scores = torch::tensor({{0.3F, 1.1F}});
  const Tensor loss = PairwiseRanking()({{"scores", scores}}, {{"relevance", torch::tensor({{1, 0}})}});
  EXPECT_NEAR(loss.item<double>(), -std::log(1 / (1 + std::exp(-(0.3 - 1.1)))), 1e-6);
}

TEST(RankingTest, FarScoresStayFinite) {
  const Tensor scores = torch::tensor({{-1e4F, 1e4F}}).requires_grad_();
  const Tensors batch{{"relevance", torch::tensor({{1.0F, 0.0F}})}};
  for (const Tensor& loss :
       {PairwiseRanking()({{"scores", scores}}, batch), ListwiseRanking()({{"scores", scores}}, batch)}) {
    EXPECT_TRUE(std::isfinite(loss.item<double>()));
    EXPECT_TRUE(torch::autograd::grad({loss}, {scores})[0].isfinite().all().item<bool>());
  }
}

// A linear scorer of five features learns the order that one of them decides.
template <class O>
double share_in_order(const O& objective) {
  const Tensor features = random_parameter("features", {20, 8, 5}, 1, kRankingSeed);  // (lists, candidates, features)
  const Tensor relevance = features.select(2, 3);
  const Tensor weight = torch::zeros({5}).requires_grad_();
  Adam adam({weight}, {.rate = 0.05});
  for (int step = 0; step < 200; ++step) {
    adam.clear_gradients();
    objective({{"scores", torch::matmul(features, weight)}}, {{"relevance", relevance}}).backward();
    adam.step(1);
  }
  const torch::NoGradGuard no_grad;
  const Tensor scores = torch::matmul(features, weight);
  const Tensor wanted = relevance.unsqueeze(2) > relevance.unsqueeze(1);
  const Tensor given = scores.unsqueeze(2) > scores.unsqueeze(1);
  return given.masked_select(wanted).to(torch::kFloat32).mean().template item<double>();
}

TEST(RankingTest, LearnsAnOrder) {
  EXPECT_GT(share_in_order(PairwiseRanking()), 0.97) << "seed " << kRankingSeed;
  EXPECT_GT(share_in_order(ListwiseRanking()), 0.95) << "seed " << kRankingSeed;
}

}  // namespace
}  // namespace quiver::learn
