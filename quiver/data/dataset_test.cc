#include "quiver/data/dataset.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/data/internal/testing.h"

namespace quiver {
namespace {
using internal::error_of;
using internal::TestFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string reviews(const TestFolder& folder, int count = 400) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += fmt::format("{{\"text\": \"review {}\", \"stars\": {}, \"author\": \"a{}\"}}\n", i, i % 5, i % 400);
  }
  return folder.write("reviews.jsonl", text).string();
}

TEST(Dataset, OpensAFileWithOptions) {
  const TestFolder folder;
  const std::string path = reviews(folder);
  const Dataset all = *Dataset::open(path);
  EXPECT_EQ(all.size(), 400u);
  EXPECT_EQ(all.spec(), path);
  EXPECT_EQ(all.notice(), "");
  const Dataset some = *Dataset::open(path + "?columns=stars,text&limit=3&rows=400");
  EXPECT_EQ(some.size(), 3u);
  EXPECT_EQ(some.fields().size(), 2u);
  EXPECT_EQ(some.fields()[0].name, "stars");
  const std::string_view one[] = {"text"};
  EXPECT_THAT(some.items(one)->text("text")->to_vector(), ElementsAre("review 0", "review 1", "review 2"));
  EXPECT_EQ(some.items({})->fields().size(), 2u);
}

TEST(Dataset, SplitsKeepAuthorsTogether) {
  const TestFolder folder;
  const std::string path = reviews(folder, 4000);
  const Dataset train = *Dataset::open(path + "?split=train&together=author&columns=text");
  const Dataset test = *Dataset::open(path + "?split=test&together=author");
  const Dataset same = *Dataset::open(path)->split("test", "author");
  EXPECT_EQ(test.size(), same.size());
  EXPECT_EQ(test.size() % 10, 0u);  // whole authors
  EXPECT_EQ(train.fields().size(), 1u);
  EXPECT_EQ(*test.digest(), *same.digest());
  EXPECT_NE(*test.digest(), *train.digest());
  EXPECT_EQ(Dataset::open(path)->split("all")->size(), 4000u);
}

TEST(Dataset, DigestFollowsTheRows) {
  const std::string a[] = {"x", "y"}, b[] = {"x", "z"}, c[] = {"y", "x"};
  const auto digest = [](std::span<const std::string> texts, std::string name = "t") {
    return *Dataset::of(Items::of(std::move(name), texts)).digest();
  };
  EXPECT_EQ(digest(a), digest(a));
  EXPECT_NE(digest(a), digest(b));
  EXPECT_NE(digest(a), digest(c));
  EXPECT_NE(digest(a), digest(a, "u"));
}

TEST(Dataset, AFileMayHaveAQuestionMarkInItsName) {
  const TestFolder folder;
  const auto path = folder.write("what?.txt", "a\nb\n");
  EXPECT_EQ(Dataset::open(path.string())->size(), 2u);
  EXPECT_EQ(Dataset::open(path.string() + "?limit=1")->size(), 1u);
}

TEST(Dataset, ErrorsNameSpecAndCause) {
  const TestFolder folder;
  const std::string path = reviews(folder, 10);
  const auto message = [](const std::string& spec) { return error_of(Dataset::open(spec)); };
  EXPECT_THAT(message(path + "?rows=11"), HasSubstr("it holds 10 rows where rows=11 was declared"));
  EXPECT_THAT(message(path + "?splt=test"), HasSubstr("split"));
  EXPECT_THAT(message(path + "?split=dev"), HasSubstr("split"));
  EXPECT_THAT(message(path + "?limit=few"), HasSubstr("limit"));
  EXPECT_THAT(message(path + "?limit"), HasSubstr("'limit' is no option; write name=value"));
  EXPECT_THAT(message(path + "?columns=txt"), HasSubstr("did you mean 'text'?"));
  EXPECT_THAT(message(path + "?split=train&together=autor"), HasSubstr("did you mean 'author'?"));
  EXPECT_THAT(message(path + "?metric=l3"), HasSubstr("l3"));
  EXPECT_THAT(message(folder / "none.jsonl"), HasSubstr("opening data set"));
  EXPECT_THAT(message("wordnt:/x"), HasSubstr("no generator 'wordnt', did you mean 'wordnet:'?"));
  // A generator reads no file, so what says how to read one is refused, before anything is made.
  for (const char* name : {"metric=cosine", "part=test", "format=csv", "header=false"}) {
    const std::string option(name, std::string_view(name).find('='));
    EXPECT_THAT(message(fmt::format("wordnet:/x?{}", name)),
                HasSubstr(fmt::format("the options of 'wordnet:': no option '{}'", option)));
  }
  EXPECT_THAT(message("wordnet:/x?splt=test"),
              HasSubstr("no option 'splt' (did you mean 'split'?); known: split, together, columns, limit, rows"));
  EXPECT_THAT(message("?split=test"), HasSubstr("begins with a path or a generator"));
  EXPECT_THAT(message(""), HasSubstr("begins with a path or a generator"));
  const std::string one[] = {"a"};
  const Dataset single = Dataset::of(Items::of("text", one), "mine");
  int empty = 0;
  for (const char* side : {"train", "validation", "test"}) {
    if (const auto part = single.split(side); !part.has_value()) {
      EXPECT_THAT(part.error().message(), HasSubstr("mine: none of its 1 rows falls on the"));
      EXPECT_EQ(part.error().code(), Code::FailedPrecondition);
      ++empty;
    }
  }
  EXPECT_EQ(empty, 2);
}

}  // namespace
}  // namespace quiver
