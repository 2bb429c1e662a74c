#include "quiver/model/text_features.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/core/threads.h"
#include "quiver/data/text.h"

namespace quiver {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;

const std::vector<std::string_view> kTexts{"The lion runs", "lions running; the run", "", "a tiger ran"};

std::vector<std::uint32_t> rows_of(const TextFeatures& features, std::string_view text) {
  TextFeatures::Scratch scratch;
  std::vector<std::uint32_t> out;
  features.append(text, scratch, out);
  return out;
}
std::vector<std::string> spellings(const TextFeatures& features, std::string_view text) {
  std::vector<std::string> out;
  for (const std::uint32_t row : rows_of(features, text)) out.emplace_back(features.spelling(row));
  return out;
}
TextFeatures fitted(FeatureRules rules) { return *TextFeatures::fit(kTexts, std::move(rules)); }

TEST(TextFeatures, CountsTextsNotOccurrences) {
  const TextFeatures features = fitted({.kinds = {{.of = FeatureKind::Stem}}});
  EXPECT_EQ(features.known(), features.rows());
  EXPECT_EQ(features.fitted_texts(), 4u);
  const auto run = rows_of(features, "run");
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(features.spelling(run[0]), "run");
  EXPECT_EQ(features.counts()[run[0]], 2u);  // "runs"; "running" and "run" of one text count once
}

TEST(TextFeatures, EveryKindNamesItsParts) {
  EXPECT_THAT(spellings(fitted({.kinds = {{.of = FeatureKind::Word}}}), "Running LIONS, unseen"),
              ElementsAre("running", "lions"));
  EXPECT_THAT(spellings(fitted({.kinds = {{.of = FeatureKind::Stem}}}), "Running lions"), ElementsAre("run", "lion"));
  EXPECT_THAT(spellings(fitted({.kinds = {{.of = FeatureKind::Pair}}}), "the lions run"),
              ElementsAre("the lion", "lion run"));
  EXPECT_THAT(spellings(fitted({.kinds = {{.of = FeatureKind::Prefix, .low = 3}}}), "run tiger runner"),
              ElementsAre("tig", "run"));
  EXPECT_THAT(spellings(fitted({.kinds = {{.of = FeatureKind::Suffix, .low = 4}}}), "lions run"), ElementsAre("ions"));
  EXPECT_THAT(spellings(fitted({.kinds = {{.of = FeatureKind::Gram, .low = 3, .high = 3}}}), "ran"),
              ElementsAre("<ra", "ran", "an>"));
}

TEST(TextFeatures, AffixesCountLettersNotBytes) {
  const std::vector<std::string_view> texts{"\xc3\xa9t\xc3\xa9s"};  // etes with two accents: 4 letters, 6 bytes
  const auto prefix = *TextFeatures::fit(texts, {.kinds = {{.of = FeatureKind::Prefix, .low = 3}}});
  EXPECT_THAT(spellings(prefix, texts[0]), ElementsAre("\xc3\xa9t\xc3\xa9"));
  const auto suffix = *TextFeatures::fit(texts, {.kinds = {{.of = FeatureKind::Suffix, .low = 2}}});
  EXPECT_THAT(spellings(suffix, texts[0]), ElementsAre("\xc3\xa9s"));
  const auto whole = *TextFeatures::fit(texts, {.kinds = {{.of = FeatureKind::Prefix, .low = 4}}});
  EXPECT_TRUE(rows_of(whole, texts[0]).empty());  // no shorter than the word: the word says it already
}

TEST(TextFeatures, RareAndUnknownFeaturesFallIntoBucketsOfTheirKind) {
  const TextFeatures features =
      fitted({.kinds = {{.of = FeatureKind::Stem, .least = 2, .buckets = 8}, {.of = FeatureKind::Word, .least = 2}}});
  ASSERT_EQ(features.kinds().size(), features.rows());
  const auto tiger = rows_of(features, "tiger");  // in one text only
  ASSERT_EQ(tiger.size(), 1u);                    // its word is dropped: that kind has no buckets
  EXPECT_EQ(features.spelling(tiger[0]), "");
  EXPECT_EQ(features.counts()[tiger[0]], 0u);
  EXPECT_EQ(features.kinds()[tiger[0]], 0u);
  EXPECT_EQ(rows_of(features, "zebra").size(), 1u);
  EXPECT_LT(rows_of(features, "zebra")[0], features.rows());
  EXPECT_EQ(rows_of(features, "zebra"), rows_of(features, "Zebra"));
}

TEST(TextFeatures, EmptyTextsHaveNone) {
  const TextFeatures features = fitted({});
  EXPECT_TRUE(rows_of(features, "").empty());
  EXPECT_TRUE(rows_of(features, " ,;\n").empty());
  EXPECT_TRUE(rows_of(*TextFeatures::fit({}, {.kinds = {{.of = FeatureKind::Stem}}}), "lion").empty());
}

TEST(TextFeatures, ScratchFollowsTheFeaturesItIsUsedWith) {
  const TextFeatures stems = fitted({.kinds = {{.of = FeatureKind::Stem}}});
  const TextFeatures words = fitted({.kinds = {{.of = FeatureKind::Word}}});
  TextFeatures::Scratch scratch;
  std::vector<std::uint32_t> out;
  stems.append("runs", scratch, out);
  words.append("runs", scratch, out);
  stems.append("runs", scratch, out);
  ASSERT_EQ(out.size(), 3u);
  EXPECT_EQ(out[0], rows_of(stems, "runs")[0]);
  EXPECT_EQ(out[1], rows_of(words, "runs")[0]);
  EXPECT_EQ(out[2], out[0]);
}

TEST(TextFeatures, SavedAndOpenedTheyGiveTheSameRows) {
  const TextFeatures features =
      fitted({.kinds = {{.of = FeatureKind::Stem, .least = 1, .buckets = 5},
                        {.of = FeatureKind::Pair, .least = 1, .buckets = 3},
                        {.of = FeatureKind::Gram, .low = 2, .high = 4, .least = 2, .buckets = 7}}});
  Weights weights;
  ASSERT_TRUE(features.save(weights));
  const auto opened = TextFeatures::open(features.config(), weights);
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_EQ(opened->rows(), features.rows());
  EXPECT_EQ(opened->known(), features.known());
  EXPECT_EQ(opened->fitted_texts(), features.fitted_texts());
  EXPECT_EQ(opened->config(), features.config());
  EXPECT_EQ(opened->rules().kinds, features.rules().kinds);
  for (const std::string_view text : {"The lion runs", "an unseen sentence of words", ""}) {
    EXPECT_EQ(rows_of(*opened, text), rows_of(features, text)) << text;
  }
}

TEST(TextFeatures, SayWhatIsWrongWithRules) {
  const auto message = [](FeatureRules rules) { return TextFeatures::fit(kTexts, std::move(rules)).error().message(); };
  EXPECT_THAT(message({.kinds = {}}), HasSubstr("no kind of feature"));
  EXPECT_THAT(message({.kinds = {{.of = FeatureKind::Gram, .low = 4, .high = 3}}}),
              HasSubstr("gram of 4 to 3 letters"));
  EXPECT_THAT(message({.kinds = {{.of = FeatureKind::Prefix}}}), HasSubstr("prefix of 0"));
  EXPECT_THAT(message({.kinds = {{.of = FeatureKind::Stem, .least = 0}}}), HasSubstr("least = 0"));
  EXPECT_THAT(message({.language = "klingon", .kinds = {{.of = FeatureKind::Stem}}}), HasSubstr("klingon"));
  EXPECT_THAT(message({.kinds = std::vector<FeatureKind>(17)}), HasSubstr("more than 16"));
  EXPECT_THAT(message({.kinds = {{.of = FeatureKind::Pair}, {.of = FeatureKind::Pair}}}), HasSubstr("pair twice"));
  EXPECT_THAT(message({.kinds = {{.of = FeatureKind::Stem, .buckets = 4'294'967'295u}}}), HasSubstr("more than"));
}

TEST(TextFeatures, SayWhatIsWrongWithAFile) {
  const TextFeatures features = fitted({.kinds = {{.of = FeatureKind::Stem}}});
  EXPECT_THAT(TextFeatures::open(features.config(), {}).error().message(), HasSubstr("'features/0' is missing"));
  Weights weights;
  ASSERT_TRUE(weights.add("features/0", std::string_view("no tab here")));
  EXPECT_THAT(TextFeatures::open(features.config(), weights).error().message(), HasSubstr("features/0"));
  EXPECT_THAT(TextFeatures::open("{", weights).error().message(), HasSubstr("features of a text encoder"));
  EXPECT_THAT(TextFeatures::open(R"({"language": "english", "texts": 1, "kinds": [{"of": "smell"}]})", weights)
                  .error()
                  .message(),
              HasSubstr("'smell' is no kind of feature"));
}

}  // namespace
}  // namespace quiver
