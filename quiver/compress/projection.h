// Projection: two linear maps that make vectors short, one for rows and one for queries.
//
//   row      y = B (x - mean)             B: row_map(), (to, from)
//   query    z = A (q - mean)    L2       A: query_map(), (to, from); A = B unless learned for queries that differ
//            z = A q             Dot      the term <q, mean> is the same for all rows: it changes no order
//   Cosine   is Dot on rows and queries that are scaled to unit length first; a zero vector stays zero
//
//   QUIVER_TRY(const Projection shorten, fit_projection({.method = "pca", .dims = 160}, base, {}, Metric::L2, run));
//   Matrix y, z;
//   shorten.rows(base, y, &run.threads());
//   shorten.queries(queries, z);                           // compare y and z by shorten.short_metric()
//
// Methods: pca, the directions of most variance (Pearson 1901); random, an orthonormal basis drawn by the seed;
// truncate, the first coordinates (a Matryoshka prefix); es, fw, es+fw and sphering, learned from a sample of the
// queries (leanvec.h). Those of pca, es, fw and sphering are turned so that the coordinates of mapped rows are
// uncorrelated and their variances fall. If fewer queries than dims are given, K_Q gets a ridge.
//
// A short distance stands for a long one only in order, and approximately: never mix both in one list, and score the
// candidates again by their full rows. Rows compared with rows (a graph's edges) are both mapped by rows().
// Invariants: what a vector maps to depends on the vector alone, not on the batch, its place or the threads.
// Thread-safety: immutable. Cost: to * from products a vector; fit: one pass over the sample, then an eigenvector
// decomposition of from x from numbers (784: a second; 3072: half a minute).
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/container.h"
#include "quiver/core/matrix.h"
#include "quiver/core/result.h"
#include "quiver/core/run.h"

namespace quiver {

struct ProjectionParts {
  std::string method{};
  Metric metric = Metric::L2;      // of the vectors as they come
  std::vector<float> mean{};       // (from)
  Matrix row_map{};                // (to, from)
  Matrix query_map{};              // (to, from), or empty: as row_map
  std::vector<double> spectrum{};  // (to) variance of each coordinate of the mapped rows, or empty: not known
  std::optional<double> kept{};    // part of the rows' variance that is left, where the maps are orthonormal
  std::optional<double> loss{};    // E (<z, y> - <q, x>)^2 / E <q, x>^2 over the samples, where queries were given
};

class Projection {
 public:
  // Requires: shapes that agree, to <= from, metric L2, Dot or Cosine.
  explicit Projection(ProjectionParts parts);

  std::size_t from() const noexcept { return parts_.row_map.cols(); }
  std::size_t to() const noexcept { return parts_.row_map.rows(); }
  const std::string& method() const noexcept { return parts_.method; }
  Metric metric() const noexcept { return parts_.metric; }
  Metric short_metric() const noexcept { return parts_.metric == Metric::L2 ? Metric::L2 : Metric::Dot; }
  bool two_maps() const noexcept { return parts_.query_map.rows() != 0; }
  std::span<const float> mean() const noexcept { return parts_.mean; }
  MatrixView row_map() const noexcept { return parts_.row_map.view(); }
  MatrixView query_map() const noexcept { return (two_maps() ? parts_.query_map : parts_.row_map).view(); }
  std::span<const double> spectrum() const noexcept { return parts_.spectrum; }
  std::optional<double> kept() const noexcept { return parts_.kept; }
  std::optional<double> loss() const noexcept { return parts_.loss; }

  // Vector i goes to out + i * stride, or to out.row(i) of a matrix that is made (x.rows, to()).
  // Requires: x.cols == from(), finite values.
  void rows(MatrixView x, float* out, std::size_t stride, Threads* threads = nullptr) const;
  void rows(MatrixView x, Matrix& out, Threads* threads = nullptr) const;
  void queries(MatrixView q, float* out, std::size_t stride, Threads* threads = nullptr) const;
  void queries(MatrixView q, Matrix& out, Threads* threads = nullptr) const;

  // The projection to coordinates first .. first + count - 1 of this one's: the leading ones are a shorter projection.
  // Requires: count > 0, first + count <= to().
  Projection slice(std::size_t first, std::size_t count) const;

  // Sections that begin with `prefix`: docs/reference/formats/projection.md. Errors of load: Corruption.
  void save(ContainerWriter& writer, std::string_view prefix) const;
  static Result<Projection> load(const Container& file, std::string_view prefix);

 private:
  void apply(MatrixView map, std::span<const float> mean, MatrixView x, float* out, std::size_t stride,
             Threads* threads) const;
  ProjectionParts parts_;
};

struct ProjectionOptions {
  std::string method = "pca";
  std::size_t dims = 0;          // 0: the smallest multiple of 16 that keeps `energy`
  double energy = 0.95;          // part of the rows' variance
  std::size_t sample = 100'000;  // rows, and queries, that are looked at; drawn by the run's seed
  bool centre = true;            // false: mean is zero, and directions are those of x x^T
};

// Errors: InvalidArgument (an unknown method or no rows; dims above the rows' dims, or more than there are rows;
// queries missing where a method needs them or of other dims; NaN or infinity; rows that are all alike), Unsupported
// (metric manhattan or hamming; sphering with l2), Cancelled.
Result<Projection> fit_projection(const ProjectionOptions& options, MatrixView base, MatrixView queries, Metric metric,
                                  Run& run);
std::vector<std::string> projection_methods();  // "pca", "random", ...
bool learns_from_queries(std::string_view method) noexcept;

}  // namespace quiver
