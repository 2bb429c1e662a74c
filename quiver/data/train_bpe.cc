#include "quiver/data/train_bpe.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <queue>
#include <unordered_map>
#include <vector>

#include "quiver/data/internal/tokenizer/byte_level.h"
#include "quiver/data/internal/tokenizer/code_points.h"
#include "quiver/data/internal/tokenizer/training.h"

namespace quiver {
namespace {
constexpr std::string_view kEndOfWord = "</w>";

// Learns the merges of words given as ids.
class MergeLearner {
 public:
  explicit MergeLearner(std::uint64_t min_frequency) : min_frequency_(min_frequency) {}

  std::uint32_t add_token(std::string text) {
    const auto [at, added] = ids_.try_emplace(text, static_cast<std::uint32_t>(texts_.size()));
    if (added) texts_.push_back(std::move(text));
    return at->second;
  }
  void add_word(std::vector<std::uint32_t> symbols, std::uint64_t count) {
    const auto word = static_cast<std::uint32_t>(words_.size());
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i)
      change(symbols[i], symbols[i + 1], static_cast<std::int64_t>(count), word);
    words_.push_back({std::move(symbols), count});
  }

  Result<void> learn(std::size_t vocabulary, Run& run) {
    auto stage = run.stage("merge pairs", vocabulary - std::min(vocabulary, texts_.size()));
    push_raised();
    while (texts_.size() < vocabulary && !queue_.empty()) {
      if (run.stop()) return run.stopped("learning merges");
      const Candidate top = queue_.top();
      queue_.pop();
      Pair& pair = pairs_.at(top.pair);
      if (pair.count != top.count) {  // lowered since it was queued
        push(top.pair);
        continue;
      }
      if (static_cast<std::uint64_t>(top.count) < std::max<std::uint64_t>(min_frequency_, 1)) break;
      const auto left = static_cast<std::uint32_t>(top.pair >> 32), right = static_cast<std::uint32_t>(top.pair);
      const std::size_t before = texts_.size();
      const std::uint32_t merged = add_token(texts_[left] + texts_[right]);
      merges_.emplace_back(left, right);
      const std::vector<std::uint32_t> words = std::move(pair.words);
      pair = {};
      for (const std::uint32_t word : words) merge(word, left, right, merged);
      pairs_.at(top.pair) = {};  // what merge() took away again
      push_raised();
      stage.advance(texts_.size() - before);
    }
    return {};
  }

  const std::vector<std::string>& texts() const { return texts_; }
  const std::vector<std::pair<std::uint32_t, std::uint32_t>>& merges() const { return merges_; }

 private:
  struct Word {
    std::vector<std::uint32_t> symbols;
    std::uint64_t count;
  };
  struct Pair {
    std::int64_t count = 0;
    std::vector<std::uint32_t> words{};  // that hold it, or held it once
  };
  struct Candidate {
    std::int64_t count;
    std::uint64_t pair;
    bool operator<(const Candidate& other) const {  // of the queue: the greater goes first
      return count != other.count ? count < other.count : pair > other.pair;
    }
  };

  void push(std::uint64_t pair) {
    if (const std::int64_t count = pairs_.at(pair).count; count > 0) queue_.push({count, pair});
  }
  void push_raised() {
    std::ranges::sort(raised_);
    raised_.erase(std::unique(raised_.begin(), raised_.end()), raised_.end());
    for (const std::uint64_t pair : raised_) push(pair);
    raised_.clear();
  }
  void change(std::uint32_t left, std::uint32_t right, std::int64_t by, std::uint32_t word) {
    const std::uint64_t key = std::uint64_t{left} << 32 | right;
    Pair& pair = pairs_[key];
    pair.count += by;
    if (by < 0) return;
    if (pair.words.empty() || pair.words.back() != word) pair.words.push_back(word);
    raised_.push_back(key);
  }
  void merge(std::uint32_t index, std::uint32_t left, std::uint32_t right, std::uint32_t merged) {
    Word& word = words_[index];
    auto& symbols = word.symbols;
    const auto count = static_cast<std::int64_t>(word.count);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < symbols.size(); ++kept) {
      if (i + 1 == symbols.size() || symbols[i] != left || symbols[i + 1] != right) {
        symbols[kept] = symbols[i++];
        continue;
      }
      if (kept > 0) {
        change(symbols[kept - 1], left, -count, index);
        change(symbols[kept - 1], merged, count, index);
      }
      if (i + 2 < symbols.size()) {
        change(right, symbols[i + 2], -count, index);
        change(merged, symbols[i + 2], count, index);
      }
      symbols[kept] = merged;
      i += 2;
    }
    symbols.resize(kept);
  }

  std::uint64_t min_frequency_;
  std::vector<std::string> texts_;  // of tokens, by id
  std::unordered_map<std::string, std::uint32_t> ids_;
  std::vector<Word> words_;
  std::unordered_map<std::uint64_t, Pair> pairs_;
  std::priority_queue<Candidate> queue_;
  std::vector<std::uint64_t> raised_;  // pairs that became more frequent since the queue was last told
  std::vector<std::pair<std::uint32_t, std::uint32_t>> merges_;
};

// Words as ids, the alphabet first.
void add_byte_words(MergeLearner& learner, const Vocabulary& words) {
  std::vector<std::string> alphabet;
  for (const auto& character : internal::byte_characters()) alphabet.emplace_back(character.text());
  std::ranges::sort(alphabet);  // of UTF-8: in order of code points
  for (std::string& character : alphabet) learner.add_token(std::move(character));
  for (std::uint32_t word = 0; word < words.size(); ++word) {
    const std::string_view text = words.word(word);
    std::vector<std::uint32_t> symbols;
    for (std::size_t i = 0; i < text.size();) {
      const std::size_t size = internal::code_point_at(text, i).size;
      symbols.push_back(learner.add_token(std::string(text.substr(i, size))));
      i += size;
    }
    learner.add_word(std::move(symbols), words.count(word));
  }
}

void add_character_words(MergeLearner& learner, const Vocabulary& words, std::size_t limit) {
  struct Character {
    std::uint64_t count = 0;
    bool ends_a_word = false, kept = true;
  };
  std::map<std::string_view, Character> characters;  // of UTF-8: in order of code points
  for (std::uint32_t word = 0; word < words.size(); ++word) {
    const std::string_view text = words.word(word);
    for (std::size_t i = 0; i < text.size();) {
      const std::size_t size = internal::code_point_at(text, i).size;
      Character& character = characters[text.substr(i, size)];
      character.count += words.count(word);
      i += size;
      character.ends_a_word = character.ends_a_word || i == text.size();
    }
  }
  if (limit > 0 && limit < characters.size()) {
    std::vector<Character*> rare;
    for (auto& [text, character] : characters) rare.push_back(&character);
    std::ranges::stable_sort(rare, std::greater<>(), &Character::count);
    for (std::size_t i = limit; i < rare.size(); ++i) rare[i]->kept = false;
  }
  for (const auto& [text, character] : characters) {
    if (character.kept) learner.add_token(std::string(text));
  }
  for (const auto& [text, character] : characters) {
    if (character.kept && character.ends_a_word) learner.add_token(std::string(text).append(kEndOfWord));
  }
  for (std::uint32_t word = 0; word < words.size(); ++word) {
    const std::string_view text = words.word(word);
    std::vector<std::uint32_t> symbols;
    for (std::size_t i = 0; i < text.size();) {
      const std::string_view character = text.substr(i, internal::code_point_at(text, i).size);
      i += character.size();
      if (!characters.at(character).kept) continue;
      symbols.push_back(learner.add_token(std::string(character).append(i == text.size() ? kEndOfWord : "")));
    }
    learner.add_word(std::move(symbols), words.count(word));
  }
}

internal::TokenizerParts parts_of(const BpeTraining& training) {
  internal::TokenizerParts parts;
  if (training.byte_level) {
    parts.pre_tokenizer = parts.decoder =
        R"({"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true})";
    return parts;
  }
  parts.normalizer = training.lowercase ? R"({"type":"Sequence","normalizers":[{"type":"NFKC"},{"type":"Lowercase"}]})"
                                        : R"({"type":"NFKC"})";
  parts.pre_tokenizer = R"({"type":"Whitespace"})";
  parts.decoder = fmt::format(R"({{"type":"BPEDecoder","suffix":"{}"}})", kEndOfWord);
  return parts;
}

std::string model_of(const MergeLearner& learner, const BpeTraining& training) {
  std::string vocabulary, merges;
  for (std::size_t id = 0; id < learner.texts().size(); ++id)
    vocabulary += fmt::format("{}{}:{}", id == 0 ? "" : ",", internal::json_text(learner.texts()[id]), id);
  for (const auto& [left, right] : learner.merges()) {
    merges += fmt::format("{}[{},{}]", merges.empty() ? "" : ",", internal::json_text(learner.texts()[left]),
                          internal::json_text(learner.texts()[right]));
  }
  return fmt::format(
      R"({{"type":"BPE","dropout":null,"unk_token":{},"continuing_subword_prefix":null,"end_of_word_suffix":{},)"
      R"("fuse_unk":false,"byte_fallback":false,"ignore_merges":false,"vocab":{{{}}},"merges":[{}]}})",
      training.byte_level ? "null" : internal::json_text(training.unknown),
      training.byte_level ? "null" : internal::json_text(kEndOfWord), vocabulary, merges);
}
}  // namespace

Result<Tokenizer> train_bpe(std::span<const std::string_view> texts, const BpeTraining& training, Run& run) {
  SpecialTokens special = training.special;
  if (!training.byte_level && std::ranges::find(special.tokens, training.unknown) == special.tokens.end())
    special.tokens.insert(special.tokens.begin(), training.unknown);
  QUIVER_TRY(internal::check_specials(special));
  const internal::TokenizerParts parts = parts_of(training);
  QUIVER_TRY(const VocabularyBuilder counts, internal::count_words(texts, parts, run));
  const Vocabulary words = counts.build();
  if (words.size() == 0) return Error::invalid_argument(fmt::format("none of {} texts holds a word", texts.size()));

  MergeLearner learner(training.min_frequency);
  for (const std::string& token : special.tokens) learner.add_token(token);
  if (training.byte_level) {
    add_byte_words(learner, words);
  } else {
    add_character_words(learner, words, training.alphabet);
  }
  if (training.vocabulary < learner.texts().size())
    return Error::invalid_argument(
        fmt::format("a vocabulary of {} tokens has no room for {} special tokens and an alphabet of {}; ask for more "
                    "tokens{}",
                    training.vocabulary, special.tokens.size(), learner.texts().size() - special.tokens.size(),
                    training.byte_level ? "" : " or a smaller alphabet"));
  QUIVER_TRY(learner.learn(training.vocabulary, run));
  return internal::make_tokenizer(parts, special, model_of(learner, training));
}

}  // namespace quiver
