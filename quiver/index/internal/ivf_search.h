// IvfSearch: queries through an inverted file, list by list.
//
//   const IvfSearch search(parts);
//   IvfSearch::Memory memory;                                              // one per thread, reused
//   QUIVER_TRY(search.probe(input, first, count, effort, memory, stats));  // candidates of a few hundred queries
//   search.finish(q, effort, memory, out, stats);                          // the hits of one of them
//
// The nearest list of every query is scanned first, so that each knows soon what is too far; then list after list, all
// queries that probe it in turn, its codes staying in the cache. Which candidates are kept does not depend on that
// order (ivf_lists.h), so one query alone gets the same answer. The finer codes of a query's candidates are asked for
// while those of the query before it are scored.
// Thread-safety: immutable; a Memory has one owner.
#pragma once
#include <span>
#include <vector>

#include "quiver/index/internal/ivf_levels.h"
#include "quiver/index/internal/ivf_parts.h"

namespace quiver::internal {

inline constexpr std::size_t kMeasuredNeighbours = 10;  // the k that recall is measured with
// Rows that a probe meets at least for each hit that is wanted: a list may be all but empty.
inline constexpr std::size_t kLeastMet = 3;

struct IvfEffort {
  std::size_t k = 0, candidates = 0;
  ProbeLimits limits;
  const Eligible* eligible = nullptr;  // asked about positions
};

class IvfSearch {
 public:
  struct Memory {
    std::vector<IvfQuery> queries;
    struct Visit {
      Probe probe;
      std::uint32_t query = 0;
      bool first = false;  // the nearest list of its query
    };
    std::vector<Visit> visits, ordered;
    std::vector<std::uint32_t> begins;
    std::vector<std::uint32_t> positions;
    std::vector<float> distances;
    GraphSpace::Scratch space;
    Matrix floats, points;
  };
  // Queries that share a Memory.
  static constexpr std::size_t kTogether = 128;

  explicit IvfSearch(const IvfParts& parts) : parts_(&parts) {}

  // The candidates of queries first .. first + count - 1, in memory.queries[0 ..]. Requires: count <= kTogether.
  Result<void> probe(const DenseInput& input, std::size_t first, std::size_t count, const IvfEffort& effort,
                     Memory& memory, SearchStats& stats) const;
  // Asks for the finer codes of a query's candidates, which finish() will score.
  void prefetch(std::size_t query, Memory& memory) const;
  // The best k of a query's candidates, as rows.
  Result<std::size_t> finish(TypedView query, std::size_t number, const IvfEffort& effort, Memory& memory,
                             std::span<Hit> out, SearchStats& stats) const;

 private:
  void order_by_list(Memory& memory) const;
  const IvfParts* parts_;
};

// What reading costs beside other reading, about nanoseconds: so many rows of lists, and so many by the finer codes.
double ivf_cost(const IvfParts& parts, double rows, double fine_rows) noexcept;

}  // namespace quiver::internal
