#include "quiver/index/internal/graph_insert.h"

#include <gmock/gmock.h>

#include "quiver/index/internal/graph_repair.h"
#include "quiver/index/internal/graph_testing.h"

namespace quiver::internal {
namespace {
using testing::Contains;
using testing::IsEmpty;
using testing::IsSubsetOf;
using testing::Not;
using testing::SizeIs;

const Removed kNobody;

// The rows behind the first `from` of `points` enter one call after the other, `together` at a time.
void insert_rest(Graph& graph, MatrixView points, std::size_t from, std::size_t together) {
  graph.rows.grow(points.rows - from);
  GraphInserter inserter(graph, kNobody, 1.0F);
  for (std::size_t first = from; first < points.rows; first += together) {
    const std::size_t count = std::min(together, points.rows - first);
    inserter.insert(numbers_from(static_cast<std::uint32_t>(first), count), points.slice(first, count));
  }
}

TEST(GraphInsert, SomebodyLeadsToEveryRowThatCame) {
  for (const std::size_t blocks : {1U, 2U}) {
    Matrix points = short_points(700, 8);
    // Some far from all others, some the same as others.
    for (std::size_t i = 400; i < 700; i += 10) {
      for (float& x : points.row(i)) x *= 6;
    }
    for (std::size_t i = 405; i < 700; i += 10) std::ranges::copy(points.row(i % 400), points.row(i).begin());
    Graph graph = graph_of(points.view().slice(0, 400), blocks);
    const GraphRows before = graph_of(points.view().slice(0, 400), blocks).rows;
    graph.rows.grow(300);
    GraphInserter inserter(graph, kNobody, 1.0F);
    for (std::uint32_t row = 400; row < 700; ++row) {
      inserter.insert({&row, 1}, points.view().slice(row, 1));
      ASSERT_THAT(led_to(graph.rows, row), Not(IsEmpty())) << row << ", seed " << kGraphSeed;
      ASSERT_GE(leading_to(graph)[row], 1U) << row << ", seed " << kGraphSeed;
    }
    EXPECT_THAT(misled(graph, kNobody), IsEmpty());
    const std::vector<std::uint32_t> counts = leading_to(graph);
    EXPECT_EQ(std::ranges::count(counts, 0U), 0) << "whoever came later took nobody's last place";
    EXPECT_THAT(reached_from_root(graph), SizeIs(700));
    float want[8], got[8];
    for (const std::size_t row : {0U, 399U}) {  // rows that were there stay where they are
      before.decode_point(row, want);
      graph.rows.decode_point(row, got);
      EXPECT_TRUE(std::ranges::equal(want, got));
    }
  }
}

TEST(GraphInsert, RowsOfOneCallLeadToEachOther) {
  // A region of its own, where nobody was.
  Matrix points = short_points(320, 6);
  for (std::size_t i = 300; i < 320; ++i) points.row(i)[0] += 100;
  Graph graph = graph_of(points.view().slice(0, 300));
  insert_rest(graph, points.view(), 300, 20);
  const std::vector<std::uint32_t> region = numbers_from(300, 20);
  for (const std::uint32_t row : region) {
    const std::vector<std::uint32_t> list = led_to(graph.rows, row);
    const auto inside = std::ranges::count_if(list, [](std::uint32_t next) { return next >= 300; });
    EXPECT_GE(inside, 3) << row << ", seed " << kGraphSeed;
  }
  const std::set<std::uint32_t> reached = reached_from_root(graph);
  EXPECT_THAT(region, IsSubsetOf(std::vector<std::uint32_t>(reached.begin(), reached.end())));
}

// An owner at the origin whose 32 places are taken: number 32 is furthest and stands behind 31, the others lie in all
// directions, each further out than the one before.
struct FullOwner {
  static constexpr std::size_t kRows = 34;  // the owner, its neighbours, the new row
  Matrix points{kRows, 2};
  Graph graph;

  explicit FullOwner(bool others_lead_to_the_furthest) {
    quiver::Run run({.seed = kGraphSeed, .threads = 1});
    Matrix directions(256, 2);
    for (std::size_t i = 0; i < 256; ++i) point_at(directions, i, 1, static_cast<float>(i) / 256);
    graph.code = NeighbourCode::fit(directions.view(), 4, run);
    for (std::size_t i = 1; i <= 30; ++i) {
      point_at(points, i, 4 + 0.1F * static_cast<float>(i), static_cast<float>(i) / 31);
    }
    point_at(points, 31, 9, 0);
    point_at(points, 32, 10, 0);
    point_at(points, 33, 0.5F, 0.5F);
    graph.rows = GraphRows({2, 4, 1}, kRows - 1);
    for (std::size_t i = 0; i < kRows - 1; ++i) graph.rows.write_point(i, points.row(i).data());
    lead(0, numbers_from(1, 32));
    for (std::uint32_t i = 1; i <= 32; ++i) lead(i, {0});
    if (others_lead_to_the_furthest) {
      lead(31, {0, 32});
      lead(32, {0, 31});
    }
    enter_by(graph, kNobody, kGraphSeed);
  }
  static void point_at(Matrix& where, std::size_t i, float radius, float turn) {
    where.row(i)[0] = radius * std::cos(turn * 6.2831853F);
    where.row(i)[1] = radius * std::sin(turn * 6.2831853F);
  }
  void lead(std::uint32_t row, const std::vector<std::uint32_t>& to) {
    GraphRows::Scratch scratch;
    graph.rows.write_neighbours(
        row, points.row(row).data(), to, [&](std::size_t j) { return points.row(to[j]).data(); }, graph.code, scratch);
  }
};

TEST(GraphInsert, AFullOwnerGivesUpTheFurthestThatIsHidden) {
  FullOwner scene(true);
  const std::vector<std::uint32_t> before = led_to(scene.graph.rows, 0);
  ASSERT_THAT(before, SizeIs(32));
  insert_rest(scene.graph, scene.points.view(), 33, 1);
  std::vector<std::uint32_t> expected = before;
  std::ranges::replace(expected, 32U, 33U);
  EXPECT_EQ(led_to(scene.graph.rows, 0), expected) << "one place is written again, the others stay";
}

TEST(GraphInsert, AFullOwnerKeepsWhomNobodyElseLeadsTo) {
  FullOwner scene(false);
  insert_rest(scene.graph, scene.points.view(), 33, 1);
  const std::vector<std::uint32_t> after = led_to(scene.graph.rows, 0);
  EXPECT_THAT(after, Contains(32U)) << "the owner alone leads there";
  EXPECT_GE(leading_to(scene.graph)[33], 1U) << "and the new row is led to all the same";
}

TEST(GraphInsert, DependsOnTheGraphAndTheOrderOfRowsOnly) {
  const Matrix points = short_points(500, 8);
  Graph one = graph_of(points.view().slice(0, 420)), again = graph_of(points.view().slice(0, 420)),
        pieces = graph_of(points.view().slice(0, 420));
  insert_rest(one, points.view(), 420, 80);
  insert_rest(again, points.view(), 420, 80);
  insert_rest(pieces, points.view(), 420, 16);  // as many as are linked together
  EXPECT_TRUE(same_bytes(one.rows, again.rows));
  EXPECT_TRUE(same_bytes(one.rows, pieces.rows));
}

TEST(GraphInsert, PlacesOfRemovedRowsAreTakenAgain) {
  const Matrix points = short_points(300, 8), others = short_points(40, 8, 9);
  Graph graph = graph_of(points.view());
  Removed removed;
  std::vector<std::uint32_t> slots;
  for (std::uint32_t row = 0; row < 40; ++row) slots.push_back(7 * row);
  for (const std::uint32_t row : slots) removed.insert(row);
  enter_by(graph, removed, kGraphSeed);
  repair_graph(graph, removed, slots, 1.0F);
  for (const std::uint32_t row : slots) removed.erase(row);
  GraphInserter(graph, removed, 1.0F).insert(slots, others.view());
  EXPECT_THAT(misled(graph, removed), IsEmpty());
  EXPECT_THAT(reached_from_root(graph), SizeIs(300));
  std::vector<float> point(8);
  graph.rows.decode_point(slots[3], point.data());
  EXPECT_LT(squared_l2(point, others.row(3)), 0.1) << "what lies there is the new row";
}

TEST(GraphInsert, NobodyIsLinkedToARemovedRow) {
  const Matrix points = short_points(330, 8);
  Graph graph = graph_of(points.view().slice(0, 300));
  Removed removed;
  for (std::uint32_t row = 0; row < 300; row += 2) removed.insert(row);
  graph.rows.grow(30);
  GraphInserter(graph, removed, 1.0F).insert(numbers_from(300, 30), points.view().slice(300, 30));
  for (const std::uint32_t row : numbers_from(300, 30)) {
    const std::vector<std::uint32_t> list = led_to(graph.rows, row);
    EXPECT_FALSE(list.empty());
    for (const std::uint32_t next : list) EXPECT_FALSE(removed.contains(next)) << row << " leads to " << next;
  }
}

TEST(GraphInsert, HowFewRowsSoever) {
  for (const std::size_t start : {1U, 2U, 33U}) {
    for (const std::size_t more : {1U, 2U, 15U, 16U, 17U, 70U}) {
      for (const bool alike : {false, true}) {
        const Matrix points = alike ? all_alike(start + more, 3, 1) : short_points(start + more, 3);
        Graph graph = graph_of(points.view().slice(0, start));
        insert_rest(graph, points.view(), start, more);
        EXPECT_THAT(misled(graph, kNobody), IsEmpty()) << start << " + " << more;
        const std::size_t reached = reached_from_root(graph).size();
        // Copies of one row push each other out: nothing tells them apart. Not all are found by walks.
        EXPECT_GE(reached, alike ? (start + more) / 2 : start + more) << start << " + " << more << ", alike: " << alike;
      }
    }
  }
  const Matrix points = short_points(20, 3), none(0, 3);
  Graph graph = graph_of(points.view());
  const Graph before = graph_of(points.view());
  GraphInserter(graph, kNobody, 1.0F).insert({}, none.view());
  EXPECT_TRUE(same_bytes(graph.rows, before.rows));
}

TEST(GraphInsert, IntoAGraphWhoseRowsAreAllRemoved) {
  const Matrix points = short_points(60, 3);
  Graph graph = graph_of(points.view().slice(0, 40));
  Removed removed;
  for (std::uint32_t row = 0; row < 40; ++row) removed.insert(row);
  graph.rows.grow(20);
  GraphInserter(graph, removed, 1.0F).insert(numbers_from(40, 20), points.view().slice(40, 20));
  EXPECT_THAT(misled(graph, removed), IsEmpty());
  enter_by(graph, removed, kGraphSeed);
  EXPECT_THAT(reached_from_root(graph), SizeIs(20));
}

}  // namespace
}  // namespace quiver::internal
