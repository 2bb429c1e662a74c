// Fills a table with the kernels of one level, from that level's primitives V.
#pragma once

#include "quiver/simd/internal/activations_inl.h"
#include "quiver/simd/internal/arrays_inl.h"
#include "quiver/simd/internal/descent_inl.h"
#include "quiver/simd/internal/load_inl.h"
#include "quiver/simd/internal/neighbours_inl.h"
#include "quiver/simd/internal/reduce_inl.h"
#include "quiver/simd/kernels.h"

namespace quiver::simd {
namespace {

// The table's entry, without calling an inline function that other files compile with other instructions.
QUIVER_INLINE BlockKernel& slot(Kernels& table, Metric metric, Element element) noexcept {
  return table.distances[static_cast<std::size_t>(metric)][static_cast<std::size_t>(element)];
}

// The five metrics of one element type.
template <class V, class Kind, class Load>
void fill_element(Kernels& table, Element element) noexcept {
  slot(table, Metric::L2, element) = &block<Load, L2<V, Kind>>;
  slot(table, Metric::Dot, element) = &block<Load, Dot<V, Kind>>;
  slot(table, Metric::Cosine, element) = &block<Load, Cosine<V, Kind>>;
  slot(table, Metric::Manhattan, element) = &block<Load, Manhattan<V, Kind>>;
  slot(table, Metric::Hamming, element) = &block<Load, Hamming<V, Kind>>;
}

template <class V>
void fill_bits(Kernels& table) noexcept {
  using Load = ByteRows<V, true>;
  constexpr auto kHamming = &block<Load, Hamming<V, Bits<V>>>;
  slot(table, Metric::L2, Element::Bit) = kHamming;
  slot(table, Metric::Manhattan, Element::Bit) = kHamming;
  slot(table, Metric::Hamming, Element::Bit) = kHamming;
  slot(table, Metric::Dot, Element::Bit) = &block<Load, Dot<V, Bits<V>>>;
  slot(table, Metric::Cosine, Element::Bit) = &block<Load, Cosine<V, Bits<V>>>;
}

template <class V>
void fill_integers(Kernels& table) noexcept {
  fill_element<V, Signed<V>, ByteRows<V>>(table, Element::I8);
  fill_element<V, Unsigned<V>, ByteRows<V>>(table, Element::U8);
  table.dot_i8_u8 = &block<ByteRows<V>, Product<V, Mixed<V>>>;
  table.dot_i8_u4 = &block<ByteNibbleRows<V>, BlockProduct<V, Mixed<V>>>;
}

template <class V>
void fill_floats(Kernels& table) noexcept {
  fill_element<V, Real<V>, FloatRows<V, F32>>(table, Element::F32);
  fill_element<V, Real<V>, FloatRows<V, F16>>(table, Element::F16);
  fill_element<V, Real<V>, FloatRows<V, Bf16>>(table, Element::Bf16);
  table.l2_f32_f16 = &block<FloatRows<V, F32, F16>, L2<V, Real<V>>>;
  table.dot_f32_f16 = &block<FloatRows<V, F32, F16>, Dot<V, Real<V>>>;
  table.dot_f32_u8 = &block<FloatRows<V, F32, Code>, Product<V, Real<V>>>;
  table.dot_f32_u4 = &block<FloatNibbleRows<V>, BlockProduct<V, Real<V>>>;
}

template <class V>
void fill_arrays(Kernels& table) noexcept {
  table.min_max = &min_max<V>;
  table.sum = &reduce_array<V, Total<V>>;
  table.squared_norm = &reduce_array<V, Product<V, Real<V>>>;
  table.f32_to_f16 = &convert<V, F32, float, F16, std::uint16_t>;
  table.f16_to_f32 = &convert<V, F16, std::uint16_t, F32, float>;
  table.f32_to_bf16 = &convert<V, F32, float, Bf16, std::uint16_t>;
  table.bf16_to_f32 = &convert<V, Bf16, std::uint16_t, F32, float>;
  table.round_to_i8 = &round_to_i8<V>;
  table.select_below = &select_below<V>;
  table.least = &least<V>;
  table.neighbour_tables = &neighbour_tables<V>;
  table.group_products = &group_products<V>;
  table.stream_read = &stream_read<V>;
  table.multiply_add = &multiply_add<V>;
}

template <class V>
void fill_all(Kernels& table) noexcept {
  fill_floats<V>(table);
  fill_integers<V>(table);
  fill_bits<V>(table);
  fill_arrays<V>(table);
  fill_activations<V>(table);
  fill_descent<V>(table);
}

}  // namespace
}  // namespace quiver::simd
