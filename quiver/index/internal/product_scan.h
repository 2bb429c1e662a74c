// Exact search for a group of queries at the speed of GEMM. For a tile of rows, BLAS gives an approximation a of the
// distance d of every query to every row at once, with
//
//   |a - d| <= margin,     margin from the bound |fl(<q, x>) - <q, x>| <= n u |q| |x| of a product of n terms
//
// A row is a candidate if a <= (an upper bound of the k-th best distance) + margin; candidates are scored again by the
// query's Scorer, the kernel that a single scan uses. No row of the answer can be missed, its distance is the scan's
// bit for bit, and a query re-scores only about k (1 + ln(rows / k)) rows.
//
//   a of L2      |x|^2 - 2 <q, x>     (|q|^2 is left out on both sides)
//   a of Dot     -<q, x>
//   a of Cosine  -<q / |q|, x> / |x|  (the 1 is left out on both sides)
//
// The k-th best distance is not known in a thread's first tile: there the k-th smallest a + margin bounds it. Later it
// is the worst of the best hits of any thread, shared through one atomic float per query. A tile whose lengths leave no
// finite margin (overflow, or a cosine of lengths that cannot be squared) is scanned. Where only some rows are asked
// about, these are gathered into tiles of their own. Cost: 2 n flops per pair, plus about 5 %: lengths of the rows, one
// comparison per pair, the candidates.
#pragma once
#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "quiver/compress/dense_input.h"
#include "quiver/compress/quantizer.h"
#include "quiver/core/run.h"
#include "quiver/core/top_k.h"
#include "quiver/index/index.h"

namespace quiver::internal {

class ProductScan {
 public:
  // True if a product is possible for these codes and faster than scanning tile by tile.
  static bool pays(const Codes& codes, std::size_t queries) noexcept;

  // `scorers` are those of queries first .. first + scorers.size() - 1; `only`: the rows looked at, rising; null: all
  // of them. Requires: pays().
  ProductScan(const Codes& codes, const DenseInput& queries, std::size_t first,
              std::span<const std::unique_ptr<Scorer>> scorers, std::size_t k, const std::vector<std::uint32_t>* only);

  // The k best of every query; incomplete if run.stop().
  std::vector<TopK> run(Run& run, SearchStats& stats);

 private:
  struct Tile;
  struct Worker;
  void search_tile(std::size_t first, std::size_t count, Worker& worker);
  void measure(Tile& tile, Worker& worker) const;
  void multiply(const Tile& tile, Worker& worker) const;
  void search_query(std::size_t query, const Tile& tile, Worker& worker);
  double margin(std::size_t query, const Tile& tile) const noexcept;
  std::size_t rows() const noexcept { return only_ != nullptr ? only_->size() : codes_.rows(); }
  std::uint32_t row(std::size_t i) const noexcept {
    return only_ != nullptr ? (*only_)[i] : static_cast<std::uint32_t>(i);
  }
  void score_all(const Scorer& scorer, std::size_t first, std::size_t count, Worker& worker, TopK& best) const;
  void gather(std::size_t first, std::size_t count, Matrix& out) const;

  const Codes& codes_;
  std::span<const std::unique_ptr<Scorer>> scorers_;
  std::size_t k_;
  const std::vector<std::uint32_t>* only_;
  Metric metric_;
  Matrix queries_;                            // (queries, dims); of unit length for Cosine
  std::vector<double> norms_;                 // of the queries as given
  std::vector<std::atomic<float>> ceilings_;  // no hit among a query's final k is above
};

}  // namespace quiver::internal
