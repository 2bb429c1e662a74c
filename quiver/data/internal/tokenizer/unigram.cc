// Unigram (Kudo, 2018): of all ways to write a word as tokens, the one with the greatest sum of their
// log-probabilities, found by Viterbi's algorithm over the bytes of the word.
//
//   best(0) = 0;   best(end) = max over tokens t that end there: best(end - |t|) + score(t)
//
// A character that is no token by itself may be the unknown token, at 10 below the lowest score; a run of unknown ones
// is one token, or, with byte_fallback, the <0x..> tokens of its bytes. Equal sums: the token that begins first stays.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "quiver/data/internal/tokenizer/code_points.h"
#include "quiver/data/internal/tokenizer/token_model.h"

namespace quiver::internal {
namespace {
constexpr double kUnknownPenalty = 10;

// A score as the reference reads it: its digits as a whole number, times or over a power of ten, which is one rounding
// more than a correct reader makes. Sums of scores tie often, and the last bit then decides.
double reread(double score) {
  std::array<char, 32> text;
  const char* const end =
      std::to_chars(text.data(), text.data() + text.size(), std::abs(score), std::chars_format::scientific).ptr;
  std::uint64_t digits = 0;
  int exponent = 0, fraction = 0;
  bool behind = false;  // the point
  for (const char* at = text.data(); at != end; ++at) {
    if (*at == 'e') {
      std::from_chars(at[1] == '+' ? at + 2 : at + 1, end, exponent);
      break;
    }
    if (*at == '.') {
      behind = true;
      continue;
    }
    digits = 10 * digits + static_cast<std::uint64_t>(*at - '0');
    fraction += behind ? 1 : 0;
  }
  exponent -= fraction;
  if (std::abs(exponent) > 300) return score;
  const double power = std::pow(10.0, std::abs(exponent));
  const double size = exponent < 0 ? static_cast<double>(digits) / power : static_cast<double>(digits) * power;
  return std::copysign(size, score);
}

class Unigram final : public TokenModel {
 public:
  Unigram(TokenTable tokens, std::vector<double> scores, std::uint32_t unknown, bool byte_fallback)
      : TokenModel(std::move(tokens)),
        scores_(std::move(scores)),
        unknown_(unknown),
        unknown_score_(*std::ranges::min_element(scores_) - kUnknownPenalty) {
    if (byte_fallback) bytes_ = byte_tokens(table());
  }

  void encode(std::string_view word, std::vector<std::uint32_t>& ids, ModelScratch& scratch) const override {
    auto& best = scratch.best;
    fill(word, best);
    // The path, from its end. A run of unknown tokens is one stretch.
    auto& starts = scratch.ids;  // of the stretches, each followed by its id
    starts.clear();
    bool open = false;
    for (std::size_t end = word.size(); end > 0; end -= best[end].length) {
      const std::uint32_t id = best[end].id;
      const auto start = static_cast<std::uint32_t>(end - best[end].length);
      if (open && id == unknown_) {
        starts[starts.size() - 2] = start;
      } else {
        starts.insert(starts.end(), {start, id});
      }
      open = id == unknown_;
    }
    for (std::size_t i = starts.size(); i > 0; i -= 2) {
      const std::size_t begin = starts[i - 2], end = i > 2 ? starts[i - 4] : word.size();
      if (starts[i - 1] == unknown_) {
        append_unknown(word.substr(begin, end - begin), ids);
      } else {
        ids.push_back(starts[i - 1]);
      }
    }
  }

 private:
  void fill(std::string_view word, std::vector<ModelScratch::Best>& best) const {
    const ByteTrie& trie = table().trie();
    best.assign(word.size() + 1, {0, 0, 0});
    const auto offer = [&](std::size_t end, double score, std::uint32_t id, std::size_t length) {
      auto& target = best[end];
      if (target.length == 0 || score > target.score) target = {score, id, static_cast<std::uint32_t>(length)};
    };
    for (std::size_t begin = 0; begin < word.size();) {
      const std::size_t character = code_point_at(word, begin).size;
      const double before = best[begin].score;
      bool alone = false;
      std::uint32_t node = ByteTrie::kRoot;
      for (std::size_t end = begin; end < word.size();) {
        node = trie.step(node, word[end++]);
        if (node == ByteTrie::kNone) break;
        const std::uint32_t id = trie.value(node);
        if (id == kNoToken) continue;
        offer(end, scores_[id] + before, id, end - begin);
        alone = alone || end - begin == character;
      }
      if (!alone) offer(begin + character, unknown_score_ + before, unknown_, character);
      begin += character;
    }
  }

  void append_unknown(std::string_view text, std::vector<std::uint32_t>& ids) const {
    if (const std::uint32_t id = table().find(text); id != kNoToken) {
      ids.push_back(id);  // "<unk>" itself
      return;
    }
    const auto token = [&](char byte) { return bytes_[static_cast<unsigned char>(byte)]; };
    if (!bytes_.empty() && std::ranges::none_of(text, [&](char byte) { return token(byte) == kNoToken; })) {
      for (const char byte : text) ids.push_back(token(byte));
    } else {
      ids.push_back(unknown_);
    }
  }

  std::vector<double> scores_;  // by id
  std::uint32_t unknown_;
  double unknown_score_;
  std::vector<std::uint32_t> bytes_;  // by byte; empty: no fallback to bytes
};
}  // namespace

Result<std::unique_ptr<TokenModel>> read_unigram(const JsonNode& node) {
  QUIVER_TRY(const JsonNode vocab, node.child("vocab"));
  QUIVER_TRY(const auto list, vocab.as_array());
  std::vector<TokenTable::Entry> entries;
  std::vector<double> scores;
  for (const simdjson::dom::element item : list) {
    simdjson::dom::array both;
    std::string_view text;
    double score = 0;
    if (item.get(both) != simdjson::SUCCESS || both.size() != 2 || both.at(0).get(text) != simdjson::SUCCESS ||
        both.at(1).get(score) != simdjson::SUCCESS || !std::isfinite(score))
      return vocab.wrong(fmt::format("entry {} must be [\"token\", score]", entries.size()));
    if (entries.size() == kMaxTokens) return vocab.wrong(fmt::format("more than {} tokens", kMaxTokens));
    entries.push_back({text, static_cast<std::uint32_t>(entries.size())});
    scores.push_back(reread(score));
  }
  if (entries.empty()) return vocab.wrong("the vocabulary is empty; it needs at least the unknown token");
  QUIVER_TRY(TokenTable table, TokenTable::create(entries).within(vocab.where()));
  if (!node.find("unk_id"))
    return node.wrong("'unk_id' is missing: characters outside of the vocabulary would have no token");
  QUIVER_TRY(const std::uint64_t unknown, node.number("unk_id"));
  if (unknown >= entries.size())
    return node.wrong(fmt::format("'unk_id' is {} and the vocabulary has {} tokens", unknown, entries.size()));
  QUIVER_TRY(const bool byte_fallback, node.flag_or("byte_fallback", false));
  return std::make_unique<Unigram>(std::move(table), std::move(scores), static_cast<std::uint32_t>(unknown),
                                   byte_fallback);
}

}  // namespace quiver::internal
