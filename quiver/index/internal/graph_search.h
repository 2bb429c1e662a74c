// GraphSearch: how one query, or several that take turns, go through a graph: into the short space, along a walk, and
// the closest rows met are scored again by the finer codes.
//
//   const GraphSearch search(body);
//   const GraphEffort effort = search.effort(params, k, &eligible);
//   QUIVER_TRY(found, search.one(query, effort, walkers, out, stats));
//
// Several walks take turns on a thread because each of them mostly waits for memory: one asks for its next piece while
// the others work on theirs. Thread-safety: immutable; each thread brings its own walkers. Cost: no allocation once
// warm, but for the scorer of a query.
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "quiver/compress/dense_input.h"
#include "quiver/index/internal/graph_body.h"
#include "quiver/index/internal/graph_walk.h"

namespace quiver::internal {

// A bound from fewer distances would stop walks by chance; also the k that calibration measures at.
inline constexpr std::size_t kLeastWanted = 10;
inline constexpr std::size_t kInTurn = 3;  // walks that share a thread, besides what each chooses ahead

// How a search goes, from what its caller asks for.
struct GraphEffort {
  std::size_t k = 0, rerank = 0;
  WalkLimits limits;
  float expected_recall = 0;  // 0: whoever set the effort by hand knows
  bool gives_up = false;      // at the last of the hops nothing is found: a scan of what the filter allows is due
  // While calibrating: the row that each query is, which must not lead to its neighbours.
  std::span<const std::uint32_t> selves{};
};

// One query on its way.
struct GraphWalker {
  enum class Stage : std::uint8_t { Idle, Walking, Scoring };
  GraphWalk walk;
  std::vector<Hit> hits;
  std::vector<std::uint32_t> rows;
  std::vector<float> distances;
  std::unique_ptr<Scorer> scorer;
  std::size_t query = 0;
  Stage stage = Stage::Idle;
};

struct GraphWalkers {
  GraphWalker all[kInTurn];
  GraphSpace::Scratch space;
  Matrix points;
};

class GraphSearch {
 public:
  explicit GraphSearch(const GraphBody& body) noexcept : body_(body) {}  // borrowed

  static GraphEffort effort(float slack, std::size_t k, const Eligible* eligible);
  // For so many queries in one call. Under a filter a walk has as many hops as a scan would take the time of.
  GraphEffort effort(const SearchParams& params, std::size_t k, const Eligible* eligible, std::size_t queries) const;
  // Whether comparing every row that passes the filter is cheaper than a walk.
  bool scan_pays(const SearchParams& params, std::size_t k, std::size_t queries) const;

  // At most effort.k hits by a walk. Errors: of Codes::scorer.
  Result<std::size_t> one(const DenseInput& query, const GraphEffort& effort, GraphWalkers& walkers, std::span<Hit> out,
                          SearchStats& stats) const;
  // The same for queries first .. first + count - 1 of `input`; hits of query q go to out + q * k.
  Result<void> many(const DenseInput& input, std::size_t first, std::size_t count, const GraphEffort& effort,
                    GraphWalkers& walkers, std::span<Hit> out, std::span<std::uint32_t> counts,
                    SearchStats& stats) const;
  // Few rows pass the filter, or the walk met too few of them: every row that passes is compared.
  Result<std::size_t> scan(TypedView query, std::size_t k, const Eligible& eligible, Scratch& scratch,
                           std::span<Hit> out, SearchStats& stats) const;
  Result<std::vector<TopK>> scan_batch(const DenseInput& queries, std::size_t k, const Eligible& eligible, Run& run,
                                       SearchStats& stats) const;

 private:
  // About nanoseconds a query, of so many in one call.
  double scan_cost(const RowFilter& filter, std::size_t queries) const;
  double hop_cost(std::size_t queries) const;
  TopK by_row(TopK found) const;
  void begin(GraphWalker& walker, const float* point, const GraphEffort& effort) const;
  void choose(GraphWalker& walker, const GraphEffort& effort) const;
  std::size_t score(GraphWalker& walker, const GraphEffort& effort, std::span<Hit> out, SearchStats& stats) const;

  const GraphBody& body_;
};

}  // namespace quiver::internal
