// Rows of 4-bit codes, two a byte, in the order that unpacks fastest; the reference reader and writer.
//
// Layout: a row is cut into blocks of 64 coordinates (the last may be shorter). A block of n coordinates takes
// h = (n + 1) / 2 bytes; byte j holds code j in its low nibble and code h + j in its high nibble (0 when n is odd and
// j is the last). One 32-byte load, one mask and one shift thus give 64 codes in order, without a shuffle:
//
//   block of 64:  byte  0: code 0 | code 32 << 4     byte 1: code 1 | code 33 << 4   ...   byte 31: code 31 | code 63
//   << 4
//
// Whole blocks take 32 bytes, so a row of `dims` codes takes (dims + 1) / 2 bytes and block b starts at byte 32 b.
//   std::vector<std::uint8_t> row(simd::packed_u4_bytes(dims));  simd::pack_u4(codes, dims, row.data());
#pragma once

#include <cstddef>
#include <cstdint>

namespace quiver::simd {

inline constexpr std::size_t kPackedBlock = 64;

constexpr std::size_t packed_u4_bytes(std::size_t dims) noexcept { return (dims + 1) / 2; }

// Requires: codes[i] < 16.
constexpr void pack_u4(const std::uint8_t* codes, std::size_t dims, std::uint8_t* row) noexcept {
  for (std::size_t start = 0; start < dims; start += kPackedBlock, row += kPackedBlock / 2) {
    const std::size_t n = dims - start < kPackedBlock ? dims - start : kPackedBlock;
    const std::size_t half = (n + 1) / 2;
    for (std::size_t j = 0; j < half; ++j) {
      const unsigned high = half + j < n ? codes[start + half + j] : 0u;
      row[j] = static_cast<std::uint8_t>(codes[start + j] | high << 4);
    }
  }
}

constexpr void unpack_u4(const std::uint8_t* row, std::size_t dims, std::uint8_t* codes) noexcept {
  for (std::size_t start = 0; start < dims; start += kPackedBlock, row += kPackedBlock / 2) {
    const std::size_t n = dims - start < kPackedBlock ? dims - start : kPackedBlock;
    const std::size_t half = (n + 1) / 2;
    for (std::size_t j = 0; j < half; ++j) {
      codes[start + j] = row[j] & 15u;
      if (half + j < n) codes[start + half + j] = static_cast<std::uint8_t>(row[j] >> 4);
    }
  }
}

// One code without unpacking the row. Requires: i < dims.
constexpr std::uint8_t packed_u4_at(const std::uint8_t* row, std::size_t dims, std::size_t i) noexcept {
  const std::size_t start = i / kPackedBlock * kPackedBlock;
  const std::size_t n = dims - start < kPackedBlock ? dims - start : kPackedBlock;
  const std::size_t half = (n + 1) / 2;
  const std::size_t j = i - start;
  const std::uint8_t byte = row[start / 2 + (j < half ? j : j - half)];
  return static_cast<std::uint8_t>(j < half ? byte & 15 : byte >> 4);
}

}  // namespace quiver::simd
