#include "quiver/index/internal/graph_search.h"

#include <algorithm>
#include <cmath>

#include "quiver/index/internal/exact_scan.h"

namespace quiver::internal {
namespace {
constexpr float kUsualRecall = 0.95F;
}  // namespace

GraphEffort GraphSearch::effort(float slack, std::size_t k, const Eligible* eligible) {
  GraphEffort effort;
  effort.k = k;
  effort.limits = {std::max(k, kLeastWanted), slack, std::max<std::size_t>(1000, 4 * k), eligible};
  // The looser the walk, the more of the true k may stand further back by 8-bit short distances.
  const double more = 1 + 6 * (std::min(slack, 1.5F) - 1);
  const auto usual = static_cast<std::size_t>(std::ceil(static_cast<double>(std::max(k, kLeastWanted)) * more));
  effort.rerank = std::max(usual, k);
  return effort;
}

GraphEffort GraphSearch::effort(const SearchParams& params, std::size_t k, const Eligible* eligible) const {
  const float slack = body_.calibration.slack_for(params.recall > 0 ? params.recall : kUsualRecall);
  GraphEffort made = effort(slack, k, eligible);
  if (params.effort == 0) {
    made.expected_recall = body_.calibration.recall_at(slack);
  } else {
    made.limits.slack = 1e6F;
    made.limits.hops = std::max<std::size_t>(params.effort, k);
  }
  if (params.rerank > 0) made.rerank = std::max<std::size_t>(params.rerank, k);
  return made;
}

// A walk stands on about k / selectivity rows, a scan scores n * selectivity of them, each in less time than a hop.
// Without a filter that makes a scan of some hundred rows, or of most.
bool GraphSearch::scan_pays(const SearchParams& params, std::size_t k) const {
  const double part = params.filter == nullptr ? 1 : params.filter->selectivity();
  const auto rows = static_cast<double>(body_.size());
  const double walked = 3 * static_cast<double>(std::max(k, kLeastWanted)) / std::max(part, 1e-9);
  return rows * part <= 8 * walked + 64;
}

void GraphSearch::begin(GraphWalker& walker, const float* query, const GraphEffort& effort) const {
  const GraphSpace& space = body_.short_space;
  if (walker.point.cols() != space.dims()) walker.point = Matrix(1, space.dims());
  float* point = walker.point.row(0).data();
  space.query(query, walker.space, point);
  body_.graph.code.tables(point, walker.walk.scratch());
  WalkLimits limits = effort.limits;
  if (!effort.selves.empty()) limits.without = effort.selves[walker.query];
  walker.walk.start(body_.graph.rows, body_.graph.root, point, limits);
  walker.stage = GraphWalker::Stage::Walking;
}

// The walk is over: its closest rows are asked for, to be scored when it is this walker's turn again.
void GraphSearch::choose(GraphWalker& walker, const GraphEffort& effort) const {
  TopK best(effort.rerank);
  for (const Hit& hit : walker.walk.met()) best.offer(hit);
  walker.rows.clear();
  for (const Hit& hit : best.sorted()) walker.rows.push_back(hit.row);
  body_.codes->prefetch(walker.rows);
  walker.stage = GraphWalker::Stage::Scoring;
}

std::size_t GraphSearch::score(GraphWalker& walker, const GraphEffort& effort, std::span<Hit> out,
                               SearchStats& stats) const {
  walker.distances.resize(walker.rows.size());
  walker.scorer->score(walker.rows, walker.distances.data());
  TopK best(effort.k);
  for (std::size_t i = 0; i < walker.rows.size(); ++i)
    best.offer({body_.slots.row_of(walker.rows[i]), walker.distances[i]});
  walker.stage = GraphWalker::Stage::Idle;
  stats.distances += walker.walk.estimates() + walker.walk.hops() + walker.rows.size();
  stats.hops += walker.walk.hops();
  stats.reranked += walker.rows.size();
  stats.bytes_read +=
      walker.walk.hops() * body_.graph.rows.layout().row_bytes() + walker.rows.size() * body_.codes->bytes_per_row();
  return best.sorted_into(out);
}

Result<std::size_t> GraphSearch::one(const DenseInput& query, const GraphEffort& effort, GraphWalker& walker,
                                     std::span<Hit> out, SearchStats& stats) const {
  QUIVER_TRY(walker.scorer, body_.codes->scorer(query.row(0)));
  Matrix floats;
  walker.query = 0;
  begin(walker, query.floats(0, 1, floats).data, effort);
  while (walker.walk.hop()) {
  }
  choose(walker, effort);
  return score(walker, effort, out, stats);
}

Result<void> GraphSearch::many(const DenseInput& input, std::size_t first, std::size_t count, const GraphEffort& effort,
                               GraphWalkers& walkers, std::span<Hit> out, std::span<std::uint32_t> counts,
                               SearchStats& stats) const {
  Matrix scratch;
  const MatrixView queries = input.floats(first, count, scratch);
  std::size_t next = 0, busy = 0;
  const auto start_next = [&](GraphWalker& walker) -> Result<void> {
    if (next == count) return {};
    walker.query = first + next;
    QUIVER_TRY(walker.scorer, body_.codes->scorer(input.row(walker.query)));
    begin(walker, queries.row(next).data(), effort);
    ++next;
    ++busy;
    return {};
  };
  for (GraphWalker& walker : walkers.all) {
    walker.stage = GraphWalker::Stage::Idle;
    QUIVER_TRY(start_next(walker));
  }
  while (busy > 0) {
    for (GraphWalker& walker : walkers.all) {
      if (walker.stage == GraphWalker::Stage::Walking) {
        if (!walker.walk.hop()) choose(walker, effort);
      } else if (walker.stage == GraphWalker::Stage::Scoring) {
        const std::size_t q = walker.query;
        const std::size_t found = score(walker, effort, out.subspan(q * effort.k, effort.k), stats);
        counts[q] = static_cast<std::uint32_t>(found);
        --busy;
        QUIVER_TRY(start_next(walker));
      }
    }
  }
  return {};
}

Result<std::size_t> GraphSearch::scan(TypedView query, std::size_t k, const Eligible& eligible, Scratch& scratch,
                                      std::span<Hit> out, SearchStats& stats) const {
  QUIVER_TRY(const std::unique_ptr<Scorer> scorer, body_.codes->scorer(query));
  return by_row(internal::scan(*body_.codes, *scorer, k, eligible, scratch, stats)).sorted_into(out);
}

Result<std::vector<TopK>> GraphSearch::scan_batch(const DenseInput& queries, std::size_t k, const Eligible& eligible,
                                                  Run& run, SearchStats& stats) const {
  QUIVER_TRY(std::vector<TopK> found, internal::scan_batch(*body_.codes, queries, k, eligible, run, stats));
  for (TopK& best : found) best = by_row(std::move(best));
  return found;
}

// Hits by slot as hits by row.
TopK GraphSearch::by_row(TopK found) const {
  if (body_.slots.table().empty()) return found;
  TopK best(found.size());
  for (const Hit& hit : found.sorted()) best.offer({body_.slots.row_of(hit.row), hit.distance});
  return best;
}

}  // namespace quiver::internal
