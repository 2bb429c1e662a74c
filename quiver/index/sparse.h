// SparseIndex: exact top-k inner product over sparse rows by inverted lists (one list of (row, weight) per term),
// term at a time into an accumulator per row. The search of BM25 (bm25.h) and of learned sparse vectors.
//
//   QUIVER_TRY(auto index, SparseIndex::build(impacts.view(), space, run));
//   QUIVER_TRY(Hits hits, index->search_batch(queries.view(), {.k = 10}, run));    // distance = -<query, row>
//
// Invariants: only rows that share a term with the query are hits; a query without any known term has none. The sum
// of a row adds its terms in rising order in float, so it is the same for every batch and thread count; ties go to the
// smaller row. Terms of a query at or above dims are ignored: they occur in no row.
// Cost of a query: one pass over the lists of its terms, plus one over the blocks of rows they touched.
#pragma once
#include "quiver/core/container.h"
#include "quiver/index/index.h"

namespace quiver {

class SparseIndex final : public Index {
 public:
  // Errors: InvalidArgument (metric is not Dot, NaN or infinite weight: row and term named, terms that do not rise).
  static Result<std::unique_ptr<SparseIndex>> build(const SparseView& rows, const Space& space, Run& run);
  static Result<std::unique_ptr<Index>> open(const Container& file);
  ~SparseIndex() override;

  const Space& space() const noexcept override;
  std::string spec() const override { return "sparse"; }
  std::size_t size() const noexcept override;
  std::size_t live() const noexcept override;
  std::size_t bytes() const noexcept override;
  Result<void> add(const RowsView& rows) override;  // Cost: rebuilds the lists
  Result<void> remove(std::span<const std::uint32_t> rows) override;
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
