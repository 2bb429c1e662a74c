#include "quiver/inspect/intrinsic_dimension.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "quiver/core/random.h"
#include "quiver/core/statistics.h"
#include "quiver/index/spec.h"

namespace quiver {
namespace {
constexpr std::size_t kBatch = 1024;  // points searched for at a time

Result<Matrix> as_floats(const Rows& rows) {
  QUIVER_TRY(const TypedView typed, rows.dense_typed());
  return to_float(typed);
}

// Rows under a metric whose distance is, or squares to, a length: cosine becomes l2 between vectors of length 1.
Rows measurable(Matrix floats, Space space) {
  if (space.metric == Metric::Cosine) {
    for (std::size_t i = 0; i < floats.rows(); ++i) {
      double squares = 0;
      for (const float x : floats.row(i)) squares += double{x} * x;
      if (squares == 0) continue;
      const double scale = 1 / std::sqrt(squares);
      for (float& x : floats.row(i)) x = static_cast<float>(x * scale);
    }
  }
  if (space.metric == Metric::Cosine || space.metric == Metric::Dot) space.metric = Metric::L2;
  return Rows::dense(std::move(floats), std::move(space));
}

void summarise(IntrinsicDimension& out) {
  std::vector<double> defined, inverse;
  for (const double lid : out.lid) {
    if (std::isnan(lid)) continue;
    defined.push_back(lid);
    inverse.push_back(1 / lid);
  }
  out.undefined = out.lid.size() - defined.size();
  out.mean = mean_of(defined);
  out.harmonic_mean = defined.empty() ? 0 : 1 / mean_of(inverse);
  for (std::size_t i = 0; i < kLidQuantiles.size(); ++i) out.quantiles[i] = quantile_of(defined, kLidQuantiles[i]);
}
}  // namespace

double lid_mle(std::span<const double> distances) noexcept {
  while (!distances.empty() && distances.front() <= 0) distances = distances.subspan(1);
  if (distances.size() < 2) return std::numeric_limits<double>::quiet_NaN();
  double sum = 0;
  for (const double r : distances) sum += std::log(r / distances.back());
  if (sum == 0) return std::numeric_limits<double>::quiet_NaN();
  return -static_cast<double>(distances.size()) / sum;
}

Result<IntrinsicDimension> intrinsic_dimension(const Rows& rows, const LidOptions& options, Run& run) {
  const auto count = static_cast<std::uint32_t>(rows.size());
  if (options.k == 0 || options.k >= count) {
    return Error::invalid_argument(
        fmt::format("measuring intrinsic dimension: k = {} other rows of {}; take k from 1 to {}", options.k, count,
                    count == 0 ? 0 : count - 1));
  }
  QUIVER_TRY(Matrix floats, as_floats(rows));
  const Rows base = measurable(std::move(floats), rows.space());
  QUIVER_TRY(const MatrixView vectors, base.dense());
  QUIVER_TRY(const auto exact, build_index({}, base, {}, run));
  const bool squared = base.space().metric == Metric::L2;

  IntrinsicDimension out;
  out.k = options.k;
  out.points =
      Random(run.seed(), stream_of("intrinsic dimension")).sample(count, options.sample == 0 ? count : options.sample);
  auto stage = run.stage("exact neighbours", out.points.size());
  std::vector<double> distances;
  for (std::size_t first = 0; first < out.points.size(); first += kBatch) {
    const std::size_t size = std::min(kBatch, out.points.size() - first);
    Matrix queries(size, vectors.cols);
    for (std::size_t i = 0; i < size; ++i) {
      std::ranges::copy(vectors.row(out.points[first + i]), queries.row(i).begin());
    }
    QUIVER_TRY(const Hits hits, exact->search_batch(queries.view(), {.k = options.k + 1}, run));
    for (std::size_t i = 0; i < size; ++i) {
      distances.clear();
      for (const Hit& hit : hits.of(i)) {
        if (hit.row != out.points[first + i])
          distances.push_back(squared ? std::sqrt(double{hit.distance}) : hit.distance);
      }
      distances.resize(options.k);  // one too many where duplicates hide the point from itself
      out.with_duplicates += distances.front() == 0 ? 1 : 0;
      out.lid.push_back(lid_mle(distances));
    }
    stage.advance(size);
  }
  summarise(out);
  if (out.undefined == out.lid.size()) {
    return Error::invalid_argument(fmt::format(
        "measuring intrinsic dimension: undefined for all {} points, whose {} neighbours are duplicates or all "
        "equally far; remove the duplicates or raise k",
        out.lid.size(), options.k));
  }
  return out;
}

}  // namespace quiver
