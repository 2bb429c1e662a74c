#include "quiver/recipes/word_doc_embeddings/document_tasks.h"

#include <algorithm>
#include <array>
#include <map>

#include "quiver/core/random.h"
#include "quiver/recipes/word_corpora.h"

namespace quiver::recipes {
namespace {
constexpr double kLearned = 0.6, kValidated = 0.1;  // of a group's posts, of those learned from
constexpr std::array<std::string_view, kNoTopic> kTopics{"comp", "politics", "rec", "religion"};

// Numbers without leading zeros, compared as they are.
bool arrived_before(const Post* a, const Post* b) {
  if (a->number.size() != b->number.size()) return a->number.size() < b->number.size();
  return a->number < b->number;
}
void add(TaskTexts& part, std::string text, std::uint32_t label) {
  part.texts.push_back(std::move(text));
  part.labels.push_back(label);
}
}  // namespace

std::uint32_t topic_of(std::string_view group) noexcept {
  if (group.starts_with("comp.")) return 0;
  if (group.starts_with("talk.politics.")) return 1;
  if (group.starts_with("rec.")) return 2;
  const bool religion = group == "alt.atheism" || group == "soc.religion.christian" || group == "talk.religion.misc";
  return religion ? 3 : kNoTopic;
}

LabelledTask news_task(std::vector<Post> posts, std::uint64_t seed) {
  LabelledTask task{.name = "news", .labels = {kTopics.begin(), kTopics.end()}};
  std::map<std::string, std::vector<Post*>, std::less<>> groups;
  for (Post& post : posts) groups[post.group].push_back(&post);
  TaskTexts learned;
  for (auto& [group, members] : groups) {
    std::stable_sort(members.begin(), members.end(), arrived_before);
    const std::uint32_t topic = topic_of(group);
    const auto first = static_cast<std::size_t>(kLearned * static_cast<double>(members.size()) + 0.5);
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (i < first) task.unlabelled.push_back(members[i]->body);
      if (topic == kNoTopic) continue;
      add(i < first ? learned : task.test, std::move(members[i]->body), topic);
    }
  }
  const auto count = static_cast<std::uint32_t>(learned.texts.size());
  std::vector<bool> held(count, false);
  Random random(seed, stream_of("news validation"));
  for (const std::uint32_t i : random.sample(count, static_cast<std::uint32_t>(kValidated * count + 0.5)))
    held[i] = true;
  for (std::uint32_t i = 0; i < count; ++i) {
    add(held[i] ? task.validation : task.train, std::move(learned.texts[i]), learned.labels[i]);
  }
  return task;
}

Result<LabelledTask> open_news_task(std::uint64_t seed) {
  QUIVER_TRY(std::vector<Post> posts, open_newsgroups());
  return news_task(std::move(posts), seed);
}

Result<LabelledTask> open_sentiment_task() {
  LabelledTask task{.name = "sst", .labels = {"very negative", "negative", "neutral", "positive", "very positive"}};
  const std::vector<std::pair<Part, TaskTexts*>> parts{
      {Part::Train, &task.train}, {Part::Validation, &task.validation}, {Part::Test, &task.test}};
  for (const auto& [part, texts] : parts) {
    QUIVER_TRY(std::vector<SentimentSentence> sentences, open_sentiment(part));
    for (SentimentSentence& sentence : sentences) add(*texts, std::move(sentence.text), sentence.label);
  }
  task.unlabelled = task.train.texts;
  return task;
}

Result<std::vector<std::string>> open_word_texts(const LabelledTask& news, const LabelledTask& sentiment) {
  std::vector<std::string> out = news.unlabelled;
  out.insert(out.end(), sentiment.unlabelled.begin(), sentiment.unlabelled.end());
  QUIVER_TRY(std::vector<Review> reviews, open_reviews());
  for (Review& review : reviews) out.push_back(std::move(review.text));
  return out;
}

}  // namespace quiver::recipes
