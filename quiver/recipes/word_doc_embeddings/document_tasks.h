// The two tasks that encoders of documents are compared on, as texts with labels.
//
//   QUIVER_TRY(const LabelledTask news, open_news_task(run.seed()));
//   QUIVER_TRY(const LabelledTask sentiment, open_sentiment_task());
//   QUIVER_TRY(const std::vector<std::string> texts, open_word_texts(news, sentiment));     // for the words' vectors
//
// news       20 Newsgroups, four groups of topics (Lai et al., AAAI 2015): comp (comp.*), politics (talk.politics.*),
// rec
//            (rec.*), religion (alt.atheism, soc.religion.christian, talk.religion.misc). Headers, the subject among
//            them, are left out: they name the group. Posts of a group are numbered as they arrived: the first 60 % are
//            to learn from, the rest is the test, which is how the by-date version was parted; a tenth of the former,
//            drawn by the seed, is for validation.
// sentiment  the Stanford Sentiment Treebank with five labels, in its own three parts (recipes/word_corpora.h)
//
// `unlabelled` holds texts of a task that word vectors may be learned from: of the news all groups, of either no test
// text. Errors: NotFound with how to get a set. Cost: the news are 18,846 small files.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/recipes/newsgroups.h"

namespace quiver::recipes {

struct TaskTexts {
  std::vector<std::string> texts{};
  std::vector<std::uint32_t> labels{};
};
struct LabelledTask {
  std::string name{};
  std::vector<std::string> labels{};  // names of the classes
  TaskTexts train{}, validation{}, test{};
  std::vector<std::string> unlabelled{};
};

// Which of the four a group belongs to; kNoTopic: none of them.
inline constexpr std::uint32_t kNoTopic = 4;
std::uint32_t topic_of(std::string_view group) noexcept;
LabelledTask news_task(std::vector<Post> posts, std::uint64_t seed);

Result<LabelledTask> open_news_task(std::uint64_t seed);
Result<LabelledTask> open_sentiment_task();
// What both tasks leave to learn words from, and 2,000 film reviews.
Result<std::vector<std::string>> open_word_texts(const LabelledTask& news, const LabelledTask& sentiment);

}  // namespace quiver::recipes
