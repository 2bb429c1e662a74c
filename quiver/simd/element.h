// The element types of stored vectors and the distances between them: the two words every layer shares.
//
//   static_assert(quiver::bits_of(quiver::Element::F16) == 16);
//   quiver::name(quiver::Metric::Cosine) == "cosine";
//
// They live below `core` because the kernel table is indexed by them; quiver/core re-exports both.
// f16 (IEEE binary16) and bf16 (upper half of binary32) values are held as std::uint16_t. Bit rows hold eight
// coordinates a byte, coordinate i in bit i % 8 of byte i / 8; bits at and past `dims` in the last byte are zero.
// Smaller is closer in every metric: L2 is squared, Dot is negated, Cosine is 1 - cos.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace quiver {

enum class Element : std::uint8_t { F32, F16, Bf16, I8, U8, Bit };
enum class Metric : std::uint8_t { L2, Dot, Cosine, Manhattan, Hamming };

inline constexpr std::size_t kElements = 6;
inline constexpr std::size_t kMetrics = 5;

constexpr std::size_t bits_of(Element element) noexcept {
  constexpr std::size_t kBits[kElements] = {32, 16, 16, 8, 8, 1};
  return kBits[static_cast<std::size_t>(element)];
}

// Bytes of one row of `dims` coordinates without padding.
constexpr std::size_t bytes_of(Element element, std::size_t dims) noexcept { return (bits_of(element) * dims + 7) / 8; }

constexpr std::string_view name(Element element) noexcept {
  constexpr std::string_view kNames[kElements] = {"f32", "f16", "bf16", "i8", "u8", "bit"};
  return kNames[static_cast<std::size_t>(element)];
}

constexpr std::string_view name(Metric metric) noexcept {
  constexpr std::string_view kNames[kMetrics] = {"l2", "dot", "cosine", "manhattan", "hamming"};
  return kNames[static_cast<std::size_t>(metric)];
}

}  // namespace quiver
