#include "quiver/compress/quantizer.h"

namespace quiver {

void Codes::decode(std::span<const std::uint32_t> rows, Matrix& out) const {
  if (out.rows() != rows.size() || out.cols() != space().dims) out = Matrix(rows.size(), space().dims);
  for (std::size_t i = 0; i < rows.size(); ++i) decode_range(rows[i], 1, out.row(i).data(), out.stride());
}

}  // namespace quiver
