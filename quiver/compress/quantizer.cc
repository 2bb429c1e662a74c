#include "quiver/compress/quantizer.h"

#include "quiver/simd/kernels.h"

namespace quiver {

std::size_t Scorer::score_below(std::size_t first, std::size_t count, float most, std::uint32_t* chosen,
                                float* distances) const noexcept {
  score_range(first, count, distances);
  const std::size_t found = simd::kernels().select_below(distances, count, most, chosen);
  for (std::size_t i = 0; i < found; ++i) distances[i] = distances[chosen[i]];
  return found;
}

void Codes::decode(std::span<const std::uint32_t> rows, Matrix& out) const {
  if (out.rows() != rows.size() || out.cols() != space().dims) out = Matrix(rows.size(), space().dims);
  for (std::size_t i = 0; i < rows.size(); ++i) decode_range(rows[i], 1, out.row(i).data(), out.stride());
}

}  // namespace quiver
