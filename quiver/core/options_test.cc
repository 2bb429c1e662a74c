#include "quiver/core/options.h"

#include <gtest/gtest.h>

namespace quiver {
namespace {

struct Example {
  int dims = 256;
  float temperature = 0.05F;
  bool tied = true;
  std::string encoder = "bag";
  std::vector<int> prefixes{8, 16};
  template <class V>
  void visit(V& v) {
    v("dims", dims, "length of the vectors", 1, 4096);
    v("temperature", temperature, "softmax temperature", 1e-3, 1.0);
    v("tied", tied, "one tower for both sides");
    v.choice("encoder", encoder, "what maps text to a vector", {"bag", "transformer"});
    v("prefixes", prefixes, "usable lengths", 1, 4096);
  }
};

std::string failure(const char* name, const char* value) {
  Example options;
  Settings settings;
  settings.set(name, value);
  auto applied = apply(options, settings);
  return applied.has_value() ? "" : applied.error().message();
}

TEST(OptionsTest, AreDescribedOnce) {
  const auto specs = describe<Example>();
  ASSERT_EQ(specs.size(), 5U);
  EXPECT_EQ(specs[0].name, "dims");
  EXPECT_EQ(specs[0].type, "integer");
  EXPECT_EQ(specs[0].fallback, "256");
  EXPECT_EQ(specs[0].range_text(), "1 .. 4096");
  EXPECT_EQ(specs[1].fallback, "0.05");
  EXPECT_EQ(specs[3].range_text(), "bag | transformer");
  EXPECT_EQ(specs[4].type, "list of integer");
  EXPECT_EQ(specs[4].fallback, "8,16");
}
TEST(OptionsTest, TakeSettingsOfEveryType) {
  Example options;
  Settings settings;
  settings.set("dims", " 64 ");
  settings.set("temperature", "0.1");
  settings.set("tied", "no");
  settings.set("encoder", "transformer");
  settings.set("prefixes", "8, 32,64");
  ASSERT_TRUE(apply(options, settings).has_value());
  EXPECT_EQ(options.dims, 64);
  EXPECT_FLOAT_EQ(options.temperature, 0.1F);
  EXPECT_FALSE(options.tied);
  EXPECT_EQ(options.encoder, "transformer");
  EXPECT_EQ(options.prefixes, (std::vector<int>{8, 32, 64}));
}
TEST(OptionsTest, RefuseWithHelp) {
  EXPECT_EQ(failure("dimz", "3"),
            "no option 'dimz' (did you mean 'dims'?); known: dims, temperature, tied, encoder, prefixes");
  EXPECT_EQ(failure("dims", "0"), "option 'dims': 0 is out of range (1 .. 4096)");
  EXPECT_EQ(failure("dims", "many"), "option 'dims': 'many' is not a whole number");
  EXPECT_EQ(failure("dims", "3.5"), "option 'dims': '3.5' is not a whole number");
  EXPECT_EQ(failure("dims", "99999999999"), "option 'dims': '99999999999' does not fit");
  EXPECT_EQ(failure("temperature", "nan"), "option 'temperature': 'nan' is not a finite number");
  EXPECT_EQ(failure("tied", "maybe"), "option 'tied': 'maybe' is neither true nor false");
  EXPECT_EQ(failure("encoder", "transfomer"),
            "option 'encoder': 'transfomer' is not one of bag | transformer; did you mean transformer?");
  EXPECT_EQ(failure("prefixes", "8,0"), "option 'prefixes': 0 is out of range (1 .. 4096)");
}
TEST(OptionsTest, ChangeNothingWhenOneValueIsWrong) {
  Example options;
  Settings settings;
  settings.set("dims", "64");
  settings.set("temperature", "7");
  EXPECT_FALSE(apply(options, settings).has_value());
  EXPECT_EQ(options.dims, 256);
}
TEST(OptionsTest, GoToJsonAndBack) {
  Example options;
  options.prefixes = {4, 2};
  options.tied = false;
  EXPECT_EQ(dump_json(to_json(options)["temperature"], -1), "0.05");
  auto settings = Settings::of_json(to_json(options));
  ASSERT_TRUE(settings.has_value());
  Example back;
  ASSERT_TRUE(apply(back, *settings).has_value());
  EXPECT_EQ(back.prefixes, options.prefixes);
  EXPECT_FALSE(back.tied);
  EXPECT_FALSE(Settings::of_json(Json::parse(R"({"a": {"b": 1}})")).has_value());
  EXPECT_FALSE(Settings::of_json(Json::parse("[1]")).has_value());
}
TEST(OptionsTest, SettingsParseFromOneLine) {
  auto settings = Settings::parse("dims=32, prefixes=8|16 ,tied=false");
  ASSERT_TRUE(settings.has_value());
  Example options;
  ASSERT_TRUE(apply(options, *settings).has_value());
  EXPECT_EQ(options.prefixes, (std::vector<int>{8, 16}));
  EXPECT_EQ(Settings::parse("dims").error().message(), "reading options: 'dims' is not name=value");
  EXPECT_TRUE(Settings::parse("  ")->empty());
}
TEST(OptionsTest, DidYouMeanFindsNearNamesOnly) {
  const std::vector<std::string> known{"search", "serve", "encode"};
  EXPECT_EQ(did_you_mean("saerch", known), "search");
  EXPECT_EQ(did_you_mean("encod", known), "encode");
  EXPECT_EQ(did_you_mean("xyz", known), "");
}
TEST(OptionsTest, ACommaWithinParenthesesBelongsToItsPart) {
  using Parts = std::vector<std::string>;
  EXPECT_EQ(internal::split_list("flat + pq(16,4), flat,rq(8)"), (Parts{"flat + pq(16,4)", "flat", "rq(8)"}));
  EXPECT_EQ(internal::split_list(" 8 ,16,"), (Parts{"8", "16", ""}));
  EXPECT_EQ(internal::split_list("a),b(c,d"), (Parts{"a)", "b(c,d"}));
  EXPECT_EQ(internal::split_list("  "), Parts{});
}

}  // namespace
}  // namespace quiver
