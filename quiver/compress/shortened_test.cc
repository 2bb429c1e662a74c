#include "quiver/compress/shortened.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "quiver/compress/internal/codes_file.h"
#include "quiver/compress/internal/testing.h"
#include "quiver/core/random.h"

namespace quiver {
namespace {
using internal::matrix_of;
using internal::space_of;
using testing::HasSubstr;

// Rows whose variance falls from coordinate to coordinate, so that directions have an order.
Matrix falling_rows(std::size_t rows, std::size_t dims, std::uint64_t seed) {
  Matrix out(rows, dims);
  for (std::size_t i = 0; i < rows; ++i) {
    Random random(seed, i);
    for (std::size_t j = 0; j < dims; ++j) out.row(i)[j] = 0.5F + random.normal() / static_cast<float>(1 + j);
  }
  return out;
}

std::unique_ptr<Quantizer> made(const char* spec, std::size_t dims, Metric metric) {
  auto quantizer = make_quantizer(*QuantizerSpec::parse(spec), space_of(dims, metric));
  EXPECT_TRUE(quantizer.has_value()) << quantizer.error().message();
  return *std::move(quantizer);
}
std::unique_ptr<Codes> coded(const char* spec, Metric metric, const Matrix& base,
                             const Matrix& queries = Matrix(0, 0)) {
  quiver::Run run({.threads = 2});
  const auto quantizer = made(spec, base.cols(), metric);
  const auto fitted = quantizer->fit(base.view(), queries.view(), run);
  EXPECT_TRUE(fitted.has_value()) << fitted.error().message();
  auto codes = quantizer->encode(base.view(), run);
  EXPECT_TRUE(codes.has_value()) << codes.error().message();
  return *std::move(codes);
}
std::vector<float> scan(const Codes& codes, const Matrix& query) {
  std::vector<float> out(codes.rows());
  (*codes.scorer(query.view()))->score_range(0, codes.rows(), out.data());
  return out;
}
std::string refusal(const char* spec, std::size_t dims, Metric metric) {
  const auto quantizer = make_quantizer(*QuantizerSpec::parse(spec), space_of(dims, metric));
  EXPECT_FALSE(quantizer.has_value()) << spec;
  return quantizer.has_value() ? "" : quantizer.error().message();
}

constexpr Metric kLinear[] = {Metric::L2, Metric::Dot, Metric::Cosine};

TEST(Shortened, APrefixIsTheCodesOfTheFirstCoordinates) {
  const Matrix base = falling_rows(80, 20, 1), query = falling_rows(1, 20, 2);
  const Matrix brief = Matrix::copy_of(base.view().prefix(7)), brief_query = Matrix::copy_of(query.view().prefix(7));
  for (const char* codes : {"f32", "lvq(8)", "lvq(4,8)", "binary"}) {
    for (const Metric metric : kLinear) {
      const auto cut = coded((std::string("prefix(7) + ") + codes).c_str(), metric, base);
      const auto alone = coded(codes, metric, brief);
      EXPECT_EQ(scan(*cut, query), scan(*alone, brief_query)) << codes << ", seeds 1, 2";
      EXPECT_EQ(cut->bytes(), alone->bytes());
      EXPECT_EQ(cut->space().dims, 20U);
    }
  }
}

TEST(Shortened, APrefixTakesEveryMetricAndElement) {
  const Matrix base = matrix_of({{1, -2, 3, 9}, {0, 0, 1, -9}}), query = matrix_of({{1, 1, 1, 1}});
  EXPECT_THAT(scan(*coded("prefix(3) + f32", Metric::Manhattan, base), query), testing::ElementsAre(5, 2));
  EXPECT_THAT(scan(*coded("prefix(3) + bit", Metric::Hamming, base), query), testing::ElementsAre(1, 2));
  EXPECT_THAT(scan(*coded("prefix(3) + i8", Metric::L2, base), query), testing::ElementsAre(13, 2));
}

TEST(Shortened, AllDirectionsOfPcaChangeNothing) {
  const Matrix base = falling_rows(60, 12, 3), query = falling_rows(1, 12, 4);
  for (const Metric metric : kLinear) {
    const std::vector<float> whole = scan(*coded("f32", metric, base), query);
    for (const char* spec : {"pca(12) + f32", "random(12) + f32"}) {
      const std::vector<float> turned = scan(*coded(spec, metric, base), query);
      for (std::size_t i = 0; i < whole.size(); ++i) EXPECT_NEAR(turned[i], whole[i], 2e-4) << spec << ", seeds 3, 4";
    }
  }
}

TEST(Shortened, DistancesAreThoseToTheDecodedRows) {
  const Matrix base = falling_rows(50, 16, 5), query = falling_rows(1, 16, 6);
  for (const Metric metric : kLinear) {
    for (const char* spec : {"pca(5) + f32", "random(5) + lvq(8)", "es(5) + f32"}) {
      const auto codes = coded(spec, metric, base, falling_rows(40, 16, 7));
      const auto scorer = *codes->scorer(query.view());
      Matrix back(50, 16);
      codes->decode_range(0, 50, back.data(), back.stride());
      const std::vector<float> scores = scan(*codes, query);
      for (std::size_t i = 0; i < 50; ++i) {
        double norm = 0;
        for (const float x : back.row(i)) norm += static_cast<double>(x) * x;
        norm = std::sqrt(norm);
        const double expected = distance(metric, query.row(0), back.row(i));
        EXPECT_NEAR(scores[i], expected, scorer->error_bound(norm, norm) + 1e-6) << spec << ", seeds 5 to 7";
      }
    }
  }
}

TEST(Shortened, TwoMapsKeepProductsAndPromiseNothing) {
  const Matrix base = falling_rows(60, 16, 8), queries = falling_rows(80, 16, 9), query = falling_rows(1, 16, 10);
  for (const char* spec : {"fw(6) + f32", "leanvec(6) + f32", "sphering(6) + f32"}) {
    const auto codes = coded(spec, Metric::Dot, base, queries);
    Matrix back(60, 16);
    codes->decode_range(0, 60, back.data(), back.stride());
    const std::vector<float> scores = scan(*codes, query);
    for (std::size_t i = 0; i < 60; ++i) {
      EXPECT_NEAR(scores[i], distance(Metric::Dot, query.row(0), back.row(i)), 1e-3) << spec << ", seeds 8 to 10";
    }
    EXPECT_EQ((*codes->scorer(query.view()))->error_bound(1, 1), HUGE_VAL);
  }
}

TEST(Shortened, TheFirstLevelOfItsCodesIsItsOwn) {
  const Matrix base = falling_rows(30, 10, 11), query = falling_rows(1, 10, 12);
  const auto codes = coded("pca(4) + lvq(4,8)", Metric::L2, base);
  ASSERT_NE(codes->first_level(), nullptr);
  EXPECT_EQ(codes->first_level()->spec(), "pca(4) + lvq(4)");
  EXPECT_EQ(codes->first_level()->space(), codes->space());
  EXPECT_EQ(scan(*codes->first_level(), query), scan(*coded("pca(4) + lvq(4)", Metric::L2, base), query));
  ASSERT_TRUE(codes->append(base.view()).has_value());
  EXPECT_EQ(codes->first_level()->rows(), 60U);
  codes->truncate(30);
  EXPECT_EQ(codes->first_level()->rows(), 30U);
}

TEST(Shortened, SavesAndLoadsItsMaps) {
  const std::filesystem::path path = std::filesystem::path(testing::TempDir()) / "quiver_shortened.qv";
  const Matrix base = falling_rows(40, 9, 13), query = falling_rows(1, 9, 14), more = falling_rows(3, 9, 15);
  quiver::Run run({.threads = 1});
  for (const char* spec : {"prefix(4) + lvq(8)", "pca(4) + lvq(4,4)", "leanvec(4) + f16"}) {
    const auto quantizer = made(spec, 9, Metric::Cosine);
    ASSERT_TRUE(quantizer->fit(base.view(), more.view(), run).has_value());
    const auto codes = *quantizer->encode(base.view(), run);
    ContainerWriter writer("codes");
    codes->save(writer, "a/");
    quantizer->save(writer, "b/");
    ASSERT_TRUE(writer.save(path).has_value());
    const auto file = *Container::open(path, "codes");
    const auto loaded = load_codes(file, "a/");
    ASSERT_TRUE(loaded.has_value()) << loaded.error().message();
    EXPECT_EQ((*loaded)->spec(), spec);
    EXPECT_EQ(scan(**loaded, query), scan(*codes, query));
    const auto again = load_quantizer(file, "b/");
    ASSERT_TRUE(again.has_value()) << again.error().message();
    EXPECT_EQ(scan(**(*again)->encode(base.view(), run), query), scan(*codes, query));
  }
  std::filesystem::remove(path);
}

TEST(Shortened, AFileThatDisagreesWithItselfIsCorrupt) {
  const std::filesystem::path path = std::filesystem::path(testing::TempDir()) / "quiver_shortened_odd.qv";
  const Matrix base = falling_rows(10, 6, 16);
  const auto message = [&](const char* spec, std::size_t rows) {
    ContainerWriter writer("codes");
    const auto inner = coded("lvq(8)", Metric::L2, Matrix::copy_of(base.view().prefix(3)));
    internal::save_codes_header(writer, "a/", spec, space_of(6, Metric::L2), rows);
    inner->save(writer, "a/short/");
    EXPECT_TRUE(writer.save(path).has_value());
    const auto loaded = load_codes(*Container::open(path, "codes"), "a/");
    EXPECT_FALSE(loaded.has_value());
    return loaded.has_value() ? "" : loaded.error().message();
  };
  EXPECT_THAT(message("prefix(3) + f16", 10), HasSubstr("lvq(8) of 3 dims"));
  EXPECT_THAT(message("prefix(2) + lvq(8)", 10), HasSubstr("lvq(8) of 3 dims"));
  EXPECT_THAT(message("prefix(3) + lvq(8)", 9), HasSubstr("says 9 rows, its codes hold 10"));
  EXPECT_THAT(message("pca(3) + lvq(8)", 10), HasSubstr("projection"));
  std::filesystem::remove(path);
}

TEST(Shortened, RefusesWhatItCannotDo) {
  EXPECT_THAT(refusal("prefix(9) + lvq(8)", 8, Metric::L2), HasSubstr("the vectors have 8 dims"));
  EXPECT_THAT(refusal("pca(4) + f32", 8, Metric::Manhattan), HasSubstr("write prefix"));
  EXPECT_THAT(refusal("sphering(4) + f32", 8, Metric::L2), HasSubstr("write es(4)"));
  EXPECT_THAT(refusal("prefix(4) + lvq(8)", 8, Metric::Hamming), HasSubstr("l2, dot and cosine"));
  quiver::Run run({.threads = 1});
  const Matrix few = falling_rows(3, 8, 17), alike(5, 8), longer = falling_rows(5, 9, 18);
  const auto fit = [&](const char* spec, const Matrix& base, const Matrix& queries) {
    const auto fitted = made(spec, 8, Metric::Dot)->fit(base.view(), queries.view(), run);
    EXPECT_FALSE(fitted.has_value()) << spec;
    return fitted.has_value() ? "" : fitted.error().message();
  };
  EXPECT_THAT(fit("pca(4) + f32", few, Matrix(0, 0)), HasSubstr("3 rows cannot tell 4 directions apart"));
  EXPECT_THAT(fit("pca(4) + f32", alike, Matrix(0, 0)), HasSubstr("all alike"));
  EXPECT_THAT(fit("leanvec(2) + f32", few, Matrix(0, 0)), HasSubstr("learns from queries and there are none"));
  EXPECT_THAT(fit("leanvec(2) + f32", few, longer), HasSubstr("queries have 9 dims"));
  EXPECT_THAT(fit("pca(2) + f32", longer, Matrix(0, 0)), HasSubstr("9 dims"));
  const auto unfitted = made("pca(4) + f32", 8, Metric::L2);
  EXPECT_THAT(unfitted->encode(few.view(), run).error().message(), HasSubstr("call fit first"));
  run.cancel();
  EXPECT_EQ(unfitted->fit(few.view(), {}, run).error().code(), Code::Cancelled);
}

}  // namespace
}  // namespace quiver
