#include "quiver/inspect/word_tasks.h"

#include <gtest/gtest.h>

#include "quiver/core/file.h"
#include "quiver/core/temporary_folder.h"

namespace quiver {
namespace {

// A plane in which royalty is one direction and sex the other.
struct Plane {
  Vocabulary words;
  Matrix vectors;
};
Plane plane() {
  struct Word {
    const char* word;
    float royal, female, fruit;
  };
  const std::vector<Word> all{{"man", 0.1F, 0, 0},   {"woman", 0.1F, 1, 0}, {"king", 1, 0, 0.1F},
                              {"queen", 1, 1, 0.1F}, {"apple", 0, 0.1F, 1}, {"Pear", 0, 0, 1}};
  VocabularyBuilder builder;
  for (std::size_t i = 0; i < all.size(); ++i) builder.add(all[i].word, 100 - i);
  Plane made{builder.build(), Matrix(all.size(), 3)};
  for (std::uint32_t i = 0; i < all.size(); ++i) {
    made.vectors.row(i)[0] = 3 * all[i].royal;
    made.vectors.row(i)[1] = 3 * all[i].female;
    made.vectors.row(i)[2] = 3 * all[i].fruit;
  }
  return made;
}
WordSpace space_of(const Plane& made) {
  auto space = WordSpace::make(made.words, made.vectors.view());
  EXPECT_TRUE(space.has_value());
  return *std::move(space);
}

TEST(WordTasks, WordsAreFoundWhateverTheirCase) {
  const Plane made = plane();
  const WordSpace space = space_of(made);
  EXPECT_EQ(space.find("QUEEN"), 3U);
  EXPECT_EQ(space.find("pear"), 5U);
  EXPECT_EQ(space.find("plum"), kNoWord);
  EXPECT_NEAR(space.cosine(2, 2), 1, 1e-6);
  EXPECT_FALSE(WordSpace::make(made.words, made.vectors.view().slice(0, 5)).has_value());
  const Matrix none(0, 3);
  EXPECT_FALSE(WordSpace::make(Vocabulary(), none.view()).has_value());
}

TEST(WordTasks, SimilarityRanksAsPeopleDo) {
  const Plane made = plane();
  const WordSpace space = space_of(made);
  const std::vector<WordPair> pairs{
      {"apple", "pear", 9}, {"king", "queen", 6}, {"king", "pear", 1}, {"plum", "king", 5}};
  const auto result = word_similarity(space, pairs);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->covered, 3U);
  EXPECT_EQ(result->total, 4U);
  EXPECT_NEAR(result->spearman, 1, 1e-12);
  EXPECT_EQ(result->cosines.size(), 3U);
  const auto unknown = word_similarity(space, {{"plum", "fig", 1}, {"date", "lime", 2}});
  ASSERT_FALSE(unknown.has_value());
  EXPECT_NE(unknown.error().message().find("0 of 2"), std::string::npos);
}

TEST(WordTasks, AnalogiesLeaveOutTheWordsOfTheQuestion) {
  const Plane made = plane();
  const WordSpace space = space_of(made);
  quiver::Run run(RunOptions{.seed = 1, .threads = 1});
  const std::vector<Analogy> questions{{"man", "king", "woman", "queen"},
                                       {"king", "man", "queen", "woman"},
                                       {"man", "king", "woman", "apple"},
                                       {"man", "king", "plum", "queen"}};
  const auto answers = word_analogies(space, questions, 0, run);
  ASSERT_TRUE(answers.has_value()) << answers.error().message();
  EXPECT_EQ(answers->right, (std::vector<double>{1, 1, 0}));
  EXPECT_EQ(answers->covered, (std::vector<std::size_t>{0, 1, 2}));
  EXPECT_NEAR(answers->accuracy(), 2.0 / 3, 1e-12);
  // The nearest of all to "king - man + man" is a word of the question.
  const auto same = word_analogies(space, {{"man", "man", "king", "queen"}}, 0, run);
  ASSERT_TRUE(same.has_value());
  EXPECT_EQ(same->right, std::vector<double>{1});
  // Only the first three words may be answers.
  EXPECT_FALSE(word_analogies(space, questions, 3, run).has_value());
}

TEST(WordTasks, SynonymsAreTheNearestChoice) {
  const Plane made = plane();
  const WordSpace space = space_of(made);
  const auto answers = word_synonyms(
      space, {{"king", {"apple", "queen", "plum"}, 1}, {"apple", {"pear", "man"}, 1}, {"apple", {"plum", "man"}, 0}});
  ASSERT_TRUE(answers.has_value());
  EXPECT_EQ(answers->right, (std::vector<double>{1, 0}));
  EXPECT_EQ(answers->total, 3U);
  const auto bad = word_synonyms(space, {{"king", {"queen"}, 1}});
  ASSERT_FALSE(bad.has_value());
  EXPECT_NE(bad.error().message().find("1 choices and answer 1"), std::string::npos);
}

TEST(WordTasks, FilesSayWhichLineIsWrong) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "test.txt";
  ASSERT_TRUE(write_file(path, "# people\nsun\tsunlight\t50.0\n\ncar,bus;4.5\r\n").has_value());
  const auto pairs = read_word_pairs(path);
  ASSERT_TRUE(pairs.has_value()) << pairs.error().message();
  ASSERT_EQ(pairs->size(), 2U);
  EXPECT_EQ(pairs->at(1).b, "bus");
  EXPECT_EQ(pairs->at(1).score, 4.5);
  for (const char* bad : {"sun moon\n", "sun moon x\n", "sun moon 1 2\n", "sun moon nan\n"}) {
    ASSERT_TRUE(write_file(path, bad).has_value());
    const auto read = read_word_pairs(path);
    ASSERT_FALSE(read.has_value()) << bad;
    EXPECT_NE(read.error().message().find("line 1"), std::string::npos) << bad;
  }
  ASSERT_TRUE(write_file(path, ": family\nboy girl brother sister\n").has_value());
  const auto questions = read_analogies(path);
  ASSERT_TRUE(questions.has_value());
  ASSERT_EQ(questions->size(), 1U);
  EXPECT_EQ(questions->at(0).d, "sister");
  ASSERT_TRUE(write_file(path, ": family\nboy girl brother\n").has_value());
  EXPECT_NE(read_analogies(path).error().message().find("line 2"), std::string::npos);
  EXPECT_FALSE(read_analogies(folder.path() / "absent.txt").has_value());
}

}  // namespace
}  // namespace quiver
