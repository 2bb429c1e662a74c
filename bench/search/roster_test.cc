#include "bench/search/roster.h"

#include <gmock/gmock.h>

#include "quiver/core/file.h"
#include "quiver/core/temporary_folder.h"

namespace quiver::bench {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Roster, ASpecIsNameOptionsAndEfforts) {
  const auto spec = parse_peer("glass:graph=NSG:sq=SQ4U@40/10/10");
  ASSERT_TRUE(spec.has_value());
  EXPECT_EQ(spec->name, "glass");
  EXPECT_THAT(spec->options, ElementsAre("graph=NSG", "sq=SQ4U"));
  EXPECT_THAT(spec->efforts, ElementsAre(10, 40));
  const auto plain = parse_peer("hnswlib");
  ASSERT_TRUE(plain.has_value());
  EXPECT_THAT(plain->options, IsEmpty());
  EXPECT_THAT(plain->efforts, IsEmpty());
  const auto program = parse_peer("exec=a/b:x=1");
  ASSERT_TRUE(program.has_value());
  EXPECT_EQ(program->program, "a/b");
}

TEST(Roster, ASpecThatMakesNoSenseIsNamed) {
  for (const auto& [text, why] : {std::pair{"", "names no searcher"},
                                  {"exec=", "names no searcher"},
                                  {"a:b", "'b' is not name=value"},
                                  {"a:=b", "'=b' is not name=value"},
                                  {"a@", "'' is no effort"},
                                  {"a@0", "'0' is no effort"},
                                  {"a@1/x", "'x' is no effort"}}) {
    const auto spec = parse_peer(text);
    ASSERT_FALSE(spec.has_value()) << text;
    EXPECT_THAT(spec.error().message(), HasSubstr(why));
    EXPECT_THAT(spec.error().message(), HasSubstr(std::string("peer '") + text + "'"));
  }
}

TEST(Roster, TheFolderSaysHowAPeerIsStarted) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_file(folder.path() / "peers.json", R"({
    "a": {"command": ["venv/bin/python", "python/driver.py", "a"], "efforts": [1, 2], "source": "somewhere at 1.0",
          "metrics": ["l2", "dot"], "usual": ["M=16"]},
    "b": {"command": ["bin/b"]}})")
                  .has_value());
  const auto roster = Roster::open(folder.path());
  ASSERT_TRUE(roster.has_value()) << roster.error().message();
  EXPECT_THAT(roster->specs("l2"), ElementsAre("a", "b"));
  EXPECT_THAT(roster->specs("dot"), ElementsAre("a"));

  const auto a = roster->entrant(*parse_peer("a"));
  ASSERT_TRUE(a.has_value());
  EXPECT_THAT(a->command, ElementsAre((folder.path() / "venv/bin/python").string(),
                                      (folder.path() / "python/driver.py").string(), "a"));
  EXPECT_THAT(a->efforts, ElementsAre(1, 2));
  EXPECT_THAT(a->options, ElementsAre("M=16"));
  EXPECT_EQ(a->source, "somewhere at 1.0");

  const auto own = roster->entrant(*parse_peer("a:M=8@7"));
  ASSERT_TRUE(own.has_value());
  EXPECT_THAT(own->efforts, ElementsAre(7));
  EXPECT_THAT(own->options, ElementsAre("M=8"));
  EXPECT_EQ(own->label, "a:M=8");
  EXPECT_EQ(roster->entrant(*parse_peer("b"))->efforts, usual_efforts());

  const auto unknown = roster->entrant(*parse_peer("c"));
  ASSERT_FALSE(unknown.has_value());
  EXPECT_THAT(unknown.error().message(), HasSubstr("prepared are: a, b"));
  EXPECT_THAT(Roster::none().entrant(*parse_peer("c")).error().message(), HasSubstr("none"));
  EXPECT_THAT(Roster::none().entrant(*parse_peer("exec=/bin/x"))->command, ElementsAre("/bin/x"));
}

TEST(Roster, AFolderWithoutPeersSaysHowToMakeThem) {
  const TemporaryFolder folder;
  const auto missing = Roster::open(folder.path());
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code(), Code::NotFound);
  EXPECT_THAT(missing.error().message(), HasSubstr("bench/peers/prepare"));
  ASSERT_TRUE(write_file(folder.path() / "peers.json", "[]").has_value());
  EXPECT_EQ(Roster::open(folder.path()).error().code(), Code::Corruption);
  ASSERT_TRUE(write_file(folder.path() / "peers.json", "{").has_value());
  EXPECT_THAT(Roster::open(folder.path()).error().message(), HasSubstr("peers.json"));
}

}  // namespace
}  // namespace quiver::bench
