#include "quiver/inspect/prefix_quality.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "quiver/core/linalg.h"
#include "quiver/core/random.h"
#include "quiver/index/spec.h"

namespace quiver {
namespace {
constexpr std::uint32_t kRowsOfDirections = 20000;  // that the directions of variance are found on

using NearRows = std::vector<std::vector<std::uint32_t>>;  // of every row that is asked: others, nearest first

// The k nearest others of the rows `asked`, by all columns of `vectors`.
Result<NearRows> neighbours_of(MatrixView vectors, std::span<const std::uint32_t> asked, Metric metric, std::uint32_t k,
                               Run& run) {
  const Space space{.dims = vectors.cols, .metric = metric};
  QUIVER_TRY(const auto index, build_index(IndexSpec{}, RowsView(vectors), space, {}, run));
  Matrix queries(asked.size(), vectors.cols);
  for (std::size_t i = 0; i < asked.size(); ++i) std::ranges::copy(vectors.row(asked[i]), queries.row(i).begin());
  QUIVER_TRY(const Hits hits, index->search_batch(RowsView(queries.view()), {.k = k + 1}, run));
  NearRows out(asked.size());
  for (std::size_t i = 0; i < asked.size(); ++i) {
    for (const Hit& hit : hits.of(i)) {
      if (hit.row != asked[i] && out[i].size() < k) out[i].push_back(hit.row);
    }
  }
  return out;
}

// Of the first k of `found`, the part among the first k of `truth`.
std::vector<double> agreement(const NearRows& found, const NearRows& truth, std::size_t k) {
  std::vector<double> out;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto of = std::span(truth[i]).first(k);
    const auto common = std::ranges::count_if(
        std::span(found[i]).first(k), [&](std::uint32_t row) { return std::ranges::find(of, row) != of.end(); });
    out.push_back(static_cast<double>(common) / static_cast<double>(k));
  }
  return out;
}

std::vector<double> right_labels(const NearRows& found, std::span<const std::uint32_t> asked,
                                 std::span<const std::uint32_t> labels) {
  std::vector<double> out;
  for (std::size_t i = 0; i < found.size(); ++i) out.push_back(labels[found[i][0]] == labels[asked[i]] ? 1 : 0);
  return out;
}

// The rows in the coordinates of falling variance: (rows, dims). Angles are kept by a turn about the origin; distances
// by one about the mean as well.
Result<Matrix> turned(MatrixView rows, Metric metric, std::uint64_t seed) {
  const auto some =
      Random(seed, stream_of("directions")).sample(static_cast<std::uint32_t>(rows.rows), kRowsOfDirections);
  Matrix sample(some.size(), rows.cols);
  for (std::size_t i = 0; i < some.size(); ++i) std::ranges::copy(rows.row(some[i]), sample.row(i).begin());
  const std::vector<float> centre =
      metric == Metric::L2 ? column_means(sample.view()) : std::vector<float>(rows.cols, 0.0F);
  const Matrix moments = covariance(sample.view(), centre);
  QUIVER_TRY(const Eigen eigen, symmetric_eigen(moments.view()));
  Matrix out(rows.rows, rows.cols);
  gemm_nt(rows, eigen.vectors.view(), out);
  return out;
}

Matrix columns_of(MatrixView rows, std::span<const std::uint32_t> columns) {
  Matrix out(rows.rows, columns.size());
  for (std::size_t i = 0; i < rows.rows; ++i) {
    for (std::size_t j = 0; j < columns.size(); ++j) out.row(i)[j] = rows.row(i)[columns[j]];
  }
  return out;
}

Result<std::vector<std::size_t>> lengths_of(const PrefixOptions& options, std::size_t dims) {
  std::vector<std::size_t> lengths = options.dims;
  if (lengths.empty()) {
    for (std::size_t length = dims / 2; length >= 4; length /= 2) lengths.push_back(length);
    std::ranges::reverse(lengths);
    if (lengths.empty() && dims > 1) lengths.push_back(dims / 2);
  }
  std::size_t last = 0;
  for (const std::size_t length : lengths) {
    if (length <= last || length >= dims) {
      return Error::invalid_argument(
          fmt::format("measuring prefixes: lengths must rise from at least 1 and stay below {}, they are {}", dims,
                      fmt::join(lengths, ", ")));
    }
    last = length;
  }
  if (lengths.empty()) return Error::invalid_argument("measuring prefixes: vectors of one coordinate have none");
  return lengths;
}

Result<void> check(const Rows& rows, std::span<const std::uint32_t> labels, const PrefixOptions& options) {
  const Metric metric = rows.space().metric;
  if (metric == Metric::Hamming) {
    return Error::invalid_argument("measuring prefixes: of bits compared by Hamming's distance; give the vectors");
  }
  if (options.k == 0 || rows.size() < std::size_t{options.k} + 2) {
    return Error::invalid_argument(fmt::format(
        "measuring prefixes: {} rows and k = {}; k is at least 1, and k + 2 rows are needed", rows.size(), options.k));
  }
  if (!labels.empty() && labels.size() != rows.size()) {
    return Error::invalid_argument(
        fmt::format("measuring prefixes: {} labels for {} rows; give one a row", labels.size(), rows.size()));
  }
  return {};
}

std::string advice_on(const PrefixReport& report, double keep) {
  const PrefixQuality& middle = report.lengths[report.lengths.size() / 2];
  if (!report.ordered) {
    return fmt::format(
        "the first coordinates mean no more than others: these vectors were not made to be cut; pca({}) agrees on "
        "{:.0f} % where the first {} coordinates do on {:.0f} %",
        middle.dims, 100 * middle.directions.mean, middle.dims, 100 * middle.agreement.mean);
  }
  if (report.enough == 0) {
    return fmt::format("the first coordinates mean more than others, but no length keeps {:.0f} %: rerank by all {}",
                       100 * keep, report.dims);
  }
  return fmt::format("they can be cut: the first {} of {} coordinates keep {:.0f} % or more", report.enough,
                     report.dims, 100 * keep);
}
}  // namespace

Result<PrefixReport> prefix_quality(const Rows& rows, std::span<const std::uint32_t> labels,
                                    const PrefixOptions& options, Run& run) {
  QUIVER_TRY(check(rows, labels, options));
  QUIVER_TRY(const TypedView stored, rows.dense_typed());
  const Matrix vectors = to_float(stored);
  const Metric metric = rows.space().metric;
  QUIVER_TRY(const std::vector<std::size_t> lengths, lengths_of(options, vectors.cols()));
  const auto count = static_cast<std::uint32_t>(vectors.rows());
  const std::vector<std::uint32_t> asked =
      Random(run.seed(), stream_of("prefix queries")).sample(count, options.sample == 0 ? count : options.sample);
  const auto found_by = [&](MatrixView by) { return neighbours_of(by, asked, metric, options.k, run); };
  const auto interval = [&](std::span<const double> values) { return bootstrap_mean(values, {.seed = run.seed()}); };

  PrefixReport report{.dims = vectors.cols(), .rows = count, .asked = asked.size(), .k = options.k};
  QUIVER_TRY(const NearRows whole, found_by(vectors.view()));
  if (!labels.empty()) report.whole_accuracy = interval(right_labels(whole, asked, labels));
  QUIVER_TRY(const Matrix directions, turned(vectors.view(), metric, run.seed()));
  const std::vector<std::uint32_t> shuffled =
      Random(run.seed(), stream_of("random coordinates")).permutation(static_cast<std::uint32_t>(vectors.cols()));
  std::size_t better = 0;
  for (const std::size_t length : lengths) {
    PrefixQuality quality{.dims = length};
    QUIVER_TRY(const NearRows prefix, found_by(vectors.view().prefix(length)));
    const Matrix drawn = columns_of(vectors.view(), std::span(shuffled).first(length));
    QUIVER_TRY(const NearRows by_random, found_by(drawn.view()));
    QUIVER_TRY(const NearRows by_directions, found_by(directions.view().prefix(length)));
    const std::vector<double> agrees = agreement(prefix, whole, options.k),
                              random = agreement(by_random, whole, options.k);
    quality.agreement = interval(agrees);
    quality.random = interval(random);
    quality.directions = interval(agreement(by_directions, whole, options.k));
    quality.nearest = interval(agreement(prefix, whole, 1));
    quality.over_random = paired_difference(agrees, random, {.seed = run.seed()});
    if (!labels.empty()) quality.accuracy = interval(right_labels(prefix, asked, labels));
    better += quality.over_random.low > 0 ? 1 : 0;
    const double kept = labels.empty()                    ? quality.agreement.mean
                        : report.whole_accuracy->mean > 0 ? quality.accuracy->mean / report.whole_accuracy->mean
                                                          : 0;
    if (report.enough == 0 && kept >= options.keep) report.enough = length;
    report.lengths.push_back(quality);
  }
  report.ordered = 2 * better > lengths.size();
  report.advice = advice_on(report, options.keep);
  return report;
}

}  // namespace quiver
