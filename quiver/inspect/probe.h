// Probe: what a linear classifier can read from frozen vectors: multinomial logistic regression, the usual measure of
// how much of a label a representation holds.
//
//   QUIVER_TRY(const Probe probe, Probe::fit(train, train_labels, {.penalty = 1}, run));
//   const std::vector<double> right = correct(probe.predict(test), test_labels);
//   QUIVER_TRY(const Probe tuned, Probe::choose(train, train_labels, valid, valid_labels, {}, run));
//
//   minimise  sum_i -log p(y_i | x_i) + penalty / 2 |W|^2,      p(. | x) = softmax(W x + b)
//
// The objective, and so the answer, is that of scikit-learn's LogisticRegression with C = 1 / penalty; intercepts are
// not penalised. With `standardize` coordinates are first brought to mean 0 and variance 1, so that one penalty suits
// all of them; sparse rows (bags of words) are taken as they are. The minimum is unique; L-BFGS (core/lbfgs.h) finds it
// deterministically. Thread-safety: a fitted probe is immutable. Cost: 4 * rows * dims * classes operations an
// iteration, of sparse rows 4 * terms * classes; some dozens of iterations; one copy of the rows when standardized.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "quiver/core/matrix.h"
#include "quiver/core/result.h"
#include "quiver/core/rows.h"
#include "quiver/core/run.h"

namespace quiver {

struct ProbeOptions {
  double penalty = 1;  // above 0
  bool standardize = true;
  std::size_t iterations = 300;
};

class Probe {
 public:
  // Labels are 0 .. classes - 1; a class without rows gets a low probability, no error. Errors: InvalidArgument for no
  // rows, sizes that do not agree, a single class, a penalty that is not positive; Cancelled.
  static Result<Probe> fit(MatrixView rows, std::span<const std::uint32_t> labels, const ProbeOptions& options,
                           Run& run);
  static Result<Probe> fit(const SparseView& rows, std::span<const std::uint32_t> labels, const ProbeOptions& options,
                           Run& run);
  // One probe for each penalty .01, .1, ..., 100 times the given one; the one with the most right answers on the
  // validation rows, of equals the strongest penalty. Never look at test rows to choose.
  static Result<Probe> choose(MatrixView rows, std::span<const std::uint32_t> labels, MatrixView validation,
                              std::span<const std::uint32_t> validation_labels, const ProbeOptions& options, Run& run);
  static Result<Probe> choose(const SparseView& rows, std::span<const std::uint32_t> labels,
                              const SparseView& validation, std::span<const std::uint32_t> validation_labels,
                              const ProbeOptions& options, Run& run);

  std::size_t classes() const noexcept { return weights_.rows(); }
  std::size_t dims() const noexcept { return weights_.cols(); }
  double penalty() const noexcept { return penalty_; }
  double loss() const noexcept { return loss_; }  // of the objective, at its minimum
  // Requires: rows.cols == dims().
  Matrix probabilities(MatrixView rows) const;  // (rows, classes)
  std::vector<std::uint32_t> predict(MatrixView rows) const;
  std::vector<std::uint32_t> predict(const SparseView& rows) const;

 private:
  template <class AnyRows>
  static Result<Probe> chosen(const AnyRows& rows, std::span<const std::uint32_t> labels, const AnyRows& validation,
                              std::span<const std::uint32_t> validation_labels, const ProbeOptions& options, Run& run);
  template <class AnyRows>
  Matrix logits(const AnyRows& rows) const;
  Matrix weights_;             // (classes, dims), for rows as they are given
  std::vector<float> offset_;  // (classes)
  double penalty_ = 0, loss_ = 0;
};

}  // namespace quiver
