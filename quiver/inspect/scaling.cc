#include "quiver/inspect/scaling.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "quiver/core/cpu_time.h"
#include "quiver/data/inner_sphere.h"
#include "quiver/index/ground_truth.h"
#include "quiver/index/spec.h"
#include "quiver/inspect/growth.h"
#include "quiver/inspect/intrinsic_dimension.h"

namespace quiver {
namespace {
constexpr std::uint32_t kMoreForTies = 6;  // neighbours known beyond k
constexpr std::uint32_t kLidPoints = 1000;
constexpr std::uint64_t kMatchingStream = 3;  // not the rows that are searched later

void least(double& so_far, double seconds) { so_far = so_far == 0 ? seconds : std::min(so_far, seconds); }

// One batch of all queries; fills what is counted and lowers what is timed.
Result<Hits> ask(const Index& index, const RowsView& queries, const SearchParams& params, SearchCost& cost, Run& run) {
  SearchStats stats;
  const double before = cpu_seconds();
  QUIVER_TRY(Hits hits, index.search_batch(queries, params, run, &stats));
  const auto count = static_cast<double>(hits.queries());
  least(cost.seconds, (cpu_seconds() - before) / count);
  cost.hops = static_cast<double>(stats.hops) / count;
  cost.distances = static_cast<double>(stats.distances) / count;
  cost.bytes = static_cast<double>(stats.bytes_read) / count;
  return hits;
}

// The first queries one after another.
Result<void> ask_alone(const Index& index, const Rows& queries, const SearchParams& params, std::size_t count,
                       SearchCost& cost) {
  QUIVER_TRY(const TypedView view, queries.dense_typed());
  Scratch scratch;
  std::vector<Hit> hits(params.k);
  const std::size_t asked = std::min(count, view.rows());
  const double before = cpu_seconds();
  for (std::size_t q = 0; q < asked; ++q) {
    QUIVER_TRY(const std::size_t found,
               index.search(TypedView{view.element, view.bytes.slice(q, 1), view.dims}, params, scratch, hits));
    QUIVER_CHECK(found <= params.k);
  }
  least(cost.alone_seconds, (cpu_seconds() - before) / static_cast<double>(asked));
  return {};
}
}  // namespace

double ScalingPoint::walk_at(double recall, double SearchCost::*cost) const {
  std::vector<CostAtRecall> curve;
  for (const SearchCost& walk : walks) curve.push_back({walk.recall.mean, walk.*cost});
  return cost_at(curve, recall);
}

Result<ScalingPoint> measure_scaling(const Rows& base, const Rows& queries, const ScalingOptions& options, Run& run) {
  QUIVER_TRY(const IndexSpec spec, IndexSpec::parse(options.spec));
  QUIVER_TRY(const auto exact, build_index(IndexSpec{}, base, {}, run));
  QUIVER_TRY(const RowsView view, queries_for(*exact, queries));
  ScalingPoint point{.rows = base.size(), .dims = base.space().dims, .queries = queries.size()};
  GroundTruth truth;
  QUIVER_TRY(truth.hits, ask(*exact, view, {.k = options.k + kMoreForTies}, point.scan, run));
  point.scan.recall = {1, 1, 1};

  const double before = cpu_seconds();
  QUIVER_TRY(const auto index, build_index(spec, base, {}, run));
  point.build_seconds = cpu_seconds() - before;
  point.spec = index->spec();
  point.bytes = static_cast<double>(index->bytes()) / static_cast<double>(base.size());

  for (const double asked : options.asked) {
    const SearchParams params{.k = options.k, .recall = static_cast<float>(asked)};
    SearchCost cost{.asked = asked};
    QUIVER_TRY(const Hits hits, ask(*index, view, params, cost, run));
    cost.recall = bootstrap_mean(truth.recall_by_rows(hits, options.k), {.seed = run.seed()});
    point.walks.push_back(cost);
  }
  for (unsigned round = 0; round < options.repeats; ++round) {
    for (SearchCost& walk : point.walks) {
      if (run.stop()) return run.stopped("measuring how an index scales");
      const SearchParams params{.k = options.k, .recall = static_cast<float>(walk.asked)};
      QUIVER_TRY(ask(*index, view, params, walk, run));
      QUIVER_TRY(ask_alone(*index, queries, params, options.one_by_one, walk));
    }
    QUIVER_TRY(ask(*exact, view, {.k = options.k}, point.scan, run));
    QUIVER_TRY(ask_alone(*exact, queries, {.k = options.k}, options.one_by_one, point.scan));
  }
  // Alone it reads every row for every query; in a batch, once for many.
  point.scan.bytes = static_cast<double>(exact->bytes());
  return point;
}

Result<MatchedSphere> match_lid(double lid, std::size_t rows, std::size_t outer, Run& run) {
  auto stage = run.stage("matching the intrinsic dimension");
  const auto measured = [&](std::size_t inner) -> Result<double> {
    Matrix drawn = InnerSphere(inner, outer, run.seed()).draw(rows, kMatchingStream, run.threads());
    QUIVER_TRY(const IntrinsicDimension id,
               intrinsic_dimension(Rows::dense(std::move(drawn), {.metric = Metric::L2}), {.sample = kLidPoints}, run));
    stage.note(fmt::format("{} dims: {:.1f}", inner, id.mean));
    return id.mean;
  };
  MatchedSphere low{2, 0}, high{outer, 0};
  QUIVER_TRY(low.lid, measured(low.inner));
  QUIVER_TRY(high.lid, measured(high.inner));
  while (high.inner - low.inner > 1 && low.lid < lid && lid < high.lid) {
    MatchedSphere middle{(low.inner + high.inner) / 2, 0};
    QUIVER_TRY(middle.lid, measured(middle.inner));
    (middle.lid < lid ? low : high) = middle;
  }
  return std::abs(low.lid - lid) <= std::abs(high.lid - lid) ? low : high;
}

}  // namespace quiver
