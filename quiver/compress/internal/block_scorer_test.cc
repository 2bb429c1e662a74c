// Codes arranged in blocks against the same codes row by row: every distance, every decoded row and every change, bit
// for bit.
#include "quiver/compress/internal/block_scorer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <numeric>

#include "quiver/compress/internal/testing.h"
#include "quiver/compress/spec.h"
#include "quiver/core/random.h"
#include "quiver/core/temporary_folder.h"

namespace quiver::internal {
namespace {

constexpr std::uint64_t kSeed = 77;
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr Metric kMetrics[] = {Metric::L2, Metric::Dot, Metric::Cosine};
constexpr std::size_t kCounts[] = {0, 1, 31, 32, 33, 64, 100, 257};

// Rows whose lengths differ, a zero row and copies among them.
Matrix uneven_rows(std::size_t rows, std::size_t dims, std::uint64_t stream) {
  Matrix out(rows, dims);
  for (std::size_t i = 0; i < rows; ++i) {
    Random random(mix(kSeed, stream), i % 61);  // every row again 61 rows later: ties
    const float length = i % 17 == 5 ? 0 : 0.2F + static_cast<float>(i % 7);
    for (float& x : out.row(i)) x = length * (0.3F + random.normal());
  }
  return out;
}

// What was learned of 400 rows, and any number of rows encoded by it, twice: row by row and in blocks.
struct Twins {
  std::unique_ptr<Quantizer> quantizer;
  std::unique_ptr<Codes> plain, blocks;
  Matrix base;

  Twins(const char* spec, std::size_t dims, Metric metric, std::size_t rows) : base(uneven_rows(rows, dims, 1)) {
    quiver::Run run({.seed = kSeed, .threads = 1});
    quantizer = *make_quantizer(*QuantizerSpec::parse(spec), space_of(dims, metric));
    const Matrix learned = uneven_rows(400, dims, 2);
    EXPECT_TRUE(quantizer->fit(learned.view(), {}, run).has_value());
    plain = encoded();
    blocks = encoded();
    blocks->arrange_for_scans();
    EXPECT_TRUE(blocks->arranged_for_scans());
    EXPECT_FALSE(plain->arranged_for_scans());
  }
  std::unique_ptr<Codes> encoded() const {
    quiver::Run run({.seed = kSeed, .threads = 1});
    auto codes = quantizer->encode(base.view(), run);
    EXPECT_TRUE(codes.has_value());
    return *std::move(codes);
  }
};

struct Near {
  std::vector<std::uint32_t> chosen;
  std::vector<float> distances;
  bool operator==(const Near&) const = default;
};

Near near_rows(const Scorer& scorer, std::size_t first, std::size_t count, float most) {
  Near near{std::vector<std::uint32_t>(count), std::vector<float>(count)};
  const std::size_t found = scorer.score_below(first, count, most, near.chosen.data(), near.distances.data());
  near.chosen.resize(found);
  near.distances.resize(found);
  return near;
}

void expect_same(const Codes& plain, const Codes& blocks, const char* when) {
  ASSERT_EQ(blocks.rows(), plain.rows()) << when;
  EXPECT_EQ(blocks.bytes(), plain.bytes()) << when;
  const std::size_t rows = plain.rows(), dims = plain.space().dims;
  Matrix a(rows, dims), b(rows, dims);
  plain.decode_range(0, rows, a.data(), a.stride());
  blocks.decode_range(0, rows, b.data(), b.stride());
  for (std::size_t i = 0; i < rows; ++i) {
    ASSERT_THAT(b.row(i), testing::ElementsAreArray(a.row(i))) << when << ", row " << i;
  }
  Matrix queries = uneven_rows(4, dims, 3);
  std::ranges::fill(queries.row(3), 0.0F);
  for (std::size_t q = 0; q < queries.rows(); ++q) {
    const auto of_plain = plain.scorer(queries.view().slice(q, 1)),
               of_blocks = blocks.scorer(queries.view().slice(q, 1));
    ASSERT_TRUE(of_plain.has_value() && of_blocks.has_value());
    std::vector<float> wanted(rows), got(rows);
    (*of_plain)->score_range(0, rows, wanted.data());
    (*of_blocks)->score_range(0, rows, got.data());
    ASSERT_EQ(got, wanted) << when << ", query " << q;
    EXPECT_EQ((*of_blocks)->error_bound(1, 2), (*of_plain)->error_bound(1, 2));
    std::vector<std::uint32_t> backwards(rows);
    std::iota(backwards.rbegin(), backwards.rend(), 0U);
    (*of_blocks)->score(backwards, got.data());
    std::ranges::reverse(got);
    ASSERT_EQ(got, wanted) << when << ", query " << q;

    std::vector<float> asked{-kInfinity, -1e30F, 0, 0.5F, 1, 1e30F, kInfinity, std::numeric_limits<float>::quiet_NaN()};
    std::ranges::sort(wanted);
    for (std::size_t i = 0; i < rows; i += 1 + i / 2) {  // exactly at a distance, and right below it
      asked.push_back(wanted[i]);
      asked.push_back(std::nextafter(wanted[i], -kInfinity));
    }
    for (const float most : asked) {
      for (const std::size_t first : {std::size_t{0}, rows / 3, std::min<std::size_t>(rows, 32)}) {
        for (const std::size_t count : {rows - first, (rows - first) / 2}) {
          ASSERT_EQ(near_rows(**of_blocks, first, count, most), near_rows(**of_plain, first, count, most))
              << when << ", query " << q << " below " << most << " from " << first << ", " << count << " rows";
        }
      }
    }
  }
}

TEST(RowBlocks, AnswerWhatTheRowsAnswer) {
  for (const Metric metric : kMetrics) {
    for (const std::size_t rows : kCounts) {
      for (const char* spec : {"pq(1,4)", "pq(7,4)", "pq(16,4)", "opq(9,4)"}) {
        const Twins twins(spec, 19, metric, rows);
        SCOPED_TRACE(testing::Message() << spec << " " << name_of(metric) << ", " << rows << " rows");
        expect_same(*twins.plain, *twins.blocks, "encoded");
      }
    }
  }
}

TEST(RowBlocks, ChangeAsTheRowsDo) {
  for (const Metric metric : kMetrics) {
    SCOPED_TRACE(name_of(metric));
    for (const std::size_t rows : kCounts) {
      SCOPED_TRACE(rows);
      Twins twins("pq(7,4)", 15, metric, rows);
      const Matrix more = uneven_rows(70, 15, 4);
      const auto both = [&](const char* what, auto change) {
        change(*twins.plain);
        change(*twins.blocks);
        expect_same(*twins.plain, *twins.blocks, what);
      };
      both("appended", [&](Codes& codes) { ASSERT_TRUE(codes.append(more.view()).has_value()); });
      both("cut", [&](Codes& codes) { codes.truncate(rows + 3); });
      both("appended again", [&](Codes& codes) { ASSERT_TRUE(codes.append(more.view().slice(0, 41)).has_value()); });
      both("refused", [&](Codes& codes) {
        Matrix bad = Matrix::copy_of(more.view());
        bad.row(40)[2] = 3e38F;
        bad.row(40)[3] = 3e38F;
        ASSERT_FALSE(codes.append(bad.view()).has_value());
      });
      const auto last = static_cast<std::uint32_t>(twins.plain->rows() - 1);
      for (const auto& [to, from] : {std::pair{0U, last}, {last, 5U}, {7U, 20U}, {3U, 3U}}) {
        both("overwritten", [&, to = to, from = from](Codes& codes) { codes.overwrite(to, from); });
      }
      std::vector<std::uint32_t> kept;
      for (std::uint32_t i = 0; i <= last; i += 2) kept.push_back(last - i);
      both("kept", [&](Codes& codes) { codes.keep(kept); });
      both("cut to a block", [&](Codes& codes) { codes.truncate(std::min<std::size_t>(codes.rows(), 32)); });
      both("cut short", [&](Codes& codes) { codes.truncate(1); });
      both("none", [&](Codes& codes) { codes.keep({}); });
      both("some again", [&](Codes& codes) { ASSERT_TRUE(codes.append(more.view()).has_value()); });
    }
  }
}

TEST(RowBlocks, AreSavedAsTheyLieAndOlderRowsAreArranged) {
  const TemporaryFolder folder;
  for (const std::size_t rows : kCounts) {
    const Twins twins("pq(7,4)", 15, Metric::Cosine, rows);
    ContainerWriter writer("codes");
    twins.plain->save(writer, "plain/");
    twins.blocks->save(writer, "blocks/");
    ASSERT_TRUE(writer.save(folder.path() / "codes.qv").has_value());
    const auto file = Container::open(folder.path() / "codes.qv", "codes");
    ASSERT_TRUE(file.has_value());
    EXPECT_TRUE(file->has("plain/rows") && !file->has("plain/blocks"));
    EXPECT_TRUE(file->has("blocks/blocks") && !file->has("blocks/rows"));
    const auto plain = load_codes(*file, "plain/"), blocks = load_codes(*file, "blocks/");
    ASSERT_TRUE(plain.has_value() && blocks.has_value());
    EXPECT_TRUE((*blocks)->arranged_for_scans());
    EXPECT_FALSE((*plain)->arranged_for_scans());
    expect_same(*twins.plain, **blocks, "loaded");
    (*plain)->arrange_for_scans();
    expect_same(*twins.plain, **plain, "arranged from a file");
    for (Codes* codes : {twins.plain.get(), blocks->get()}) ASSERT_TRUE(codes->append(twins.base.view()).has_value());
    expect_same(*twins.plain, **blocks, "a file's grown");
  }
}

TEST(RowBlocks, ArePackedAndUnpacked) {
  for (const auto& [stride, head] : {std::pair<std::size_t, std::size_t>{4, 0}, {36, 4}, {12, 8}}) {
    const RowBlocks layout{.stride = stride, .head = head};
    std::vector<std::byte> rows(layout.bytes()), scratch, row(stride);
    Random random(kSeed);
    for (std::byte& b : rows) b = static_cast<std::byte>(random.below(256));
    std::vector<std::byte> block = rows;
    layout.pack(block.data(), scratch);
    // By the layout alone: code g of row j.
    for (std::size_t j = 0; j < 32; ++j) {
      for (std::size_t g = 0; g < layout.groups(); ++g) {
        const std::byte whole = block[32 * head + 16 * g + j % 16], of_row = rows[j * stride + head + g / 2];
        EXPECT_EQ(whole >> (j < 16 ? 0 : 4) & std::byte{15}, of_row >> (g % 2 == 0 ? 0 : 4) & std::byte{15});
      }
      layout.take(block.data(), j, row.data());
      EXPECT_TRUE(std::equal(row.begin(), row.end(), rows.begin() + static_cast<std::ptrdiff_t>(j * stride)));
    }
    layout.unpack(block.data(), scratch);
    EXPECT_EQ(block, rows);
  }
}

// Most rows of a scan are passed over, or there would be no gain: bytes bound the tables closely.
TEST(ByteTables, AreCloseFromBelow) {
  for (const std::size_t codes : {1U, 3U, 64U, 300U, 5000U}) {
    Random random(kSeed, codes);
    std::vector<float> entries(16 * codes);
    for (float& x : entries) x = random.normal();
    const ByteTables tables(entries, (codes + 7) / 8 * 8);
    ASSERT_TRUE(tables.sound);
    for (int trial = 0; trial < 50; ++trial) {
      double sum = 0;
      std::uint32_t of_bytes = 0;
      for (std::size_t g = 0; g < codes; ++g) {
        const std::size_t at = 16 * g + random.below(16);
        sum += static_cast<double>(entries[at]);
        of_bytes += tables.bytes()[at];
      }
      ASSERT_LE(of_bytes, 65535U);
      EXPECT_LE(tables.least(of_bytes), sum) << codes << " codes, seed " << kSeed;
      EXPECT_GE(tables.least(of_bytes), sum - tables.step * (static_cast<double>(codes) + 2) - 1e-3);
      EXPECT_GE(tables.largest_sum(sum), static_cast<int>(of_bytes));
    }
    EXPECT_EQ(tables.largest_sum(-1e30), -1);
    EXPECT_EQ(tables.largest_sum(1e30), 65535);
  }
  const std::vector<float> alike(32, 5.0F);
  EXPECT_GE(ByteTables(alike, 8).largest_sum(10), 0);
  EXPECT_EQ(ByteTables(alike, 8).largest_sum(8), -1);
  std::vector<float> huge(32, 3e38F);
  EXPECT_FALSE(ByteTables(huge, 8).sound);
  huge[1] = kInfinity;
  EXPECT_FALSE(ByteTables(huge, 8).sound);
  huge[1] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_FALSE(ByteTables(huge, 8).sound);
}

}  // namespace
}  // namespace quiver::internal
