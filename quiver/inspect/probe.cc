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

// The objective at W and b, which lie one behind the other in x, and its gradient.
class Objective {
 public:
  Objective(MatrixView rows, std::span<const std::uint32_t> labels, std::size_t classes, double penalty)
      : rows_(rows),
        labels_(labels),
        classes_(classes),
        penalty_(penalty),
        weights_(classes, rows.cols),
        z_(rows.rows, classes),
        slope_(classes, rows.cols) {}

  double operator()(std::span<const double> x, std::span<double> gradient) {
    const std::size_t dims = rows_.cols;
    const std::span<const double> b = x.subspan(classes_ * dims);
    double value = 0;
    for (std::size_t c = 0; c < classes_; ++c) {
      for (std::size_t j = 0; j < dims; ++j) {
        const double w = x[c * dims + j];
        weights_.row(c)[j] = static_cast<float>(w);
        value += penalty_ / 2 * w * w;
      }
    }
    gemm_nt(rows_, weights_.view(), z_);
    std::fill(gradient.begin(), gradient.end(), 0);
    for (std::size_t i = 0; i < rows_.rows; ++i) {
      const std::span<float> z = z_.row(i);
      for (std::size_t c = 0; c < classes_; ++c) z[c] += static_cast<float>(b[c]);
      const double right = static_cast<double>(z[labels_[i]]);
      value += softmax(z) - right;
      z[labels_[i]] -= 1;
      for (std::size_t c = 0; c < classes_; ++c) gradient[classes_ * dims + c] += static_cast<double>(z[c]);
    }
    gemm_tn(z_.view(), rows_, slope_);
    for (std::size_t c = 0; c < classes_; ++c) {
      for (std::size_t j = 0; j < dims; ++j) {
        gradient[c * dims + j] = static_cast<double>(slope_.row(c)[j]) + penalty_ * x[c * dims + j];
      }
    }
    return value;
  }

 private:
  MatrixView rows_;
  std::span<const std::uint32_t> labels_;
  std::size_t classes_;
  double penalty_;
  Matrix weights_, z_, slope_;  // (classes, dims), (rows, classes), (classes, dims)
};

Result<std::size_t> classes_of(MatrixView rows, std::span<const std::uint32_t> labels, double penalty) {
  if (rows.rows != labels.size()) {
    return Error::invalid_argument(
        fmt::format("fitting a probe: {} rows have {} labels; give each row one", rows.rows, labels.size()));
  }
  if (rows.rows == 0) return Error::invalid_argument("fitting a probe: there are no rows to learn from");
  if (!(penalty > 0) || std::isinf(penalty)) {
    return Error::invalid_argument(fmt::format("fitting a probe: the penalty is {}; it must be above 0", penalty));
  }
  const auto [least, most] = std::minmax_element(labels.begin(), labels.end());
  if (*least == *most) {
    return Error::invalid_argument(fmt::format(
        "fitting a probe: all {} rows have label {}; it takes two classes to tell apart", rows.rows, *most));
  }
  return std::size_t{*most} + 1;
}
}  // namespace

Result<Probe> Probe::fit(MatrixView rows, std::span<const std::uint32_t> labels, const ProbeOptions& options,
                         Run& run) {
  QUIVER_TRY(const std::size_t classes, classes_of(rows, labels, options.penalty));
  const Scaling scaling = scaling_of(rows, options.standardize);
  const Matrix near = options.standardize ? scaled(rows, scaling) : Matrix();
  const BlasThreads all(run.threads().count());
  Objective objective(options.standardize ? near.view() : rows, labels, classes, options.penalty);
  std::vector<double> x(classes * (rows.cols + 1), 0);
  const LbfgsOptions how{.iterations = options.iterations, .gradient_tolerance = 1e-5, .value_tolerance = 1e-8};
  const LbfgsResult done = lbfgs(
      x, [&](std::span<const double> at, std::span<double> gradient) { return objective(at, gradient); }, how,
      [&] { return run.stop(); });
  if (run.stop()) return Error::cancelled("fitting a probe: stopped");

  // w' (x - mean) / deviation + b, told of x itself.
  Probe probe;
  probe.weights_ = Matrix(classes, rows.cols);
  probe.offset_.resize(classes);
  probe.penalty_ = options.penalty;
  probe.loss_ = done.value;
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

Result<Probe> Probe::choose(MatrixView rows, std::span<const std::uint32_t> labels, MatrixView validation,
                            std::span<const std::uint32_t> validation_labels, const ProbeOptions& options, Run& run) {
  if (validation.rows != validation_labels.size() || validation.rows == 0 || validation.cols != rows.cols) {
    return Error::invalid_argument(
        fmt::format("choosing a probe: the validation set has {} rows of {} dims and {} labels, the rows to learn from "
                    "{} dims; hold some of those out",
                    validation.rows, validation.cols, validation_labels.size(), rows.cols));
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

Matrix Probe::logits(MatrixView rows) const {
  QUIVER_CHECK(rows.cols == dims());
  Matrix z(rows.rows, classes());
  gemm_nt(rows, weights_.view(), z);
  for (std::size_t i = 0; i < rows.rows; ++i) {
    for (std::size_t c = 0; c < classes(); ++c) z.row(i)[c] += offset_[c];
  }
  return z;
}

Matrix Probe::probabilities(MatrixView rows) const {
  Matrix z = logits(rows);
  for (std::size_t i = 0; i < rows.rows; ++i) softmax(z.row(i));
  return z;
}

std::vector<std::uint32_t> Probe::predict(MatrixView rows) const {
  const Matrix z = logits(rows);
  std::vector<std::uint32_t> best(rows.rows);
  for (std::size_t i = 0; i < rows.rows; ++i) {
    const auto row = z.row(i);
    best[i] = static_cast<std::uint32_t>(std::max_element(row.begin(), row.end()) - row.begin());
  }
  return best;
}

}  // namespace quiver
