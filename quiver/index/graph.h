// GraphIndex: the fastest search there is here, for L2, dot and cosine. A walk through a graph of neighbours, each hop
// reading one piece of memory that holds a row and its 32 neighbours as 4-bit codes relative to it; the closest rows
// met are scored again by finer codes.
//
//   graph                              everything chosen by measuring the rows: dimensions, groups, effort
//   graph + rerank(lvq(8))             half the memory for the final order; recall ends near .997
//   graph(160,48) + rerank(f16)        160 of the dimensions, 48 groups of 4-bit codes
//
//   QUIVER_TRY(auto index, build_index(*IndexSpec::parse("graph"), rows, {}, run));
//   QUIVER_TRY(Hits hits, index->search_batch(queries, {.k = 10, .recall = 0.99F}, run));
//
// Parts, each in internal/: graph_space (short points), graph_builder (who is whose neighbour), graph_rows (the
// layout), graph_walk (one walk), graph_search (queries along walks), graph_calibration (recall instead of knobs),
// graph_update (rows that come and go: places are used again, row numbers are not, recall is measured anew).
// SearchParams: `recall` picks the effort that reached it when the index was built (default .95); `effort` > 0 replaces
// it by a number of hops; `rerank` candidates are scored by the finer codes (0: some more than k). A filter that few
// rows pass is answered by a scan of those, so that never fewer than min(k, matches) hits come back. A batch lets
// several walks take turns on each thread, which hides the wait for memory: twice the throughput of single searches.
// Why and how: docs/explanation/graph-index.md. File: docs/reference/formats/index.md. Sources: SymphonyQG (Gou et al.,
// SIGMOD 2025), RaBitQ (Gao & Long, SIGMOD 2024), LeanVec (Tepper et al., TMLR 2024), DiskANN (Subramanya et al.,
// NeurIPS 2019), PiPNN (2025).
#pragma once
#include <memory>

#include "quiver/index/spec.h"

namespace quiver {

class GraphIndex final : public Index {
 public:
  // Errors also: InvalidArgument for Manhattan and Hamming (use hnsw), for no rows, and for more than 2^31 - 2 rows.
  static Result<std::unique_ptr<Index>> build(const IndexSpec& spec, const RowsView& base, const Space& space,
                                              MatrixView sample_queries, Run& run);
  static Result<std::unique_ptr<Index>> open(const IndexSpec& spec, const Container& file);
  static Result<void> check(std::span<const unsigned> arguments);  // dimensions, groups; 0: measured
  ~GraphIndex() override;

  const Space& space() const noexcept override;
  std::string spec() const override;
  std::size_t size() const noexcept override;
  std::size_t live() const noexcept override;
  std::size_t bytes() const noexcept override;
  Result<void> add(const RowsView& rows) override;
  Result<void> remove(std::span<const std::uint32_t> rows) override;
  Result<std::vector<std::uint32_t>> compact(Run& run) override;
  Result<std::size_t> search(const RowsView& query, const SearchParams& params, Scratch& scratch, std::span<Hit> out,
                             SearchStats* stats = nullptr) const override;
  Result<Hits> search_batch(const RowsView& queries, const SearchParams& params, Run& run,
                            SearchStats* stats = nullptr) const override;
  Result<void> save(const std::filesystem::path& path) const override;

  // What recall the walk reached at which slack on the queries it was calibrated with: (slack, recall), rising.
  std::vector<std::pair<float, float>> calibration() const;

 private:
  struct State;
  explicit GraphIndex(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace quiver
