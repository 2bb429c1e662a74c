// GraphSpace: from the vectors of an index to the short points that its graph connects and its walks measure.
//
//   1. to one order     L2: as they are. Cosine: of unit length. Dot, `products`: as they are, and points keep their
//                       products with a query; else, for lists: one more coordinate, sqrt(M - |x|^2), makes all rows
//                       equally long, so the largest product is the nearest point (Bachrach et al., RecSys 2014); a
//                       query's is zero. M is the largest squared length of the rows it was fitted on.
//   2. shorter          the leading principal components, as few as lose no neighbour (measured, see fit); random
//                       directions where hardly any rows are given, or all are alike: others may be added later
//   3. what is left     one coordinate more, the length |r| of what the projection leaves of a row; a query has half
//                       of its own there. Near rows leave something alike, of a cosine about 1/2, and then the
//                       difference of the two adds what is missing to a squared distance: as good as dozens of
//                       further components. Not under Dot, where what is left is not alike
//   4. one scale        so that squared distances stay well within f16
//
// Thread-safety: immutable after fit(). Cost: rows by matrix kernels; one query about a microsecond, of many
// less (query_map.h).
#pragma once
#include <optional>

#include "quiver/compress/projection.h"
#include "quiver/core/space.h"
#include "quiver/index/internal/query_map.h"

namespace quiver::internal {

class GraphSpace {
 public:
  GraphSpace() = default;
  // dims counts the length of the rest; 0: the fewest (a multiple of 16) that keep the true ten nearest among the best
  // twenty for 199 of 200, for rows of the base as queries, in the form of queries, against a sample of it. products:
  // Dot stays what it is, see above. Errors: of fit_projection().
  static Result<GraphSpace> fit(MatrixView base, const Space& space, std::size_t dims, Run& run, bool products = false);

  std::size_t dims() const noexcept { return projection_->to() + (rest_ ? 1 : 0); }
  Matrix points(MatrixView rows, Threads* threads) const;  // (rows, dims())
  struct Scratch {
    QueryMap::Scratch map;
    Matrix full;
  };
  // Queries as points: out becomes (at least queries.rows, dims()). What becomes of one does not depend on the others.
  void queries(MatrixView queries, Scratch& scratch, Matrix& out) const;
  bool products() const noexcept { return products_; }
  std::size_t bytes() const noexcept { return map_.bytes(); }

  void save(ContainerWriter& writer, std::string_view prefix) const;
  static Result<GraphSpace> load(const Container& file, std::string_view prefix, const Space& space);

 private:
  Matrix in_l2(MatrixView rows) const;
  Matrix shorten(MatrixView rows, Threads* threads) const;
  Metric metric_ = Metric::L2;
  double longest_ = 0;  // M
  float unit_ = 1;
  bool rest_ = false, products_ = false;
  std::optional<Projection> projection_;
  QueryMap map_;
};

}  // namespace quiver::internal
