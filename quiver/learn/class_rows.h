// ClassRows: rows for a contrastive loss from nothing but labels: the positive is another example of the class, the
// negatives are examples of other classes.
//
//   QUIVER_TRY(const ClassRows classes, ClassRows::create(labels, "newsgroups"));
//   const std::uint32_t positive = classes.positive(row, random);
//   classes.negatives(row, 7, random, negatives);            // appends 7 rows, of different classes while they last
//
// What NV-Embed trains classification and clustering with (Lee et al., arXiv:2405.17428). Other rows of the batch may
// be of the row's own class, so such rows are trained without in-batch negatives (objectives/hard_contrastive.h).
// Invariants: positive(row) != row; label(negative) != label(row). Thread-safety: const, share freely. Cost: some draws
// a row.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "quiver/core/random.h"
#include "quiver/core/result.h"

namespace quiver::learn {

class ClassRows {
 public:
  // labels: a class a row, 0 .. classes - 1; classes without rows do not count. Errors: one class only; a class with a
  // single row, which has no positive.
  static Result<ClassRows> create(std::vector<std::uint32_t> labels, std::string_view name);
  std::size_t rows() const noexcept { return labels_.size(); }
  std::uint32_t label(std::uint32_t row) const { return labels_[row]; }

  std::uint32_t positive(std::uint32_t row, Random& random) const;
  void negatives(std::uint32_t row, std::size_t count, Random& random, std::vector<std::uint32_t>& out) const;

 private:
  ClassRows() = default;
  std::vector<std::uint32_t> labels_, place_;        // by row; place_: where it stands among those of its class
  std::vector<std::vector<std::uint32_t>> rows_of_;  // by class
  std::vector<std::uint32_t> present_;               // classes that have rows
};

}  // namespace quiver::learn
