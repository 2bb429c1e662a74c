#include "quiver/simd/bandwidth.h"

#include <gtest/gtest.h>

#include <vector>

namespace quiver::simd {
namespace {

TEST(Bandwidth, IsPositiveAndZeroForNothing) {
  const std::vector<std::byte> buffer(1 << 20, std::byte{1});
  EXPECT_GT(read_bandwidth(buffer.data(), buffer.size()), 1e6);
  EXPECT_EQ(read_bandwidth(buffer.data(), 0), 0.0);
  EXPECT_GT(multiply_add_peak(), 1e6);
  EXPECT_EQ(stream_read(buffer.data(), 16), 2 * 0x0101010101010101u);
}

}  // namespace
}  // namespace quiver::simd
