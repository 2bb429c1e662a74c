// Ranking metrics, one value per query so that two systems can be compared pair by pair (core/statistics).
//
//   Relevance relevant = Relevance::single(target_row_of_each_query);
//   std::vector<double> rr = reciprocal_rank(hits, relevant, 10);
//   Interval mrr = bootstrap_mean(rr);   Interval gain = paired_difference(rr, rr_of_bm25);
//
// Conventions of trec_eval: a grade > 0 is relevant; nDCG has gain = grade and discount log2(rank + 1), its ideal
// ranking is over all judged rows; recall divides by all relevant rows, not by min(k, relevant). A query without any
// relevant row has value 0 (trec_eval -c): leave such queries out beforehand if they should not count. A row is counted
// at its first place only. Hits may be fewer than k.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "quiver/index/index.h"

namespace quiver {

// Which rows are right for each query: rows of query i are rows[offsets[i] .. offsets[i + 1]), with their grades.
struct Relevance {
  std::vector<std::uint32_t> offsets{0}, rows;
  std::vector<float> grades;
  static Relevance single(std::span<const std::uint32_t> row_of_query);  // one relevant row a query
  void add_query(std::span<const std::uint32_t> relevant);               // grade 1 each
  void add_query(std::span<const std::uint32_t> judged, std::span<const float> graded);
  std::size_t queries() const noexcept { return offsets.size() - 1; }
};

// Each returns one value per query. Requires: hits.queries() == relevance.queries().
std::vector<double> reciprocal_rank(const Hits& hits, const Relevance& relevance, std::uint32_t k);
std::vector<double> recall_at(const Hits& hits, const Relevance& relevance, std::uint32_t k);
std::vector<double> precision_at(const Hits& hits, const Relevance& relevance, std::uint32_t k);
std::vector<double> ndcg_at(const Hits& hits, const Relevance& relevance, std::uint32_t k);
std::vector<double> average_precision(const Hits& hits, const Relevance& relevance, std::uint32_t k);

// Reciprocal rank fusion (Cormack et al. 2009) and weighted fusion of two rankings of the same rows: per query the
// union, ordered by weight * a + (1 - weight) * b after each score is scaled to [0, 1] over that query's hits; a row
// missing from one list has 0 there. `distance` of the result is 1 - fused score.
Hits fuse_weighted(const Hits& a, const Hits& b, double weight, std::uint32_t k);
Hits fuse_reciprocal(const Hits& a, const Hits& b, std::uint32_t k, double constant = 60);

}  // namespace quiver
