// What the tests of graphs share: rows in clusters, as learned vectors lie. For _test.cc files only.
#pragma once
#include <algorithm>

#include "quiver/core/matrix.h"
#include "quiver/core/random.h"

namespace quiver::internal {

// Rows around `clusters` normal centres, with less variance in later dimensions. Another stream of the same seed draws
// other rows around the same centres: queries.
inline Matrix clustered(std::size_t rows, std::size_t dims, std::uint64_t seed, std::uint64_t stream = 0,
                        std::size_t clusters = 40) {
  Matrix centres(clusters, dims), out(rows, dims);
  const auto falling = [&](std::size_t d) { return 1 / (1 + 3 * static_cast<float>(d) / static_cast<float>(dims)); };
  for (std::size_t c = 0; c < clusters; ++c) {
    Random random(seed, c);
    for (std::size_t d = 0; d < dims; ++d) centres.row(c)[d] = falling(d) * random.normal();
  }
  for (std::size_t i = 0; i < rows; ++i) {
    Random random(mix(seed, stream + 1), i);
    const std::size_t c = random.below(clusters);
    for (std::size_t d = 0; d < dims; ++d) out.row(i)[d] = centres.row(c)[d] + 0.5F * falling(d) * random.normal();
  }
  return out;
}

inline Matrix all_alike(std::size_t rows, std::size_t dims, float value) {
  Matrix out(rows, dims);
  for (std::size_t i = 0; i < rows; ++i) std::fill_n(out.row(i).data(), dims, value);
  return out;
}

inline double squared_l2(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t d = 0; d < a.size(); ++d) {
    const double difference = static_cast<double>(a[d]) - static_cast<double>(b[d]);
    sum += difference * difference;
  }
  return sum;
}

}  // namespace quiver::internal
