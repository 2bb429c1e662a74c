#include "quiver/learn/objectives/triplet.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "quiver/learn/optimizer.h"
#include "quiver/learn/parameters.h"

namespace quiver::learn {
namespace {
constexpr std::uint64_t kTripletSeed = 19;

Tensor rows_named(const char* name, std::int64_t rows, std::int64_t dim) {
  return random_parameter(name, {rows, dim}, 1, kTripletSeed).requires_grad_();
}

// One anchor, one candidate at a time, as the head of the file says it.
Tensor triplet_reference(const Tensor& left, const Tensor& right, const std::vector<std::int64_t>& left_group,
                         const std::vector<std::int64_t>& right_group, TripletOptions options) {
  Tensor sum = torch::zeros({});
  std::int64_t triplets = 0;
  const auto distance = [&](std::int64_t i, std::int64_t j) {
    return 1 - (left[i] / left[i].norm()).dot(right[j] / right[j].norm());
  };
  for (std::int64_t i = 0; i < left.size(0); ++i) {
    const Tensor own = distance(i, i);
    std::vector<Tensor> negatives;
    for (std::int64_t j = 0; j < right.size(0); ++j) {
      const bool same = left_group[static_cast<std::size_t>(i)] == right_group[static_cast<std::size_t>(j)];
      if (i != j && !same) negatives.push_back(distance(i, j));
    }
    std::sort(negatives.begin(), negatives.end(),
              [](const Tensor& a, const Tensor& b) { return a.item<float>() < b.item<float>(); });
    if (negatives.empty()) continue;
    std::vector<Tensor> met;
    switch (options.mining) {
      case Mining::All:
        met = negatives;
        break;
      case Mining::Hardest:
        met = {negatives.front()};
        break;
      case Mining::SemiHard: {
        const auto beyond = std::find_if(negatives.begin(), negatives.end(),
                                         [&](const Tensor& d) { return d.item<float>() > own.item<float>(); });
        met = {beyond == negatives.end() ? negatives.back() : *beyond};
        break;
      }
    }
    for (const Tensor& other : met) {
      const Tensor cost = torch::relu(own - other + options.margin);
      sum = sum + cost;
      triplets += options.mining == Mining::All ? (cost.item<float>() > 0 ? 1 : 0) : 1;
    }
  }
  return sum / std::max<std::int64_t>(triplets, 1);
}

TEST(TripletTest, AgreesWithTheReferenceInValueAndGradient) {
  for (const Mining mining : {Mining::SemiHard, Mining::Hardest, Mining::All}) {
    for (const std::int64_t count : {1, 2, 9}) {
      for (const std::int64_t extra : {0, 4}) {
        const Tensor left = rows_named("left", count, 5), right = rows_named("right", count + extra, 5);
        std::vector<std::int64_t> left_group, right_group;
        for (std::int64_t i = 0; i < count + extra; ++i) right_group.push_back(i % 4);
        left_group.assign(right_group.begin(), right_group.begin() + count);
        const TripletOptions options{.margin = 0.4, .mining = mining};
        const auto where = ::testing::Message() << "mining " << static_cast<int>(mining) << " batch " << count
                                                << " extra " << extra << " seed " << kTripletSeed;
        const Tensor loss = Triplet(options)({{"left", left}, {"right", right}},
                                             {{"left_group", torch::tensor(left_group, torch::kInt64)},
                                              {"right_group", torch::tensor(right_group, torch::kInt64)}});
        const Tensor wanted = triplet_reference(left, right, left_group, right_group, options);
        EXPECT_NEAR(loss.item<double>(), wanted.item<double>(), 1e-5) << where;
        if (!wanted.requires_grad()) continue;  // a single row has no negative
        const auto mine = torch::autograd::grad({loss}, {left, right});
        const auto theirs = torch::autograd::grad({wanted}, {left, right});
        EXPECT_TRUE(torch::allclose(mine[0], theirs[0], 1e-4, 1e-5)) << where;
        EXPECT_TRUE(torch::allclose(mine[1], theirs[1], 1e-4, 1e-5)) << where;
      }
    }
  }
}

TEST(TripletTest, WithoutGroupsEveryOtherRowIsANegative) {
  const Tensor eye = torch::eye(4), turned = torch::roll(eye, 1, 0);
  EXPECT_NEAR(Triplet({.margin = 0.5})({{"left", eye}, {"right", eye}}, {}).item<double>(), 0, 1e-6);
  EXPECT_NEAR(
      Triplet({.margin = 0.5, .mining = Mining::Hardest})({{"left", eye}, {"right", turned}}, {}).item<double>(), 1.5,
      1e-6);
}

TEST(TripletTest, AnAnchorWithoutANegativeCostsNothing) {
  const Tensor rows = rows_named("rows", 3, 4);
  const Tensor group = torch::zeros({3}, torch::kInt64);
  const Tensor loss = Triplet()({{"left", rows}, {"right", rows}}, {{"left_group", group}, {"right_group", group}});
  EXPECT_EQ(loss.item<double>(), 0);
}

TEST(TripletTest, SeparatesGroupsThatBeganMixed) {
  for (const Mining mining : {Mining::SemiHard, Mining::Hardest, Mining::All}) {
    const Tensor points = rows_named("points", 12, 6);
    const Tensor group = torch::arange(12) % 3;
    Adam adam({points}, {.rate = 0.05});
    const Triplet objective({.margin = 0.3, .mining = mining});
    for (int step = 0; step < 300; ++step) {
      adam.clear_gradients();
      const Tensor other = torch::roll(points, 3, 0);  // a positive: another row of the same group
      objective({{"left", points}, {"right", other}}, {{"left_group", group}, {"right_group", group}}).backward();
      adam.step(1);
    }
    const torch::NoGradGuard no_grad;
    const Tensor units = points / points.norm(2, {1}, true);
    const Tensor cosines = torch::mm(units, units.t());
    const Tensor same = group.unsqueeze(1).eq(group.unsqueeze(0));
    EXPECT_GT(cosines.masked_select(same).min().item<double>(),
              cosines.masked_select(same.logical_not()).max().item<double>() + 0.1)
        << "mining " << static_cast<int>(mining) << " seed " << kTripletSeed;
  }
}

}  // namespace
}  // namespace quiver::learn
