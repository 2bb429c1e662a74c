#include "quiver/inspect/probe.h"

#include <gtest/gtest.h>

#include <cmath>

#include "quiver/core/random.h"
#include "quiver/core/statistics.h"
#include "quiver/inspect/class_metrics.h"

namespace quiver {
namespace {
constexpr std::uint64_t kSeed = 17;

struct Labelled {
  Matrix rows;
  std::vector<std::uint32_t> labels;
};
// Classes around centres of their own, on coordinates of very different scales.
Labelled drawn(std::size_t rows, std::size_t dims, std::size_t classes, float spread, std::uint64_t stream) {
  Labelled out{Matrix(rows, dims), std::vector<std::uint32_t>(rows)};
  Matrix centres(classes, dims);
  for (std::size_t c = 0; c < classes; ++c) {
    Random random(kSeed, c);
    for (float& x : centres.row(c)) x = random.normal();
  }
  Random random(kSeed, 1000 + stream);
  for (std::size_t i = 0; i < rows; ++i) {
    out.labels[i] = static_cast<std::uint32_t>(i % classes);
    for (std::size_t j = 0; j < dims; ++j) {
      const float scale = std::pow(10.0F, static_cast<float>(j % 5) - 2);
      out.rows.row(i)[j] = scale * (centres.row(out.labels[i])[j] + spread * random.normal() + 3);
    }
  }
  return out;
}

TEST(Probe, ReadsLinearLabelsWhateverTheScales) {
  quiver::Run run(RunOptions{.seed = kSeed, .threads = 2});
  for (const std::size_t classes : {2U, 5U}) {
    const Labelled train = drawn(600, 10, classes, 0.5F, 0), test = drawn(300, 10, classes, 0.5F, 1);
    const auto probe = Probe::fit(train.rows.view(), train.labels, {}, run);
    ASSERT_TRUE(probe.has_value()) << probe.error().message();
    EXPECT_EQ(probe->classes(), classes);
    EXPECT_GT(mean_of(correct(probe->predict(test.rows.view()), test.labels)), 0.95) << classes << " seed " << kSeed;
    const Matrix p = probe->probabilities(test.rows.view());
    for (std::size_t i = 0; i < p.rows(); ++i) {
      float sum = 0;
      for (const float x : p.row(i)) sum += x;
      ASSERT_NEAR(sum, 1, 1e-5);
    }
  }
}

// Sparse rows and the same rows written out have one minimum.
TEST(Probe, SparseRowsAreRows) {
  quiver::Run run(RunOptions{.seed = kSeed, .threads = 2});
  constexpr std::size_t kTerms = 12;
  const auto bags = [](std::size_t rows, std::uint64_t stream) {
    std::pair<SparseRows, Matrix> out{SparseRows{}, Matrix(rows, kTerms)};
    out.first.dims = kTerms;
    Random random(kSeed, stream);
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::uint32_t term = 0; term < kTerms; ++term) {
        if (random.below(term % 3 == i % 3 ? 2 : 5) != 0) continue;  // the labels' terms are more frequent
        out.second.row(i)[term] = 1 + random.normal() / 4;
        out.first.terms.push_back(term);
        out.first.weights.push_back(out.second.row(i)[term]);
      }
      out.first.offsets.push_back(static_cast<std::uint32_t>(out.first.terms.size()));
    }
    return out;
  };
  const auto train = bags(240, 0), test = bags(90, 1);
  std::vector<std::uint32_t> labels, test_labels;
  for (std::uint32_t i = 0; i < 240; ++i) labels.push_back(i % 3);
  for (std::uint32_t i = 0; i < 90; ++i) test_labels.push_back(i % 3);
  const ProbeOptions plain{.standardize = false};
  const auto sparse = Probe::fit(train.first.view(), labels, plain, run);
  const auto dense = Probe::fit(train.second.view(), labels, plain, run);
  ASSERT_TRUE(sparse.has_value() && dense.has_value());
  EXPECT_NEAR(sparse->loss(), dense->loss(), 1e-3 * dense->loss());
  EXPECT_EQ(sparse->predict(test.first.view()), dense->predict(test.second.view()));
  EXPECT_GT(mean_of(correct(sparse->predict(test.first.view()), test_labels)), 0.6) << "seed " << kSeed;
  const auto a = Probe::choose(train.first.view(), labels, test.first.view(), test_labels, plain, run);
  const auto b = Probe::choose(train.second.view(), labels, test.second.view(), test_labels, plain, run);
  ASSERT_TRUE(a.has_value() && b.has_value());
  EXPECT_EQ(a->penalty(), b->penalty());
  EXPECT_FALSE(Probe::fit(train.first.view(), test_labels, plain, run).has_value());
  EXPECT_FALSE(Probe::choose(train.first.view(), labels, test.first.view(), labels, plain, run).has_value());
}

// At the minimum the gradient is zero: for every class and coordinate, what the residuals add up to is the penalty's.
TEST(Probe, StandsAtTheMinimumOfTheObjective) {
  quiver::Run run(RunOptions{.seed = kSeed, .threads = 2});
  const Labelled train = drawn(200, 4, 3, 1.5F, 0);
  const double penalty = 2;
  const auto probe = Probe::fit(train.rows.view(), train.labels, {.penalty = penalty, .standardize = false}, run);
  ASSERT_TRUE(probe.has_value());
  const Matrix p = probe->probabilities(train.rows.view());
  double loss = 0;
  for (const double item : log_loss(p.view(), train.labels)) loss += item;
  EXPECT_LE(loss, probe->loss()) << "the penalty is not below zero";
  for (std::size_t c = 0; c < 3; ++c) {
    double residuals = 0;
    for (std::size_t i = 0; i < train.labels.size(); ++i) {
      residuals += static_cast<double>(p.row(i)[c]) - (train.labels[i] == c ? 1 : 0);
    }
    EXPECT_NEAR(residuals, 0, 0.05) << "the intercept of class " << c;
  }
}

TEST(Probe, ChoosesByTheValidationRows) {
  quiver::Run run(RunOptions{.seed = kSeed, .threads = 2});
  // Few rows of many dims that say little: a strong penalty generalises better.
  const Labelled train = drawn(60, 40, 2, 6, 0), valid = drawn(400, 40, 2, 6, 1);
  const auto chosen = Probe::choose(train.rows.view(), train.labels, valid.rows.view(), valid.labels, {}, run);
  ASSERT_TRUE(chosen.has_value()) << chosen.error().message();
  const auto weakest = Probe::fit(train.rows.view(), train.labels, {.penalty = 0.01}, run);
  ASSERT_TRUE(weakest.has_value());
  const auto right = [&](const Probe& p) { return mean_of(correct(p.predict(valid.rows.view()), valid.labels)); };
  EXPECT_GE(right(*chosen), right(*weakest));
  EXPECT_GT(chosen->penalty(), 0.01);
}

TEST(Probe, SaysWhatItCannotLearnFrom) {
  quiver::Run run(RunOptions{.seed = kSeed, .threads = 2});
  const Labelled train = drawn(10, 3, 2, 1, 0);
  const Matrix none(0, 3), wider(2, 4);
  const auto message = [](const Result<Probe>& r) { return r.has_value() ? std::string() : r.error().message(); };
  EXPECT_NE(message(Probe::fit(none.view(), {}, {}, run)).find("no rows"), std::string::npos);
  EXPECT_NE(
      message(Probe::fit(train.rows.view(), std::vector<std::uint32_t>(9), {}, run)).find("10 rows have 9 labels"),
      std::string::npos);
  EXPECT_NE(message(Probe::fit(train.rows.view(), std::vector<std::uint32_t>(10, 4), {}, run)).find("label 4"),
            std::string::npos);
  EXPECT_NE(message(Probe::fit(train.rows.view(), train.labels, {.penalty = 0}, run)).find("penalty"),
            std::string::npos);
  EXPECT_NE(message(Probe::choose(train.rows.view(), train.labels, wider.view(), {}, {}, run)).find("2 rows"),
            std::string::npos);
}

}  // namespace
}  // namespace quiver
