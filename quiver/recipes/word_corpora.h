// Corpora of English words, and the tests that vectors of words are measured by, as their public files have them.
//
//   QUIVER_TRY(const std::vector<TaggedSentence> brown, open_brown());           // nltk-corpora, unpacked
//   QUIVER_TRY(const std::vector<Review> reviews, open_reviews());               // the same set
//   QUIVER_TRY(const std::vector<std::string> articles, open_wikipedia());       // wikipedia-en
//
//   brown       500 samples of 1961, 1.0M words, "word/tag" by sentence; a tag here is its first part, without what
//               marks titles, headlines, negations and contractions ("np$-tl" is "np")
//   reviews     1,000 + 1,000 film reviews, lower case, a sentence a line
//   wikipedia   articles with text, a paragraph a line
//   sentiment   SST-5: 8,544 / 1,101 / 2,210 sentences, 0 very negative .. 4 very positive
//   synonyms    80 TOEFL questions of four choices
//
// Errors: NotFound with what to do, Corruption naming file and line. Cost: Wikipedia half a second, the rest less.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/data/split.h"
#include "quiver/inspect/word_tasks.h"

namespace quiver::recipes {

struct TaggedSentence {
  std::vector<std::string> words, tags;
};
struct Review {
  std::string text;
  bool positive = false;
};
struct SentimentSentence {
  std::string text;
  std::uint32_t label = 0;
};

Result<std::vector<TaggedSentence>> parse_brown(std::string_view sample, std::string_view name);
std::vector<std::string> parse_wikipedia(std::string_view extract);  // one article each
Result<std::vector<SentimentSentence>> parse_sentiment(std::string_view lines, std::string_view name);
Result<std::vector<SynonymQuestion>> parse_synonyms(std::string_view lines, std::string_view name);

Result<std::vector<TaggedSentence>> open_brown();
Result<std::vector<Review>> open_reviews();
Result<std::vector<std::string>> open_wikipedia();
Result<std::vector<SentimentSentence>> open_sentiment(Part part);
Result<std::vector<SynonymQuestion>> open_synonyms();

// The sentences again as documents of so many sentences each, a sentence a line.
std::vector<std::string> texts_of(const std::vector<TaggedSentence>& sentences, std::size_t together);

}  // namespace quiver::recipes
