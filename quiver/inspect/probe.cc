#include "quiver/inspect/probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "quiver/core/check.h"
#include "quiver/core/lbfgs.h"
#include "quiver/core/linalg.h"

namespace quiver {
namespace {

struct Scaling {
  std::vector<double> mean, inverse;  // of each coordinate
};

Scaling scaling_of(MatrixView rows, bool standardize) {
  Scaling s{std::vector<double>(rows.cols, 0), std::vector<double>(rows.cols, 1)};
  if (!standardize) return s;
  const auto n = static_cast<double>(rows.rows);
  std::vector<double> squares(rows.cols, 0);
  for (std::size_t i = 0; i < rows.rows; ++i) {
    for (std::size_t j = 0; j < rows.cols; ++j) s.mean[j] += static_cast<double>(rows.row(i)[j]) / n;
  }
  for (std::size_t i = 0; i < rows.rows; ++i) {
    for (std::size_t j = 0; j < rows.cols; ++j) {
      const double off = static_cast<double>(rows.row(i)[j]) - s.mean[j];
      squares[j] += off * off / n;
    }
  }
  for (std::size_t j = 0; j < rows.cols; ++j) s.inverse[j] = squares[j] > 0 ? 1 / std::sqrt(squares[j]) : 1;
  return s;
}

Matrix scaled(MatrixView rows, const Scaling& s) {
  Matrix out(rows.rows, rows.cols);
  for (std::size_t i = 0; i < rows.rows; ++i) {
    for (std::size_t j = 0; j < rows.cols; ++j) {
      out.row(i)[j] = static_cast<float>((static_cast<double>(rows.row(i)[j]) - s.mean[j]) * s.inverse[j]);
    }
  }
  return out;
}

// In place: exp(z - max z) / sum. Returns log of the sum of exp(z).
double softmax(std::span<float> z) {
  const float most = *std::max_element(z.begin(), z.end());
  double sum = 0;
  for (float& x : z) {
    x = std::exp(x - most);
    sum += static_cast<double>(x);
  }
  for (float& x : z) x = static_cast<float>(static_cast<double>(x) / sum);
  return static_cast<double>(most) + std::log(sum);
}

// z = rows * weights^T: (rows, classes)
void multiply(MatrixView rows, const Matrix& weights, Matrix& z) { gemm_nt(rows, weights.view(), z); }
void multiply(const SparseView& rows, const Matrix& weights, Matrix& z) {
  const Matrix by_term = transposed(weights.view());  // (dims, classes): what a term adds lies side by side
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    const std::span<float> to = z.row(i);
    std::fill(to.begin(), to.end(), 0.0F);
    for (std::size_t e = rows.offsets[i]; e < rows.offsets[i + 1]; ++e) {
      const auto from = by_term.row(rows.terms[e]);
      for (std::size_t c = 0; c < to.size(); ++c) to[c] += rows.weights[e] * from[c];
    }
  }
}
// slope = z^T * rows: (classes, dims)
void multiply_back(const Matrix& z, MatrixView rows, Matrix& slope) { gemm_tn(z.view(), rows, slope); }
void multiply_back(const Matrix& z, const SparseView& rows, Matrix& slope) {
  Matrix by_term(rows.dims, z.cols());
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    const auto from = z.row(i);
    for (std::size_t e = rows.offsets[i]; e < rows.offsets[i + 1]; ++e) {
      const std::span<float> to = by_term.row(rows.terms[e]);
      for (std::size_t c = 0; c < to.size(); ++c) to[c] += rows.weights[e] * from[c];
    }
  }
  slope = transposed(by_term.view());
}

// The objective at W and b, which lie one behind the other in x, and its gradient.
template <class AnyRows>
class Objective {
 public:
  Objective(const AnyRows& rows, std::span<const std::uint32_t> labels, std::size_t classes, double penalty)
      : rows_(rows),
        labels_(labels),
        classes_(classes),
        penalty_(penalty),
        weights_(classes, dims_of(rows)),
        z_(count_of(rows), classes),
        slope_(classes, dims_of(rows)) {}

  double operator()(std::span<const double> x, std::span<double> gradient) {
    const std::size_t dims = dims_of(rows_);
    const std::span<const double> b = x.subspan(classes_ * dims);
    double value = 0;
    for (std::size_t c = 0; c < classes_; ++c) {
      for (std::size_t j = 0; j < dims; ++j) {
        const double w = x[c * dims + j];
        weights_.row(c)[j] = static_cast<float>(w);
        value += penalty_ / 2 * w * w;
      }
    }
    multiply(rows_, weights_, z_);
    std::fill(gradient.begin(), gradient.end(), 0);
    for (std::size_t i = 0; i < labels_.size(); ++i) {
      const std::span<float> z = z_.row(i);
      for (std::size_t c = 0; c < classes_; ++c) z[c] += static_cast<float>(b[c]);
      const double right = static_cast<double>(z[labels_[i]]);
      value += softmax(z) - right;
      z[labels_[i]] -= 1;
      for (std::size_t c = 0; c < classes_; ++c) gradient[classes_ * dims + c] += static_cast<double>(z[c]);
    }
    multiply_back(z_, rows_, slope_);
    for (std::size_t c = 0; c < classes_; ++c) {
      for (std::size_t j = 0; j < dims; ++j) {
        gradient[c * dims + j] = static_cast<double>(slope_.row(c)[j]) + penalty_ * x[c * dims + j];
      }
    }
    return value;
  }

 private:
  AnyRows rows_;
  std::span<const std::uint32_t> labels_;
  std::size_t classes_;
  double penalty_;
  Matrix weights_, z_, slope_;  // (classes, dims), (rows, classes), (classes, dims)
};

Result<std::size_t> classes_of(std::size_t rows, std::span<const std::uint32_t> labels, double penalty) {
  if (rows != labels.size()) {
    return Error::invalid_argument(
        fmt::format("fitting a probe: {} rows have {} labels; give each row one", rows, labels.size()));
  }
  if (rows == 0) return Error::invalid_argument("fitting a probe: there are no rows to learn from");
  if (!(penalty > 0) || std::isinf(penalty)) {
    return Error::invalid_argument(fmt::format("fitting a probe: the penalty is {}; it must be above 0", penalty));
  }
  const auto [least, most] = std::minmax_element(labels.begin(), labels.end());
  if (*least == *most) {
    return Error::invalid_argument(
        fmt::format("fitting a probe: all {} rows have label {}; it takes two classes to tell apart", rows, *most));
  }
  return std::size_t{*most} + 1;
}

std::vector<std::uint32_t> likeliest(const Matrix& z) {
  std::vector<std::uint32_t> best(z.rows());
  for (std::size_t i = 0; i < z.rows(); ++i) {
    const auto row = z.row(i);
    best[i] = static_cast<std::uint32_t>(std::max_element(row.begin(), row.end()) - row.begin());
  }
  return best;
}

struct Minimum {
  std::vector<double> x;  // W, then b
  double loss = 0;
};
template <class AnyRows>
Result<Minimum> minimised(const AnyRows& rows, std::span<const std::uint32_t> labels, std::size_t classes,
                          const ProbeOptions& options, Run& run) {
  const BlasThreads all(run.threads().count());
  Objective<AnyRows> objective(rows, labels, classes, options.penalty);
  Minimum out{std::vector<double>(classes * (dims_of(rows) + 1), 0)};
  const LbfgsOptions how{.iterations = options.iterations, .gradient_tolerance = 1e-5, .value_tolerance = 1e-8};
  out.loss = lbfgs(
                 out.x, [&](std::span<const double> at, std::span<double> gradient) { return objective(at, gradient); },
                 how, [&] { return run.stop(); })
                 .value;
  if (run.stop()) return Error::cancelled("fitting a probe: stopped");
  return out;
}
}  // namespace

Result<Probe> Probe::fit(MatrixView rows, std::span<const std::uint32_t> labels, const ProbeOptions& options,
                         Run& run) {
  QUIVER_TRY(const std::size_t classes, classes_of(rows.rows, labels, options.penalty));
  const Scaling scaling = scaling_of(rows, options.standardize);
  const Matrix near = options.standardize ? scaled(rows, scaling) : Matrix();
  QUIVER_TRY(const Minimum done, minimised(options.standardize ? near.view() : rows, labels, classes, options, run));
  const std::vector<double>& x = done.x;

  // w' (x - mean) / deviation + b, told of x itself.
  Probe probe;
  probe.weights_ = Matrix(classes, rows.cols);
  probe.offset_.resize(classes);
  probe.penalty_ = options.penalty;
  probe.loss_ = done.loss;
  for (std::size_t c = 0; c < classes; ++c) {
    double offset = x[classes * rows.cols + c];
    for (std::size_t j = 0; j < rows.cols; ++j) {
      const double w = x[c * rows.cols + j] * scaling.inverse[j];
      probe.weights_.row(c)[j] = static_cast<float>(w);
      offset -= w * scaling.mean[j];
    }
    probe.offset_[c] = static_cast<float>(offset);
  }
  return probe;
}

Result<Probe> Probe::fit(const SparseView& rows, std::span<const std::uint32_t> labels, const ProbeOptions& options,
                         Run& run) {
  QUIVER_TRY(const std::size_t classes, classes_of(rows.rows(), labels, options.penalty));
  QUIVER_TRY(const Minimum done, minimised(rows, labels, classes, options, run));
  Probe probe;
  probe.weights_ = Matrix(classes, rows.dims);
  probe.penalty_ = options.penalty;
  probe.loss_ = done.loss;
  for (std::size_t c = 0; c < classes; ++c) {
    for (std::size_t j = 0; j < rows.dims; ++j)
      probe.weights_.row(c)[j] = static_cast<float>(done.x[c * rows.dims + j]);
    probe.offset_.push_back(static_cast<float>(done.x[classes * rows.dims + c]));
  }
  return probe;
}

template <class AnyRows>
Result<Probe> Probe::chosen(const AnyRows& rows, std::span<const std::uint32_t> labels, const AnyRows& validation,
                            std::span<const std::uint32_t> validation_labels, const ProbeOptions& options, Run& run) {
  if (count_of(validation) != validation_labels.size() || count_of(validation) == 0 ||
      dims_of(validation) != dims_of(rows)) {
    return Error::invalid_argument(
        fmt::format("choosing a probe: the validation set has {} rows of {} dims and {} labels, the rows to learn from "
                    "{} dims; hold some of those out",
                    count_of(validation), dims_of(validation), validation_labels.size(), dims_of(rows)));
  }
  std::optional<Probe> best;
  std::size_t most = 0;
  for (const double factor : {100.0, 10.0, 1.0, 0.1, 0.01}) {
    ProbeOptions these = options;
    these.penalty *= factor;
    QUIVER_TRY(Probe probe, fit(rows, labels, these, run));
    const std::vector<std::uint32_t> predicted = probe.predict(validation);
    std::size_t right = 0;
    for (std::size_t i = 0; i < predicted.size(); ++i) right += predicted[i] == validation_labels[i] ? 1 : 0;
    if (!best.has_value() || right > most) {
      best = std::move(probe);
      most = right;
    }
  }
  return *std::move(best);
}

Result<Probe> Probe::choose(MatrixView rows, std::span<const std::uint32_t> labels, MatrixView validation,
                            std::span<const std::uint32_t> validation_labels, const ProbeOptions& options, Run& run) {
  return chosen(rows, labels, validation, validation_labels, options, run);
}
Result<Probe> Probe::choose(const SparseView& rows, std::span<const std::uint32_t> labels, const SparseView& validation,
                            std::span<const std::uint32_t> validation_labels, const ProbeOptions& options, Run& run) {
  return chosen(rows, labels, validation, validation_labels, options, run);
}

template <class AnyRows>
Matrix Probe::logits(const AnyRows& rows) const {
  QUIVER_CHECK(dims_of(rows) == dims());
  Matrix z(count_of(rows), classes());
  multiply(rows, weights_, z);
  for (std::size_t i = 0; i < z.rows(); ++i) {
    for (std::size_t c = 0; c < classes(); ++c) z.row(i)[c] += offset_[c];
  }
  return z;
}

Matrix Probe::probabilities(MatrixView rows) const {
  Matrix z = logits(rows);
  for (std::size_t i = 0; i < rows.rows; ++i) softmax(z.row(i));
  return z;
}

std::vector<std::uint32_t> Probe::predict(MatrixView rows) const { return likeliest(logits(rows)); }
std::vector<std::uint32_t> Probe::predict(const SparseView& rows) const { return likeliest(logits(rows)); }

}  // namespace quiver
