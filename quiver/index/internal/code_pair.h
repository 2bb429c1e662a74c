// CodePair: what an index of dense rows stores: codes to search by and, with `+ rerank(...)`, finer codes of the same
// rows that order the candidates found.
//
//   QUIVER_TRY(CodePair codes, CodePair::build(spec, base, space, sample_queries, run));
//   const TopK found = ...;                                     // codes.candidates(params, k) rows by coarse()
//   QUIVER_TRY(count, codes.finish(found, query, k, out, stats));
//
// Sections: "codes/..." and "rerank/..." (docs/reference/formats/index.md). Thread-safety: as Codes.
#pragma once
#include "quiver/compress/quantizer.h"
#include "quiver/index/internal/index_file.h"
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

  const Codes& coarse() const noexcept { return *coarse_; }
  bool reranks() const noexcept { return fine_ != nullptr; }
  std::size_t bytes() const noexcept { return coarse_->bytes() + (fine_ ? fine_->bytes() : 0); }
  Result<void> append(const RowsView& rows);  // nothing changes when it fails
  void truncate(std::size_t rows) noexcept;   // Requires: rows <= those there are

  // How many rows to find by coarse() for k hits: k, or with rerank params.rerank, by default max(4 k, 64).
  std::size_t candidates(const SearchParams& params, std::size_t k) const noexcept;
  // The best k of `found` in order, scored by the finer codes if there are any. Errors: of Codes::scorer.
  Result<std::size_t> finish(const TopK& found, const RowsView& query, std::size_t k, std::span<Hit> out,
                             SearchStats& stats) const;

 private:
  std::unique_ptr<Codes> coarse_, fine_;  // fine_: null without rerank
};

}  // namespace quiver::internal
