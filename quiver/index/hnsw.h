// HnswIndex: a hierarchical navigable small world graph (Malkov & Yashunin, "Efficient and robust approximate nearest
// neighbor search using hierarchical navigable small world graphs", TPAMI 2020). The classic every other is measured
// by.
//
//   hnsw                                 M = 16 links a row (32 on the lowest level), ef_construction = 128
//   hnsw(32,200) + lvq(8)                more of both; distances by 8-bit codes, while building too
//   hnsw + lvq(4) + rerank(f32)          4-bit codes lead the walk, floats order what it kept
//   hnsw + pca(160) + lvq(8) + rerank(lvq(8))    built and walked on 160 dims (LeanVec), ordered by all of them
//
//   QUIVER_TRY(auto index, build_index(*IndexSpec::parse("hnsw(16,128)"), rows, {}, run));
//   QUIVER_TRY(Hits hits, index->search_batch(queries, {.k = 10, .effort = 50}, run));     // effort: "ef"
//
// Invariants
//   - Rows are inserted one after the other, each into all its levels, in the order given (insertion_order.h), by one
//     thread: the graph depends on rows, order, run.seed() and spec alone. Rows inserted early become hubs, so recall
//     depends on the order (inspect/order_risk.h). A removed row stays in the graph and leads on until compact().
//   - Never fewer than min(k, rows alive and allowed) hits: where a walk would be dearer than comparing the allowed
//   rows,
//     or came back short, they are compared, exactly.
// All metrics, element types and quantizers: the walk asks a Scorer. Dot is walked as it is, not reduced to L2.
// Sections of the file: docs/reference/formats/index.md. Thread-safety: as Index. Costs: internal/hnsw_insert.h
// (build), hnsw_walk.h (search), hnsw_links.h (memory).
#pragma once
#include <memory>

#include "quiver/compress/quantizer.h"
#include "quiver/index/spec.h"

namespace quiver {

class HnswIndex final : public Index {
 public:
  static constexpr unsigned kDefaults[] = {16, 128};  // M, ef_construction
  static Result<void> check_arguments(std::span<const unsigned> arguments);

  // `order`: row order[i] is inserted as number i; empty: as given. Requires: empty or a permutation of the rows.
  static Result<std::unique_ptr<Index>> build(const IndexSpec& spec, const RowsView& base, const Space& space,
                                              MatrixView sample_queries, Run& run,
                                              std::span<const std::uint32_t> order = {});
  static Result<std::unique_ptr<Index>> open(const IndexSpec& spec, const Container& file);
  ~HnswIndex() override;

  const Space& space() const noexcept override;
  std::string spec() const override;
  std::size_t size() const noexcept override;
  std::size_t live() const noexcept override;
  std::size_t bytes() const noexcept override;
  Result<void> add(const RowsView& rows) override;
  Result<void> remove(std::span<const std::uint32_t> rows) override;
  Result<std::vector<std::uint32_t>> compact(Run& run) override;  // Cost: internal/hnsw_repair.h
  Result<std::size_t> search(const RowsView& query, const SearchParams& params, Scratch& scratch, std::span<Hit> out,
                             SearchStats* stats = nullptr) const override;
  Result<Hits> search_batch(const RowsView& queries, const SearchParams& params, Run& run,
                            SearchStats* stats = nullptr) const override;
  Result<void> save(const std::filesystem::path& path) const override;

  // How many rows link to each row on the lowest level: hubs have many, a row that has none is found by no walk.
  std::vector<std::uint32_t> in_degrees() const;

 private:
  struct State;
  explicit HnswIndex(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace quiver
