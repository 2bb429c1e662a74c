// SparseIndex: exact top-k inner product over sparse rows by inverted lists: one list of (row, weight) per term, added
// term at a time into one accumulator per row. The search of BM25 (bm25.h) and of learned sparse vectors.
//
//   QUIVER_TRY(auto index, SparseIndex::build(impacts.view(), {.metric = Metric::Dot}, run));
//   QUIVER_TRY(Hits hits, index->search_batch(queries.view(), {.k = 10}, run));    // distance = -<query, row>
//
// Invariants: a row whose product with the query is 0 is never a hit, so a query without any known term has none. The
// sum of a row adds its terms in rising order in float: it is the same for every batch and thread count; ties go to the
// smaller row. Terms of a query at or above dims are ignored: they occur in no row.
// Rows are taken in blocks whose accumulators fit the first cache. Cost of a query: one pass over the lists of its
// terms and, per block that any of them touches, one over its accumulators. Memory: 8 bytes per stored weight, 8 per
// term.
#pragma once
#include <memory>

#include "quiver/core/container.h"
#include "quiver/index/index.h"

namespace quiver {

class SparseIndex final : public Index {
 public:
  // space.dims may be 0: taken from the rows. Errors: InvalidArgument (not sparse; a metric other than Dot; a weight
  // that is NaN or infinite, terms that do not rise or reach dims: row named), Cancelled.
  static Result<std::unique_ptr<SparseIndex>> build(const RowsView& rows, const Space& space, Run& run);
  static Result<std::unique_ptr<SparseIndex>> open(const Container& file);
  ~SparseIndex() override;

  const Space& space() const noexcept override;
  std::string spec() const override { return "sparse"; }
  std::size_t size() const noexcept override;
  std::size_t live() const noexcept override;
  std::size_t bytes() const noexcept override;
  Result<void> add(const RowsView& rows) override;  // Cost: copies the lists
  Result<void> remove(std::span<const std::uint32_t> rows) override;
  Result<std::vector<std::uint32_t>> compact(Run& run) override;  // Cost: copies the lists
  Result<std::size_t> search(const RowsView& query, const SearchParams& params, Scratch& scratch, std::span<Hit> out,
                             SearchStats* stats = nullptr) const override;
  Result<Hits> search_batch(const RowsView& queries, const SearchParams& params, Run& run,
                            SearchStats* stats = nullptr) const override;
  Result<void> save(const std::filesystem::path& path) const override;

 private:
  struct State;
  explicit SparseIndex(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace quiver
