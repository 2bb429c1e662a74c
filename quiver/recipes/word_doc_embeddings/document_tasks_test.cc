#include "quiver/recipes/word_doc_embeddings/document_tasks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace quiver::recipes {
namespace {

TEST(DocumentTasks, GroupsHaveTheirTopics) {
  EXPECT_EQ(topic_of("comp.graphics"), 0U);
  EXPECT_EQ(topic_of("talk.politics.guns"), 1U);
  EXPECT_EQ(topic_of("rec.autos"), 2U);
  for (const char* group : {"alt.atheism", "soc.religion.christian", "talk.religion.misc"})
    EXPECT_EQ(topic_of(group), 3U);
  for (const char* group : {"sci.med", "misc.forsale", "computers"}) EXPECT_EQ(topic_of(group), kNoTopic);
}

TEST(DocumentTasks, EarlierPostsAreLearnedFromAndLaterOnesTested) {
  std::vector<Post> posts;
  for (const std::string group : {"rec.autos", "alt.atheism", "sci.med"}) {
    for (const int number : {104, 9, 12, 100003, 77, 8, 500, 501, 502, 503}) {
      Post post;
      post.group = group;
      post.number = std::to_string(number);
      post.body = group + " " + post.number;
      posts.push_back(post);
    }
  }
  const LabelledTask task = news_task(posts, 1);
  EXPECT_EQ(task.labels, (std::vector<std::string>{"comp", "politics", "rec", "religion"}));
  EXPECT_EQ(task.train.texts.size() + task.validation.texts.size(), 12U);
  EXPECT_EQ(task.validation.texts.size(), 1U);
  EXPECT_EQ(task.unlabelled.size(), 18U);  // of all groups
  const std::set<std::string> tested(task.test.texts.begin(), task.test.texts.end());
  EXPECT_EQ(tested,
            (std::set<std::string>{"rec.autos 501", "rec.autos 502", "rec.autos 503", "rec.autos 100003",
                                   "alt.atheism 501", "alt.atheism 502", "alt.atheism 503", "alt.atheism 100003"}));
  for (std::size_t i = 0; i < task.test.texts.size(); ++i) {
    EXPECT_EQ(task.test.labels[i], topic_of(task.test.texts[i].substr(0, task.test.texts[i].find(' '))));
    EXPECT_EQ(std::ranges::count(task.unlabelled, task.test.texts[i]), 0);
  }
}

}  // namespace
}  // namespace quiver::recipes
