#include "quiver/recipes/jaquad.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/core/file.h"
#include "quiver/core/temporary_folder.h"

namespace quiver::recipes {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Jaquad, SentencesEndWithAFullStopOrALine) {
  EXPECT_THAT(sentences_of("梅は花。桜も。\n\n犬"), ElementsAre("梅は花。", "桜も。", "犬"));
  EXPECT_THAT(sentences_of("一\n二。三"), ElementsAre("一", "二。", "三"));
  EXPECT_THAT(sentences_of(" \n\r\n"), IsEmpty());
  EXPECT_THAT(sentences_of(""), IsEmpty());
}

TEST(Jaquad, ReadsQuestionsAndEverySentenceOnce) {
  const TemporaryFolder folder;
  const auto write = [&](const char* part, const char* text) {
    std::filesystem::create_directories(folder.path() / part);
    ASSERT_TRUE(write_file(folder.path() / part / "jaquad_0.json", text).has_value());
  };
  write("train",
        R"({"data": [{"paragraphs": [{"context": "a。b。", "qas": [{"question": "q1"}, {"question": "q2"}]}]}]})");
  write("dev", R"({"data": [{"paragraphs": [{"context": "b。c。", "qas": [{"question": "q3"}]}]}]})");
  const auto texts = read_jaquad(folder.path());
  ASSERT_TRUE(texts.has_value()) << texts.error().message();
  EXPECT_THAT(texts->sentences, ElementsAre("a。", "b。", "c。"));
  EXPECT_THAT(texts->train_questions, ElementsAre("q1", "q2"));
  EXPECT_THAT(texts->dev_questions, ElementsAre("q3"));

  write("dev", R"({"data": [{"paragraphs": [{"qas": []}]}]})");
  EXPECT_EQ(read_jaquad(folder.path()).error().code(), Code::Corruption);
  EXPECT_THAT(read_jaquad(folder.path()).error().message(), HasSubstr("jaquad_0.json is not questions"));
}

TEST(Jaquad, SaysWhatIsMissing) {
  const TemporaryFolder folder;
  EXPECT_EQ(read_jaquad(folder.path()).error().code(), Code::NotFound);
  std::filesystem::create_directories(folder.path() / "train");
  EXPECT_THAT(read_jaquad(folder.path()).error().message(), HasSubstr("there are no .json files"));
}

}  // namespace
}  // namespace quiver::recipes
