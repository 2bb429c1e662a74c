#include "quiver/recipes/sts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "quiver/core/file.h"
#include "quiver/core/temporary_folder.h"
#include "quiver/data/catalogue.h"
#include "quiver/data/reader.h"

namespace quiver::recipes {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

class SentencePairFiles : public testing::Test {
 protected:
  fs::path file(const std::string& name, std::string_view text) {
    const fs::path path = folder_.path() / name;
    EXPECT_TRUE(write_file(path, text).has_value());
    return path;
  }
  TemporaryFolder folder_;
};

TEST_F(SentencePairFiles, OfTheBenchmarkAreQuotedAsUsual) {
  const auto pairs = read_stsb(file("a.csv", "\"One, two.\",Two.,5.0\nHe said \"\"no,He said no,0.25\n"));
  ASSERT_TRUE(pairs.has_value()) << pairs.error().message();
  EXPECT_THAT(pairs->left, ElementsAre("One, two.", "He said \"\"no"));
  EXPECT_THAT(pairs->right, ElementsAre("Two.", "He said no"));
  EXPECT_THAT(pairs->scores, ElementsAre(5, 0.25));
  EXPECT_EQ(pairs->size(), 2U);
}

TEST_F(SentencePairFiles, OfSemevalKeepOnlyWhatWasRated) {
  const auto pairs = read_semeval(file("a.tsv", "4.4\t\"Big\" news\tNews\n\tnever\trated\n0\tA\tB\n"));
  ASSERT_TRUE(pairs.has_value()) << pairs.error().message();
  EXPECT_THAT(pairs->left, ElementsAre("\"Big\" news", "A"));
  EXPECT_THAT(pairs->scores, ElementsAre(4.4, 0));
}

TEST_F(SentencePairFiles, WithAHeaderAreReadByItsNames) {
  const auto sick = read_sick(file("sick.txt",
                                   "pair_ID\tsentence_A\tsentence_B\trelatedness_score\tentailment_judgment\n"
                                   "7\tA dog runs\tA dog walks\t3.2\tNEUTRAL\n"));
  ASSERT_TRUE(sick.has_value()) << sick.error().message();
  EXPECT_THAT(sick->right, ElementsAre("A dog walks"));
  EXPECT_THAT(sick->scores, ElementsAre(3.2));
  const auto msr = read_msr(file("msr.tsv",
                                 "\xEF\xBB\xBFQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\r\n"
                                 "1\t702\t703\tHe was \"there\".\tHe was.\r\n0\t1\t2\tNo\tYes\r\n"));
  ASSERT_TRUE(msr.has_value()) << msr.error().message();
  EXPECT_THAT(msr->left, ElementsAre("He was \"there\".", "No"));
  EXPECT_THAT(msr->scores, ElementsAre(1, 0));
}

TEST_F(SentencePairFiles, SayWhatIsWrong) {
  const auto headless = read_sick(file("sick.txt", "a\tb\tc\n1\tx\ty\n"));
  ASSERT_FALSE(headless.has_value());
  EXPECT_THAT(headless.error().message(), HasSubstr("reading sentence pairs from"));
  EXPECT_THAT(headless.error().message(), HasSubstr("sentence_A"));
  const auto words = read_semeval(file("words.tsv", "good\tA\tB\n"));
  EXPECT_THAT(words.error().message(), HasSubstr("column1"));
  const auto empty = read_stsb(file("half.csv", "A,B,1\nC,,2\n"));
  EXPECT_THAT(empty.error().message(), HasSubstr("pair 2 has a score and lacks a sentence"));
  EXPECT_EQ(empty.error().code(), Code::Corruption);
  EXPECT_EQ(read_stsb(folder_.path() / "none.csv").error().code(), Code::NotFound);
}

TEST_F(SentencePairFiles, CaptionsOfOnePictureStandInTheSameLine) {
  const fs::path one = file("1.en", "A dog.\nA cat.\n"), two = file("2.en", "Dog\nCat\n"), cut = file("3.en", "Dog\n");
  const auto groups = read_captions({one, two});
  ASSERT_TRUE(groups.has_value()) << groups.error().message();
  EXPECT_THAT(*groups, ElementsAre(ElementsAre("A dog.", "Dog"), ElementsAre("A cat.", "Cat")));
  EXPECT_TRUE(read_captions({})->empty());
  const auto uneven = read_captions({one, cut});
  ASSERT_FALSE(uneven.has_value());
  EXPECT_THAT(uneven.error().message(), HasSubstr("has 1 lines"));
}

TEST_F(SentencePairFiles, OfAnyTableAreItsTextsAndItsFirstNumbers) {
  const auto items = read_items(file("a.csv", "id,one,two,score\nx1,A b,B,2\nx2,C,D,\nx3,E,F,0\n"), "csv", {});
  ASSERT_TRUE(items.has_value()) << items.error().message();
  const std::vector<std::string_view> columns{"one", "two", "score"};
  const auto pairs = pairs_of(*items->select(columns));
  ASSERT_TRUE(pairs.has_value()) << pairs.error().message();
  EXPECT_THAT(pairs->left, ElementsAre("A b", "E"));
  EXPECT_THAT(pairs->scores, ElementsAre(2, 0));
  const std::vector<std::string_view> few{"one", "score"};
  EXPECT_THAT(pairs_of(*items->select(few)).error().message(), HasSubstr("there are one (text), score (number"));
}

TEST(TfIdf, RareWordsThatArePresentTwiceCountMost) {
  const std::vector<std::string_view> texts{"the cat", "the dog", "the zebra", "the dog runs"};
  const auto words = TextFeatures::fit(texts, {.kinds = {{.of = FeatureKind::Word, .buckets = 64}}});
  ASSERT_TRUE(words.has_value()) << words.error().message();
  const SentencePairs pairs{{"the zebra", "the dog", "the cat", "", "cat"},
                            {"the zebra", "the zebra", "the dog", "the cat", "A CAT"},
                            {5, 1, 1, 0, 4}};
  const std::vector<double> cosines = tf_idf_cosines(pairs, *words);
  EXPECT_NEAR(cosines[0], 1, 1e-12);
  EXPECT_EQ(cosines[1], 0);  // "the" is in all texts and says nothing
  EXPECT_EQ(cosines[3], 0);
  const double cat = std::log(5.0 / 2), a = std::log(5.0 / 1);  // "a" was never seen
  EXPECT_NEAR(cosines[4], cat / std::hypot(cat, a), 1e-12);
}

constexpr Part kParts[] = {Part::Train, Part::Validation, Part::Test};

TEST(SentencePairSets, OfTheBenchmarkAreWhole) {
  if (!find_file("stsb", "stsb-en-train.csv").has_value()) GTEST_SKIP() << "quiver data fetch stsb";
  for (const std::string_view language : {"en", "ja"}) {
    std::vector<std::size_t> sizes;
    for (const Part part : kParts) {
      const auto pairs = open_stsb(part, language);
      ASSERT_TRUE(pairs.has_value()) << pairs.error().message();
      sizes.push_back(pairs->size());
      EXPECT_EQ(*std::ranges::min_element(pairs->scores), 0);
      EXPECT_EQ(*std::ranges::max_element(pairs->scores), 5);
    }
    EXPECT_THAT(sizes, ElementsAre(5749, 1500, 1379)) << language;
  }
  EXPECT_EQ(open_stsb(Part::Test, "tlh").error().code(), Code::NotFound);
}

TEST(SentencePairSets, OfOtherSourcesAreWhole) {
  const auto sick = open_sick(Part::Train);
  if (!sick.has_value()) GTEST_SKIP() << sick.error().message();
  EXPECT_EQ(sick->size(), 4500U);
  EXPECT_EQ(open_sick(Part::Validation)->size(), 500U);
  EXPECT_EQ(open_sick(Part::Test)->size(), 4927U);
  EXPECT_EQ(open_msr(Part::Train)->size(), 3576U);
  EXPECT_EQ(open_msr(Part::Validation)->size(), 500U);
  EXPECT_EQ(open_msr(Part::Test)->size(), 1725U);
  const auto semeval = open_semeval();
  ASSERT_TRUE(semeval.has_value()) << semeval.error().message();
  std::map<int, std::size_t> pairs;
  for (const StsSet& set : *semeval) pairs[set.year] += set.pairs.size();
  EXPECT_THAT(pairs, ElementsAre(std::pair(2012, 2358U), std::pair(2013, 1500U), std::pair(2014, 3750U),
                                 std::pair(2015, 3000U), std::pair(2016, 1186U)));
  EXPECT_EQ(semeval->front().name, "MSRpar");
}

TEST(SentencePairSets, CaptionsAreFiveAPicture) {
  const auto groups = open_captions(Part::Validation);
  if (!groups.has_value()) GTEST_SKIP() << groups.error().message();
  EXPECT_EQ(groups->size(), 1014U);
  for (const auto& captions : *groups) ASSERT_EQ(captions.size(), 5U);
  EXPECT_EQ(open_captions(Part::Train)->size(), 29000U);
  EXPECT_EQ(open_captions(Part::Test)->size(), 1000U);
}

}  // namespace
}  // namespace quiver::recipes
