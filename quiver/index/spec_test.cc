#include "quiver/index/spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "quiver/core/container.h"
#include "quiver/core/file.h"

namespace quiver {
namespace {
using testing::HasSubstr;

TEST(IndexSpec, ReadsAndPrints) {
  for (const char* text :
       {"flat", "flat + lvq(8)", "flat + f16", "flat + lvq(4) + rerank(f32)", "flat + rerank(f16)", "flat + lvq(4,8)",
        "flat + lvq(4) + rerank(lvq(8)) + rerank(f16) + rerank(f32)",
        "flat + prefix(64) + lvq(8) + rerank(pca(96) + f16) + rerank(f32)", "hnsw(16,128) + pca(8) + lvq(4,8)",
        "hnsw(8,100)", "hnsw(16,128) + lvq(4) + rerank(f32)", "sparse"}) {
    const auto spec = IndexSpec::parse(text);
    ASSERT_TRUE(spec.has_value()) << spec.error().message();
    EXPECT_EQ(spec->text(), text);
    EXPECT_EQ(*IndexSpec::parse(spec->text()), *spec);
  }
  EXPECT_EQ(IndexSpec::parse(" flat+lvq( 4 )+rerank( f32 ) ")->text(), "flat + lvq(4) + rerank(f32)");
  EXPECT_EQ(IndexSpec::parse("hnsw")->text(), "hnsw(16,128)");
  EXPECT_EQ(IndexSpec::parse("hnsw ( 32 ) + f16")->text(), "hnsw(32,128) + f16");
}

TEST(IndexSpec, AFunnelIsAChainOfPrefixes) {
  const auto text = [](const char* spec) { return IndexSpec::parse(spec)->text(); };
  EXPECT_EQ(text("funnel(64, 128) + lvq(8)"),
            "flat + prefix(64) + lvq(8) + rerank(prefix(128) + lvq(8)) + rerank(lvq(8))");
  EXPECT_EQ(text("funnel(8)"), "flat + prefix(8) + f32 + rerank(f32)");
  EXPECT_EQ(text("funnel(8) + lvq(4) + rerank(lvq(8)) + rerank(f16)"),
            "flat + prefix(8) + lvq(4) + rerank(lvq(8)) + rerank(f16)");
  EXPECT_EQ(text("flat+prefix(8)+rerank( prefix( 9 )+f16 )"), "flat + prefix(8) + f32 + rerank(prefix(9) + f16)");
}

TEST(IndexSpec, SaysWhatIsWrongAndWhere) {
  const auto message = [](const char* text) {
    const auto spec = IndexSpec::parse(text);
    EXPECT_FALSE(spec.has_value()) << text;
    return spec.has_value() ? "" : spec.error().message();
  };
  EXPECT_THAT(message("flatt"), HasSubstr("did you mean flat"));
  EXPECT_THAT(message(""), HasSubstr("known: flat, hnsw, graph, ivf, sparse, funnel"));
  EXPECT_THAT(message("flat + lvq(7)"), HasSubstr("4 or 8 bits"));
  EXPECT_THAT(message("flat + lvq(8) + f16"), HasSubstr("comes twice"));
  EXPECT_THAT(message("flat + rerank(f32) + lvq(8)"), HasSubstr("too late"));
  EXPECT_THAT(message("flat + rerank"), HasSubstr("'' is not a quantizer"));
  EXPECT_THAT(message("flat + rerank(rerank(f32))"), HasSubstr("rerank"));
  EXPECT_THAT(message("flat +"), HasSubstr("reading index 'flat +'"));
  EXPECT_THAT(message("sparse + lvq(8)"), HasSubstr("leave out"));
  EXPECT_THAT(message("flat(3) + lvq(8)"), HasSubstr("'flat(3)' has 1 arguments, flat takes at most 0; write flat"));
  EXPECT_THAT(message("hnsw(16,128,1)"), HasSubstr("takes at most 2; write hnsw(16,128)"));
  EXPECT_THAT(message("hnsw(1)"), HasSubstr("M is 2 .. 1024"));
  EXPECT_THAT(message("hnsw(16,0)"), HasSubstr("ef_construction 1 .. 100000"));
  EXPECT_THAT(message("funnel"), HasSubstr("write funnel(64,128)"));
  EXPECT_THAT(message("funnel(64,64)"), HasSubstr("each longer than the one before"));
  EXPECT_THAT(message("funnel(0,64)"), HasSubstr("funnel(0,64)"));
  EXPECT_THAT(message("funnel(8) + pca(4) + lvq(8)"), HasSubstr("cuts prefixes itself"));
  EXPECT_THAT(message("funnel(8) + lvq(7)"), HasSubstr("4 or 8 bits"));
  EXPECT_THAT(message("flat + lvq(8) + prefix(4)"), HasSubstr("comes twice or too late"));
  EXPECT_THAT(message("flat + prefix(4) + pca(2) + lvq(8)"), HasSubstr("comes twice"));
  EXPECT_THAT(message("flat(x)"), HasSubstr("'x' in index 'flat(x)' is not a whole number"));
}

TEST(OpenIndex, SaysWhatIsWrongWithAFile) {
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "quiver_index_spec";
  std::filesystem::create_directories(folder);
  EXPECT_EQ(open_index(folder / "missing.qvi").error().code(), Code::NotFound);
  ASSERT_TRUE(write_file(folder / "text.qvi", "not an index").has_value());
  EXPECT_EQ(open_index(folder / "text.qvi").error().code(), Code::Corruption);
  ContainerWriter model("model");
  model.add("card", std::string("{}"));
  ASSERT_TRUE(model.save(folder / "model.qvi").has_value());
  EXPECT_EQ(open_index(folder / "model.qvi").error().code(), Code::InvalidArgument);
  ContainerWriter newer("index");
  newer.add(
      "index",
      std::string(R"({"spec": "hologram", "space": {"id": "", "dims": 2, "metric": "l2"}, "rows": 0, "live": 0})"));
  ASSERT_TRUE(newer.save(folder / "newer.qvi").has_value());
  EXPECT_EQ(open_index(folder / "newer.qvi").error().code(), Code::Unsupported);
  ContainerWriter odd("index");
  odd.add("index", std::string("{}"));
  ASSERT_TRUE(odd.save(folder / "odd.qvi").has_value());
  EXPECT_EQ(open_index(folder / "odd.qvi").error().code(), Code::Corruption);
  std::filesystem::remove_all(folder);
}

TEST(IndexHelp, HasALinePerStructure) { EXPECT_EQ(index_help().size(), 6U); }

}  // namespace
}  // namespace quiver
