#include "quiver/recipes/mrl_measures.h"

#include <algorithm>
#include <chrono>

#include "quiver/core/check.h"
#include "quiver/core/linalg.h"
#include "quiver/core/random.h"
#include "quiver/core/statistics.h"
#include "quiver/index/spec.h"
#include "quiver/recipes/neighbours.h"

namespace quiver::recipes {
namespace {
constexpr std::uint32_t kDeep = 10;           // of mAP@10, and what a funnel is asked for
constexpr std::uint32_t kTimedQueries = 300;  // drawn by the seed

double mean_of(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

// Percent of queries whose first hit has their label.
double first_right(const Hits& hits, const Labelled& database, const Labelled& queries) {
  std::vector<double> right;
  for (std::size_t q = 0; q < hits.queries(); ++q)
    right.push_back(!hits.of(q).empty() && database.labels[hits.of(q)[0].row] == queries.labels[q] ? 1 : 0);
  return 100 * mean_of(right);
}

struct Prediction {
  std::uint32_t label = 0;
  float confidence = 0;
};
Prediction prediction_of(std::span<const float> probabilities) {
  const auto best = std::ranges::max_element(probabilities);
  return {static_cast<std::uint32_t>(best - probabilities.begin()), *best};
}

// Seconds of one query.
Result<double> timed(const Index& index, MatrixView query, std::uint32_t shortlist, Scratch& scratch,
                     std::vector<Hit>& out) {
  const auto begin = std::chrono::steady_clock::now();
  QUIVER_TRY([[maybe_unused]] const std::size_t found,
             index.search(RowsView(query), {.k = kDeep, .rerank = shortlist}, scratch, out));
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}
double median_of(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}
}  // namespace

double percent_right(std::span<const std::uint32_t> predicted, std::span<const std::uint32_t> labels) {
  QUIVER_CHECK(predicted.size() == labels.size() && !labels.empty());
  std::size_t right = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) right += predicted[i] == labels[i] ? 1 : 0;
  return 100 * static_cast<double>(right) / static_cast<double>(labels.size());
}

Result<NearestScores> nearest_scores(const Labelled& database, const Labelled& queries, std::size_t dims, Run& run) {
  QUIVER_TRY(const Hits hits,
             exact_hits(database.vectors.prefix(dims), queries.vectors.prefix(dims), Metric::Cosine, kDeep, run));
  std::vector<double> average;
  for (std::size_t q = 0; q < hits.queries(); ++q) {
    double sum = 0, right = 0;
    for (std::size_t r = 0; r < hits.of(q).size(); ++r) {
      if (database.labels[hits.of(q)[r].row] != queries.labels[q]) continue;
      right += 1;
      sum += right / static_cast<double>(r + 1);
    }
    average.push_back(sum / kDeep);
  }
  return NearestScores{first_right(hits, database, queries), 100 * mean_of(average)};
}

Cascade cascade(std::span<const std::size_t> lengths, std::span<const Matrix> held_out,
                std::span<const std::uint32_t> held_out_labels, std::span<const Matrix> test,
                std::span<const std::uint32_t> test_labels) {
  QUIVER_CHECK(!lengths.empty() && held_out.size() == lengths.size() && test.size() == lengths.size());
  Cascade out;
  std::vector<std::uint32_t> waiting(held_out_labels.size());
  for (std::uint32_t i = 0; i < waiting.size(); ++i) waiting[i] = i;
  for (std::size_t m = 0; m + 1 < lengths.size(); ++m) {
    // Items by falling confidence; the longest beginning of that list on which this length is right as often as the
    // last.
    std::ranges::stable_sort(waiting, std::greater<>(),
                             [&](std::uint32_t i) { return prediction_of(held_out[m].row(i)).confidence; });
    std::ptrdiff_t lead = 0;
    std::size_t stop = 0;
    for (std::size_t n = 0; n < waiting.size(); ++n) {
      const std::uint32_t i = waiting[n];
      lead += prediction_of(held_out[m].row(i)).label == held_out_labels[i] ? 1 : 0;
      lead -= prediction_of(held_out.back().row(i)).label == held_out_labels[i] ? 1 : 0;
      if (lead >= 0) stop = n + 1;
    }
    out.thresholds.push_back(stop < waiting.size() ? prediction_of(held_out[m].row(waiting[stop])).confidence
                                                   : (stop == 0 ? 1.0F : 0.0F));
    waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(stop));
  }
  double right = 0, dims = 0;
  for (std::size_t i = 0; i < test_labels.size(); ++i) {
    std::size_t m = 0;
    Prediction said = prediction_of(test[0].row(i));
    while (m + 1 < lengths.size() && said.confidence <= out.thresholds[m]) said = prediction_of(test[++m].row(i));
    right += said.label == test_labels[i] ? 1 : 0;
    dims += static_cast<double>(lengths[m]);
  }
  const auto count = static_cast<double>(test_labels.size());
  out.accuracy = 100 * right / count;
  out.dims = dims / count;
  return out;
}

Result<FunnelScores> funnel_scores(const Labelled& database, const Labelled& queries, std::string_view spec,
                                   std::uint32_t shortlist, Run& run) {
  const Space space{.dims = database.vectors.cols, .metric = Metric::Cosine};
  QUIVER_TRY(const IndexSpec whole, IndexSpec::parse("flat"));
  QUIVER_TRY(const IndexSpec narrow, IndexSpec::parse(spec));
  QUIVER_TRY(const auto full, build_index(whole, RowsView(database.vectors), space, {}, run));
  QUIVER_TRY(const auto funnel, build_index(narrow, RowsView(database.vectors), space, {}, run));
  QUIVER_TRY(const Hits exact, full->search_batch(RowsView(queries.vectors), {.k = kDeep}, run));
  QUIVER_TRY(const Hits narrowed,
             funnel->search_batch(RowsView(queries.vectors), {.k = kDeep, .rerank = shortlist}, run));
  FunnelScores out;
  out.nn_full = first_right(exact, database, queries);
  out.nn_funnel = first_right(narrowed, database, queries);

  const auto asked = Random(run.seed(), stream_of("timed queries"))
                         .sample(static_cast<std::uint32_t>(queries.vectors.rows), kTimedQueries);
  Scratch scratch;  // of one thread
  std::vector<Hit> hits(kDeep);
  std::vector<double> full_seconds, funnel_seconds;
  SearchStats full_stats, funnel_stats;
  for (const std::uint32_t q : asked) {
    if (run.stop()) return run.stopped("timing searches");
    const MatrixView query = queries.vectors.slice(q, 1);
    QUIVER_TRY(full_seconds.emplace_back(), timed(*full, query, 0, scratch, hits));
    QUIVER_TRY(funnel_seconds.emplace_back(), timed(*funnel, query, shortlist, scratch, hits));
    for (const auto& [index, stats] : {std::pair{full.get(), &full_stats}, std::pair{funnel.get(), &funnel_stats}}) {
      QUIVER_TRY([[maybe_unused]] const std::size_t found,
                 index->search(RowsView(query), {.k = kDeep, .rerank = index == full.get() ? 0 : shortlist}, scratch,
                               hits, stats));
    }
  }
  const auto work = [&](const SearchStats& stats) {  // a multiply-add a float that is read
    return static_cast<double>(stats.bytes_read) / sizeof(float) / static_cast<double>(asked.size());
  };
  out.work_full = work(full_stats);
  out.work_funnel = work(funnel_stats);
  out.qps_full = 1 / median_of(full_seconds);
  out.qps_funnel = 1 / median_of(funnel_seconds);
  return out;
}

Result<Matrix> principal_axes(MatrixView base, std::size_t dims) {
  const Matrix moments = covariance(base, column_means(base));
  QUIVER_TRY(const Eigen eigen, symmetric_eigen(moments.view()));
  return Matrix::copy_of(eigen.vectors.view().slice(0, dims));
}

Matrix projected(MatrixView rows, std::span<const float> means, const Matrix& axes) {
  Matrix centred = Matrix::copy_of(rows);
  for (std::size_t i = 0; i < centred.rows(); ++i) {
    for (std::size_t j = 0; j < centred.cols(); ++j) centred.row(i)[j] -= means[j];
  }
  Matrix out(rows.rows, axes.rows());
  gemm_nt(centred.view(), axes.view(), out);
  return out;
}

}  // namespace quiver::recipes
