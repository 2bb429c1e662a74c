#include "quiver/index/internal/query_map.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "quiver/simd/kernels.h"

namespace quiver::internal {
namespace {
constexpr std::size_t kTile = 16;       // rows of the map that stay in the first cache while queries pass by
constexpr float kOutlier = 16;          // largest coordinate over root mean square that 8 bits still carry well
constexpr float kSmallest = 0x1p-100F;  // largest coordinate of a query whose scale floats can still hold
}  // namespace

QueryMap::QueryMap(const Projection& projection, float unit)
    : from_(projection.from()),
      to_(projection.to()),
      stride_((from_ + 63) / 64 * 64),
      unit_(unit),
      codes_(to_ * stride_),
      low_(to_),
      scale_(to_),
      exact_(Matrix::copy_of(projection.query_map())) {
  minus_mean_.assign(from_, 0);
  if (projection.metric() == Metric::L2 && !projection.mean().empty()) {
    std::transform(projection.mean().begin(), projection.mean().end(), minus_mean_.begin(), std::negate<>());
  }
  for (std::size_t j = 0; j < to_; ++j) {
    float high = 0;
    simd::kernels().min_max(exact_.row(j).data(), from_, &low_[j], &high);
    scale_[j] = (high - low_[j]) / 255;
    auto* codes = reinterpret_cast<std::uint8_t*>(codes_.data() + j * stride_);
    for (std::size_t i = 0; i < from_ && scale_[j] > 0; ++i) {
      codes[i] = static_cast<std::uint8_t>(std::nearbyint((exact_.row(j)[i] - low_[j]) / scale_[j]));
    }
  }
}

// The query in 8 bits, or, where those would lose it, what the Projection makes of it.
void QueryMap::encode(const float* query, float* centred, std::int8_t* codes, Scratch::Query& coded,
                      float* out) const noexcept {
  const simd::Kernels& k = simd::kernels();
  std::copy_n(query, from_, centred);
  k.add(centred, minus_mean_.data(), from_);
  float low = 0, high = 0;
  k.min_max(centred, from_, &low, &high);
  const float largest = std::max(-low, high);
  const float squared = k.squared_norm(centred, from_);
  coded = {0, unit_ * unit_ * squared, 0};
  if (largest * largest * static_cast<float>(from_) > kOutlier * kOutlier * squared || !(largest > kSmallest)) {
    k.distance(Metric::Dot, Element::F32)(centred, reinterpret_cast<const std::byte*>(exact_.data()),
                                          exact_.stride() * sizeof(float), nullptr, to_, from_, out);
    for (std::size_t j = 0; j < to_; ++j) out[j] *= -unit_;
    return;
  }
  coded.step = largest / 127;
  coded.sum = k.round_to_i8(centred, from_, 127 / largest, codes);
}

void QueryMap::apply(MatrixView queries, Scratch& scratch, float* out, std::size_t stride) const {
  if (scratch.centred.cols() != from_) scratch.centred = Matrix(1, from_);
  scratch.codes.resize(std::max(scratch.codes.size(), queries.rows * from_));
  scratch.queries.resize(std::max(scratch.queries.size(), queries.rows));
  for (std::size_t q = 0; q < queries.rows; ++q) {
    encode(queries.row(q).data(), scratch.centred.data(), scratch.codes.data() + q * from_, scratch.queries[q],
           out + q * stride);
  }
  const simd::BlockKernel dot = simd::kernels().dot_i8_u8;
  for (std::size_t first = 0; first < to_; first += kTile) {
    const std::size_t count = std::min(kTile, to_ - first);
    for (std::size_t q = 0; q < queries.rows; ++q) {
      const auto& [step, unused, sum] = scratch.queries[q];
      if (step == 0) continue;
      float* z = out + q * stride + first;
      dot(scratch.codes.data() + q * from_, codes_.data() + first * stride_, stride_, nullptr, count, from_, z);
      for (std::size_t j = 0; j < count; ++j) {
        z[j] = unit_ * step * (low_[first + j] * static_cast<float>(sum) + scale_[first + j] * z[j]);
      }
    }
  }
}

}  // namespace quiver::internal
