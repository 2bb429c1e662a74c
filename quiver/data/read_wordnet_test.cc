#include "quiver/data/read_wordnet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/data/dataset.h"
#include "quiver/data/internal/testing.h"

namespace quiver {
namespace {
using internal::error_of;
using internal::TestFolder;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kNoun =
    "  1 This software and database is being provided to you, the LICENSEE, by  \n"
    "  2   \n"
    "  3 WordNet 3.0 Copyright 2006 by Princeton University.  All rights reserved.  \n"
    "02129165 05 n 03 lion 0 king_of_beasts 0 Panthera_leo 0 002 @ 02127808 n 0000 #m 02128120 n 0000 | large "
    "gregarious "
    "predatory feline  \n"
    "10000000 18 n 01 Lincoln 0 001 @i 09999999 n 0000 | 16th President of the United States  \n";
constexpr std::string_view kVerb =
    "01904930 38 v 01 walk 0 001 @ 01835496 v 0000 02 + 02 00 + 22 00 | use one's feet to advance; \"Walk, don't "
    "run!\"; "
    "\"We walked instead of driving\"; \"go\"  \n";
constexpr std::string_view kAdj =
    "00013662 00 s 01 galore(ip) 0 001 & 00013160 a 0000 | existing in abundance; \"whiskey galore\"  \n";
constexpr std::string_view kAdv =
    "00001740 02 r 01 a_cappella 0 000 | without musical accompaniment; \"they performed a cappella\"  \n";

void write_sample(const TestFolder& folder) {
  folder.write("data.noun", kNoun);
  folder.write("data.verb", kVerb);
  folder.write("data.adj", kAdj);
  folder.write("data.adv", kAdv);
}

TEST(Wordnet, ReadsSynsets) {
  const TestFolder folder;
  write_sample(folder);
  const Items items = *read_wordnet(folder.path(), 0);
  EXPECT_THAT(items.text("synset")->to_vector(),
              ElementsAre("02129165-n", "10000000-n", "01904930-v", "00013662-a", "00001740-r"));
  const TextLists lemmas = *items.texts("lemmas"), examples = *items.texts("examples"), up = *items.texts("hypernyms");
  EXPECT_THAT(lemmas[0].to_vector(), ElementsAre("lion", "king of beasts", "Panthera leo"));
  EXPECT_THAT(lemmas[3].to_vector(), ElementsAre("galore"));
  EXPECT_THAT(items.text("definition")->to_vector(),
              ElementsAre("large gregarious predatory feline", "16th President of the United States",
                          "use one's feet to advance", "existing in abundance", "without musical accompaniment"));
  EXPECT_THAT(examples[2].to_vector(), ElementsAre("Walk, don't run!", "We walked instead of driving"));
  EXPECT_TRUE(examples[0].empty());
  EXPECT_EQ((*items.text("text"))[0], "lion, king of beasts, Panthera leo: large gregarious predatory feline");
  EXPECT_THAT(up[0].to_vector(), ElementsAre("02127808-n"));
  EXPECT_THAT(up[1].to_vector(), ElementsAre("09999999-n"));
  EXPECT_THAT(up[3].to_vector(), IsEmpty());
  EXPECT_EQ(items.field("synset")->modality, Modality::Category);
}

TEST(Wordnet, TakesGlossesApart) {
  const auto check = [](std::string_view gloss, std::string_view definition, std::vector<std::string> examples) {
    const Gloss got = split_gloss(gloss);
    EXPECT_EQ(got.definition, definition);
    EXPECT_EQ(got.examples, examples) << gloss;
  };
  check("a plain definition  ", "a plain definition", {});
  check("", "", {});
  check("go under, \"The raft sank and its occupants drowned\"", "go under",
        {"The raft sank and its occupants drowned"});
  check("arrive in a vehicle: \"He rolled up\"", "arrive in a vehicle", {"He rolled up"});
  check("psychologically painful;\"few experiences are worse\";", "psychologically painful",
        {"few experiences are worse"});
  check("(of a ball); \"out of play\"", "(of a ball)", {"out of play"});
  check("progress (in the phrase \"make strides\"); \"they made big strides\"",
        "progress (in the phrase \"make strides\")", {"they made big strides"});
  check("a report (e.g., \"he said so\")", "a report (e.g., \"he said so\")", {});
  check("especially in the phrase \"the call of duty\"", "especially in the phrase \"the call of duty\"", {});
  check("an announcement; \"a notice of sale", "an announcement", {"a notice of sale"});
  check("one word; \"classical\"; \"two words\"", "one word", {"two words"});
  check("\"only an example\"", "", {"only an example"});
}

TEST(Wordnet, IsADatasetWithItsNotice) {
  const TestFolder folder;
  write_sample(folder);
  EXPECT_EQ(*wordnet_notice(folder.path()),
            "This software and database is being provided to you, the LICENSEE, by\n\n"
            "WordNet 3.0 Copyright 2006 by Princeton University.  All rights reserved.\n");
  EXPECT_THAT(error_of(Dataset::open("wordnet:" + folder.path().string())),
              HasSubstr("5 synsets where WordNet 3.0 has 117659"));
  folder.write("data.noun", "02129165 05 n 01 lion 0 000 | a cat  \n");
  EXPECT_THAT(error_of(wordnet_notice(folder.path())), HasSubstr("does not begin with the licence"));
}

TEST(Wordnet, ErrorsNameFileLineAndField) {
  const TestFolder folder;
  EXPECT_THAT(error_of(read_wordnet(folder.path())), HasSubstr("apt-get install wordnet-base"));
  EXPECT_EQ(read_wordnet(folder.path()).error().code(), Code::NotFound);
  write_sample(folder);
  EXPECT_THAT(error_of(read_wordnet(folder.path())), HasSubstr("5 synsets where WordNet 3.0 has 117659"));
  const auto with_verb = [&](std::string_view line) {
    folder.write("data.verb", line);
    return error_of(read_wordnet(folder.path(), 0));
  };
  EXPECT_THAT(with_verb("01904930 38 v 01 walk 0 000 01 + 02 00 | x"),
              HasSubstr("data.verb: the file is cut off inside line 1"));
  EXPECT_THAT(with_verb("01904930 38 v 01 walk 0 000\n"), HasSubstr("line 1: there is no ' | '"));
  EXPECT_THAT(with_verb("0190493 38 v 01 walk 0 000 | x\n"), HasSubstr("synset_offset is '0190493'"));
  EXPECT_THAT(with_verb("01904930 38 n 01 walk 0 000 | x\n"), HasSubstr("ss_type is 'n'"));
  EXPECT_THAT(with_verb("01904930 38 v 0g walk 0 000 | x\n"), HasSubstr("w_cnt is '0g'"));
  EXPECT_THAT(with_verb("01904930 38 v 00 000 | x\n"), HasSubstr("w_cnt is '0'"));
  EXPECT_THAT(with_verb("01904930 38 v 03 walk 0 000 | x\n"), HasSubstr("word is ''"));
  EXPECT_THAT(with_verb("01904930 38 v 01 walk 0 002 @ 01835496 v 0000 | x\n"), HasSubstr("pointer offset is ''"));
  EXPECT_THAT(with_verb("01904930 38 v 01 walk 0 001 @ 01835496 vv 0000 | x\n"), HasSubstr("part of speech is 'vv'"));
  EXPECT_THAT(with_verb("01904930 38 v 01 walk 0 001 @ 01835496 v 00 | x\n"), HasSubstr("source/target is '00'"));
  EXPECT_THAT(with_verb("caf\xE9\n"), HasSubstr("line 1 is not UTF-8"));
  for (const char* name : {"data.noun", "data.verb", "data.adj", "data.adv"}) folder.write(name, "");
  EXPECT_THAT(error_of(read_wordnet(folder.path(), 0)), HasSubstr("hold no synset"));
}

TEST(Wordnet, DamageNeverCrashes) {
  const TestFolder folder;
  write_sample(folder);
  const auto read = [&](const std::string& damaged) {
    folder.write("data.verb", damaged);
    return read_wordnet(folder.path(), 0);
  };
  EXPECT_GT(internal::read_damaged(std::string(kVerb), read, 14, 300), 200);
}

// The whole of it, where the package is installed (tools/bootstrap installs it).
TEST(Wordnet, HoldsWhatWordNet3Holds) {
  if (!std::filesystem::exists("/usr/share/wordnet/data.noun")) GTEST_SKIP() << "wordnet-base is not installed";
  const Dataset data = *Dataset::open("wordnet:/usr/share/wordnet");
  EXPECT_EQ(data.size(), kWordnetSynsets);
  EXPECT_THAT(data.notice(), StartsWith("This software and database is being provided to you, the LICENSEE"));
  EXPECT_THAT(data.notice(),
              HasSubstr("\nWordNet 3.0 Copyright 2006 by Princeton University.  All rights reserved.\n"));
  EXPECT_THAT(data.notice(), EndsWith("LICENSEE agrees to preserve same.\n"));
  EXPECT_THAT(data.notice(), Not(HasSubstr("debian")));  // how others pack it is no part of its licence
  const Items& items = data.items();
  EXPECT_EQ(items.texts("lemmas")->total(), 206'978u);
  const TextColumn definition = *items.text("definition");
  std::size_t empty = 0;
  for (std::size_t row = 0; row < items.size(); ++row) empty += definition[row].empty() ? 1 : 0;
  EXPECT_EQ(empty, 0u);
  EXPECT_EQ(items.texts("examples")->total(), 48'255u);
  std::size_t total = 0;
  for (const char* side : {"train", "validation", "test"}) {
    const Dataset part = *data.split(side);
    total += part.size();
    EXPECT_NEAR(static_cast<double>(part.size()) / kWordnetSynsets, std::string_view(side) == "train" ? 0.9 : 0.05,
                0.005);
  }
  EXPECT_EQ(total, data.size());
}

}  // namespace
}  // namespace quiver
