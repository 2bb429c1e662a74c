#include "quiver/data/tokenizer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <thread>

#include "quiver/core/file.h"
#include "quiver/core/json.h"
#include "quiver/core/random.h"
#include "quiver/data/internal/testing.h"

namespace quiver {
namespace {
using internal::error_of;
using internal::TestFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kFolder = "tests/data/tokenizers/";

const Json& expected() {
  static const Json json = [] {
    const auto file = MappedFile::open(kFolder + "expected.json");
    return *parse_json(file->text());
  }();
  return json;
}
std::string shown(const Tokenizer& tokenizer, const std::vector<std::uint32_t>& ids) {
  std::string out;
  for (const auto id : ids) out += fmt::format("{} '{}'  ", id, tokenizer.token(id));
  return out;
}
std::string file_text(const std::string& name) { return std::string(MappedFile::open(kFolder + name)->text()); }

// Every file of tests/data/tokenizers, as the reference made it.
class Reference : public ::testing::TestWithParam<const char*> {};
TEST_P(Reference, GivesTheSameIdsTypesAndTexts) {
  const auto opened = Tokenizer::open(kFolder + GetParam() + ".json");
  ASSERT_TRUE(opened.has_value()) << opened.error().message();
  const Tokenizer& tokenizer = *opened;
  const Json& texts = expected()["texts"];
  const Json& wanted = expected()["tokenizers"][GetParam()];
  ASSERT_GE(texts.size(), 100u);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto text = texts[i].get<std::string>();
    const auto ids = wanted["ids"][i].get<std::vector<std::uint32_t>>();
    const Tokens tokens = tokenizer.encode(text);
    EXPECT_EQ(tokens.ids, ids) << "text " << i << ": " << text << "\nours:      " << shown(tokenizer, tokens.ids)
                               << "\nreference: " << shown(tokenizer, ids);
    EXPECT_EQ(tokens.types.size(), tokens.ids.size());
    if (!wanted["types"].empty()) {
      EXPECT_EQ(tokens.types, wanted["types"][i].get<std::vector<std::uint32_t>>());
    }
    EXPECT_EQ(tokenizer.encode(text, {.special = false}).ids.size(), wanted["plain"][i].get<std::size_t>()) << text;
    if (i % 4 == 0) {
      EXPECT_EQ(tokenizer.decode(ids), wanted["decoded"][i / 4].get<std::string>()) << text;
    }
  }
}
TEST_P(Reference, OpensAgainFromItsOwnJson) {
  const auto first = Tokenizer::open(kFolder + GetParam() + ".json");
  ASSERT_TRUE(first.has_value());
  const auto again = Tokenizer::parse(first->to_json());
  ASSERT_TRUE(again.has_value()) << again.error().message();
  EXPECT_EQ(again->to_json(), first->to_json());
  EXPECT_EQ(again->size(), first->size());
  for (const auto& text : expected()["texts"]) {
    EXPECT_EQ(again->encode(text.get<std::string>()).ids, first->encode(text.get<std::string>()).ids);
  }
}
TEST_P(Reference, NamesEveryTokenBothWays) {
  const auto tokenizer = *Tokenizer::open(kFolder + GetParam() + ".json");
  ASSERT_GT(tokenizer.size(), 0u);
  for (std::uint32_t id = 0; id < tokenizer.size(); ++id) {
    ASSERT_FALSE(tokenizer.token(id).empty()) << id;
    EXPECT_EQ(tokenizer.id(tokenizer.token(id)), id);
  }
  EXPECT_TRUE(tokenizer.token(static_cast<std::uint32_t>(tokenizer.size())).empty());
  EXPECT_EQ(tokenizer.id("no such token"), std::nullopt);
}
TEST_P(Reference, TakesAnyBytes) {
  const auto tokenizer = *Tokenizer::open(kFolder + GetParam() + ".json");
  const std::uint64_t seed = 5;
  Random random(seed);
  for (int i = 0; i < 300; ++i) {
    std::string bytes(random.below(60), ' ');
    for (char& byte : bytes) byte = static_cast<char>(random.below(256));
    const Tokens tokens = tokenizer.encode(bytes);
    for (const auto id : tokens.ids) ASSERT_LT(id, tokenizer.size()) << "seed " << seed << ", text " << i;
    EXPECT_EQ(tokens.ids.size(), tokens.types.size());
    EXPECT_NO_FATAL_FAILURE(tokenizer.decode(tokens.ids));
  }
}
INSTANTIATE_TEST_SUITE_P(Tokenizer, Reference,
                         ::testing::Values("bert-uncased", "bert-cased", "gpt2", "roberta", "llama3", "qwen", "gpt4o",
                                           "unigram", "unigram-bytes", "llama2", "clip", "words", "bpe-prefix"));

// A tokenizer.json around a model and what else a test wants to say.
std::string file_of(const std::string& model, const std::string& more = "") {
  return R"({"version":"1.0","model":)" + model + (more.empty() ? "" : "," + more) + "}";
}
const std::string kWords = R"({"type":"WordLevel","unk_token":"?","vocab":{"?":0,"a":1,"b":2}})";
Tokenizer parsed(const std::string& json) {
  auto tokenizer = Tokenizer::parse(json);
  EXPECT_TRUE(tokenizer.has_value()) << (tokenizer.has_value() ? "" : tokenizer.error().message());
  return *std::move(tokenizer);
}
std::string refused(const std::string& json) { return error_of(Tokenizer::parse(json)); }

TEST(Tokenizer, CutsToTheLongestLengthAndCounts) {
  const auto tokenizer = *Tokenizer::open(kFolder + "bert-uncased.json");
  const std::string text = "a a a a a a a a";
  const auto a = *tokenizer.id("a"), cls = *tokenizer.id("[CLS]"), sep = *tokenizer.id("[SEP]");
  EXPECT_EQ(tokenizer.encode(text).ids.size(), 10u);
  EXPECT_EQ(tokenizer.encode(text).dropped, 0u);
  const Tokens cut = tokenizer.encode(text, {.longest = 5});
  EXPECT_THAT(cut.ids, ElementsAre(cls, a, a, a, sep));
  EXPECT_EQ(cut.dropped, 5u);
  EXPECT_THAT(tokenizer.encode(text, {.longest = 3, .special = false}).ids, ElementsAre(a, a, a));
  // Special tokens stay, even when there is no room for them.
  EXPECT_THAT(tokenizer.encode(text, {.longest = 1}).ids, ElementsAre(cls, sep));
  EXPECT_EQ(tokenizer.encode(text, {.longest = 1}).dropped, 8u);
  EXPECT_EQ(tokenizer.special_tokens(), 2u);
}

TEST(Tokenizer, CutsAsTheFileSaysUnlessToldOtherwise) {
  const std::string more =
      R"("pre_tokenizer":{"type":"WhitespaceSplit"},"truncation":{"max_length":2,"strategy":"LongestFirst","stride":0,"direction":"Left"})";
  const auto tokenizer = parsed(file_of(kWords, more));
  EXPECT_THAT(tokenizer.encode("a a b").ids, ElementsAre(1, 2));
  EXPECT_EQ(tokenizer.encode("a a b").dropped, 1u);
  EXPECT_THAT(tokenizer.encode("a a b", {.longest = 8}).ids, ElementsAre(1, 1, 2));
}

TEST(Tokenizer, RepairsWhatIsNotUtf8) {
  const auto tokenizer = *Tokenizer::open(kFolder + "gpt2.json");
  EXPECT_EQ(tokenizer
                .encode("a\xFF"
                        "b")
                .ids,
            tokenizer
                .encode("a\xEF\xBF\xBD"
                        "b")
                .ids);
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("a\xE4\xBD").ids), "a\xEF\xBF\xBD");  // one for a character cut short
}

TEST(Tokenizer, LongWordsMergeAsShortOnesDo) {
  // Words on both sides of the length at which the heap takes over, against merging done as the definition says.
  const auto json = *parse_json(file_text("gpt2.json"));
  std::map<std::pair<std::string, std::string>, std::size_t> ranks;
  for (const auto& merge : json["model"]["merges"]) ranks.emplace(std::pair(merge[0], merge[1]), ranks.size());
  const auto tokenizer = *Tokenizer::open(kFolder + "gpt2.json");
  const std::uint64_t seed = 11;
  Random random(seed);
  for (int i = 0; i < 400; ++i) {
    std::string word;
    const auto length = 1 + random.below(120);
    for (std::uint64_t j = 0; j < length; ++j) word.push_back("aeinrsth"[random.below(8)]);
    std::vector<std::string> tokens;
    for (const char c : word) tokens.emplace_back(1, c);
    while (true) {
      std::size_t best = ranks.size(), at = 0;
      for (std::size_t j = 0; j + 1 < tokens.size(); ++j) {
        const auto found = ranks.find({tokens[j], tokens[j + 1]});
        if (found == ranks.end() || found->second >= best) continue;
        best = found->second;
        at = j;
      }
      if (best == ranks.size()) break;
      tokens[at] += tokens[at + 1];
      tokens.erase(tokens.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    }
    std::vector<std::uint32_t> ids;
    for (const auto& token : tokens) ids.push_back(*tokenizer.id(token));
    EXPECT_EQ(tokenizer.encode(word).ids, ids) << "seed " << seed << ": " << word;
  }
}

TEST(Tokenizer, AsciiIsCleanedAsOtherTextIs) {
  // The one pass for ASCII against the steps for all text, which a character outside of ASCII brings on.
  const auto tokenizer = *Tokenizer::open(kFolder + "bert-uncased.json");
  const std::uint64_t seed = 3;
  Random random(seed);
  for (int i = 0; i < 500; ++i) {
    std::string text;
    for (std::uint64_t j = random.below(40); j > 0; --j) text.push_back(static_cast<char>(random.below(128)));
    auto other = tokenizer.encode(text + " \xE4\xB8\xAD", {.special = false}).ids;
    other.pop_back();
    EXPECT_EQ(tokenizer.encode(text, {.special = false}).ids, other) << "seed " << seed << ": " << text;
  }
}

TEST(Tokenizer, IsSharedByThreads) {
  const auto tokenizer = *Tokenizer::open(kFolder + "llama3.json");
  const std::string text = expected()["texts"][90].get<std::string>();
  const auto ids = tokenizer.encode(text).ids;
  std::vector<std::thread> threads;
  std::vector<int> wrong(4);
  for (int& count : wrong) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) count += tokenizer.encode(text).ids != ids;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_THAT(wrong, ElementsAre(0, 0, 0, 0));
}

TEST(Tokenizer, LeavesOutUnknownIdsWhenDecoding) {
  const auto tokenizer = *Tokenizer::open(kFolder + "bert-uncased.json");
  const std::vector<std::uint32_t> ids{2, *tokenizer.id("the"), 999'999, 3};
  EXPECT_EQ(tokenizer.decode(ids), "the");
  EXPECT_EQ(tokenizer.decode(ids, false), "[CLS] the [SEP]");
  EXPECT_EQ(tokenizer.decode({}), "");
}

struct Refusal {
  std::string json, words;  // the message must hold the words
};
TEST(Tokenizer, RefusesWhatItCannotDoAndSaysWhatItCan) {
  const std::string bpe = R"("type":"BPE","vocab":{"a":0,"b":1,"ab":2})";
  const auto with = [](const std::string& part) { return file_of(kWords, part); };
  const std::vector<Refusal> refusals{
      {"", "not a tokenizer.json"},
      {"[1,2", "not a tokenizer.json"},
      {"[]", "expected an object, found a list"},
      {"{}", "'model' is missing"},
      {std::string(100'000, '['), "not a tokenizer.json"},
      {R"({"version":"2.0"})", "version 2.0"},
      {file_of(R"({"type":"Lattice"})"), "WordPiece, BPE, Unigram, WordLevel"},
      {file_of(R"({"type":"WordLevel","unk_token":"?"})"), "'vocab' is missing"},
      {file_of(R"({"type":"WordLevel","unk_token":"?","vocab":[1]})"), "model.vocab: expected an object, found a list"},
      {file_of(R"({"type":"WordLevel","unk_token":"?","vocab":{"a":0}})"), "unk_token '?', is not in the vocabulary"},
      {file_of(R"({"type":"WordLevel","unk_token":"a","vocab":{"a":-1}})"), "the id of token 'a' must be a whole"},
      {file_of(R"({"type":"WordLevel","unk_token":"a","vocab":{"a":4000000000}})"), "below 16777216"},
      {file_of(R"({"type":"WordLevel","unk_token":"a","vocab":{"a":1,"b":1}})"), "'a' and 'b' both have the id 1"},
      {file_of(R"({"type":"WordLevel","unk_token":"a","vocab":{"a":1,"a":2}})"), "'a' is listed twice"},
      {file_of(R"({"type":"WordPiece","vocab":{"a":0}})"), "unk_token '[UNK]'"},
      {file_of("{" + bpe + R"(,"merges":["a b"],"dropout":0.1})"), "dropout is 0.1"},
      {file_of("{" + bpe + "}"), "'merges' is missing"},
      {file_of("{" + bpe + R"(,"merges":["a b c"]})"), "merge 1 is 'a b c'"},
      {file_of("{" + bpe + R"(,"merges":[["a"]]})"), "merge 1 must be two tokens"},
      {file_of("{" + bpe + R"(,"merges":["a b","b a"]})"), "'ba' is not in the vocabulary"},
      {file_of("{" + bpe + R"(,"merges":["a c"]})"), "'c' is not in the vocabulary"},
      {file_of(R"({"type":"Unigram","unk_id":0,"vocab":[]})"), "the vocabulary is empty"},
      {file_of(R"({"type":"Unigram","vocab":[["a",0]]})"), "'unk_id' is missing"},
      {file_of(R"({"type":"Unigram","unk_id":1,"vocab":[["a",0]]})"), "'unk_id' is 1 and the vocabulary has 1"},
      {file_of(R"({"type":"Unigram","unk_id":0,"vocab":[["a"]]})"), "entry 0 must be"},
      {with(R"("normalizer":{"type":"Umlaut"})"), "BertNormalizer, NFC"},
      {with(R"("normalizer":{})"), "'type' is missing"},
      {with(R"("normalizer":{"type":"Prepend"})"), "normalizer: 'prepend' is missing"},
      {with(R"("normalizer":{"type":"BertNormalizer","lowercase":3})"), "lowercase: expected true or false"},
      {with(R"("normalizer":{"type":"Sequence","normalizers":[{"type":"NFX"}]})"), "normalizer.normalizers[0]"},
      {with(R"("normalizer":{"type":"Replace","pattern":{"Regex":"(a|b)*"},"content":""})"),
       "'(a|b)*' is not supported"},
      {with(R"("normalizer":{"type":"Precompiled","precompiled_charsmap":"A*"})"), "character 2 is not base64"},
      {with(R"("normalizer":{"type":"Precompiled","precompiled_charsmap":"AAA="})"), "ends before its size"},
      {with(R"("normalizer":{"type":"Precompiled","precompiled_charsmap":"/////w=="})"),
       "says its trie has 4294967295"},
      {with(R"("pre_tokenizer":{"type":"Words"})"), "BertPreTokenizer, Whitespace"},
      {with(R"("pre_tokenizer":{"type":"UnicodeScripts"})"), "is no pre-tokenizer that is supported"},
      {with(R"("pre_tokenizer":{"type":"Split","pattern":{"Regex":"\\w+"},"behavior":"Isolated"})"), R"('\w+' is not)"},
      {with(R"("pre_tokenizer":{"type":"Split","pattern":{"String":"x"},"behavior":"Eaten"})"), "MergedWithNext"},
      {with(R"("pre_tokenizer":{"type":"Split","pattern":{"String":"x"}})"), "'behavior' is missing"},
      {with(R"("pre_tokenizer":{"type":"Metaspace","replacement":"ab"})"), "must be one character"},
      {with(R"("pre_tokenizer":{"type":"Metaspace","replacement":"a","prepend_scheme":"maybe"})"), "first, never or"},
      {with(
           R"("pre_tokenizer":{"type":"Metaspace","replacement":"a","add_prefix_space":false,"prepend_scheme":"first"})"),
       "'add_prefix_space' is false"},
      {with(R"("pre_tokenizer":{"type":"FixedLength","length":0})"), "at least 1"},
      {with(R"("post_processor":{"type":"Chat"})"), "BertProcessing, RobertaProcessing"},
      {with(R"("post_processor":{"type":"BertProcessing","cls":["a",1],"sep":["b",9]})"), "no token with the id 9"},
      {with(R"("post_processor":{"type":"BertProcessing","cls":["a"],"sep":["b",2]})"), "expected [\"token\", id]"},
      {with(R"("post_processor":{"type":"TemplateProcessing","single":[{"Sequence":{"id":"B","type_id":0}}]})"),
       "sequence A"},
      {with(R"("post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"x","type_id":0}}],)"
            R"("special_tokens":{}})"),
       "'x' is missing"},
      {with(R"("decoder":{"type":"CTC"})"), "WordPiece, ByteLevel, Metaspace"},
      {with(R"("decoder":{"type":"Strip","content":"ab","start":1,"stop":0})"), "must be one character"},
      {with(R"("added_tokens":[{"id":7,"content":"new"}])"), "the next free id is 3"},
      {with(R"("added_tokens":[{"id":0,"content":"a"}])"), "in the vocabulary it is 1"},
      {with(R"("added_tokens":[{"id":1,"content":"a"},{"id":1,"content":"a"}])"), "listed twice"},
      {with(R"("truncation":{"max_length":"long"})"), "max_length: expected a whole number"},
      {with(R"("truncation":{"max_length":8,"strategy":"OnlySecond"})"), "OnlySecond"},
      {with(R"("truncation":{"max_length":8,"direction":"Up"})"), "Left or Right"},
  };
  for (const Refusal& refusal : refusals) EXPECT_THAT(refused(refusal.json), HasSubstr(refusal.words)) << refusal.json;
}

TEST(Tokenizer, NamesTheFileItCannotRead) {
  const TestFolder folder;
  const auto path = folder.write("tokenizer.json", "{}");
  EXPECT_THAT(error_of(Tokenizer::open(path)), HasSubstr(path.string()));
  EXPECT_EQ(Tokenizer::open(folder / "none.json").error().code(), Code::NotFound);
}

TEST(Tokenizer, SurvivesDamagedFiles) {
  for (const char* name : {"unigram.json", "llama3.json", "bert-cased.json"}) {
    const std::string bytes = file_text(name);
    const std::uint64_t seed = 17;
    Random random(seed);
    int refusals = 0;
    for (int i = 0; i < 150; ++i) {
      std::string damaged = bytes;
      if (i % 3 == 0) damaged.resize(random.below(damaged.size()));
      for (std::uint64_t j = 1 + random.below(4); j > 0 && !damaged.empty(); --j)
        damaged[random.below(damaged.size())] = static_cast<char>(' ' + random.below(95));
      const auto tokenizer = Tokenizer::parse(damaged);
      if (!tokenizer.has_value()) {
        EXPECT_FALSE(tokenizer.error().message().empty());
        ++refusals;
        continue;
      }
      for (const auto id : tokenizer->encode("Hello w\xC3\xB6rld, ｶﾞ ﬁne ① \t x").ids) {
        EXPECT_LT(id, tokenizer->size()) << "seed " << seed << ", damage " << i;
      }
    }
    EXPECT_GT(refusals, 50) << name;
  }
}

}  // namespace
}  // namespace quiver
