// Batch: how every index of dense rows begins to answer many queries: they are checked, k is cut to the rows there are,
// and room for the hits is made.
//
//   QUIVER_TRY(Batch batch, Batch::of(queries, params, space(), removed, live(), stats));
//   if (batch.empty()) return std::move(batch.hits);
//   ... batch.set(q, best) ...
//   QUIVER_TRY(batch.complete(run, scan));     // what a walk or probed lists found too little for
//
// Borrows queries, removed, filter and stats. Thread-safety: one owner; set() from many, each for queries of its own.
#pragma once
#include "quiver/compress/dense_input.h"
#include "quiver/index/internal/eligible.h"

namespace quiver::internal {

struct Batch {
  DenseInput input;
  std::size_t k;
  Hits hits;
  Eligible eligible;
  SearchStats* asked;  // by the caller; null: not counted
  SearchStats uncounted{};

  // removed, and with `slots` the answers of `eligible`: by slot. Errors: of DenseInput::of.
  static Result<Batch> of(const RowsView& queries, const SearchParams& params, const Space& space,
                          const Removed& removed, std::size_t live, SearchStats* stats,
                          const RowSlots* slots = nullptr);
  bool empty() const noexcept { return k == 0 || input.rows() == 0; }
  SearchStats& stats() noexcept { return asked != nullptr ? *asked : uncounted; }
  std::span<Hit> room(std::size_t query) noexcept { return std::span(hits.hits).subspan(query * k, k); }
  void set(std::size_t query, const TopK& best) {
    hits.counts[query] = static_cast<std::uint32_t>(best.sorted_into(room(query)));
  }
  // Queries that an approximate search left with fewer than k hits are answered together by scan(queries), which
  // returns a Result of their best. Errors: of scan, Cancelled.
  template <class Scan>
  Result<void> complete(Run& run, const Scan& scan) {
    if (run.stop()) return run.stopped("searching");
    const std::vector<std::uint32_t> open = unfinished();
    if (open.empty()) return {};
    const TypedMatrix queries = some(open);
    QUIVER_TRY(const DenseInput again, DenseInput::of(queries.view(), input.typed().dims, 0, "searching"));
    QUIVER_TRY(const std::vector<TopK> best, scan(again));
    for (std::size_t i = 0; i < open.size(); ++i) set(open[i], best[i]);
    return {};
  }

 private:
  std::vector<std::uint32_t> unfinished() const;
  TypedMatrix some(std::span<const std::uint32_t> queries) const;
};

}  // namespace quiver::internal
