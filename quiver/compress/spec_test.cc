#include "quiver/compress/spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/compress/internal/testing.h"

namespace quiver {
namespace {
using internal::space_of;
using testing::HasSubstr;

TEST(QuantizerSpec, ReadsAndPrintsEveryName) {
  for (const char* text : {"f32",
                           "f16",
                           "bf16",
                           "i8",
                           "u8",
                           "bit",
                           "lvq(8)",
                           "lvq(4)",
                           "sq(8)",
                           "sq(4)",
                           "pq(4)",
                           "pq(8,4)",
                           "opq(4)",
                           "opq(2,4)",
                           "rq(3)",
                           "grvq(2,3)",
                           "rabitq(1)",
                           "rabitq(8)",
                           "binary",
                           "itq",
                           "itq(5)",
                           "lvq(4,4)",
                           "lvq(4,8)",
                           "lvq(8,8)",
                           "lvq(8,4)",
                           "prefix(4) + lvq(8)",
                           "pca(8) + f16",
                           "random(3) + pq(2)",
                           "es(5) + lvq(4,8)"}) {
    const auto spec = QuantizerSpec::parse(text);
    ASSERT_TRUE(spec.has_value()) << spec.error().message();
    EXPECT_EQ(spec->text(), text);
    const auto quantizer = make_quantizer(*spec, space_of(8, Metric::L2));
    ASSERT_TRUE(quantizer.has_value());
    EXPECT_EQ((*quantizer)->spec(), text);
  }
  EXPECT_EQ(QuantizerSpec::parse("  lvq ( 8 ) ")->text(), "lvq(8)");
  EXPECT_EQ(QuantizerSpec::parse("prefix( 64 )")->text(), "prefix(64) + f32");
  EXPECT_EQ(QuantizerSpec::parse("leanvec(9)+itq( 3 )")->text(), "leanvec(9) + itq(3)");
}

TEST(QuantizerSpec, SaysWhatIsWrong) {
  const auto message = [](const char* text) {
    const auto spec = QuantizerSpec::parse(text);
    EXPECT_FALSE(spec.has_value()) << text;
    return spec.has_value() ? "" : spec.error().message();
  };
  EXPECT_THAT(message("lqv(8)"), HasSubstr("did you mean lvq"));
  EXPECT_THAT(message(""), HasSubstr("known: f32, f16"));
  EXPECT_THAT(message("lvq"), HasSubstr("write lvq(8)"));
  EXPECT_THAT(message("f32(8)"), HasSubstr("f32 takes 0"));
  EXPECT_THAT(message("lvq(5)"), HasSubstr("4 or 8 bits"));
  EXPECT_THAT(message("lvq(8"), HasSubstr("misses its ')'"));
  EXPECT_THAT(message("lvq(eight)"), HasSubstr("'eight'"));
  EXPECT_THAT(message("lvq(4x8)"), HasSubstr("is not a whole number; separate numbers by commas"));
  EXPECT_THAT(message("prefix"), HasSubstr("write prefix(64)"));
  EXPECT_THAT(message("pca(0) + lvq(8)"), HasSubstr("1 or more"));
  EXPECT_THAT(message("prefixx(4)"), HasSubstr("did you mean prefix"));
  EXPECT_THAT(message("prefix(4) + pq(8)"), HasSubstr("cuts 4 dims into 8 parts"));
  EXPECT_THAT(message("prefix(8) + pca(4) + lvq(8)"), HasSubstr("one step and one kind of codes"));
  EXPECT_THAT(message("prefix(8) + pca(4)"), HasSubstr("'pca' is not a quantizer"));
  EXPECT_THAT(message("lvq(8) + prefix(8)"), HasSubstr("codes come last"));
  EXPECT_THAT(message("lvq(4,8,8)"), HasSubstr("has 3 arguments where lvq takes 1 to 2"));
  EXPECT_THAT(message("lvq(4,5)"), HasSubstr("both levels have 4 or 8 bits"));
  EXPECT_THAT(message("lvq(-8)"), HasSubstr("'-8'"));
  EXPECT_THAT(message("sq(5)"), HasSubstr("write sq(8) or sq(4)"));
  EXPECT_THAT(message("pq"), HasSubstr("pq takes 1 to 2"));
  EXPECT_THAT(message("pq(8,5)"), HasSubstr("write pq(8,4)"));
  EXPECT_THAT(message("pq(0)"), HasSubstr("0 parts"));
  EXPECT_THAT(message("rq(0)"), HasSubstr("1 to 64"));
  EXPECT_THAT(message("grvq(0,2)"), HasSubstr("0 groups"));
}

TEST(QuantizerSpec, KnowsItsBytesBeforehand) {
  const auto bytes = [](const char* text, std::size_t dims, Metric metric) {
    return QuantizerSpec::parse(text)->bytes_per_row(space_of(dims, metric));
  };
  EXPECT_EQ(bytes("f32", 256, Metric::Cosine), 1024U);
  EXPECT_EQ(bytes("f32", 250, Metric::L2), 1024U);     // rounded up to cache lines: less than a sixteenth more
  EXPECT_EQ(bytes("f32", 100, Metric::Cosine), 400U);  // packed
  EXPECT_EQ(bytes("f16", 96, Metric::L2), 192U);
  EXPECT_EQ(bytes("f16", 96, Metric::Cosine), 196U);  // and the inverse length
  EXPECT_EQ(bytes("bit", 96, Metric::Hamming), 12U);
  EXPECT_EQ(bytes("lvq(8)", 256, Metric::Cosine), 256U + 12);
  EXPECT_EQ(bytes("lvq(8)", 256, Metric::Dot), 256U + 8);
  EXPECT_EQ(bytes("lvq(4)", 256, Metric::L2), 128U + 12);
  EXPECT_EQ(bytes("lvq(4)", 7, Metric::L2), 4U + 12);
  EXPECT_EQ(bytes("lvq(4,8)", 256, Metric::L2), 128U + 12 + 256 + 4);
  EXPECT_EQ(bytes("prefix(64) + lvq(8)", 256, Metric::L2), 64U + 12);
  EXPECT_EQ(bytes("pca(64) + lvq(8)", 256, Metric::Cosine), 64U + 8);  // products of short vectors
  EXPECT_EQ(bytes("prefix(64) + lvq(8)", 32, Metric::L2), 0U);
  EXPECT_EQ(bytes("lvq(8,8)", 256, Metric::Dot), 256U + 8 + 256);
  EXPECT_EQ(bytes("sq(8)", 256, Metric::L2), 256U + 4);
  EXPECT_EQ(bytes("sq(4)", 256, Metric::Dot), 128U);
  EXPECT_EQ(bytes("sq(4)", 256, Metric::Hamming), 0U);
  EXPECT_EQ(bytes("pq(16)", 256, Metric::L2), 16U);
  EXPECT_EQ(bytes("opq(15,4)", 256, Metric::Cosine), 8U + 4);
  EXPECT_EQ(bytes("rq(16)", 256, Metric::L2), 16U + 4);
  EXPECT_EQ(bytes("grvq(4,1)", 256, Metric::L2), 4U);
  EXPECT_EQ(bytes("rabitq(1)", 256, Metric::L2), 32U + 8);
  EXPECT_EQ(bytes("binary", 256, Metric::L2), 32U);
  EXPECT_EQ(bytes("itq(100)", 256, Metric::L2), 16U);
  EXPECT_EQ(bytes("rabitq(4)", 256, Metric::Cosine), 128U + 4);
}

TEST(MakeQuantizer, RefusesSpacesItCannotHold) {
  EXPECT_THAT(make_quantizer(*QuantizerSpec::parse("f32"), space_of(0, Metric::L2)).error().message(),
              HasSubstr("0 dims"));
  EXPECT_THAT(make_quantizer(*QuantizerSpec::parse("lvq(8)"), space_of(4, Metric::Manhattan)).error().message(),
              HasSubstr("l2, dot and cosine"));
  EXPECT_THAT(make_quantizer(*QuantizerSpec::parse("i8"), space_of(40000, Metric::L2)).error().message(),
              HasSubstr("at most 32768"));
  EXPECT_THAT(make_quantizer({"qp", {}}, space_of(4, Metric::L2)).error().message(),
              HasSubstr("'qp' is not a quantizer"));
  EXPECT_THAT(make_quantizer(*QuantizerSpec::parse("pq(8)"), space_of(4, Metric::L2)).error().message(),
              HasSubstr("cuts 4 dims into 8 parts"));
}

TEST(QuantizerHelp, HasALinePerName) {
  EXPECT_EQ(quantizer_help().size(), 15U + 4);
  EXPECT_THAT(quantizer_help()[14], HasSubstr("itq(128)"));
  EXPECT_THAT(quantizer_help()[15], HasSubstr("prefix(64) + lvq(8)"));
}

}  // namespace
}  // namespace quiver
