#include "quiver/index/internal/query_map.h"

#include <gtest/gtest.h>

#include <cmath>

#include "quiver/core/random.h"
#include "quiver/core/run.h"
#include "quiver/index/internal/testing.h"

namespace quiver::internal {
namespace {
constexpr std::uint64_t kSeed = 31;

// One coordinate so large that 8 bits lose the others, and a query of nothing.
Matrix queries_with_odd_ones(std::size_t dims) {
  Matrix queries = clustered(21, dims, kSeed, 1);
  queries.row(7)[3] = 1e6F;
  for (float& x : queries.row(11)) x = 0;
  return queries;
}

TEST(QueryMap, IsTheProjectionButForEightBits) {
  const Matrix base = clustered(300, 50, kSeed);
  quiver::Run run({.seed = kSeed, .threads = 1});
  const auto projection = fit_projection({.method = "pca", .dims = 19}, base.view(), {}, Metric::L2, run);
  ASSERT_TRUE(projection.has_value()) << projection.error().message();
  constexpr float kUnit = 3;
  const QueryMap map(*projection, kUnit);
  const Matrix queries = queries_with_odd_ones(50);
  Matrix exact, out(queries.rows(), 19);
  projection->rows(queries.view(), exact, nullptr);
  QueryMap::Scratch scratch;
  map.apply(queries.view(), scratch, out.data(), out.stride());
  for (std::size_t q = 0; q < queries.rows(); ++q) {
    double length = 0;
    for (std::size_t i = 0; i < 50; ++i) {
      const double x = static_cast<double>(queries.row(q)[i]) - projection->mean()[i];
      length += x * x;
    }
    EXPECT_NEAR(scratch.queries[q].squared, 9 * length, 1e-4 * (1 + 9 * length));
    for (std::size_t j = 0; j < 19; ++j) {
      EXPECT_NEAR(out.row(q)[j], kUnit * exact.row(q)[j], 0.02 * kUnit * std::sqrt(length) + 1e-4) << "query " << q;
    }
  }
}

TEST(QueryMap, ManyQueriesAreWhatEachIsAlone) {
  const Matrix base = clustered(300, 50, kSeed);
  quiver::Run run({.seed = kSeed, .threads = 1});
  for (const std::size_t dims : {1U, 15U, 16U, 17U, 50U}) {
    const auto projection = fit_projection({.method = "pca", .dims = dims}, base.view(), {}, Metric::L2, run);
    ASSERT_TRUE(projection.has_value()) << projection.error().message();
    const QueryMap map(*projection, 1);
    const Matrix queries = queries_with_odd_ones(50);
    QueryMap::Scratch scratch, another;
    Matrix together(queries.rows(), dims), alone(1, dims);
    map.apply(queries.view(), scratch, together.data(), together.stride());
    for (std::size_t q = 0; q < queries.rows(); ++q) {
      map.apply(queries.view().slice(q, 1), another, alone.data(), alone.stride());
      EXPECT_EQ(another.queries[0].squared, scratch.queries[q].squared);
      for (std::size_t j = 0; j < dims; ++j) ASSERT_EQ(alone.row(0)[j], together.row(q)[j]) << q << ", " << j;
    }
  }
}
}  // namespace
}  // namespace quiver::internal
