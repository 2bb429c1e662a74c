#include "quiver/simd/packed_u4.h"

#include <gtest/gtest.h>

#include <vector>

#include "quiver/simd/internal/testing.h"

namespace quiver::simd::internal {
namespace {

TEST(PackedU4, PacksTheDocumentedLayout) {
  std::vector<std::uint8_t> codes(67);
  for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<std::uint8_t>(i * 7 % 16);
  std::vector<std::uint8_t> row(packed_u4_bytes(codes.size()));
  ASSERT_EQ(row.size(), 34u);
  pack_u4(codes.data(), codes.size(), row.data());
  EXPECT_EQ(row[0], codes[0] | codes[32] << 4);
  EXPECT_EQ(row[31], codes[31] | codes[63] << 4);
  EXPECT_EQ(row[32], codes[64] | codes[66] << 4);  // the last block: three codes, half = 2
  EXPECT_EQ(row[33], codes[65]);
}

TEST(PackedU4, UnpacksWhatItPacked) {
  for (const std::size_t dims : kDims) {
    std::vector<std::uint8_t> codes(dims), row(packed_u4_bytes(dims)), back(dims);
    Draws draws{dims};
    for (std::uint8_t& code : codes) code = draws.bits() & 15;
    pack_u4(codes.data(), dims, row.data());
    unpack_u4(row.data(), dims, back.data());
    EXPECT_EQ(back, codes) << dims;
    for (std::size_t i = 0; i < dims; ++i) ASSERT_EQ(packed_u4_at(row.data(), dims, i), codes[i]) << dims << ' ' << i;
  }
}

}  // namespace
}  // namespace quiver::simd::internal
