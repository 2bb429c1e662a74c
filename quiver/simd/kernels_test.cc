// Every level against a reference in double, on every metric and element type, at sizes around every vector width.
// Float results must lie within the bound that kernels.h documents, integers must be exact, and a row's result must
// not depend on how it was reached.
#include "quiver/simd/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "quiver/simd/internal/testing.h"
#include "quiver/simd/packed_u4.h"

namespace quiver::simd::internal {
namespace {

class EveryKernel : public testing::TestWithParam<Level> {};
INSTANTIATE_TEST_SUITE_P(Levels, EveryKernel, testing::ValuesIn(levels()), level_name);

TEST_P(EveryKernel, AgreesWithTheReferenceInEverySize) {
  const Kernels& k = *kernels_at(GetParam());
  for (const Element element : kAllElements) {
    for (const std::size_t dims : kDims) {
      const std::uint64_t seed = 1000 * dims + static_cast<std::uint64_t>(element);
      Block block(element, dims, 12, seed);  // row 0 is the query
      const std::vector<std::uint32_t> gathered = {7, 1, 1, 11, 3, 0, 9};
      for (const Metric metric : kAllMetrics) {
        SCOPED_TRACE(testing::Message() << name(GetParam()) << ' ' << name(metric) << ' ' << name(element) << " dims "
                                        << dims << " seed " << seed);
        const BlockKernel kernel = k.distance(metric, element);
        ASSERT_NE(kernel, nullptr);
        for (const std::size_t count : {0u, 1u, 2u, 3u, 4u, 5u, 7u, 12u}) {
          std::vector<float> out(count + 1, -77.0f);
          kernel(block.row(0), block.base(), block.stride, nullptr, count, dims, out.data());
          EXPECT_EQ(out[count], -77.0f) << "wrote past count " << count;
          for (std::size_t r = 0; r < count; ++r) {
            const Expected want = reference(metric, element, block.row(0), element, block.row(r), dims);
            EXPECT_NEAR(out[r], want.value, tolerance(metric, element, dims, want)) << "row " << r << " of " << count;
          }
        }
        std::vector<float> all(12), picked(gathered.size());
        kernel(block.row(0), block.base(), block.stride, nullptr, 12, dims, all.data());
        kernel(block.row(0), block.base(), block.stride, gathered.data(), gathered.size(), dims, picked.data());
        for (std::size_t i = 0; i < gathered.size(); ++i)
          EXPECT_EQ(std::bit_cast<std::uint32_t>(picked[i]), std::bit_cast<std::uint32_t>(all[gathered[i]]))
              << "row " << gathered[i] << " differs by place";
        const bool zero = reference(Metric::Dot, element, block.row(0), element, block.row(0), dims).value == 0;
        if (metric == Metric::Cosine) {
          EXPECT_EQ(all[0], zero ? 1.0f : 0.0f) << "a row against itself";
        }
      }
    }
  }
}

TEST_P(EveryKernel, AgreesWithScalarWithinBothBounds) {
  const Kernels& k = *kernels_at(GetParam());
  const Kernels& scalar = *kernels_at(Level::Scalar);
  for (const Element element : kAllElements) {
    for (const std::size_t dims : kDims) {
      Block block(element, dims, 9, dims + 5);
      for (const Metric metric : kAllMetrics) {
        SCOPED_TRACE(testing::Message() << name(metric) << ' ' << name(element) << " dims " << dims);
        float got[9], want[9];
        k.distance(metric, element)(block.row(0), block.base(), block.stride, nullptr, 9, dims, got);
        scalar.distance(metric, element)(block.row(0), block.base(), block.stride, nullptr, 9, dims, want);
        for (std::size_t r = 0; r < 9; ++r) {
          const Expected exact = reference(metric, element, block.row(0), element, block.row(r), dims);
          const double bound = is_float(element) ? 2 * tolerance(metric, element, dims, exact) : 0;
          EXPECT_NEAR(got[r], want[r], bound) << "row " << r;
        }
      }
    }
  }
}

TEST_P(EveryKernel, HalfRowsTakeFloatQueries) {
  const Kernels& k = *kernels_at(GetParam());
  for (const std::size_t dims : kDims) {
    Block queries(Element::F32, dims, 1, dims), rows(Element::F16, dims, 6, dims + 1);
    for (const Metric metric : {Metric::L2, Metric::Dot}) {
      SCOPED_TRACE(testing::Message() << name(metric) << " dims " << dims);
      float out[6];
      (metric == Metric::L2 ? k.l2_f32_f16 : k.dot_f32_f16)(queries.row(0), rows.base(), rows.stride, nullptr, 6, dims,
                                                            out);
      for (std::size_t r = 0; r < 6; ++r) {
        const Expected want = reference(metric, Element::F32, queries.row(0), Element::F16, rows.row(r), dims);
        EXPECT_NEAR(out[r], want.value, tolerance(metric, Element::F32, dims, want));
      }
    }
  }
}

TEST_P(EveryKernel, CodeProductsReadBytesAndPackedNibbles) {
  const Kernels& k = *kernels_at(GetParam());
  for (const std::size_t dims : kDims) {
    SCOPED_TRACE(testing::Message() << name(GetParam()) << " dims " << dims);
    constexpr std::size_t kRows = 39;  // two groups of sixteen, one of four, and three
    Block floats(Element::F32, dims, 1, dims), signed_query(Element::I8, dims, 1, dims),
        codes(Element::U8, dims, kRows, dims);
    const std::size_t packed_stride = packed_u4_bytes(dims) + 1;
    std::vector<std::uint8_t> nibbles(kRows * dims), packed(kRows * packed_stride, 0xee);
    for (std::size_t r = 0; r < kRows; ++r) {
      for (std::size_t i = 0; i < dims; ++i) nibbles[r * dims + i] = static_cast<std::uint8_t>(codes.row(r)[i]) & 15u;
      pack_u4(nibbles.data() + r * dims, dims, packed.data() + r * packed_stride);
    }
    const auto* packed_base = reinterpret_cast<const std::byte*>(packed.data());
    float f8[kRows], i8[kRows], f4[kRows], i4[kRows];
    k.dot_f32_u8(floats.row(0), codes.base(), codes.stride, nullptr, kRows, dims, f8);
    k.dot_i8_u8(signed_query.row(0), codes.base(), codes.stride, nullptr, kRows, dims, i8);
    k.dot_f32_u4(floats.row(0), packed_base, packed_stride, nullptr, kRows, dims, f4);
    k.dot_i8_u4(signed_query.row(0), packed_base, packed_stride, nullptr, kRows, dims, i4);
    for (std::size_t r = 0; r < kRows; ++r) {
      const auto* row4 = reinterpret_cast<const std::byte*>(nibbles.data() + r * dims);
      const Expected wf8 = reference(Metric::Dot, Element::F32, floats.row(0), Element::U8, codes.row(r), dims);
      const Expected wf4 = reference(Metric::Dot, Element::F32, floats.row(0), Element::U8, row4, dims);
      const Expected wi8 = reference(Metric::Dot, Element::I8, signed_query.row(0), Element::U8, codes.row(r), dims);
      const Expected wi4 = reference(Metric::Dot, Element::I8, signed_query.row(0), Element::U8, row4, dims);
      EXPECT_NEAR(f8[r], -wf8.value, tolerance(Metric::Dot, Element::F32, dims, wf8));
      EXPECT_NEAR(f4[r], -wf4.value, tolerance(Metric::Dot, Element::F32, dims, wf4));
      EXPECT_EQ(i8[r], static_cast<float>(-wi8.value));
      EXPECT_EQ(i4[r], static_cast<float>(-wi4.value));
    }
  }
}

TEST_P(EveryKernel, IntegersAreExactAtTheLargestDims) {
  const Kernels& k = *kernels_at(GetParam());
  const std::size_t dims = kMaxIntegerDims;
  std::vector<std::uint8_t> high(dims, 255), low(dims, 0), most_negative(dims, 128), most_positive(dims, 127);
  const auto bytes = [](const std::vector<std::uint8_t>& v) { return reinterpret_cast<const std::byte*>(v.data()); };
  const auto one = [&](BlockKernel kernel, const auto& q, const auto& r) {
    float out = 0;
    kernel(q.data(), bytes(r), dims, nullptr, 1, dims, &out);
    return static_cast<double>(out);
  };
  const double n = static_cast<double>(dims);
  EXPECT_EQ(one(k.distance(Metric::L2, Element::U8), high, low),
            static_cast<double>(static_cast<float>(255. * 255 * n)));
  EXPECT_EQ(one(k.distance(Metric::Dot, Element::U8), high, high),
            static_cast<double>(static_cast<float>(-255. * 255 * n)));
  EXPECT_EQ(one(k.distance(Metric::Manhattan, Element::U8), high, low), 255 * n);
  EXPECT_EQ(one(k.distance(Metric::L2, Element::I8), most_negative, most_positive),
            static_cast<double>(static_cast<float>(255. * 255 * n)));
  EXPECT_EQ(one(k.distance(Metric::Dot, Element::I8), most_negative, most_negative), -128. * 128 * n);
  EXPECT_EQ(one(k.distance(Metric::Dot, Element::I8), most_negative, most_positive), 128. * 127 * n);
  EXPECT_EQ(one(k.dot_i8_u8, most_negative, high), -128. * 255 * n);
  float sixteen[16] = {};
  k.dot_i8_u8(most_negative.data(), bytes(high), 0, nullptr, 16, dims, sixteen);
  for (const float product : sixteen) EXPECT_EQ(static_cast<double>(product), -128. * 255 * n);
}

TEST_P(EveryKernel, NaNReachesTheResultFromAnyCoordinate) {
  const Kernels& k = *kernels_at(GetParam());
  for (const Element element : {Element::F32, Element::F16, Element::Bf16}) {
    for (const std::size_t dims : {1u, 15u, 33u, 130u}) {
      for (const std::size_t at : {std::size_t{0}, dims / 2, dims - 1}) {
        for (const std::size_t bad_row : {0u, 2u}) {  // row 0 is the query too
          Block block(element, dims, 4, dims);
          set_coordinate(element, block.row(bad_row), at, 0, kNaN);
          for (const Metric metric : {Metric::L2, Metric::Dot, Metric::Cosine, Metric::Manhattan}) {
            float out[4];
            k.distance(metric, element)(block.row(0), block.base(), block.stride, nullptr, 4, dims, out);
            SCOPED_TRACE(testing::Message() << name(metric) << ' ' << name(element) << " at " << at << " of " << dims);
            EXPECT_TRUE(std::isnan(out[bad_row]));
            EXPECT_EQ(std::isnan(out[1]), bad_row == 0);
          }
          float out[4];
          k.distance(Metric::Hamming, element)(block.row(0), block.base(), block.stride, nullptr, 4, dims, out);
          EXPECT_EQ(out[0], bad_row == 0 ? 1.0f : 0.0f);
        }
      }
    }
  }
}

TEST_P(EveryKernel, ZeroVectorsAreAtCosineDistanceOne) {
  const Kernels& k = *kernels_at(GetParam());
  for (const Element element : kAllElements) {
    Block block(element, 70, 3, 1);
    std::fill(block.row(1), block.row(1) + block.bytes, std::byte{0});
    float from_row[3], from_zero[3];
    k.distance(Metric::Cosine, element)(block.row(0), block.base(), block.stride, nullptr, 3, 70, from_row);
    k.distance(Metric::Cosine, element)(block.row(1), block.base(), block.stride, nullptr, 3, 70, from_zero);
    EXPECT_EQ(from_row[1], 1.0f) << name(element);
    for (const float distance : from_zero) EXPECT_EQ(distance, 1.0f) << name(element);
  }
}

TEST_P(EveryKernel, SignedZerosAreEqualCoordinates) {
  const float query[3] = {0.0f, -0.0f, 1.0f}, row[3] = {-0.0f, 0.0f, -1.0f};
  float out = 0;
  kernels_at(GetParam())
      ->distance(Metric::Hamming, Element::F32)(query, reinterpret_cast<const std::byte*>(row), sizeof row, nullptr, 1,
                                                3, &out);
  EXPECT_EQ(out, 1.0f);
}

}  // namespace
}  // namespace quiver::simd::internal
