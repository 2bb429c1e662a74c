#include "quiver/index/internal/neighbour_block.h"

#include <gtest/gtest.h>

#include <cmath>

#include "quiver/index/internal/testing.h"
#include "quiver/simd/kernels.h"

namespace quiver::internal {
namespace {
constexpr std::uint64_t kSeed = 9;
constexpr std::size_t kDims = 24, kGroups = 16;

struct Blocks {
  Matrix points = clustered(33, kDims, kSeed);
  NeighbourCode code;
  NeighbourScratch scratch;
  AlignedBytes bytes{2 * simd::block_bytes(kGroups)};
  Blocks() {
    Matrix directions = clustered(400, kDims, kSeed + 1);
    normalize_rows(directions);
    quiver::Run run({.seed = kSeed, .threads = 1});
    code = NeighbourCode::fit(directions.view(), kGroups, run);
    for (std::size_t j = 0; j < 64; ++j) clear_neighbour(block(j / 32), j % 32, kGroups);
    code.tables(centre().data(), scratch.centre);
  }
  std::span<const float> centre() const { return points.row(32); }
  std::byte* block(std::size_t b) { return bytes.data() + b * simd::block_bytes(kGroups); }
  void put(std::size_t b, std::size_t place, std::uint32_t row) {
    put_neighbour(block(b), place, centre(), row, points.row(row).data(), code, scratch);
  }
  std::vector<float> estimates(std::size_t b, std::span<const float> query) {
    NeighbourCode::Scratch of_query;
    code.tables(query.data(), of_query);
    std::vector<float> out(32);
    const auto base = static_cast<float>(squared_l2(query, centre()));
    simd::kernels().neighbour_scan(block(b), of_query.tables(), base, INFINITY, out.data());
    return out;
  }
};

TEST(NeighbourBlock, EstimatesDistancesToWhatWasPut) {
  Blocks blocks;
  for (std::uint32_t row = 0; row < 32; ++row) blocks.put(0, row, row);
  const Matrix queries = clustered(20, kDims, kSeed, 3);
  double error = 0, size = 0;
  for (std::size_t q = 0; q < queries.rows(); ++q) {
    const std::vector<float> estimates = blocks.estimates(0, queries.row(q));
    for (std::size_t j = 0; j < 32; ++j) {
      const double exact = squared_l2(queries.row(q), blocks.points.row(j));
      error += std::abs(static_cast<double>(estimates[j]) - exact);
      size += exact;
      EXPECT_EQ(neighbour_row(blocks.block(0), j, kGroups), j);
    }
  }
  EXPECT_LT(error, 0.15 * size);
}

TEST(NeighbourBlock, EstimatesProductsOfQueriesOfALength) {
  Blocks blocks;
  constexpr float kLength = 64;
  for (std::uint32_t row = 0; row < 32; ++row) {
    put_neighbour(blocks.block(0), row, blocks.centre(), row, blocks.points.row(row).data(), blocks.code,
                  blocks.scratch, kLength);
  }
  Matrix queries = clustered(20, kDims, kSeed, 3);
  normalize_rows(queries);
  double error = 0, size = 0;
  for (std::size_t q = 0; q < queries.rows(); ++q) {
    for (float& x : queries.row(q)) x *= kLength;
    const auto product = [&](std::span<const float> with) {
      double sum = 0;
      for (std::size_t d = 0; d < kDims; ++d) sum += static_cast<double>(queries.row(q)[d]) * with[d];
      return -2 * sum;
    };
    NeighbourCode::Scratch of_query;
    blocks.code.tables(queries.row(q).data(), of_query);
    std::vector<float> out(32);
    simd::kernels().neighbour_scan(blocks.block(0), of_query.tables(), static_cast<float>(product(blocks.centre())),
                                   INFINITY, out.data());
    for (std::size_t j = 0; j < 32; ++j) {
      const double exact = product(blocks.points.row(j));
      error += std::abs(static_cast<double>(out[j]) - exact);
      size += 2 * kLength * std::sqrt(simd::kernels().squared_norm(blocks.points.row(j).data(), kDims));
    }
  }
  EXPECT_LT(error, 0.05 * size);
}

TEST(NeighbourBlock, PlacesAreIndependent) {
  Blocks together, apart;
  for (std::uint32_t row = 0; row < 32; ++row) together.put(0, row, row);
  for (std::uint32_t row = 32; row-- > 0;) apart.put(0, row, row);
  EXPECT_EQ(std::memcmp(together.bytes.data(), apart.bytes.data(), together.bytes.size()), 0);
  // One after another to other places of the other block, and back.
  const AlignedBytes& before = together.bytes;
  for (std::size_t j = 0; j < 32; ++j)
    copy_neighbour(together.block(0), j, together.block(1), (7 * j + 5) % 32, kGroups);
  for (std::size_t j = 0; j < 32; ++j) clear_neighbour(together.block(0), j, kGroups);
  for (std::size_t j = 0; j < 32; ++j) {
    EXPECT_TRUE(is_unreachable(together.block(0), j, kGroups));
    EXPECT_EQ(neighbour_row(together.block(0), j, kGroups), kNoRow);
    EXPECT_FALSE(is_unreachable(together.block(1), j, kGroups));
    copy_neighbour(together.block(1), (7 * j + 5) % 32, together.block(0), j, kGroups);
  }
  EXPECT_EQ(std::memcmp(before.data(), apart.bytes.data(), simd::block_bytes(kGroups)), 0);
}

TEST(NeighbourBlock, EmptyPlacesAreInfinitelyFarAndACopyOfTheCentreIsNot) {
  Blocks blocks;
  blocks.put(0, 5, 32);
  const std::vector<float> estimates = blocks.estimates(0, blocks.points.row(3));
  const double exact = squared_l2(blocks.points.row(3), blocks.centre());
  for (std::size_t j = 0; j < 32; ++j) {
    if (j == 5) {
      EXPECT_NEAR(static_cast<double>(estimates[j]), exact, 1e-3 * exact);
    } else {
      EXPECT_EQ(estimates[j], INFINITY);
    }
  }
}

}  // namespace
}  // namespace quiver::internal
