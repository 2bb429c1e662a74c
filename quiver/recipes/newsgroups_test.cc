#include "quiver/recipes/newsgroups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "quiver/core/file.h"
#include "quiver/core/temporary_folder.h"

namespace quiver::recipes {
namespace {
using testing::HasSubstr;

TEST(Newsgroups, APostIsItsSubjectAndItsBody) {
  const Post post = parse_post("From: a\nSubject: Re: RE: caf\xE9 hours\nSubject: second\n\nHello.\n\nSubject: no\n");
  EXPECT_EQ(post.subject, "café hours");
  EXPECT_EQ(post.body, "Hello.\n\nSubject: no\n");
  EXPECT_EQ(parse_post("Subject: only a header").subject, "only a header");
  EXPECT_EQ(parse_post("Subject: only a header").body, "");
  EXPECT_EQ(parse_post("").body, "");
}

TEST(Newsgroups, RepostsAndEmptyPostsAreLeftOut) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "sci.space");
  std::filesystem::create_directories(folder.path() / "rec.autos");
  const auto write = [&](const char* name, const char* text) {
    ASSERT_TRUE(write_file(folder.path() / name, text).has_value());
  };
  write("sci.space/2", "Subject: b\n\nMoon");
  write("sci.space/1", "Subject: a\n\nSun");
  write("sci.space/3", "Subject: c\n\n \n");
  write("rec.autos/9", "Subject: d\n\nMoon");  // read first
  const auto posts = read_posts(folder.path());
  ASSERT_TRUE(posts.has_value());
  ASSERT_EQ(posts->size(), 2U);
  EXPECT_EQ((*posts)[0].group, "rec.autos");
  EXPECT_EQ((*posts)[1].subject, "a");
}

TEST(Newsgroups, SaysWhatIsMissing) {
  const TemporaryFolder folder;
  EXPECT_THAT(read_posts(folder.path()).error().message(), HasSubstr("there are no posts in"));
  EXPECT_THAT(read_posts(folder.path() / "none").error().message(), HasSubstr("reading posts from"));
}

}  // namespace
}  // namespace quiver::recipes
