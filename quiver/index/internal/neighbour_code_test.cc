#include "quiver/index/internal/neighbour_code.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "quiver/core/temporary_folder.h"
#include "quiver/index/internal/testing.h"

namespace quiver::internal {
namespace {
using testing::HasSubstr;
constexpr std::uint64_t kSeed = 3;

Matrix directions_of(std::size_t rows, std::size_t dims) {
  Matrix out = clustered(rows, dims, kSeed);
  normalize_rows(out);
  return out;
}
NeighbourCode fitted(const Matrix& directions, std::size_t groups, unsigned threads = 1) {
  quiver::Run run({.seed = kSeed, .threads = threads});
  return NeighbourCode::fit(directions.view(), groups, run);
}

// The code's own numbers, by way of its file.
struct Parts {
  std::vector<std::uint16_t> starts;
  std::vector<float> centroids;
};
Parts parts_of(const NeighbourCode& code) {
  const TemporaryFolder folder;
  ContainerWriter writer("test");
  code.save(writer, "x/");
  EXPECT_TRUE(writer.save(folder.path() / "code").has_value());
  const Container file = *Container::open(folder.path() / "code", "test");
  const auto starts = *file.array<std::uint16_t>("x/starts");
  const auto centroids = *file.array<float>("x/centroids");
  return {{starts.begin(), starts.end()}, {centroids.begin(), centroids.end()}};
}
Result<NeighbourCode> loaded(const Parts& parts) {
  const TemporaryFolder folder;
  ContainerWriter writer("test");
  writer.add_array("x/starts", std::span<const std::uint16_t>(parts.starts));
  writer.add_array("x/centroids", std::span<const float>(parts.centroids));
  EXPECT_TRUE(writer.save(folder.path() / "code").has_value());
  return NeighbourCode::load(*Container::open(folder.path() / "code", "test"), "x/");
}
double decoded(const Parts& parts, const std::vector<std::uint8_t>& codes, std::size_t group, std::size_t dim) {
  return static_cast<double>(parts.centroids[16 * dim + codes[group]]);
}

TEST(NeighbourCode, PicksTheNearestCentroidAndMultipliesByIt) {
  struct {
    std::size_t dims, groups;
  } const shapes[] = {{1, 4}, {3, 8}, {24, 12}, {40, 8}, {200, 8}};  // the last leaves dimensions without a code
  for (const auto [dims, groups] : shapes) {
    const Matrix directions = directions_of(400, dims);
    const NeighbourCode code = fitted(directions, groups);
    const Parts parts = parts_of(code);
    ASSERT_EQ(code.groups(), groups);
    ASSERT_EQ(parts.starts.size(), groups + 1);
    ASSERT_EQ(parts.starts.back(), code.coded_dims());
    ASSERT_LE(code.coded_dims(), dims);
    ASSERT_EQ(parts.centroids.size(), 16 * code.coded_dims());
    NeighbourCode::Scratch scratch;
    std::vector<std::uint8_t> codes(groups);
    const Matrix queries = clustered(5, dims, kSeed, 9);
    for (std::size_t r = 0; r < 50; ++r) {
      const auto direction = directions.row(r);
      code.encode(direction.data(), scratch, codes.data());
      double own = 0;
      std::vector<double> products(queries.rows());
      for (std::size_t g = 0; g < groups; ++g) {
        ASSERT_LT(codes[g], 16);
        double distances[16] = {};
        for (std::size_t d = parts.starts[g]; d < parts.starts[g + 1]; ++d) {
          for (std::size_t c = 0; c < 16; ++c) {
            distances[c] +=
                std::pow(static_cast<double>(direction[d]) - static_cast<double>(parts.centroids[16 * d + c]), 2);
          }
          own += static_cast<double>(direction[d]) * decoded(parts, codes, g, d);
          for (std::size_t q = 0; q < queries.rows(); ++q) {
            products[q] += static_cast<double>(queries.row(q)[d]) * decoded(parts, codes, g, d);
          }
        }
        ASSERT_LE(distances[codes[g]], *std::min_element(distances, distances + 16) + 1e-6) << "group " << g;
      }
      EXPECT_NEAR(static_cast<double>(scratch.dot(codes.data())), own, 1e-5) << "encode leaves the direction's tables";
      for (std::size_t q = 0; q < queries.rows(); ++q) {
        code.tables(queries.row(q).data(), scratch);
        EXPECT_NEAR(static_cast<double>(scratch.dot(codes.data())), products[q], 1e-4) << dims << " dims";
      }
    }
  }
}

TEST(NeighbourCode, BytesOfTheTablesAreTheirValues) {
  const Matrix directions = directions_of(300, 20);
  const NeighbourCode code = fitted(directions, 8);
  NeighbourCode::Scratch scratch, of_query;
  std::vector<std::uint8_t> codes(8);
  const Matrix query = clustered(1, 20, kSeed, 4);
  code.tables(query.row(0).data(), of_query);
  const simd::NeighbourTables& tables = of_query.tables();
  ASSERT_EQ(tables.groups, 8U);
  for (std::size_t r = 0; r < 20; ++r) {
    code.encode(directions.row(r).data(), scratch, codes.data());
    double sum = 0;
    for (std::size_t g = 0; g < 8; ++g) sum += tables.entries[16 * g + codes[g]];
    EXPECT_NEAR(sum * static_cast<double>(tables.scale) + static_cast<double>(tables.bias),
                static_cast<double>(of_query.dot(codes.data())), 8 * 0.51 * static_cast<double>(tables.scale));
  }
}

TEST(NeighbourCode, BitsGoWhereTheDirectionsVary) {
  Matrix directions(500, 32);
  for (std::size_t i = 0; i < directions.rows(); ++i) {
    Random random(kSeed, i);
    for (std::size_t d = 0; d < 32; ++d) directions.row(i)[d] = random.normal() * (d < 8 ? 1.0F : 0.01F);
  }
  const std::vector<std::uint16_t> starts = parts_of(fitted(directions, 8)).starts;
  EXPECT_GE(std::count_if(starts.begin() + 1, starts.end(), [](std::uint16_t end) { return end <= 8; }), 6);
}

TEST(NeighbourCode, LearnsFromNextToNothing) {
  Matrix zero(1, 3), one(1, 3);
  one.row(0)[1] = 1;
  for (const Matrix* directions : {&zero, &one}) {
    const NeighbourCode code = fitted(*directions, 8);
    NeighbourCode::Scratch scratch;
    std::vector<std::uint8_t> codes(8);
    code.encode(directions->row(0).data(), scratch, codes.data());
    EXPECT_EQ(scratch.dot(codes.data()), directions == &one ? 1.0F : 0.0F);
  }
}

TEST(NeighbourCode, IsTheSameWhateverTheThreads) {
  const Matrix directions = directions_of(600, 24);
  const Parts one = parts_of(fitted(directions, 12, 1)), three = parts_of(fitted(directions, 12, 3));
  EXPECT_EQ(one.starts, three.starts);
  EXPECT_EQ(one.centroids, three.centroids);
}

TEST(NeighbourCode, LoadsWhatItSavedAndNothingElse) {
  const Matrix directions = directions_of(300, 12);
  const NeighbourCode code = fitted(directions, 8);
  const Parts parts = parts_of(code);
  const auto again = loaded(parts);
  ASSERT_TRUE(again.has_value()) << again.error().message();
  NeighbourCode::Scratch a, b;
  std::vector<std::uint8_t> codes(8), codes_again(8);
  for (std::size_t r = 0; r < 30; ++r) {
    code.encode(directions.row(r).data(), a, codes.data());
    again->encode(directions.row(r).data(), b, codes_again.data());
    ASSERT_EQ(codes, codes_again);
    ASSERT_EQ(a.dot(codes.data()), b.dot(codes.data()));
  }
  const auto refused = [](Parts broken) {
    const auto code_of = loaded(broken);
    EXPECT_FALSE(code_of.has_value());
    return code_of.has_value() ? "" : code_of.error().message();
  };
  Parts broken = parts;
  broken.starts.pop_back();  // 7 groups
  EXPECT_THAT(refused(broken), HasSubstr("groups and centroids do not agree"));
  broken = parts;
  std::swap(broken.starts[1], broken.starts[7]);
  EXPECT_THAT(refused(broken), HasSubstr("do not agree"));
  broken = parts;
  broken.starts[0] = 1;
  EXPECT_THAT(refused(broken), HasSubstr("do not agree"));
  broken = parts;
  broken.centroids.pop_back();
  EXPECT_THAT(refused(broken), HasSubstr("do not agree"));
  EXPECT_THAT(refused({}), HasSubstr("do not agree"));
  EXPECT_THAT(refused({std::vector<std::uint16_t>(261, 0), {}}), HasSubstr("do not agree"));
}

}  // namespace
}  // namespace quiver::internal
