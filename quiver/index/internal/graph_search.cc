#include "quiver/index/internal/graph_search.h"

#include <algorithm>
#include <cmath>

#include "quiver/index/internal/exact_scan.h"
#include "quiver/index/internal/product_scan.h"

namespace quiver::internal {
namespace {
constexpr float kUsualRecall = 0.95F;
constexpr float kLongWalks = 1.15F;  // slack

// A bound that is wide open admits more than is worth standing on, for some queries: their walks are cut short.
std::size_t most_hops(float slack) noexcept {
  return static_cast<std::size_t>(1000 * std::clamp(2 * (slack - 1), 1.0F, 4.0F));
}
}  // namespace

GraphEffort GraphSearch::effort(float slack, std::size_t k, const Eligible* eligible) {
  GraphEffort effort;
  effort.k = k;
  effort.limits = {.wanted = std::max(k, kLeastWanted),
                   .slack = slack,
                   .hops = std::max(most_hops(slack), 4 * k),
                   .ahead = kMostAhead,
                   .eligible = eligible};
  // The looser the walk, the more of the true k may stand further back by 8-bit short distances.
  const double more = 1 + 10 * (std::min(slack, 1.5F) - 1);
  const auto usual = static_cast<std::size_t>(std::ceil(static_cast<double>(std::max(k, kLeastWanted)) * more));
  effort.rerank = std::max(usual, k);
  return effort;
}

GraphEffort GraphSearch::effort(const SearchParams& params, std::size_t k, const Eligible* eligible,
                                std::size_t queries) const {
  const float slack = body_.calibration.slack_for(params.recall > 0 ? params.recall : kUsualRecall);
  GraphEffort made = effort(slack, k, eligible);
  if (params.filter != nullptr) {
    const double some = static_cast<double>(made.limits.hops) / std::max(params.filter->selectivity(), 1e-3);
    const double scan = scan_cost(*params.filter, queries) / hop_cost(queries);
    made.gives_up = scan < some;
    made.limits.hops = static_cast<std::size_t>(std::max(std::min(some, scan), static_cast<double>(2 * k)));
  }
  if (params.effort == 0) {
    made.expected_recall = body_.calibration.recall_at(slack);
  } else {
    made.limits.slack = 1e6F;
    made.limits.hops = std::max<std::size_t>(params.effort, k);
    made.gives_up = false;
  }
  if (params.rerank > 0) made.rerank = std::max<std::size_t>(params.rerank, k);
  return made;
}

// Measured on 60,000 rows of 784 dimensions and 100,000 of 128: docs/explanation/graph-index.md. Many queries share the
// reading of rows, and compare them by a matrix product; one alone scores all of them, or asks the filter first.
double GraphSearch::scan_cost(const RowFilter& filter, std::size_t queries) const {
  const auto rows = static_cast<double>(body_.size());
  const double allowed = rows * filter.selectivity();
  if (ProductScan::pays(*body_.codes, queries)) {
    const double shared = rows / static_cast<double>(std::min<std::size_t>(queries, 256));
    return 4 * shared + allowed * (1.2 + 0.0105 * static_cast<double>(body_.space.dims));
  }
  const double row = 4 + 0.035 * static_cast<double>(body_.codes->bytes_per_row());
  return Eligible(body_.removed, &filter).rare() ? 2 * rows + allowed * row : rows * row;
}

double GraphSearch::hop_cost(std::size_t queries) const {
  const auto bytes = static_cast<double>(body_.graph.rows.layout().row_bytes());
  return queries > 1 ? 30 + 0.08 * bytes : 50 + 0.14 * bytes;
}

// A walk stands on about 5 k / selectivity rows. Without a filter a scan pays for some hundred rows.
bool GraphSearch::scan_pays(const SearchParams& params, std::size_t k, std::size_t queries) const {
  const auto wanted = static_cast<double>(std::max(k, kLeastWanted));
  if (params.filter == nullptr) return static_cast<double>(body_.size()) <= 24 * wanted + 64;
  const double part = std::max(params.filter->selectivity(), 1e-9);
  return scan_cost(*params.filter, queries) <= 5 * wanted / part * hop_cost(queries);
}

void GraphSearch::begin(GraphWalker& walker, const float* point, const GraphEffort& effort) const {
  body_.graph.code.tables(point, walker.walk.scratch());
  WalkLimits limits = effort.limits;
  if (!effort.selves.empty()) limits.without = effort.selves[walker.query];
  walker.walk.start(body_.graph.rows, body_.graph.root, point, limits);
  walker.stage = GraphWalker::Stage::Walking;
}

// The walk is over: its closest rows are asked for, to be scored when it is this walker's turn again.
void GraphSearch::choose(GraphWalker& walker, const GraphEffort& effort) const {
  std::vector<Hit>& hits = walker.hits;
  hits.assign(walker.walk.met().begin(), walker.walk.met().end());
  if (hits.size() > effort.rerank) {
    const auto end = hits.begin() + static_cast<std::ptrdiff_t>(effort.rerank);
    std::nth_element(hits.begin(), end, hits.end(), Closer{});
    hits.erase(end, hits.end());
  }
  walker.rows.clear();
  for (const Hit& hit : hits) walker.rows.push_back(hit.row);
  body_.codes->prefetch(walker.rows);
  walker.stage = GraphWalker::Stage::Scoring;
}

std::size_t GraphSearch::score(GraphWalker& walker, const GraphEffort& effort, std::span<Hit> out,
                               SearchStats& stats) const {
  walker.distances.resize(walker.rows.size());
  walker.scorer->score(walker.rows, walker.distances.data());
  std::vector<Hit>& hits = walker.hits;
  hits.clear();
  for (std::size_t i = 0; i < walker.rows.size(); ++i) {
    if (!std::isnan(walker.distances[i])) hits.push_back({body_.slots.row_of(walker.rows[i]), walker.distances[i]});
  }
  walker.stage = GraphWalker::Stage::Idle;
  stats.distances += walker.walk.estimates() + walker.walk.hops() + walker.rows.size();
  stats.hops += walker.walk.hops();
  stats.reranked += walker.rows.size();
  stats.bytes_read +=
      walker.walk.hops() * body_.graph.rows.layout().row_bytes() + walker.rows.size() * body_.codes->bytes_per_row();
  const bool failed = effort.gives_up && walker.walk.hops() >= effort.limits.hops;
  if (failed) return 0;
  std::sort(hits.begin(), hits.end(), Closer{});
  const std::size_t found = std::min(hits.size(), effort.k);
  std::copy_n(hits.begin(), found, out.begin());
  return found;
}

Result<std::size_t> GraphSearch::one(const DenseInput& query, const GraphEffort& effort, GraphWalkers& walkers,
                                     std::span<Hit> out, SearchStats& stats) const {
  GraphWalker& walker = walkers.all[0];
  QUIVER_TRY(walker.scorer, body_.codes->scorer(query.row(0)));
  Matrix floats;
  body_.short_space.queries(query.floats(0, 1, floats), walkers.space, walkers.points);
  walker.query = 0;
  begin(walker, walkers.points.row(0).data(), effort);
  while (walker.walk.hop()) {
  }
  choose(walker, effort);
  return score(walker, effort, out, stats);
}

Result<void> GraphSearch::many(const DenseInput& input, std::size_t first, std::size_t count, const GraphEffort& effort,
                               GraphWalkers& walkers, std::span<Hit> out, std::span<std::uint32_t> counts,
                               SearchStats& stats) const {
  Matrix scratch;
  body_.short_space.queries(input.floats(first, count, scratch), walkers.space, walkers.points);
  std::size_t next = 0, busy = 0;
  const auto start_next = [&](GraphWalker& walker) -> Result<void> {
    if (next == count) return {};
    walker.query = first + next;
    QUIVER_TRY(walker.scorer, body_.codes->scorer(input.row(walker.query)));
    begin(walker, walkers.points.row(next).data(), effort);
    ++next;
    ++busy;
    return {};
  };
  // Long walks choose so far ahead that a third one's memory would push out that of the others.
  const std::size_t in_turn = effort.limits.slack < kLongWalks ? kInTurn : kInTurn - 1;
  for (GraphWalker& walker : walkers.all) walker.stage = GraphWalker::Stage::Idle;
  for (std::size_t i = 0; i < in_turn; ++i) QUIVER_TRY(start_next(walkers.all[i]));
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
