#include "bench/search/truth.h"

#include <algorithm>
#include <cmath>

#include "quiver/core/metric.h"
#include "quiver/index/spec.h"

namespace quiver::bench {
namespace {
constexpr std::uint32_t kSpare = 32;
constexpr double kTolerance = 1e-7;
}  // namespace

Result<Integers> exact_rows(MatrixView base, MatrixView queries, Metric metric, std::uint32_t k, const Mask* mask,
                            Run& run) {
  const Space space{.id = {}, .dims = base.cols, .metric = metric, .prefix_of = {}};
  QUIVER_TRY(const auto flat, build_index(IndexSpec{}, base, space, {}, run));
  SearchParams params{.k = k + kSpare};
  params.filter = mask;
  QUIVER_TRY(const Hits hits, flat->search_batch(queries, params, run));
  Integers out;
  out.rows = queries.rows;
  out.cols = k;
  out.values.assign(out.rows * out.cols, -1);
  for (std::size_t q = 0; q < queries.rows; ++q) {
    std::vector<std::pair<double, std::uint32_t>> order;
    for (const Hit& hit : hits.of(q)) {
      order.emplace_back(distance(metric, queries.row(q), base.row(hit.row)), hit.row);
    }
    std::ranges::sort(order);
    for (std::size_t i = 0; i < std::min<std::size_t>(k, order.size()); ++i) {
      out.values[q * k + i] = static_cast<std::int32_t>(order[i].second);
    }
  }
  return out;
}

RecallJudge::RecallJudge(MatrixView base, MatrixView queries, View<std::int32_t> truth, Metric metric, std::uint32_t k)
    : base_(base), queries_(queries), metric_(metric), k_(k) {
  QUIVER_CHECK(truth.cols >= k && truth.rows >= queries.rows);
  for (std::size_t q = 0; q < queries.rows; ++q) {
    std::size_t wanted = 0;
    while (wanted < k && truth.row(q)[wanted] >= 0) ++wanted;
    wanted_.push_back(wanted);
    const double exact =
        wanted == 0 ? -INFINITY
                    : distance(metric, queries.row(q), base.row(static_cast<std::size_t>(truth.row(q)[wanted - 1])));
    furthest_.push_back(exact + kTolerance * std::abs(exact));
  }
}

std::size_t RecallJudge::hits_of(std::size_t query, std::span<const std::int32_t> found) const {
  std::vector<std::int32_t> rows(found.begin(), found.end());
  std::ranges::sort(rows);
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  std::size_t hits = 0;
  for (const std::int32_t row : rows) {
    if (row < 0 || static_cast<std::size_t>(row) >= base_.rows) continue;
    if (distance(metric_, queries_.row(query), base_.row(static_cast<std::size_t>(row))) <= furthest_[query]) ++hits;
  }
  return std::min(hits, wanted_[query]);
}

double RecallJudge::recall(std::span<const std::int32_t> found) const {
  QUIVER_CHECK(found.size() == queries_.rows * k_);
  std::size_t hits = 0, wanted = 0;
  for (std::size_t q = 0; q < queries_.rows; ++q) {
    hits += hits_of(q, found.subspan(q * k_, k_));
    wanted += wanted_[q];
  }
  return wanted == 0 ? 1 : static_cast<double>(hits) / static_cast<double>(wanted);
}

std::size_t RecallJudge::wrong_queries(View<std::int32_t> given) const {
  std::size_t wrong = 0;
  for (std::size_t q = 0; q < std::min(queries_.rows, given.rows); ++q) {
    if (hits_of(q, given.row(q).first(std::min<std::size_t>(k_, given.cols))) < wanted_[q]) ++wrong;
  }
  return wrong;
}

}  // namespace quiver::bench
