// FlatIndex: every row is compared with the query, so the answer is exact for the codes it holds; with `rerank`, coarse
// codes choose candidates by scan and finer codes order them.
//
//   flat                           rows as given (f32, f16, bf16, i8, u8 or bits)
//   flat + lvq(8)                  the distances of 8-bit codes
//   flat + lvq(4) + rerank(f32)    4-bit codes choose max(4 k, 64) candidates, floats order them
//   flat + pca(160) + lvq(8) + rerank(f32)         and these codes are of rows that a projection made short
//
// One query is limited by memory: its time is about (rows * bytes per row) / read bandwidth of its threads. A batch is
// limited by arithmetic: from a dozen queries on, distances come from matrix products (internal/product_scan.h). Both
// give the same hits bit for bit.
//
// Sections of the file: docs/reference/formats/index.md. Thread-safety: as Index. add() costs the encoding of the new
// rows; remove() one bit a row.
#pragma once
#include <memory>

#include "quiver/compress/quantizer.h"
#include "quiver/index/spec.h"

namespace quiver {

class FlatIndex final : public Index {
 public:
  static Result<std::unique_ptr<Index>> build(const IndexSpec& spec, const RowsView& base, const Space& space,
                                              MatrixView sample_queries, Run& run);
  static Result<std::unique_ptr<Index>> open(const IndexSpec& spec, const Container& file);
  ~FlatIndex() override;

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

  const Codes& codes() const noexcept;  // what the scan reads: of short rows, if there is a projection

 private:
  struct State;
  explicit FlatIndex(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace quiver
