// IvfIndex: an inverted file (Jegou, Douze, Schmid, "Product quantization for nearest neighbor search", PAMI 2011) for
// L2, dot and cosine. Rows lie in lists around learned centres; a search reads the lists near the query by small codes
// and scores the closest rows met again by finer ones.
//
//   ivf                                     all chosen by measuring the rows: lists, dimensions, codes, effort
//   ivf(512) + pq(48,4) + rerank(f16)       512 lists, 48 codes of 4 bits a row in the FastScan layout (ivf_blocks.h)
//   ivf(512,96) + pq(48,4) + rerank(lvq(8)) of the leading 96 dimensions
//   ivf(512) + lvq(8)                       lists of any other codes, whose distances are final without rerank(...)
//
//   QUIVER_TRY(auto index, build_index(*IndexSpec::parse("ivf"), rows, {}, run));
//   QUIVER_TRY(Hits hits, index->search_batch(queries, {.k = 10, .recall = 0.95F}, run));
//
// Beside a graph it builds in a fraction of the time, keeps a row in tens of bytes besides the finer codes, and reads
// its file in pieces that lie together, which suits files larger than memory; a graph answers single queries sooner.
// Both measured, and how this works: docs/explanation/ivf.md.
//
// Parts, each in internal/: ivf_parts (building, the file), ivf_partition (which lists), ivf_blocks and ivf_codes (what
// lists hold), ivf_plan, ivf_levels and ivf_calibration (recall instead of knobs), ivf_search (queries on their way).
// SearchParams: `recall` picks the effort that reached it on held-out rows when the index was built (default .95);
// `effort` > 0 is the number of lists to probe instead; `rerank` candidates go to the finer codes (0: as calibrated).
// A filter is asked within lists, more lists are probed the rarer it is; where that would cost more than comparing what
// passes it, or met fewer than k rows, all that passes is compared: never fewer than min(k, matches) hits.
// A batch goes list by list: all queries that probe a list read it together. add() puts a row into its nearest list;
// remove() leaves a row where it is until an eighth of the places are such, then lists close up; compact() gives back
// the room of removed rows in the finer codes too and lays all rows out list by list, as a build does. File:
// docs/reference/formats/index.md.
#pragma once
#include <memory>

#include "quiver/index/spec.h"

namespace quiver {

class IvfIndex final : public Index {
 public:
  static constexpr unsigned kDefaults[] = {0, 0};  // lists, dimensions; 0: chosen
  // Errors also: InvalidArgument for Manhattan and Hamming (use hnsw), for no rows, for more than 2^31 - 2 rows, and
  // for more lists or dimensions than make sense.
  static Result<std::unique_ptr<Index>> build(const IndexSpec& spec, const RowsView& base, const Space& space,
                                              MatrixView sample_queries, Run& run);
  static Result<std::unique_ptr<Index>> open(const IndexSpec& spec, const Container& file);
  static Result<void> check(std::span<const unsigned> arguments);
  ~IvfIndex() override;

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

  // What recall was reached on held-out queries, cheapest first: (rows met, recall).
  std::vector<std::pair<float, float>> calibration() const;

 private:
  struct State;
  explicit IvfIndex(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace quiver
