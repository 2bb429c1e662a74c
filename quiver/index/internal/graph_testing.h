// What the tests of a graph's parts share: one built from clustered points, and who leads to whom. For _test.cc files
// only.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "quiver/index/internal/eligible.h"
#include "quiver/index/internal/graph_builder.h"
#include "quiver/index/internal/testing.h"

namespace quiver::internal {

inline constexpr std::uint64_t kGraphSeed = 23;

// Scaled as graph_space.h does, so that offsets stay within f16.
inline Matrix short_points(std::size_t rows, std::size_t dims, std::uint64_t stream = 0) {
  Matrix points = clustered(rows, dims, kGraphSeed, stream);
  for (std::size_t i = 0; i < rows; ++i) {
    for (float& x : points.row(i)) x *= 4;
  }
  return points;
}

inline Graph graph_of(MatrixView points, std::size_t blocks = 1) {
  quiver::Run run({.seed = kGraphSeed, .threads = 1});
  auto graph = build_graph(points, {.groups = 8, .blocks = blocks, .entries = 64, .leaves = {}}, run);
  EXPECT_TRUE(graph.has_value()) << graph.error().message();
  return *std::move(graph);
}

inline std::vector<std::uint32_t> led_to(const GraphRows& rows, std::size_t row) {
  std::vector<std::uint32_t> list;
  for (std::size_t b = 0; b < rows.layout().blocks; ++b) {
    for (const std::uint32_t next : rows.neighbours(row, b)) {
      if (next != kNoRow) list.push_back(next);
    }
  }
  return list;
}

// How many rows, the root not among them, lead to each.
inline std::vector<std::uint32_t> leading_to(const Graph& graph) {
  std::vector<std::uint32_t> counts(graph.rows.rows());
  for (std::size_t row = 0; row < counts.size(); ++row) {
    for (const std::uint32_t next : led_to(graph.rows, row)) ++counts[next];
  }
  return counts;
}

// The rows that some way from the root ends at.
inline std::set<std::uint32_t> reached_from_root(const Graph& graph) {
  std::vector<std::uint32_t> waiting = led_to(graph.root, 0);
  std::set<std::uint32_t> met(waiting.begin(), waiting.end());
  while (!waiting.empty()) {
    const std::uint32_t at = waiting.back();
    waiting.pop_back();
    for (const std::uint32_t next : led_to(graph.rows, at)) {
      if (met.insert(next).second) waiting.push_back(next);
    }
  }
  return met;
}

// Lists of live rows that name a removed row, the row itself, or one row twice.
inline std::vector<std::uint32_t> misled(const Graph& graph, const Removed& removed) {
  std::vector<std::uint32_t> rows;
  for (std::uint32_t row = 0; row < graph.rows.rows(); ++row) {
    if (removed.contains(row)) continue;
    const std::vector<std::uint32_t> list = led_to(graph.rows, row);
    const std::set<std::uint32_t> once(list.begin(), list.end());
    const bool astray = std::any_of(list.begin(), list.end(),
                                    [&](std::uint32_t next) { return removed.contains(next) || next == row; });
    if (astray || once.size() != list.size()) rows.push_back(row);
  }
  return rows;
}

inline bool same_bytes(const GraphRows& a, const GraphRows& b) { return std::ranges::equal(a.bytes(), b.bytes()); }

inline std::vector<std::uint32_t> numbers_from(std::uint32_t first, std::size_t count) {
  std::vector<std::uint32_t> numbers(count);
  for (std::size_t i = 0; i < count; ++i) numbers[i] = first + static_cast<std::uint32_t>(i);
  return numbers;
}

}  // namespace quiver::internal
