#include "quiver/recipes/results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quiver {
namespace {
using testing::HasSubstr;

const std::vector<SeedMeasured> kSeeds{{1, {{"full", "mrr@10", 0.31}, {"plain", "mrr@10", 0.25}}},
                                       {2, {{"full", "mrr@10", 0.33}, {"full", "loss", 1.5}}}};

Json results() {
  const std::vector<Bar> bars{*parse_bar("gain: mrr@10[full] >= 0.3 | every seed"),
                              *parse_bar("other: mrr@10[gone] | report")};
  const std::vector<Judged> judged{judge(bars[0], kSeeds), judge(bars[1], kSeeds)};
  return {{"recipe", "mrl"},
          {"verdict", "incomplete"},
          {"why", "out of time"},
          {"created", "2024-05-01T12:00:00Z"},
          {"commit", ""},
          {"minutes", 3.25},
          {"seeds", Json::array({1, 2})},
          {"machine", {{"cpu", "a CPU"}, {"threads", 2}}},
          {"bars", bars_json(bars, judged)},
          {"arms", arms_json(kSeeds)}};
}

TEST(Results, KeepEveryValueOfEverySeed) {
  const Json arms = arms_json(kSeeds);
  ASSERT_EQ(arms.size(), 2u);
  EXPECT_EQ(arms[0]["arm"], "full");
  EXPECT_EQ(arms[0]["metrics"][0]["values"], Json::array({0.31, 0.33}));
  EXPECT_EQ(arms[0]["metrics"][1]["values"], Json::array({nullptr, 1.5}));
  EXPECT_EQ(arms[1]["metrics"][0]["values"], Json::array({0.25, nullptr}));
  const Json bars = results()["bars"];
  EXPECT_EQ(bars[0]["verdict"], "pass");
  EXPECT_TRUE(bars[0].contains("interval"));
  EXPECT_EQ(bars[1]["verdict"], "incomplete");
  EXPECT_THAT(bars[1]["why"].get<std::string>(), HasSubstr("gone"));
}

TEST(Results, AreDrawnAsTables) {
  const auto text = results_markdown(results());
  ASSERT_TRUE(text) << text.error().message();
  EXPECT_THAT(
      *text,
      HasSubstr(
          "# Results of mrl\n\nVerdict: **incomplete** (out of time). 2 seeds, 3.2 minutes on 2 threads of a CPU"));
  EXPECT_THAT(*text, HasSubstr(R"(| gain: `mrr@10[full] >= 0.3 \| every seed` | pass | 0.31, 0.33 | 0.3, 0.3 |)"));
  EXPECT_THAT(*text,
              HasSubstr("| other: `mrr@10[gone] \\| report` | incomplete: seed 1 has no mrr@10[gone] | - | - | - |"));
  EXPECT_THAT(*text, HasSubstr("| full | mrr@10 | 0.32 | 0.31, 0.33 |"));
  EXPECT_THAT(*text, HasSubstr("| full | loss | 1.5 | -, 1.5 |"));
  EXPECT_THAT(*text, HasSubstr("commit unknown"));
}

TEST(Results, NeedEveryKey) {
  for (const char* key :
       {"recipe", "verdict", "why", "created", "commit", "minutes", "seeds", "machine", "bars", "arms"}) {
    Json json = results();
    json.erase(key);
    EXPECT_THAT(results_markdown(json).error().message(), HasSubstr(key));
  }
}

}  // namespace
}  // namespace quiver
