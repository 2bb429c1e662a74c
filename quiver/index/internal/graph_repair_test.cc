#include "quiver/index/internal/graph_repair.h"

#include <gmock/gmock.h>

#include "quiver/index/internal/graph_testing.h"

namespace quiver::internal {
namespace {
using testing::IsEmpty;
using testing::SizeIs;

// Takes out what is removed, as an index does.
void take_out(Graph& graph, const Removed& removed) {
  std::vector<std::uint32_t> dead;
  for (std::uint32_t row = 0; row < graph.rows.rows(); ++row) {
    if (removed.contains(row)) dead.push_back(row);
  }
  enter_by(graph, removed, kGraphSeed);
  repair_graph(graph, removed, dead, 1.0F);
}

void expect_whole(const Graph& graph, const Removed& removed) {
  EXPECT_THAT(misled(graph, removed), IsEmpty());
  const std::set<std::uint32_t> reached = reached_from_root(graph);
  const std::vector<std::uint32_t> live = rows_left(removed, graph.rows.rows());
  EXPECT_EQ(std::vector<std::uint32_t>(reached.begin(), reached.end()), live) << "seed " << kGraphSeed;
  for (std::uint32_t row = 0; row < graph.rows.rows(); ++row) {
    if (removed.contains(row)) {
      EXPECT_THAT(led_to(graph.rows, row), IsEmpty()) << row;
    }
  }
}

TEST(GraphRepair, NobodyLeadsToWhatIsGoneAndAllOthersAreReached) {
  for (const std::size_t blocks : {1U, 2U}) {
    const Matrix points = short_points(1200, 8);
    for (const std::uint32_t one_in : {40U, 3U, 2U}) {
      Graph graph = graph_of(points.view(), blocks);
      Removed removed;
      for (std::uint32_t row = 0; row < 1200; ++row) {
        if (mix(kGraphSeed, row) % one_in == 0) removed.insert(row);
      }
      take_out(graph, removed);
      expect_whole(graph, removed);
      const std::vector<std::uint32_t> counts = leading_to(graph);
      for (const std::uint32_t row : rows_left(removed, 1200)) {
        ASSERT_GE(counts[row], 1U) << row << ", one in " << one_in << ", seed " << kGraphSeed;
      }
    }
  }
}

TEST(GraphRepair, AllButAFewAreGone) {
  const Matrix points = short_points(900, 8);
  for (const std::uint32_t left : {1U, 2U, 5U, 40U}) {
    Graph graph = graph_of(points.view());
    Removed removed;
    for (std::uint32_t row = left; row < 900; ++row) removed.insert(row);
    take_out(graph, removed);
    expect_whole(graph, removed);
  }
}

TEST(GraphRepair, AWholeRegionLeavesAndWhatLayBehindItIsFound) {
  Matrix points = short_points(600, 4);
  for (std::size_t i = 0; i < 600; ++i) points.row(i)[0] += 60 * static_cast<float>(i / 200);
  Graph graph = graph_of(points.view());
  Removed removed;
  for (std::uint32_t row = 200; row < 400; ++row) removed.insert(row);
  take_out(graph, removed);
  expect_whole(graph, removed);
}

TEST(GraphRepair, WhoLedToNobodyThatIsGoneKeepsItsList) {
  const Matrix points = short_points(700, 8);
  Graph graph = graph_of(points.view());
  const Graph before = graph_of(points.view());
  Removed removed;
  for (const std::uint32_t row : {5U, 6U, 699U}) removed.insert(row);
  take_out(graph, removed);
  std::size_t untouched = 0;
  for (const std::uint32_t row : rows_left(removed, 700)) {
    const std::vector<std::uint32_t> list = led_to(before.rows, row);
    if (std::ranges::any_of(list, [&](std::uint32_t next) { return removed.contains(next); })) continue;
    untouched += std::ranges::equal(std::span(graph.rows.row(row), graph.rows.layout().row_bytes()),
                                    std::span(before.rows.row(row), before.rows.layout().row_bytes()))
                     ? 1
                     : 0;
  }
  EXPECT_GE(untouched, 500U) << "seed " << kGraphSeed;
}

TEST(GraphRepair, DependsOnTheGraphOnly) {
  const Matrix points = short_points(500, 8);
  Graph one = graph_of(points.view()), other = graph_of(points.view());
  Removed removed;
  for (std::uint32_t row = 0; row < 500; row += 3) removed.insert(row);
  take_out(one, removed);
  take_out(other, removed);
  EXPECT_TRUE(same_bytes(one.rows, other.rows));
  EXPECT_TRUE(same_bytes(one.root, other.root));
  // A second time there is nothing left to do.
  take_out(one, removed);
  EXPECT_TRUE(same_bytes(one.rows, other.rows));
}

TEST(GraphRepair, WalksEnterAtLiveRowsOnly) {
  const Matrix points = short_points(1500, 4);
  Graph graph = graph_of(points.view());
  Removed removed;
  for (std::uint32_t row = 0; row < 1500; row += 2) removed.insert(row);
  enter_by(graph, removed, 1);
  std::vector<std::uint32_t> entries = led_to(graph.root, 0);
  EXPECT_THAT(entries, SizeIs(GraphOptions{}.entries));
  for (const std::uint32_t row : entries) EXPECT_FALSE(removed.contains(row));
  const std::set<std::uint32_t> once(entries.begin(), entries.end());
  EXPECT_EQ(once.size(), entries.size());
  enter_by(graph, removed, 2);
  EXPECT_NE(led_to(graph.root, 0), entries) << "another seed, other rows";
  for (std::uint32_t row = 9; row < 1500; ++row) removed.insert(row);
  enter_by(graph, removed, 1);
  entries = led_to(graph.root, 0);
  std::ranges::sort(entries);
  EXPECT_EQ(entries, (std::vector<std::uint32_t>{1, 3, 5, 7})) << "as many as there are";
}

TEST(GraphRepair, HowFewRowsSoever) {
  for (const std::size_t count : {1U, 2U, 3U, 33U, 65U}) {
    for (const bool alike : {false, true}) {
      const Matrix points = alike ? all_alike(count, 3, 1) : short_points(count, 3);
      for (const std::size_t left : {std::size_t{0}, std::size_t{1}, count / 2, count}) {
        Graph graph = graph_of(points.view());
        Removed removed;
        for (std::uint32_t row = 0; row < count - left; ++row) removed.insert(row);
        take_out(graph, removed);
        expect_whole(graph, removed);
      }
    }
  }
}

}  // namespace
}  // namespace quiver::internal
