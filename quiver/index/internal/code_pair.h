// CodePair: what an index of dense rows stores: codes to search by and, behind them, finer codes of the same rows that
// order the candidates found. Finer are the second level of two-level codes (compress/two_level.h) and then each
// `+ rerank(...)` of the spec in turn: a funnel, in which fewer rows are scored by longer codes.
//
//   flat + lvq(4) + rerank(f32)                                     one finer level
//   flat + lvq(4,8)                                                 one, without a rerank
//   flat + prefix(64) + f16 + rerank(prefix(128) + f16) + rerank(f32)   two
//
//   QUIVER_TRY(CodePair codes, CodePair::build(spec, base, space, sample_queries, run));
//   QUIVER_TRY(const auto scorer, codes.scorer(query));         // of coarse(), for a query of space()
//   const TopK found = ...;                                     // codes.candidates(params, k) rows by coarse()
//   QUIVER_TRY(count, codes.finish(found, query, k, out, stats));
//
// Of c candidates the i-th of n finer levels keeps k (c / k)^(1 - i / n): for k = 10 and c = 200, two levels keep 45
// and 10, three 74, 28 and 10.
//
// Where the first codes are of short vectors (+ pca(160) + lvq(8), LeanVec) and finer ones follow, coarse() are the
// codes of the short vectors, in a space of their own: a graph compares rows with rows there, and a query goes through
// its map in 8 bits (query_map.h). Short distances never meet full ones in one list: finish() scores every candidate
// again. Sections: docs/reference/formats/index.md. Thread-safety: as Codes.
#pragma once
#include "quiver/compress/dense_input.h"
#include "quiver/compress/projection.h"
#include "quiver/compress/quantizer.h"
#include "quiver/index/internal/index_file.h"
#include "quiver/index/internal/query_map.h"
#include "quiver/index/spec.h"

namespace quiver::internal {

class CodePair {
 public:
  // Errors: InvalidArgument (not dense), of Quantizer::fit and encode.
  static Result<CodePair> build(const IndexSpec& spec, const RowsView& base, const Space& space,
                                MatrixView sample_queries, Run& run);
  // Errors: of load_codes, Corruption (codes that are not the rows the header describes).
  static Result<CodePair> open(const IndexSpec& spec, const Container& file, const IndexHeader& header);
  void save(ContainerWriter& writer) const;

  const Space& space() const noexcept { return stored_[0]->space(); }  // of rows and queries as they are given
  const Codes& coarse() const noexcept { return *coarse_; }
  // A scorer of coarse(). Errors: of Codes::scorer.
  Result<std::unique_ptr<Scorer>> scorer(const RowsView& query) const;
  // The queries as coarse() takes them: `queries`, or short ones that lie in `memory`.
  Result<DenseInput> for_coarse(const DenseInput& queries, Matrix& memory, Threads& threads) const;
  // The codes that are searched, for a scan of all rows (Codes::arrange_for_scans).
  void arrange_for_scans() { stored_[0]->arrange_for_scans(); }
  bool reranks() const noexcept { return !finer_.empty(); }
  std::size_t bytes() const noexcept;
  Result<void> append(const RowsView& rows);       // nothing changes when it fails
  void truncate(std::size_t rows) noexcept;        // Requires: rows <= those there are
  void keep(std::span<const std::uint32_t> rows);  // as Codes::keep

  // How many rows to find by coarse() for k hits: k, or with rerank params.rerank, by default max(4 k, 64).
  std::size_t candidates(const SearchParams& params, std::size_t k) const noexcept;
  // The best k of `found` in order, scored by the finer codes if there are any. Errors: of Codes::scorer.
  Result<std::size_t> finish(const TopK& found, const RowsView& query, std::size_t k, std::span<Hit> out,
                             SearchStats& stats) const;

 private:
  void link();
  void shorten(const DenseInput& queries, std::size_t first, std::size_t count, float* out, std::size_t stride) const;

  std::vector<std::unique_ptr<Codes>> stored_;  // in the order of the spec
  const Codes* coarse_ = nullptr;               // stored_[0], its first level, or the short codes of either
  const Projection* map_ = nullptr;             // to coarse_, where it is of short vectors
  QueryMap query_map_;                          // the same
  std::vector<const Codes*> finer_;             // in the order they are asked
};

}  // namespace quiver::internal
