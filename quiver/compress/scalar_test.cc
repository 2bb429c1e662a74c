#include "quiver/compress/scalar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/compress/internal/testing.h"
#include "quiver/core/metric.h"

namespace quiver {
namespace {
using internal::matrix_of;
using internal::space_of;
using testing::HasSubstr;

Result<std::unique_ptr<Codes>> encoded(Element element, Metric metric, const RowsView& base) {
  quiver::Run run({.threads = 1});
  QUIVER_TRY(const auto quantizer, make_stored(element, space_of(dims_of(base), metric)));
  return quantizer->encode(base, run);
}
std::vector<float> scores(const Codes& codes, const RowsView& query) {
  const auto scorer = codes.scorer(query);
  EXPECT_TRUE(scorer.has_value());
  std::vector<float> out(codes.rows());
  (*scorer)->score_range(0, codes.rows(), out.data());
  return out;
}

TEST(Stored, FloatsAreKeptAndSeenWhereTheyLie) {
  const Matrix base = matrix_of({{1, 2}, {3, 4}});
  const auto codes = encoded(Element::F32, Metric::L2, base.view());
  ASSERT_TRUE(codes.has_value());
  const MatrixView dense = (*codes)->dense();
  ASSERT_EQ(dense.rows, 2U);
  EXPECT_EQ(dense.row(1)[0], 3);
  const auto halves = encoded(Element::F16, Metric::L2, base.view());
  ASSERT_TRUE(halves.has_value());
  EXPECT_TRUE((*halves)->dense().empty());
}

TEST(Stored, AQueryThatDoesNotFitIntegersIsComparedInFloats) {
  const Matrix base = matrix_of({{1, 2}, {-3, 4}}), half = matrix_of({{0.5F, 2}});
  const auto codes = encoded(Element::I8, Metric::L2, base.view());
  ASSERT_TRUE(codes.has_value());
  EXPECT_THAT(scores(**codes, half.view()), testing::ElementsAre(0.25F, 16.25F));
  const Matrix whole = matrix_of({{1, 2}});
  EXPECT_THAT(scores(**codes, whole.view()), testing::ElementsAre(0.0F, 20.0F));
}

TEST(Stored, ZeroRowsHaveCosineDistanceOne) {
  const Matrix base = matrix_of({{0, 0}, {2, 0}}), query = matrix_of({{5, 0}});
  for (const Element element : {Element::F32, Element::F16, Element::Bf16, Element::I8}) {
    const auto codes = encoded(element, Metric::Cosine, base.view());
    ASSERT_TRUE(codes.has_value());
    const std::vector<float> d = scores(**codes, query.view());
    EXPECT_EQ(d[0], 1) << name_of(element);
    EXPECT_NEAR(d[1], 0, 1e-6) << name_of(element);
  }
}

TEST(Stored, StrayBitsBehindTheLastCoordinateAreCleared) {
  TypedMatrix bits(Element::Bit, 1, 3);
  bits.row(0)[0] = std::byte{0xff};  // coordinates 0 .. 2 and five bits that are none
  const auto codes = encoded(Element::Bit, Metric::Hamming, bits.view());
  ASSERT_TRUE(codes.has_value());
  const Matrix query = matrix_of({{1, 1, 1}});
  EXPECT_THAT(scores(**codes, query.view()), testing::ElementsAre(0.0F));
}

TEST(Stored, RefusesWhatDoesNotFit) {
  const Matrix base = matrix_of({{1, 2}, {300, 4}});
  const auto codes = encoded(Element::I8, Metric::L2, base.view());
  ASSERT_FALSE(codes.has_value());
  EXPECT_THAT(codes.error().message(), HasSubstr("row 1, column 0 holds 300"));
  const Matrix first = matrix_of({{1, 2}});
  const auto grown = encoded(Element::U8, Metric::L2, first.view());
  ASSERT_TRUE(grown.has_value());
  EXPECT_FALSE((*grown)->append(base.view()).has_value());
  EXPECT_EQ((*grown)->rows(), 1U);
  SparseRows sparse;
  EXPECT_EQ(encoded(Element::F32, Metric::L2, sparse.view()).error().code(), Code::Unsupported);
}

}  // namespace
}  // namespace quiver
