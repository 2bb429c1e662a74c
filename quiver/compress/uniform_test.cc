#include "quiver/compress/uniform.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "quiver/compress/internal/testing.h"
#include "quiver/core/metric.h"
#include "quiver/core/random.h"
#include "quiver/core/temporary_folder.h"

namespace quiver {
namespace {
using internal::encoded_by;
using internal::matrix_of;
using internal::space_of;
using testing::HasSubstr;

// By hand: ranges [0, 510] and [-1, 1], steps 2 and 2 / 255.
TEST(Uniform, DecodesByTheFormula) {
  const Matrix base = matrix_of({{0, -1}, {510, 1}, {101.5F, 0.003F}});
  const auto codes = encoded_by(uniform_coder(8, space_of(2, Metric::L2)), base);
  Matrix back(3, 2);
  codes->decode_range(0, 3, back.data(), back.stride());
  EXPECT_FLOAT_EQ(back.row(0)[0], 0);
  EXPECT_FLOAT_EQ(back.row(1)[0], 510);
  EXPECT_FLOAT_EQ(back.row(2)[0], 102);
  EXPECT_NEAR(back.row(2)[1], 1.0 / 255, 1e-6);
}

TEST(Uniform, RowsAddedLaterAreClippedToTheRange) {
  const Matrix base = matrix_of({{0, -1}, {10, 1}}), later = matrix_of({{12, -3e38F}});
  const auto codes = encoded_by(uniform_coder(8, space_of(2, Metric::Dot)), base);
  ASSERT_TRUE(codes->append(later.view()).has_value());
  Matrix back(1, 2);
  codes->decode_range(2, 1, back.data(), back.stride());
  EXPECT_FLOAT_EQ(back.row(0)[0], 10);
  EXPECT_FLOAT_EQ(back.row(0)[1], -1);
}

TEST(Uniform, FourBitsDrawTheRangeInWhereThatPays) {
  // A normal coordinate and one stray: 15 steps over its whole range would be far too wide.
  Matrix base(5000, 2);
  Random random(9);
  for (std::size_t i = 0; i < base.rows(); ++i) {
    base.row(i)[0] = random.normal();
    base.row(i)[1] = i % 2 == 0 ? -1.0F : 1.0F;  // nothing to gain: both ends are used
  }
  base.row(17)[0] = 40;
  const auto codes = encoded_by(uniform_coder(4, space_of(2, Metric::L2)), base);
  const double step = 44.0 / 15;
  EXPECT_LT(internal::mean_error(*codes, base), step * step / 12 / 2) << "seed 9";
  Matrix back(2, 2);
  codes->decode_range(0, 2, back.data(), back.stride());
  EXPECT_EQ(back.row(0)[1], -1);
  EXPECT_EQ(back.row(1)[1], 1);
}

TEST(Uniform, AZeroRowKeepsCosineDistanceOne) {
  const Matrix base = matrix_of({{0, 0, 0}, {1, 2, 3}, {3, 2, 1}}), query = matrix_of({{1, 0, 0}});
  for (const unsigned bits : {4U, 8U}) {
    const auto codes = encoded_by(uniform_coder(bits, space_of(3, Metric::Cosine)), base);
    float distances[3];
    (*codes->scorer(query.view()))->score_range(0, 3, distances);
    EXPECT_EQ(distances[0], 1);
    EXPECT_NEAR(distances[2], 1 - 3 / std::sqrt(14), 0.1);
  }
}

TEST(Uniform, RefusesWhatItCannotDo) {
  EXPECT_THAT(uniform_coder(6, space_of(4, Metric::L2)).error().message(), HasSubstr("4 or 8 bits"));
  EXPECT_THAT(uniform_coder(8, space_of(4, Metric::Hamming)).error().message(), HasSubstr("hamming"));
}

// What all coders share (coder.cc), on this one.
TEST(Coder, RefusesWhatItCannotDo) {
  quiver::Run run({.threads = 1});
  const Matrix base = matrix_of({{-3e38F, 2}, {3e38F, 4}}), longer(1, 3);
  const auto quantizer = quantizer_of(*uniform_coder(8, space_of(2, Metric::L2)));
  EXPECT_THAT(quantizer->encode(base.view(), run).error().message(), HasSubstr("call fit first"));
  ASSERT_TRUE(quantizer->fit(base.view(), {}, run).has_value());
  EXPECT_THAT(quantizer->encode(base.view(), run).error().message(), HasSubstr("row 0 is so long"));
  EXPECT_THAT(quantizer->encode(longer.view(), run).error().message(), HasSubstr("3 dims"));
  run.cancel();
  EXPECT_EQ(quantizer->encode(base.view(), run).error().code(), Code::Cancelled);
  EXPECT_EQ(quantizer->fit(base.view(), {}, run).error().code(), Code::Cancelled);
}

TEST(Coder, NothingEncodedIsWhatIsShared) {
  const auto codes = encoded_by(uniform_coder(8, space_of(3, Metric::Dot)), Matrix(0, 3));
  EXPECT_EQ(codes->rows(), 0U);
  EXPECT_EQ(codes->bytes(), 6 * sizeof(float));
}

TEST(Coder, SharedArraysThatDoNotFitAreCorruption) {
  const TemporaryFolder folder;
  const auto load = [&](const std::vector<float>& low) {
    ContainerWriter writer("codes");
    writer.add_array("low", std::span<const float>(low));
    EXPECT_TRUE(writer.save(folder.path() / "codes.qv").has_value());
    const auto file = Container::open(folder.path() / "codes.qv", "codes");
    const auto coder = (*uniform_coder(8, space_of(2, Metric::L2)))->load(*file, "");
    EXPECT_FALSE(coder.has_value());
    return coder.error();
  };
  EXPECT_EQ(load({1}).code(), Code::Corruption);
  EXPECT_THAT(load({1}).message(), HasSubstr("has 1 values where 2 belong"));
  EXPECT_THAT(load({1, HUGE_VALF}).message(), HasSubstr("holds inf at 1"));
}

}  // namespace
}  // namespace quiver
