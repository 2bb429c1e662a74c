#include "quiver/index/internal/hnsw_repair.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "quiver/compress/spec.h"
#include "quiver/core/random.h"
#include "quiver/index/internal/testing.h"

namespace quiver::internal {
namespace {
using testing::IsEmpty;

constexpr std::uint64_t kRepairSeed = 5;
constexpr unsigned kDegree = 6;
constexpr std::size_t kEffort = 40;

struct Linked {
  std::unique_ptr<Codes> codes;
  HnswLinks links;
};
Linked linked(const Matrix& rows) {
  quiver::Run run({.seed = kRepairSeed, .threads = 1});
  const Space space{.id = "", .dims = rows.cols(), .metric = Metric::L2, .prefix_of = "", .prefix_dims = 0};
  const auto quantizer = *make_quantizer(*QuantizerSpec::parse("f32"), space);
  EXPECT_TRUE(quantizer->fit(rows.view(), {}, run).has_value());
  Linked made{*quantizer->encode(rows.view(), run), HnswLinks(kDegree, kRepairSeed)};
  std::vector<std::uint8_t> levels;
  for (std::size_t i = 0; i < rows.rows(); ++i) levels.push_back(made.links.draw_level(i));
  made.links.grow(levels);
  HnswInserter inserter(*made.codes, made.links, kEffort);
  for (std::uint32_t row = 0; row < rows.rows(); ++row) inserter.insert(row);
  return made;
}
void repaired(Linked& graph, const Removed& removed) {
  quiver::Run run({.threads = 1});
  const auto done = repair_links(graph.links, *graph.codes, removed, kEffort, run);
  ASSERT_TRUE(done.has_value()) << done.error().message();
}
// Live rows that lead to removed ones, or to themselves, or twice to one.
std::vector<std::uint32_t> astray(const HnswLinks& links, const Removed& removed) {
  std::vector<std::uint32_t> rows;
  for (std::uint32_t row = 0; row < links.rows(); ++row) {
    for (unsigned on = 0; !removed.contains(row) && on <= links.level(row); ++on) {
      std::vector<std::uint32_t> list(links.of(row, on).begin(), links.of(row, on).end());
      std::sort(list.begin(), list.end());
      const bool wrong = std::adjacent_find(list.begin(), list.end()) != list.end() ||
                         std::any_of(list.begin(), list.end(), [&](std::uint32_t next) {
                           return removed.contains(next) || next == row || links.level(next) < on;
                         });
      if (wrong) rows.push_back(row);
    }
  }
  return rows;
}
std::size_t reached(const HnswLinks& links) {
  std::vector<bool> met(links.rows());
  std::vector<std::uint32_t> waiting{links.entry()};
  met[links.entry()] = true;
  std::size_t count = 0;
  for (; !waiting.empty(); ++count) {
    const std::uint32_t at = waiting.back();
    waiting.pop_back();
    for (unsigned on = 0; on <= links.level(at); ++on) {
      for (const std::uint32_t next : links.of(at, on)) {
        if (!met[next]) waiting.push_back(next);
        met[next] = true;
      }
    }
  }
  return count;
}
bool equal(const HnswLinks& a, const HnswLinks& b) {
  if (a.rows() != b.rows() || a.entry() != b.entry()) return false;
  for (std::uint32_t row = 0; row < a.rows(); ++row) {
    for (unsigned on = 0; on <= a.level(row); ++on) {
      if (a.level(row) != b.level(row) || !std::ranges::equal(a.of(row, on), b.of(row, on))) return false;
    }
  }
  return true;
}

TEST(HnswRepair, NobodyLeadsToWhatIsGoneAndAllOthersAreReached) {
  const Matrix rows = clustered(1500, 8, kRepairSeed);
  for (const std::uint32_t one_in : {50U, 3U, 2U}) {
    Linked graph = linked(rows);
    Removed removed;
    removed.insert(graph.links.entry());
    for (std::uint32_t row = 0; row < 1500; ++row) {
      if (mix(kRepairSeed, row) % one_in == 0) removed.insert(row);
    }
    repaired(graph, removed);
    EXPECT_THAT(astray(graph.links, removed), IsEmpty()) << "one in " << one_in;
    EXPECT_FALSE(removed.contains(graph.links.entry()));
    EXPECT_EQ(reached(graph.links), 1500 - removed.count()) << "one in " << one_in << ", seed " << kRepairSeed;
    unsigned highest = 0;
    for (const std::uint32_t row : rows_left(removed, 1500)) highest = std::max(highest, graph.links.level(row));
    EXPECT_EQ(graph.links.level(graph.links.entry()), highest);
  }
}

TEST(HnswRepair, AWholeRegionLeavesAndWhatLayBehindItIsFound) {
  // Three clusters in a row, the one in the middle goes.
  Matrix rows(600, 2);
  for (std::size_t i = 0; i < 600; ++i) {
    Random random(kRepairSeed, i);
    rows.row(i)[0] = 10 * static_cast<float>(i / 200) + random.normal();
    rows.row(i)[1] = random.normal();
  }
  Linked graph = linked(rows);
  Removed removed;
  for (std::uint32_t row = 200; row < 400; ++row) removed.insert(row);
  repaired(graph, removed);
  EXPECT_THAT(astray(graph.links, removed), IsEmpty());
  EXPECT_EQ(reached(graph.links), 400U) << "seed " << kRepairSeed;
}

TEST(HnswRepair, WhoLedToNobodyThatIsGoneKeepsItsList) {
  const Matrix rows = clustered(800, 8, kRepairSeed);
  Linked graph = linked(rows);
  const HnswLinks before = graph.links;
  repaired(graph, {});
  EXPECT_TRUE(equal(graph.links, before)) << "nothing was removed";
  Removed removed;
  for (const std::uint32_t row : {7U, 300U, 301U, 799U}) removed.insert(row);
  repaired(graph, removed);
  for (std::uint32_t row = 0; row < 800; ++row) {
    const auto list = before.of(row, 0), now = graph.links.of(row, 0);
    for (const std::uint32_t next : list) {
      if (!removed.contains(next) && !removed.contains(row)) {
        EXPECT_NE(std::find(now.begin(), now.end(), next), now.end()) << row << " led to " << next;
      }
    }
  }
}

TEST(HnswRepair, DependsOnTheCallsOnlyAndStops) {
  const Matrix rows = clustered(700, 8, kRepairSeed);
  Linked one = linked(rows), other = linked(rows);
  Removed removed;
  for (std::uint32_t row = 0; row < 700; row += 3) removed.insert(row);
  repaired(one, removed);
  repaired(other, removed);
  EXPECT_TRUE(equal(one.links, other.links));
  quiver::Run cancelled({.threads = 1});
  cancelled.cancel();
  Linked third = linked(rows);
  EXPECT_EQ(repair_links(third.links, *third.codes, removed, kEffort, cancelled).error().code(), Code::Cancelled);
}

TEST(HnswRepair, HowFewRowsSoever) {
  for (const std::size_t count : {0U, 1U, 2U, 3U, 33U}) {
    for (const Matrix& rows : {clustered(count, 3, kRepairSeed), all_alike(count, 3, 1)}) {
      for (std::size_t left = 0; left <= std::min<std::size_t>(count, 3); ++left) {
        Linked graph = linked(rows);
        Removed removed;
        for (std::uint32_t row = 0; row < count - left; ++row) removed.insert(row);
        repaired(graph, removed);
        if (left == 0) continue;  // the links are left alone: there is nobody to repair
        EXPECT_THAT(astray(graph.links, removed), IsEmpty()) << left << " of " << count;
        EXPECT_EQ(reached(graph.links), left) << left << " of " << count;
      }
    }
  }
}

TEST(HnswLinks, KeepNumbersRowsAnew) {
  Linked graph = linked(clustered(300, 4, kRepairSeed));
  Removed removed;
  for (std::uint32_t row = 0; row < 300; row += 2) removed.insert(row);
  repaired(graph, removed);
  const std::vector<std::uint32_t> left = rows_left(removed, 300);
  HnswLinks kept = graph.links;
  kept.keep(left);
  ASSERT_EQ(kept.rows(), 150U);
  EXPECT_EQ(left[kept.entry()], graph.links.entry());
  for (std::uint32_t row = 0; row < 150; ++row) {
    ASSERT_EQ(kept.level(row), graph.links.level(left[row]));
    for (unsigned on = 0; on <= kept.level(row); ++on) {
      const auto list = kept.of(row, on), before = graph.links.of(left[row], on);
      ASSERT_TRUE(std::ranges::equal(list, before, {}, [&](std::uint32_t next) { return left[next]; }));
    }
  }
  kept.keep({});
  EXPECT_EQ(kept.rows(), 0U);
  EXPECT_EQ(kept.entry(), kNoEntry);
}

}  // namespace
}  // namespace quiver::internal
