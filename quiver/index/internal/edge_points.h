// EdgePoints: the rows among which a graph's edges are chosen for one of them, each as it is and where it stands for
// that choice. For squared L2 the two are the same; by inner product its direction counts, so that long rows, which are
// the answers and far from all others, are somebody's neighbours too.
//
//   EdgePoints near(dims, products);
//   near.room_for(64);                                   // forgets what was there if it must grow
//   graph.rows.decode_point(row, near.point(0));         // as it is ...
//   near.place(0);                                       // ... and where it stands
//   prune(near.placed(), candidates, ...);               // distances between placed ones
//   write_neighbours(..., near.point(0), ...);           // codes of real ones
//
// Thread-safety: one owner. Cost: by inner product, two floats a coordinate and one pass over them.
#pragma once
#include <algorithm>
#include <cmath>
#include <span>

#include "quiver/core/matrix.h"
#include "quiver/simd/kernels.h"

namespace quiver::internal {

inline constexpr float kQueryLength = 64;  // of points by inner product; the longest row's too

// Where a point stands for the choice of edges.
inline void place_for_edges(bool products, std::span<float> point) noexcept {
  if (!products) return;
  const float squared = simd::kernels().squared_norm(point.data(), point.size());
  const float scale = squared > 0 ? kQueryLength / std::sqrt(squared) : 0;
  for (float& x : point) x *= scale;
}

class EdgePoints {
 public:
  EdgePoints(std::size_t dims, bool products) : products_(products), real_(0, dims), placed_(0, dims) {}
  void room_for(std::size_t rows) {
    if (real_.rows() >= rows) return;
    real_ = Matrix(rows, real_.cols());
    if (products_) placed_ = Matrix(rows, real_.cols());
  }
  float* point(std::size_t i) noexcept { return real_.row(i).data(); }
  void place(std::size_t i) noexcept {
    if (!products_) return;
    std::copy_n(real_.row(i).data(), real_.cols(), placed_.row(i).data());
    place_for_edges(true, placed_.row(i));
  }
  void put(std::size_t i, const float* point) noexcept {  // a copy of it, placed
    std::copy_n(point, real_.cols(), real_.row(i).data());
    place(i);
  }
  MatrixView placed() const noexcept { return products_ ? placed_.view() : real_.view(); }

 private:
  bool products_;
  Matrix real_, placed_;
};

}  // namespace quiver::internal
