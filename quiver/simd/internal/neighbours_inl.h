// The tables of a query for neighbour blocks, written once over a level's primitives V, as block_inl.h is.
#pragma once

#include <cstddef>
#include <cstdint>

#include "quiver/simd/internal/load_inl.h"
#include "quiver/simd/neighbours.h"

namespace quiver::simd {
namespace {

// One centroid coordinate a lane: the 16 products of a group grow side by side. Products are rounded before they are
// added, so that every level gives the same bits and chooses the same codes.
template <class V>
struct Products {
  static constexpr std::size_t kVectors = kGroupCentroids / V::kFloats;
  typename V::Floats total[kVectors];

  // Of dimensions begin .. end - 1.
  QUIVER_INLINE Products(const float* vector, const float* centroids, std::size_t begin, std::size_t end) noexcept {
    QUIVER_UNROLL
    for (std::size_t v = 0; v < kVectors; ++v) total[v] = V::zero_floats();
    for (std::size_t i = begin; i < end; ++i) {
      const auto x = V::fill(vector[i]);
      const float* const of_dimension = centroids + i * kGroupCentroids;
      QUIVER_UNROLL
      for (std::size_t v = 0; v < kVectors; ++v) {
        const auto* const at = reinterpret_cast<const std::byte*>(of_dimension + v * V::kFloats);
        total[v] = V::add(total[v], V::mul(x, V::load(F32{}, at)));
      }
    }
  }
};

template <class V>
void group_products(const float* vector, const float* centroids, const std::uint16_t* starts, std::size_t groups,
                    float* values) noexcept {
  for (std::size_t g = 0; g < groups; ++g, values += kGroupCentroids) {
    const Products<V> products(vector, centroids, starts[g], starts[g + 1]);
    QUIVER_UNROLL
    for (std::size_t v = 0; v < Products<V>::kVectors; ++v) {
      V::store(F32{}, values + v * V::kFloats, products.total[v]);
    }
  }
}

template <class V>
void neighbour_tables(const float* query, const float* centroids, const std::uint16_t* starts, std::size_t groups,
                      float* values, std::uint8_t* entries, float* scale, float* bias) noexcept {
  constexpr std::size_t kVectors = Products<V>::kVectors;
  float range = 0, sum = 0;
  for (std::size_t g = 0; g < groups; ++g) {
    const Products<V> products(query, centroids, starts[g], starts[g + 1]);
    const auto& total = products.total;
    auto lows = total[0], highs = total[0];
    QUIVER_UNROLL
    for (std::size_t v = 1; v < kVectors; ++v) {
      lows = V::min(total[v], lows);
      highs = V::max(total[v], highs);
    }
    const float low = V::lowest(lows), spread = V::highest(highs) - low;
    const auto least = V::fill(low);
    QUIVER_UNROLL
    for (std::size_t v = 0; v < kVectors; ++v) {
      V::store(F32{}, values + g * kGroupCentroids + v * V::kFloats, V::sub(total[v], least));
    }
    range = spread > range ? spread : range;
    sum += low;
  }
  constexpr float kHalf = 0.5F;  // values are not negative, so that cutting off rounds to the nearest
  const float inverse = range > 0 ? 255.0F / range : 0;
  for (std::size_t i = 0; i < groups * kGroupCentroids; ++i) {
    entries[i] = static_cast<std::uint8_t>(values[i] * inverse + kHalf);
  }
  *scale = range / 255.0F;
  *bias = sum;
}

}  // namespace
}  // namespace quiver::simd
