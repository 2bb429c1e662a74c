#include "quiver/index/internal/graph_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "quiver/index/internal/testing.h"

namespace quiver::internal {
namespace {
constexpr std::uint64_t kSeed = 8;

struct Scene {
  Matrix points;
  NeighbourCode code;
  GraphLayout layout;
  GraphRows rows;
  GraphRows::Scratch scratch;

  Scene(std::size_t count, std::size_t dims, std::size_t groups, std::size_t blocks)
      : points(clustered(count, dims, kSeed)), layout{dims, groups, blocks}, rows(layout, count) {
    Matrix directions(200, dims);
    for (std::size_t i = 0; i < directions.rows(); ++i) {
      Random random(kSeed, i);
      for (float& x : directions.row(i)) x = random.normal();
    }
    normalize_rows(directions);
    quiver::Run run({.seed = kSeed, .threads = 1});
    code = NeighbourCode::fit(directions.view(), groups, run);
    for (std::size_t i = 0; i < count; ++i) rows.write_point(i, points.row(i).data());
  }
  void write(std::size_t i, const std::vector<std::uint32_t>& neighbours) {
    rows.write_neighbours(
        i, points.row(i).data(), neighbours, [&](std::size_t j) { return points.row(neighbours[j]).data(); }, code,
        scratch);
  }
  std::vector<std::uint32_t> next_rows(std::size_t i, std::size_t count) const {
    std::vector<std::uint32_t> out;
    for (std::size_t j = 1; j <= count; ++j) out.push_back(static_cast<std::uint32_t>((i + j) % points.rows()));
    return out;
  }
  // Estimates of all places of block b of row i, and how far roundings to bytes and halves may move each.
  void estimate(std::size_t i, std::size_t b, std::span<const float> query, float base, float* out, double* error) {
    NeighbourCode::Scratch of_query;
    code.tables(query.data(), of_query);
    simd::kernels().neighbour_scan(rows.block(i, b), of_query.tables(), base, INFINITY, out);
    const double step = static_cast<double>(of_query.tables().scale);
    for (std::size_t j = 0; j < simd::kBlockNeighbours; ++j) {
      const double offset = half(i, b, simd::block_offsets_at(layout.groups), j);
      const double slope = half(i, b, simd::block_slopes_at(layout.groups), j);
      const double length = std::sqrt(squared_l2(query, std::vector<float>(query.size())));
      error[j] = 0x1p-10 * (std::abs(offset) + 2 * std::abs(slope) * length) + 1e-6 * static_cast<double>(base) +
                 0.5 * step * static_cast<double>(layout.groups) * std::abs(slope) + 1e-6;
    }
  }
  double half(std::size_t i, std::size_t b, std::size_t at, std::size_t j) const {
    std::uint16_t bits = 0;
    std::memcpy(&bits, rows.block(i, b) + at + 2 * j, 2);
    float value = 0;
    simd::kernels().f16_to_f32(&bits, &value, 1);
    return static_cast<double>(value);
  }
};

// Towards the neighbour, and away from it, the estimate has no error but rounding: where the query is the neighbour
// itself its distance is 0, where the query is the row it is that of the two.
TEST(GraphRows, EstimatesAreTrueAtBothEndsOfAnEdge) {
  struct {
    std::size_t dims, groups, blocks;
  } const shapes[] = {{1, 4, 1}, {3, 8, 1}, {16, 16, 1}, {40, 12, 2}};
  for (const auto [dims, groups, blocks] : shapes) {
    Scene scene(90, dims, groups, blocks);
    const std::vector<std::uint32_t> neighbours = scene.next_rows(7, 32 * blocks);
    scene.write(7, neighbours);
    float out[simd::kBlockNeighbours];
    double error[simd::kBlockNeighbours];
    for (std::size_t j = 0; j < neighbours.size(); ++j) {
      const auto u = scene.points.row(neighbours[j]), v = scene.points.row(7);
      const double squared = squared_l2(u, v);
      if (scene.half(7, j / 32, simd::block_slopes_at(groups), j % 32) == 0) continue;  // codes that say nothing
      scene.estimate(7, j / 32, u, static_cast<float>(squared), out, error);
      ASSERT_NEAR(static_cast<double>(out[j % 32]), 0, error[j % 32]) << dims << " dims, place " << j;
      scene.estimate(7, j / 32, v, 0, out, error);
      ASSERT_NEAR(static_cast<double>(out[j % 32]), squared, error[j % 32]) << dims << " dims, place " << j;
    }
  }
}

TEST(GraphRows, PointsDecodeWithinHalfAStep) {
  for (const std::size_t dims : {1U, 2U, 17U, 64U, 200U}) {
    const Scene scene(40, dims, 8, 1);
    std::vector<float> decoded(dims), query(dims, 0.25F);
    for (std::size_t i = 0; i < 40; ++i) {
      const auto point = scene.points.row(i);
      const auto [low, high] = std::minmax_element(point.begin(), point.end());
      const double step = (static_cast<double>(*high) - static_cast<double>(*low)) / 255;
      scene.rows.decode_point(i, decoded.data());
      for (std::size_t d = 0; d < dims; ++d) {
        ASSERT_NEAR(static_cast<double>(decoded[d]), static_cast<double>(point[d]), 0.5001 * step + 1e-6);
      }
      const double want = squared_l2(query, decoded);
      const float norm = 0.0625F * static_cast<float>(dims), sum = 0.25F * static_cast<float>(dims);
      ASSERT_NEAR(static_cast<double>(scene.rows.distance(i, query.data(), norm, sum)), want, 1e-4 * (1 + want));
    }
  }
}

TEST(GraphRows, NewRowsHaveNoNeighboursAndKeepTheirPlaces) {
  for (const std::size_t blocks : {1U, 2U}) {
    Scene scene(60, 10, 8, blocks);
    std::vector<std::uint32_t> neighbours;
    scene.rows.neighbours_of(3, neighbours);
    EXPECT_TRUE(neighbours.empty());
    float out[simd::kBlockNeighbours];
    NeighbourCode::Scratch of_query;
    scene.code.tables(scene.points.row(0).data(), of_query);
    EXPECT_EQ(simd::kernels().neighbour_scan(scene.rows.block(3, 0), of_query.tables(), 0, INFINITY, out), 0U);
    scene.write(3, {5, 9});
    scene.rows.neighbours_of(3, neighbours);
    EXPECT_EQ(neighbours, (std::vector<std::uint32_t>{5, 9}));
    EXPECT_EQ(simd::kernels().neighbour_scan(scene.rows.block(3, 0), of_query.tables(), 0, INFINITY, out), 3U);
    for (std::size_t j = 2; j < 32; ++j) EXPECT_TRUE(scene.rows.unreachable(3, 0, j));
    EXPECT_FALSE(scene.rows.unreachable(3, 0, 1));
    scene.write(3, scene.next_rows(3, 32 * blocks));
    scene.write(3, {8});  // fewer than before: the others are gone
    scene.rows.neighbours_of(3, neighbours);
    EXPECT_EQ(neighbours, (std::vector<std::uint32_t>{8}));
    for (std::size_t i = 0; i < 60; ++i) {
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(scene.rows.block(i, blocks - 1)) % 64, 0U);
    }
  }
}

TEST(GraphRows, ReplacingOneNeighbourLeavesTheOthersAsTheyAre) {
  Scene scene(100, 20, 12, 2), other(100, 20, 12, 2);
  std::vector<std::uint32_t> neighbours = scene.next_rows(0, 64);
  scene.write(0, neighbours);
  for (const std::size_t place : {0U, 15U, 16U, 31U, 32U, 50U, 63U}) {
    // The same as writing all of them anew.
    neighbours[place] = static_cast<std::uint32_t>(99 - place / 4);
    scene.rows.replace_neighbour(0, place, scene.points.row(0).data(), neighbours[place],
                                 scene.points.row(neighbours[place]).data(), scene.code, scene.scratch);
    other.write(0, neighbours);
    ASSERT_EQ(std::memcmp(scene.rows.row(0), other.rows.row(0), scene.layout.row_bytes()), 0) << "place " << place;
  }
}

TEST(GraphRows, DuplicatesAndRowsFarAwayStayInReach) {
  Scene scene(4, 6, 8, 1);
  std::copy_n(scene.points.row(0).data(), 6, scene.points.row(1).data());
  for (float& x : scene.points.row(2)) x *= 1e4F;  // its squared distance is no f16
  for (float& x : scene.points.row(3)) x = -3e3F;
  scene.write(0, {1, 2, 3});
  EXPECT_EQ(scene.half(0, 0, simd::block_offsets_at(8), 0), 0);
  EXPECT_EQ(scene.half(0, 0, simd::block_slopes_at(8), 0), 0);
  for (std::size_t j = 0; j < 3; ++j) {
    EXPECT_TRUE(std::isfinite(scene.half(0, 0, simd::block_offsets_at(8), j))) << j;
    EXPECT_TRUE(std::isfinite(scene.half(0, 0, simd::block_slopes_at(8), j))) << j;
    EXPECT_FALSE(scene.rows.unreachable(0, 0, j)) << j;
  }
}

TEST(GraphRows, GrowAfterMapping) {
  Scene scene(50, 9, 8, 1);
  for (std::size_t i = 0; i < 50; ++i) scene.write(i, scene.next_rows(i, 1 + i % 32));
  const auto bytes = scene.rows.bytes();
  const auto owner = std::make_shared<int>(1);
  GraphRows mapped = GraphRows::mapped(scene.layout, bytes, owner);
  EXPECT_EQ(mapped.rows(), 50U);
  EXPECT_EQ(mapped.row(0), scene.rows.row(0));
  EXPECT_EQ(owner.use_count(), 2);
  mapped.grow(0);
  for (const std::size_t more : {1U, 3U, 200U}) {
    const std::size_t before = mapped.rows();
    mapped.grow(more);
    ASSERT_EQ(mapped.rows(), before + more);
    ASSERT_EQ(std::memcmp(mapped.row(0), bytes.data(), bytes.size()), 0);
    std::vector<std::uint32_t> neighbours;
    for (std::size_t i = before; i < mapped.rows(); ++i) {
      mapped.neighbours_of(i, neighbours);
      ASSERT_TRUE(neighbours.empty());
    }
  }
  EXPECT_EQ(owner.use_count(), 1) << "the mapping is let go once its bytes are copied";
  EXPECT_EQ(std::memcmp(scene.rows.row(0), bytes.data(), bytes.size()), 0);
  mapped.write_point(53, scene.points.row(2).data());
  EXPECT_EQ(std::memcmp(mapped.row(53), scene.rows.row(2), scene.layout.blocks_at()), 0);
}

}  // namespace
}  // namespace quiver::internal
