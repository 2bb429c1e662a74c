// BM25 (Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009) as sparse inner products:
//
//   score(q, d) = sum over terms t of q:  qtf(t) * idf(t) * tf (k1 + 1) / (tf + k1 (1 - b + b |d| / avg|d|))
//   idf(t) = ln(1 + (N - df + 0.5) / (df + 0.5))                           > 0 always
//
// Everything that depends on the document is its weight ("impact"), so a query is its term counts and the score is one
// inner product: SparseIndex answers it exactly, and idf lives in the documents alone.
//
//   Bm25 bm25 = Bm25::of(counts.view());                                   // term frequencies, one row per document
//   const SparseRows impacts = bm25.impacts({.k1 = 0.9F, .b = 0.4F});
//   QUIVER_TRY(auto index, SparseIndex::build(impacts.view(), space, run));
//   QUIVER_TRY(Hits hits, index->search_batch(query_counts.view(), {.k = 10}, run));
//
// k1 and b may be tuned without counting again. Thread-safety: immutable; borrows the counts it was made of.
#pragma once
#include <vector>

#include "quiver/core/result.h"
#include "quiver/core/rows.h"

namespace quiver {

struct Bm25Options {
  float k1 = 1.2f;
  float b = 0.75f;
  template <class V>
  void visit(V& v) {
    v("k1", k1, "how fast repeated terms saturate", 0.0, 10.0);
    v("b", b, "how much long documents are held back", 0.0, 1.0);
  }
};

class Bm25 {
 public:
  static Bm25 of(SparseView counts);  // document frequencies and lengths
  SparseRows impacts(const Bm25Options& options = {}) const;
  float idf(std::uint32_t term) const noexcept;  // of a term in no document: as if df were 0
  double average_length() const noexcept { return average_length_; }

 private:
  SparseView counts_;
  std::vector<std::uint32_t> document_frequency_;
  std::vector<float> lengths_;
  double average_length_ = 0;
};

}  // namespace quiver
