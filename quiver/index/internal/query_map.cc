#include "quiver/index/internal/query_map.h"

#include <algorithm>
#include <cmath>

#include "quiver/simd/kernels.h"

namespace quiver::internal {
namespace {
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
  if (projection.metric() == Metric::L2) mean_.assign(projection.mean().begin(), projection.mean().end());
  if (mean_.empty()) mean_.assign(from_, 0);
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

float QueryMap::apply(const float* query, Scratch& scratch, float* out) const noexcept {
  const simd::Kernels& k = simd::kernels();
  if (scratch.centred.cols() != from_) {
    scratch.centred = Matrix(1, from_);
    scratch.codes.resize(from_);
  }
  float* centred = scratch.centred.data();
  for (std::size_t i = 0; i < from_; ++i) centred[i] = query[i] - mean_[i];
  float low = 0, high = 0;
  k.min_max(centred, from_, &low, &high);
  const float largest = std::max(-low, high);
  const float squared = k.squared_norm(centred, from_);
  if (largest * largest * static_cast<float>(from_) > kOutlier * kOutlier * squared || !(largest > kSmallest)) {
    k.distance(Metric::Dot, Element::F32)(centred, reinterpret_cast<const std::byte*>(exact_.data()),
                                          exact_.stride() * sizeof(float), nullptr, to_, from_, out);
    for (std::size_t j = 0; j < to_; ++j) out[j] *= -unit_;
    return unit_ * unit_ * squared;
  }
  const float step = largest / 127, inverse = 127 / largest;
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < from_; ++i) {
    // Adding 1.5 * 2^23 rounds to the nearest integer, in vectors, which nearbyint() does not.
    constexpr float kRound = 12582912.0F;
    const auto code = static_cast<std::int32_t>((centred[i] * inverse + kRound) - kRound);
    scratch.codes[i] = static_cast<std::int8_t>(code);
    sum += code;
  }
  k.dot_i8_u8(scratch.codes.data(), codes_.data(), stride_, nullptr, to_, from_, out);
  for (std::size_t j = 0; j < to_; ++j) {
    out[j] = unit_ * step * (low_[j] * static_cast<float>(sum) + scale_[j] * out[j]);
  }
  return unit_ * unit_ * squared;
}

}  // namespace quiver::internal
