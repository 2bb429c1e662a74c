#include "quiver/compress/leanvec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "quiver/core/random.h"

namespace quiver {
namespace {

// Rows with falling variances, and queries whose variances fall along other directions: the case LeanVec is for.
struct Sample {
  DoubleMatrix rows, queries;
  ProductMoments moments;
};
DoubleMatrix uneven(std::size_t count, std::size_t dims, std::size_t turn, std::uint64_t seed) {
  DoubleMatrix out(count, dims);
  Random random(seed);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = 0; j < dims; ++j) {
      out.row(i)[(j + turn) % dims] = random.normal() / (1 + 0.5 * static_cast<double>(j));
    }
    out.row(i)[0] += 0.3 * out.row(i)[dims - 1];  // not along the axes alone
  }
  return out;
}
Sample sample_of(std::size_t dims = 12, std::uint64_t seed = 1) {
  Sample out{uneven(300, dims, 0, seed),
             uneven(200, dims, dims / 3, seed + 1),
             {.queries = DoubleMatrix(), .rows = DoubleMatrix()}};
  SecondMoment rows(dims), queries(dims);
  rows.add(out.rows);
  queries.add(out.queries);
  out.moments = {queries.mean(), rows.mean()};
  return out;
}
DoubleMatrix random_map(std::size_t dims, std::size_t from, std::uint64_t seed) {
  DoubleMatrix out(dims, from);
  Random random(seed);
  for (double& x : out.values()) x = 0.3 * random.normal();
  return out;
}
// |Q A B^T X^T - Q X^T|^2 over all pairs, divided by their number.
double direct_loss(const Sample& s, const DoubleMatrix& a, const DoubleMatrix& b) {
  DoubleMatrix error = product_nt(product_nt(s.queries, a), product_nt(s.rows, b));
  combine(error, 1, product_nt(s.queries, s.rows), -1);
  return inner(error, error) / static_cast<double>(s.queries.rows() * s.rows.rows());
}
double norm_of(const DoubleMatrix& a) { return singular_values(a)->at(0); }
double pca_loss(const ProductMoments& moments, std::size_t dims) {
  const auto top = top_eigen(moments.rows, dims);
  return leanvec_loss(moments, top->vectors, top->vectors);
}
double from_identity(const DoubleMatrix& a) {
  double out = 0;
  for (std::size_t i = 0; i < a.rows(); ++i) {
    for (std::size_t j = 0; j < a.cols(); ++j) out = std::max(out, std::abs(a.row(i)[j] - (i == j ? 1 : 0)));
  }
  return out;
}

TEST(LeanVec, LossFromMomentsIsTheFrobeniusNorm) {
  const Sample s = sample_of();
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const DoubleMatrix a = random_map(5, 12, seed), b = random_map(5, 12, seed + 10);
    const double direct = direct_loss(s, a, b);
    EXPECT_NEAR(leanvec_loss(s.moments, a, b), direct, 1e-6 * direct) << "seed " << seed;
  }
  const auto top = top_eigen(s.moments.rows, 11);  // a small loss, where the terms cancel
  const double direct = direct_loss(s, top->vectors, top->vectors);
  EXPECT_NEAR(leanvec_loss(s.moments, top->vectors, top->vectors), direct, 1e-6 * direct);
}

TEST(LeanVec, GradientsAgreeWithFiniteDifferences) {
  const Sample s = sample_of();
  DoubleMatrix a = random_map(4, 12, 5), b = random_map(4, 12, 6);
  const LeanVecGradients gradients = leanvec_gradients(s.moments, a, b);
  const double h = 1e-5;
  const auto compare = [&](DoubleMatrix& map, const DoubleMatrix& gradient) {
    double largest = 0;
    for (const double x : gradient.values()) largest = std::max(largest, std::abs(x));
    for (std::size_t i = 0; i < map.values().size(); ++i) {
      const double kept = map.values()[i];
      map.values()[i] = kept + h;
      const double above = leanvec_loss(s.moments, a, b);
      map.values()[i] = kept - h;
      const double below = leanvec_loss(s.moments, a, b);
      map.values()[i] = kept;
      EXPECT_NEAR(gradient.values()[i], (above - below) / (2 * h), 1e-4 * largest) << i;
    }
  };
  compare(a, gradients.a);
  compare(b, gradients.b);
}

TEST(LeanVec, EigenvectorSearchIsNeverAbovePcaAndBelowItForOtherQueries) {
  quiver::Run run({.threads = 1});
  const Sample s = sample_of();
  for (const std::size_t dims : {1UL, 3UL, 6UL, 11UL}) {
    const auto found = eigenvector_search(s.moments, dims, run);
    ASSERT_TRUE(found.has_value());
    const double loss = leanvec_loss(s.moments, found->a, found->b), pca = pca_loss(s.moments, dims);
    EXPECT_LT(loss, (dims < 11 ? 0.9 : 1.0) * pca) << dims;  // one direction left out: little to gain
    EXPECT_GE(found->beta, 0);
    EXPECT_LT(found->beta, 1);
    EXPECT_LT(from_identity(product_nt(found->a, found->b)), 1e-10);  // orthonormal
  }
  const ProductMoments same{s.moments.rows, s.moments.rows};  // queries like rows: nothing to gain, five losses tried
  const auto found = eigenvector_search(same, 4, run);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->losses.size(), 5U);
  EXPECT_NEAR(leanvec_loss(same, found->a, found->b), pca_loss(same, 4), 1e-12);
}

// 8 * dims <= from: sought in a small space. The simple way beside it: 200 decompositions of the whole.
TEST(LeanVec, EigenvectorSearchInASmallSpaceFindsNearlyWhatTheWholeHolds) {
  quiver::Run run({.threads = 1});
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const Sample s = sample_of(48, seed);
    const auto found = eigenvector_search(s.moments, 4, run);
    ASSERT_TRUE(found.has_value());
    EXPECT_LT(from_identity(product_nt(found->a, found->b)), 1e-10);
    double best = HUGE_VAL;
    for (int i = 0; i <= 200; ++i) {
      DoubleMatrix mixed = s.moments.queries;
      const double beta = i / 200.0;
      combine(mixed, (1 - beta) / trace(s.moments.queries), s.moments.rows, beta / trace(s.moments.rows));
      const auto top = top_eigen(mixed, 4);
      best = std::min(best, leanvec_loss(s.moments, top->vectors, top->vectors));
    }
    const double loss = leanvec_loss(s.moments, found->a, found->b);
    EXPECT_NEAR(found->losses.at(0), pca_loss(s.moments, 4), 1e-9 * found->losses[0]) << "seed " << seed;
    EXPECT_NEAR(*std::ranges::min_element(found->losses), loss, 1e-9 * loss) << "seed " << seed;
    EXPECT_LT(loss, 1.02 * best) << "seed " << seed;
  }
}

TEST(LeanVec, EveryFrankWolfeIterateStaysInTheHull) {
  quiver::Run run({.threads = 1});
  const Sample s = sample_of();
  for (const auto step : {FrankWolfeOptions::Step::Schedule, FrankWolfeOptions::Step::LineSearch}) {
    LeanVecMaps maps = zero_maps(4, 12);
    double before = leanvec_loss(s.moments, maps.a, maps.b);
    for (unsigned t = 1; t <= 12; ++t) {  // the first t steps, each time from the beginning
      const auto found = frank_wolfe(s.moments, zero_maps(4, 12), {.step = step, .steps = t, .tolerance = 0}, run);
      ASSERT_TRUE(found.has_value());
      EXPECT_LE(norm_of(found->a), 1 + 1e-6);
      EXPECT_LE(norm_of(found->b), 1 + 1e-6);
      const double loss = leanvec_loss(s.moments, found->a, found->b);
      EXPECT_NEAR(found->losses.back(), loss, 1e-9 * before);  // what is followed step by step is the loss
      if (step == FrankWolfeOptions::Step::LineSearch) {
        EXPECT_LE(loss, before * (1 + 1e-9)) << "step " << t;
      }
      before = loss;
    }
  }
}

TEST(LeanVec, FrankWolfeFromEigenvectorSearchNeverLosesToIt) {
  quiver::Run run({.threads = 1});
  for (const std::uint64_t seed : {1U, 5U, 9U}) {
    const Sample s = sample_of(16, seed);
    for (const std::size_t dims : {2UL, 4UL, 8UL}) {
      const auto start = eigenvector_search(s.moments, dims, run);
      ASSERT_TRUE(start.has_value());
      const double at_start = leanvec_loss(s.moments, start->a, start->b);
      const auto found = frank_wolfe(s.moments, {start->a, start->b, {}, 1}, {}, run);
      ASSERT_TRUE(found.has_value());
      const double loss = leanvec_loss(s.moments, found->a, found->b);
      EXPECT_LE(loss, at_start * (1 + 1e-9)) << "seed " << seed << ", " << dims << " dims";
      EXPECT_LE(loss, pca_loss(s.moments, dims) * (1 + 1e-9)) << "seed " << seed << ", " << dims << " dims";
    }
  }
}

TEST(LeanVec, TheScheduleFromZeroReachesEigenvectorSearchNearly) {
  quiver::Run run({.threads = 1});
  const Sample s = sample_of(16, 3);
  const auto start = eigenvector_search(s.moments, 4, run);
  const auto found = frank_wolfe(s.moments, zero_maps(4, 16), {.step = FrankWolfeOptions::Step::Schedule}, run);
  ASSERT_TRUE(start.has_value() && found.has_value());
  EXPECT_LT(leanvec_loss(s.moments, found->a, found->b), 1.2 * leanvec_loss(s.moments, start->a, start->b));
}

TEST(LeanVec, AllDimsLoseNothing) {
  quiver::Run run({.threads = 1});
  const Sample s = sample_of();
  const auto start = eigenvector_search(s.moments, 12, run);
  ASSERT_TRUE(start.has_value());
  const auto found = frank_wolfe(s.moments, {start->a, start->b, {}, 1}, {}, run);
  ASSERT_TRUE(found.has_value());
  EXPECT_LT(from_identity(product_tn(found->a, found->b)), 1e-5);  // A B^T = I
  const auto sphered = sphering(s.moments, 12, run);
  ASSERT_TRUE(sphered.has_value());
  EXPECT_LT(from_identity(product_tn(sphered->a, sphered->b)), 1e-5);
}

// The best linear maps of all: no pair with the same dims may lose less.
TEST(LeanVec, SpheringIsTheBestOfAllLinearMaps) {
  quiver::Run run({.threads = 1});
  const Sample s = sample_of();
  for (const std::size_t dims : {1UL, 4UL, 8UL}) {
    const auto sphered = sphering(s.moments, dims, run);
    const auto start = eigenvector_search(s.moments, dims, run);
    ASSERT_TRUE(sphered.has_value() && start.has_value());
    const double loss = leanvec_loss(s.moments, sphered->a, sphered->b);
    EXPECT_LE(loss, leanvec_loss(s.moments, start->a, start->b) * (1 + 1e-9));
    // Eckart-Young: what is lost are the singular values of K_Q^1/2 K_X^1/2 that are left out.
    const DoubleEigen q = *top_eigen(s.moments.queries, 12);
    DoubleMatrix root = q.vectors;
    for (std::size_t i = 0; i < 12; ++i) {
      for (double& x : root.row(i)) x *= std::sqrt(q.values[i]);
    }
    const auto left = eigenvalues(product_nt(product(root, s.moments.rows), root));
    double expected = 0;
    for (std::size_t i = dims; i < 12; ++i) expected += left->at(i);
    EXPECT_NEAR(loss, expected, 1e-4 * expected) << dims;
  }
}

TEST(LeanVec, TurningToTheRowsKeepsProductsAndOrdersVariances) {
  quiver::Run run({.threads = 1});
  const Sample s = sample_of();
  auto found = frank_wolfe(s.moments, zero_maps(5, 12), {}, run);
  ASSERT_TRUE(found.has_value());
  const DoubleMatrix before = product_tn(found->a, found->b);
  const auto variances = rotate_to_rows(s.moments, *found);
  ASSERT_TRUE(variances.has_value());
  DoubleMatrix after = product_tn(found->a, found->b);
  combine(after, 1, before, -1);
  EXPECT_LT(std::sqrt(inner(after, after)), 1e-10);
  const DoubleMatrix moment = product_nt(product(found->b, s.moments.rows), found->b);
  for (std::size_t i = 0; i < 5; ++i) {
    for (std::size_t j = 0; j < 5; ++j) EXPECT_NEAR(moment.row(i)[j], i == j ? (*variances)[i] : 0, 1e-10);
  }
  EXPECT_TRUE(std::ranges::is_sorted(*variances, std::greater<>()));
}

TEST(LeanVec, StopsWhenTheRunIsCancelled) {
  const Sample s = sample_of();
  quiver::Run run({.threads = 1});
  run.cancel();
  EXPECT_EQ(eigenvector_search(s.moments, 3, run).error().code(), Code::Cancelled);
  EXPECT_EQ(frank_wolfe(s.moments, zero_maps(3, 12), {}, run).error().code(), Code::Cancelled);
  EXPECT_EQ(sphering(s.moments, 3, run).error().code(), Code::Cancelled);
}

}  // namespace
}  // namespace quiver
