#include "quiver/compress/projection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "quiver/core/linalg_double.h"
#include "quiver/core/metric.h"
#include "quiver/core/random.h"
#include "quiver/core/temporary_folder.h"

namespace quiver {
namespace {
using testing::HasSubstr;

constexpr Metric kKept[] = {Metric::L2, Metric::Dot, Metric::Cosine};

// Vectors far from zero, of uneven lengths and variances; `turn` says which coordinates vary most.
Matrix vectors_of(std::size_t count, std::size_t dims, std::uint64_t seed, std::size_t turn = 0) {
  Matrix out(count, dims);
  Random random(seed);
  for (std::size_t i = 0; i < count; ++i) {
    const float length = 0.5F + static_cast<float>(random.uniform());
    for (std::size_t j = 0; j < dims; ++j) {
      out.row(i)[(j + turn) % dims] = length * (1.5F + 3 * random.normal() / (1 + 0.2F * static_cast<float>(j)));
    }
  }
  return out;
}
Result<Projection> fitted(ProjectionOptions options, const Matrix& base, const Matrix& queries, Metric metric,
                          std::uint64_t seed = 1) {
  quiver::Run run({.seed = seed, .threads = 2});
  return fit_projection(options, base.view(), queries.view(), metric, run);
}
std::vector<std::size_t> nearest_rows(Metric metric, std::span<const float> query, MatrixView rows, std::size_t k) {
  std::vector<std::size_t> order(rows.rows);
  std::iota(order.begin(), order.end(), 0U);
  std::vector<double> distances;
  for (std::size_t i = 0; i < rows.rows; ++i) distances.push_back(distance(metric, query, rows.row(i)));
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return distances[i]; });
  order.resize(k);
  return order;
}
// Queries whose neighbours change.
std::size_t changed_queries(const Projection& p, const Matrix& base, const Matrix& queries) {
  Matrix y, z;
  p.rows(base.view(), y);
  p.queries(queries.view(), z);
  std::size_t out = 0;
  for (std::size_t i = 0; i < queries.rows(); ++i) {
    out += nearest_rows(p.metric(), queries.row(i), base.view(), 10) !=
                   nearest_rows(p.short_metric(), z.row(i), y.view(), 10)
               ? 1
               : 0;
  }
  return out;
}

// The trap of centring: learned on centred rows, applied to queries that are not, the order must stay. At full length
// nothing is lost, so any wrong handling of the mean shows.
TEST(Projection, AtFullLengthEveryMethodKeepsTheNeighboursOfEveryMetric) {
  const Matrix base = vectors_of(300, 24, 1), queries = vectors_of(40, 24, 2, 5);
  for (const Metric metric : kKept) {
    for (const std::string& method : projection_methods()) {
      if (method == "sphering" && metric == Metric::L2) continue;
      for (const bool centre : {true, false}) {
        const auto p = fitted({.method = method, .dims = 24, .centre = centre}, base, queries, metric);
        ASSERT_TRUE(p.has_value()) << p.error().message();
        // Frank-Wolfe by the schedule ends a little inside the hull: nearly, not exactly.
        EXPECT_LE(changed_queries(*p, base, queries), method == "fw" ? 30U : 0U) << method << " " << name_of(metric);
      }
    }
  }
}

// Bit for bit what the whole gives in those places, whatever the method; a prefix keeps less of the variance.
TEST(Projection, ASliceGivesSomeOfTheCoordinates) {
  const Matrix base = vectors_of(200, 19, 3), queries = vectors_of(150, 19, 4, 7);
  for (const char* method : {"pca", "random", "es"}) {
    const auto whole = fitted({.method = method, .dims = 12}, base, queries, Metric::L2);
    ASSERT_TRUE(whole.has_value()) << whole.error().message();
    Matrix all_rows, all_queries;
    whole->rows(base.view(), all_rows);
    whole->queries(queries.view(), all_queries);
    for (const auto& [first, count] : {std::pair<std::size_t, std::size_t>{0, 5}, {3, 1}, {4, 8}, {0, 12}}) {
      const Projection some = whole->slice(first, count);
      Matrix rows, asked;
      some.rows(base.view(), rows);
      some.queries(queries.view(), asked);
      ASSERT_EQ(rows.cols(), count);
      for (std::size_t i = 0; i < rows.rows(); ++i) {
        for (std::size_t d = 0; d < count; ++d) ASSERT_EQ(rows.row(i)[d], all_rows.row(i)[first + d]) << method;
      }
      for (std::size_t i = 0; i < asked.rows(); ++i) {
        for (std::size_t d = 0; d < count; ++d) ASSERT_EQ(asked.row(i)[d], all_queries.row(i)[first + d]) << method;
      }
      EXPECT_EQ(some.two_maps(), whole->two_maps());
      EXPECT_EQ(some.kept().has_value(), whole->kept().has_value());
      if (whole->kept()) {
        double part = 0, all = 0;
        for (std::size_t d = 0; d < 12; ++d) {
          all += whole->spectrum()[d];
          part += d >= first && d < first + count ? whole->spectrum()[d] : 0;
        }
        EXPECT_NEAR(*some.kept(), *whole->kept() * part / all, 1e-9);
        EXPECT_EQ(some.spectrum()[0], whole->spectrum()[first]);
      }
    }
  }
}

TEST(Projection, MapsByTheFormula) {
  const Matrix base = vectors_of(200, 19, 3), queries = vectors_of(150, 19, 4, 7);
  for (const Metric metric : kKept) {
    const auto p = fitted({.method = "es+fw", .dims = 5}, base, queries, metric);
    ASSERT_TRUE(p.has_value()) << p.error().message();
    EXPECT_EQ(p->from(), 19U);
    EXPECT_EQ(p->to(), 5U);
    EXPECT_TRUE(p->two_maps());
    const auto expect = [&](MatrixView map, bool centred, MatrixView x, MatrixView got) {
      for (std::size_t i = 0; i < x.rows; ++i) {
        double length = 0;
        for (const float v : x.row(i)) length += static_cast<double>(v) * v;
        const double scale = metric == Metric::Cosine ? 1 / std::sqrt(length) : 1;
        for (std::size_t r = 0; r < 5; ++r) {
          double sum = 0;
          for (std::size_t j = 0; j < 19; ++j)
            sum += map.row(r)[j] * (x.row(i)[j] * scale - (centred ? p->mean()[j] : 0));
          ASSERT_NEAR(got.row(i)[r], sum, 1e-4) << i << "," << r;
        }
      }
    };
    Matrix y, z;
    p->rows(base.view(), y);
    p->queries(queries.view(), z);
    expect(p->row_map(), true, base.view(), y.view());
    expect(p->query_map(), metric == Metric::L2, queries.view(), z.view());
  }
}

TEST(Projection, AVectorsMapDoesNotDependOnBatchOrThreads) {
  const Matrix base = vectors_of(131, 130, 5);
  const auto p = fitted({.method = "pca", .dims = 100}, base, Matrix(), Metric::L2);
  ASSERT_TRUE(p.has_value());
  Threads threads(3);
  Matrix all, threaded;
  p->rows(base.view(), all);
  p->rows(base.view(), threaded, &threads);
  for (std::size_t i = 0; i < base.rows(); ++i) {
    Matrix one;
    p->rows(base.view().slice(i, 1), one);
    EXPECT_TRUE(std::ranges::equal(one.row(0), all.row(i))) << i;
    EXPECT_TRUE(std::ranges::equal(threaded.row(i), all.row(i))) << i;
    p->queries(base.view().slice(i, 1), one);  // l2 with one map: queries and rows are mapped alike
    EXPECT_TRUE(std::ranges::equal(one.row(0), all.row(i))) << i;
  }
  Matrix none;
  p->rows(base.view().slice(0, 0), none, &threads);
  EXPECT_EQ(none.rows(), 0U);
}

TEST(Projection, PcaKeepsTheVarianceItSays) {
  const Matrix base = vectors_of(500, 32, 6);
  const auto p = fitted({.method = "pca", .dims = 8}, base, Matrix(), Metric::L2);
  ASSERT_TRUE(p.has_value());
  Matrix y;
  p->rows(base.view(), y);
  double kept = 0, total = 0;
  for (std::size_t r = 0; r < 8; ++r) {
    double squares = 0, sum = 0;
    for (std::size_t i = 0; i < 500; ++i) {
      squares += static_cast<double>(y.row(i)[r]) * y.row(i)[r] / 500;
      sum += y.row(i)[r];
    }
    EXPECT_NEAR(sum / 500, 0, 1e-4);
    EXPECT_NEAR(squares, p->spectrum()[r], 1e-4 * p->spectrum()[0]);
    kept += squares;
  }
  for (std::size_t i = 0; i < 500; ++i) {
    for (std::size_t j = 0; j < 32; ++j) total += std::pow(base.row(i)[j] - p->mean()[j], 2) / 500;
  }
  EXPECT_NEAR(*p->kept(), kept / total, 1e-5);
  EXPECT_FALSE(p->loss().has_value());
}

TEST(Projection, ChoosesTheLengthThatKeepsTheEnergy) {
  const Matrix base = vectors_of(400, 96, 7);
  const auto full = fitted({.method = "pca", .dims = 96}, base, Matrix(), Metric::L2);
  for (const double energy : {0.3, 0.8, 0.95, 1.0}) {
    const auto p = fitted({.method = "pca", .energy = energy}, base, Matrix(), Metric::L2);
    ASSERT_TRUE(full.has_value() && p.has_value());
    EXPECT_EQ(p->to() % 16, 0U);
    EXPECT_GE(*p->kept(), energy - 1e-6);
    if (p->to() <= 16) continue;
    double shorter = 0, total = 0;
    for (std::size_t i = 0; i < 96; ++i) (i < p->to() - 16 ? shorter : total) += full->spectrum()[i];
    EXPECT_LT(shorter / (shorter + total), energy) << "16 fewer would have done";
  }
  const auto few = fitted({.method = "pca", .energy = 1.0}, vectors_of(5, 96, 8), Matrix(), Metric::L2);
  ASSERT_TRUE(few.has_value());
  EXPECT_EQ(few->to(), 5U);  // no more directions than rows
}

TEST(Projection, LearnedMapsLoseLessThanPca) {
  const Matrix base = vectors_of(600, 40, 9), queries = vectors_of(500, 40, 10, 13);
  for (const Metric metric : kKept) {
    const auto loss = [&](const char* method) {
      const auto p = fitted({.method = method, .dims = 8}, base, queries, metric);
      EXPECT_TRUE(p.has_value());
      return p->loss().value();
    };
    const double pca = loss("pca"), es = loss("es"), both = loss("es+fw");
    EXPECT_LE(es, pca);
    EXPECT_LE(both, es * (1 + 1e-9));
    EXPECT_LT(es, 1);
    EXPECT_GT(loss("random"), es);
    EXPECT_GT(loss("truncate"), es);
    if (metric != Metric::L2) {
      EXPECT_LE(loss("sphering"), both * (1 + 1e-6));
    }
  }
}

TEST(Projection, FewerQueriesThanDimsStillGiveFiniteMaps) {
  const Matrix base = vectors_of(100, 40, 11), queries = vectors_of(3, 40, 12);
  for (const char* method : {"es", "fw", "es+fw", "sphering"}) {
    const auto p = fitted({.method = method, .dims = 8}, base, queries, Metric::Dot);
    ASSERT_TRUE(p.has_value()) << p.error().message();
    EXPECT_TRUE(check_finite(p->row_map(), "rows").has_value());
    EXPECT_TRUE(check_finite(p->query_map(), "queries").has_value());
    Matrix y;
    p->rows(base.view(), y);
    EXPECT_TRUE(check_finite(y.view(), "rows").has_value());
  }
}

TEST(Projection, AZeroVectorOfACosineSpaceStaysAtDistanceOne) {
  Matrix base = vectors_of(50, 8, 13);
  std::ranges::fill(base.row(7), 0.0F);
  const auto p = fitted({.method = "pca", .dims = 8}, base, Matrix(), Metric::Cosine);
  ASSERT_TRUE(p.has_value());
  EXPECT_EQ(changed_queries(*p, base, vectors_of(20, 8, 14)), 0U);
}

// Under cosine only directions count: rows and queries of any length teach, and map to, the same.
TEST(Projection, LengthsDoNotMatterUnderCosine) {
  quiver::Run run({.seed = 5, .threads = 1});
  const Matrix base = vectors_of(80, 8, 31), queries = vectors_of(60, 8, 32);
  Matrix scaled = Matrix::copy_of(base.view()), scaled_queries = Matrix::copy_of(queries.view());
  for (std::size_t i = 0; i < scaled.rows(); ++i) {
    for (float& x : scaled.row(i)) x *= static_cast<float>(1 + i % 40);
  }
  for (std::size_t i = 0; i < scaled_queries.rows(); ++i) {
    for (float& x : scaled_queries.row(i)) x *= 0.01F * static_cast<float>(1 + i);
  }
  for (const char* method : {"pca", "es+fw"}) {
    const ProjectionOptions options{.method = method, .dims = 4};
    const auto plain = fit_projection(options, base.view(), queries.view(), Metric::Cosine, run);
    const auto same = fit_projection(options, scaled.view(), scaled_queries.view(), Metric::Cosine, run);
    ASSERT_TRUE(plain.has_value() && same.has_value());
    Matrix rows, of_scaled;
    plain->rows(base.view(), rows);
    same->rows(scaled.view(), of_scaled);
    for (std::size_t i = 0; i < rows.rows(); ++i) {
      for (std::size_t j = 0; j < 4; ++j) EXPECT_NEAR(std::abs(rows.row(i)[j]), std::abs(of_scaled.row(i)[j]), 1e-3);
    }
  }
}

TEST(Projection, TheSameSeedGivesTheSameMapAndAnotherSeedAnother) {
  const Matrix base = vectors_of(300, 20, 15), none;
  const auto row_of = [&](const char* method, std::uint64_t seed) {
    const auto p = fitted({.method = method, .dims = 4, .sample = 100}, base, none, Metric::L2, seed);
    EXPECT_TRUE(p.has_value());
    return std::vector<float>(p->row_map().row(0).begin(), p->row_map().row(0).end());
  };
  for (const char* method : {"pca", "random"}) {
    EXPECT_EQ(row_of(method, 1), row_of(method, 1));
    EXPECT_NE(row_of(method, 1), row_of(method, 2));
  }
}

TEST(Projection, RandomIsOrthonormalAndTruncateIsThePrefix) {
  const Matrix base = vectors_of(10, 30, 16);  // fewer rows than dims: neither needs them
  const auto random = fitted({.method = "random", .dims = 12}, base, Matrix(), Metric::Dot);
  const auto prefix = fitted({.method = "truncate", .dims = 12, .centre = false}, base, Matrix(), Metric::Dot);
  ASSERT_TRUE(random.has_value() && prefix.has_value());
  const DoubleMatrix map = DoubleMatrix::copy_of(random->row_map());
  DoubleMatrix gram = product_nt(map, map);
  combine(gram, 1, DoubleMatrix::identity(12, 12), -1);
  EXPECT_LT(inner(gram, gram), 1e-10);
  EXPECT_TRUE(random->spectrum().empty());
  Matrix y;
  prefix->rows(base.view(), y);
  for (std::size_t i = 0; i < 10; ++i) EXPECT_TRUE(std::ranges::equal(y.row(i), base.row(i).first(12)));
}

TEST(Projection, SaveThenLoadIsTheSameProjection) {
  const TemporaryFolder folder;
  const Matrix base = vectors_of(200, 21, 17), queries = vectors_of(90, 21, 18, 4);
  for (const char* method : {"pca", "random", "es+fw", "sphering"}) {
    const auto p = fitted({.method = method, .dims = 7}, base, queries, Metric::Dot);
    ASSERT_TRUE(p.has_value());
    const auto path = folder.path() / "p.qvi";
    ContainerWriter writer("index");
    p->save(writer, "projection/");
    ASSERT_TRUE(writer.save(path).has_value());
    const auto file = Container::open(path, "index");
    ASSERT_TRUE(file.has_value());
    const auto again = Projection::load(*file, "projection/");
    ASSERT_TRUE(again.has_value()) << again.error().message();
    EXPECT_EQ(again->method(), method);
    EXPECT_EQ(again->metric(), Metric::Dot);
    EXPECT_EQ(again->two_maps(), p->two_maps());
    EXPECT_EQ(again->kept(), p->kept());
    EXPECT_EQ(again->loss(), p->loss());
    EXPECT_TRUE(std::ranges::equal(again->spectrum(), p->spectrum()));
    Matrix a, b;
    p->rows(base.view(), a);
    again->rows(base.view(), b);
    for (std::size_t i = 0; i < 200; ++i) EXPECT_TRUE(std::ranges::equal(a.row(i), b.row(i)));
    p->queries(base.view(), a);
    again->queries(base.view(), b);
    for (std::size_t i = 0; i < 200; ++i) EXPECT_TRUE(std::ranges::equal(a.row(i), b.row(i)));
  }
}

TEST(Projection, LoadRefusesSectionsThatDisagree) {
  const TemporaryFolder folder;
  const std::string good = R"({"method": "pca", "metric": "l2", "from": 3, "to": 2, "two_maps": false})";
  const auto refusal = [&](const std::string& header, std::vector<float> mean, std::vector<float> map) {
    const auto path = folder.path() / "bad.qvi";
    ContainerWriter writer("index");
    writer.add("projection", header);
    writer.add_array("mean", std::span<const float>(mean));
    writer.add_array("row_map", std::span<const float>(map));
    EXPECT_TRUE(writer.save(path).has_value());
    const auto file = Container::open(path, "index");
    EXPECT_TRUE(file.has_value());
    const auto loaded = Projection::load(*file, "");
    if (loaded.has_value()) return std::string();
    EXPECT_EQ(loaded.error().code(), Code::Corruption);
    return loaded.error().message();
  };
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    return text.replace(text.find(from), from.size(), to);
  };
  EXPECT_EQ(refusal(good, {1, 2, 3}, {1, 0, 0, 0, 1, 0}), "");
  EXPECT_THAT(refusal(good, {1, 2}, {1, 0, 0, 0, 1, 0}), HasSubstr("section 'mean' has 2 values"));
  EXPECT_THAT(refusal(good, {1, 2, 3}, {1, 0, 0, 0, 1}), HasSubstr("section 'row_map' has 5 values"));
  EXPECT_THAT(refusal(good, {1, NAN, 3}, {1, 0, 0, 0, 1, 0}), HasSubstr("section 'mean' holds NaN"));
  EXPECT_THAT(refusal("{", {1, 2, 3}, {}), HasSubstr("section 'projection' is not a projection's header"));
  EXPECT_THAT(refusal(with("\"to\": 2", "\"to\": 4"), {1, 2, 3}, {}), HasSubstr("it maps 3 dims to 4"));
  EXPECT_THAT(refusal(with("\"to\": 2", "\"to\": 0"), {1, 2, 3}, {}), HasSubstr("it maps 3 dims to 0"));
  EXPECT_THAT(refusal(with("l2", "hamming"), {1, 2, 3}, {}), HasSubstr("its metric is hamming"));
}

TEST(Projection, RefusesWhatCannotBeLearned) {
  const Matrix base = vectors_of(20, 8, 19), queries = vectors_of(30, 8, 20);
  const auto refusal = [&](ProjectionOptions options, const Matrix& rows, const Matrix& asked, Metric metric) {
    const auto p = fitted(options, rows, asked, metric);
    EXPECT_FALSE(p.has_value()) << options.method;
    if (p.has_value()) return std::string();
    EXPECT_THAT(p.error().message(), HasSubstr("fitting a projection: "));
    return p.error().message();
  };
  const Matrix none;
  EXPECT_THAT(refusal({.method = "pac"}, base, none, Metric::L2), HasSubstr("did you mean 'pca'?"));
  EXPECT_THAT(refusal({.dims = 4}, base, none, Metric::Manhattan), HasSubstr("metric manhattan needs the full rows"));
  EXPECT_THAT(refusal({.method = "sphering", .dims = 4}, base, queries, Metric::L2),
              HasSubstr("sphering keeps products"));
  EXPECT_THAT(refusal({.dims = 4}, none, none, Metric::L2), HasSubstr("there are no rows"));
  EXPECT_THAT(refusal({.dims = 9}, base, none, Metric::L2), HasSubstr("9 dims are asked for, the rows have 8"));
  EXPECT_THAT(refusal({.method = "random"}, base, none, Metric::L2), HasSubstr("say how many dims"));
  EXPECT_THAT(refusal({.energy = 1.5}, base, none, Metric::L2), HasSubstr("energy 1.5 is not in (0, 1]"));
  EXPECT_THAT(refusal({.dims = 6}, vectors_of(5, 8, 21), none, Metric::L2), HasSubstr("give at least 6 rows"));
  EXPECT_THAT(refusal({.method = "es", .dims = 4}, base, none, Metric::L2),
              HasSubstr("learns from queries and there are none"));
  EXPECT_THAT(refusal({.method = "es", .dims = 4}, base, vectors_of(9, 7, 22), Metric::L2),
              HasSubstr("queries have 7 dims, rows have 8"));
  Matrix same(20, 8);
  for (std::size_t i = 0; i < 20; ++i) std::ranges::copy(base.row(0), same.row(i).begin());
  EXPECT_THAT(refusal({.dims = 4}, same, none, Metric::Dot), HasSubstr("the rows are all alike"));
  EXPECT_THAT(refusal({.method = "es", .dims = 4}, base, Matrix(5, 8), Metric::Dot),
              HasSubstr("the queries are all zero"));
  Matrix broken = vectors_of(20, 8, 23);
  broken.row(3)[2] = NAN;
  EXPECT_THAT(refusal({.dims = 4}, broken, none, Metric::L2), HasSubstr("rows: row 3, column 2 is NaN"));
  EXPECT_THAT(refusal({.method = "es", .dims = 4}, base, broken, Metric::L2),
              HasSubstr("queries: row 3, column 2 is NaN"));

  quiver::Run run({.threads = 1});
  run.cancel();
  EXPECT_EQ(fit_projection({.dims = 4}, base.view(), {}, Metric::L2, run).error().code(), Code::Cancelled);
}

}  // namespace
}  // namespace quiver
