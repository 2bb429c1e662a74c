#include "quiver/model/text_features.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>

#include "quiver/core/json.h"
#include "quiver/data/text.h"
#include "quiver/data/vocabulary.h"

namespace quiver {
namespace {
constexpr std::array<std::string_view, 6> kKinds{"word", "stem", "pair", "prefix", "suffix", "gram"};
constexpr std::uint32_t kLongestRun = 32;          // letters
constexpr std::size_t kRememberedWords = 200'000;  // of one Scratch, before it starts afresh
constexpr std::uint32_t kNoRow = kNoWord;

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
};
template <class T>
using ByText = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

bool starts_letter(char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; }
std::string_view first_letters(std::string_view word, std::uint32_t count) {
  std::size_t end = 0;
  for (; end < word.size(); ++end) {
    if (starts_letter(word[end]) && count-- == 0) break;
  }
  return word.substr(0, end);
}
std::string_view last_letters(std::string_view word, std::uint32_t count) {
  std::size_t begin = word.size();
  while (begin > 0 && count > 0) count -= starts_letter(word[--begin]);
  return word.substr(begin);
}

Result<void> check(const FeatureRules& rules) {
  if (rules.kinds.empty()) return Error::invalid_argument("text features: no kind of feature is asked for");
  if (rules.kinds.size() > 16) return Error::invalid_argument("text features: more than 16 kinds");
  if (std::count_if(rules.kinds.begin(), rules.kinds.end(),
                    [](const FeatureKind& k) { return k.of == FeatureKind::Pair; }) > 1) {
    return Error::invalid_argument("text features: pair twice; one kind of pairs is all there is");
  }
  for (const FeatureKind& kind : rules.kinds) {
    const bool affix = kind.of == FeatureKind::Prefix || kind.of == FeatureKind::Suffix;
    const bool gram = kind.of == FeatureKind::Gram;
    if ((affix || gram) &&
        (kind.low == 0 || kind.low > kLongestRun || (gram && (kind.high < kind.low || kind.high > kLongestRun)))) {
      return Error::invalid_argument(
          fmt::format("text features: {} of {} to {} letters; runs have 1 to {} letters, low <= high", kKinds[kind.of],
                      kind.low, kind.high, kLongestRun));
    }
    if (kind.least == 0) {
      return Error::invalid_argument(
          fmt::format("text features: {} with least = 0; a known feature is in at least 1 text", kKinds[kind.of]));
    }
  }
  QUIVER_TRY([[maybe_unused]] const Stemmer known, Stemmer::create(rules.language));
  return {};
}

// Cuts a text and names the features of each word. What they are numbered by differs between fitting and reading.
class Cutter {
 public:
  explicit Cutter(const FeatureRules& rules) : rules_(rules), stemmer_(*Stemmer::create(rules.language)) {
    for (const FeatureKind& kind : rules.kinds) {
      const bool gram = kind.of == FeatureKind::Gram;
      grams_.emplace_back(gram ? kind.low : 1, gram ? kind.high : 1);
    }
  }
  std::span<const std::string_view> words(std::string_view text) { return words_.split(text); }
  std::string_view stem(std::string_view word) { return stemmer_.stem(word); }

  // take(kind, spelling) for every feature of one word alone, kind by kind.
  template <class Take>
  void features(std::string_view word, Take&& take) {
    for (std::uint32_t k = 0; k < rules_.kinds.size(); ++k) {
      const FeatureKind& kind = rules_.kinds[k];
      switch (kind.of) {
        case FeatureKind::Word:
          take(k, word);
          break;
        case FeatureKind::Stem:
          take(k, stem(word));
          break;
        case FeatureKind::Pair:
          break;
        case FeatureKind::Prefix:
          if (const auto part = first_letters(word, kind.low); part.size() < word.size()) take(k, part);
          break;
        case FeatureKind::Suffix:
          if (const auto part = last_letters(word, kind.low); part.size() < word.size()) take(k, part);
          break;
        case FeatureKind::Gram:
          for (const std::string_view gram : grams_[k].split(word)) take(k, gram);
          break;
      }
    }
  }

 private:
  const FeatureRules& rules_;
  WordSplitter words_;
  Stemmer stemmer_;
  std::vector<NgramSplitter> grams_;  // one per kind, used by Gram alone
};

// The numbers of a word's features, and its stem for pairs: kept, because texts repeat their words.
struct Remembered {
  std::vector<std::uint32_t> ids;
  std::string stem;
};
}  // namespace

struct TextFeatures::State {
  FeatureRules rules;
  std::vector<Vocabulary> vocabularies;  // per kind
  std::vector<std::uint32_t> first;      // per kind: its first row; one more: all rows
  std::vector<std::uint32_t> counts;     // per row
  std::vector<std::uint8_t> kinds;       // per row
  std::uint32_t known = 0, texts = 0;

  Result<void> number_rows() {
    std::uint64_t rows = 0;
    for (std::size_t k = 0; k < rules.kinds.size(); ++k) {
      first.push_back(static_cast<std::uint32_t>(rows));
      const Vocabulary& vocabulary = vocabularies[k];
      rows += vocabulary.size() + rules.kinds[k].buckets;
      if (rows >= kNoRow)
        return Error::invalid_argument("text features: more than 2^32 - 2 rows; raise `least` or lower `buckets`");
      known += static_cast<std::uint32_t>(vocabulary.size());
      for (std::uint32_t id = 0; id < vocabulary.size(); ++id)
        counts.push_back(static_cast<std::uint32_t>(vocabulary.count(id)));
      counts.resize(rows, 0);
      kinds.resize(rows, static_cast<std::uint8_t>(k));
    }
    first.push_back(static_cast<std::uint32_t>(rows));
    return {};
  }
  std::uint32_t row_of(std::uint32_t kind, std::string_view spelling) const {
    const Vocabulary& vocabulary = vocabularies[kind];
    const std::uint32_t id = vocabulary.find(spelling);
    if (id != kNoWord) return first[kind] + id;
    const std::uint32_t buckets = rules.kinds[kind].buckets;
    if (buckets == 0) return kNoRow;
    const auto bucket = static_cast<std::uint32_t>(feature_hash(spelling, rules.kinds[kind].of) % buckets);
    return first[kind] + static_cast<std::uint32_t>(vocabulary.size()) + bucket;
  }
  std::optional<std::uint32_t> pairs_kind() const {
    for (std::uint32_t k = 0; k < rules.kinds.size(); ++k) {
      if (rules.kinds[k].of == FeatureKind::Pair) return k;
    }
    return std::nullopt;
  }
};

struct TextFeatures::Scratch::State {
  explicit State(std::shared_ptr<const TextFeatures::State> of) : features(std::move(of)), cutter(features->rules) {}
  std::shared_ptr<const TextFeatures::State> features;  // what the memory below belongs to
  Cutter cutter;
  ByText<Remembered> seen;
  std::string pair;

  const Remembered& remember(std::string_view word, bool with_stem) {
    if (const auto found = seen.find(word); found != seen.end()) return found->second;
    if (seen.size() >= kRememberedWords) seen.clear();
    Remembered entry;
    cutter.features(word, [&](std::uint32_t kind, std::string_view spelling) {
      const std::uint32_t row = features->row_of(kind, spelling);
      if (row != kNoRow) entry.ids.push_back(row);
    });
    if (with_stem) entry.stem = cutter.stem(word);
    return seen.emplace(std::string(word), std::move(entry)).first->second;
  }
};

TextFeatures::Scratch::Scratch() = default;
TextFeatures::Scratch::~Scratch() = default;
TextFeatures::Scratch::Scratch(Scratch&&) noexcept = default;

Result<TextFeatures> TextFeatures::fit(std::span<const std::string_view> texts, FeatureRules rules) {
  QUIVER_TRY(check(rules));
  auto state = std::make_shared<State>();
  state->rules = std::move(rules);
  state->texts = static_cast<std::uint32_t>(texts.size());
  const auto pairs = state->pairs_kind();

  struct Counted {
    std::uint32_t kind;
    std::uint64_t texts = 0, last = 0;  // last: number of the text, from 1, that counted it last
  };
  Cutter cutter(state->rules);
  std::vector<Counted> counted;
  std::vector<ByText<std::uint32_t>> numbers(state->rules.kinds.size());  // spelling -> place in `counted`
  ByText<Remembered> seen;
  const auto number = [&](std::uint32_t kind, std::string_view spelling) {
    if (const auto found = numbers[kind].find(spelling); found != numbers[kind].end()) return found->second;
    counted.push_back({.kind = kind});
    const auto place = static_cast<std::uint32_t>(counted.size() - 1);
    numbers[kind].emplace(std::string(spelling), place);
    return place;
  };
  const auto count = [&](std::uint32_t place, std::uint64_t text) {
    if (counted[place].last == text) return;
    counted[place].last = text;
    ++counted[place].texts;
  };

  std::string pair;
  for (std::size_t t = 0; t < texts.size(); ++t) {
    pair.clear();
    for (const std::string_view word : cutter.words(texts[t])) {
      auto found = seen.find(word);
      if (found == seen.end()) {
        Remembered entry;
        cutter.features(
            word, [&](std::uint32_t kind, std::string_view spelling) { entry.ids.push_back(number(kind, spelling)); });
        if (pairs) entry.stem = cutter.stem(word);
        found = seen.emplace(std::string(word), std::move(entry)).first;
      }
      for (const std::uint32_t place : found->second.ids) count(place, t + 1);
      if (!pairs) continue;
      const std::string& stem = found->second.stem;
      if (!pair.empty()) count(number(*pairs, pair + " " + stem), t + 1);
      pair = stem;
    }
  }
  for (std::size_t k = 0; k < state->rules.kinds.size(); ++k) {
    VocabularyBuilder builder;
    for (const auto& [spelling, place] : numbers[k]) builder.add(spelling, counted[place].texts);
    state->vocabularies.push_back(builder.build({.min_count = state->rules.kinds[k].least}));
  }
  QUIVER_TRY(state->number_rows());
  return TextFeatures(std::move(state));
}

std::uint32_t TextFeatures::rows() const noexcept { return state_->first.back(); }
std::uint32_t TextFeatures::known() const noexcept { return state_->known; }
std::uint32_t TextFeatures::fitted_texts() const noexcept { return state_->texts; }
std::span<const std::uint32_t> TextFeatures::counts() const noexcept { return state_->counts; }
std::span<const std::uint8_t> TextFeatures::kinds() const noexcept { return state_->kinds; }
const FeatureRules& TextFeatures::rules() const noexcept { return state_->rules; }
std::string_view TextFeatures::spelling(std::uint32_t row) const noexcept {
  QUIVER_CHECK(row < rows());
  const std::uint8_t kind = state_->kinds[row];
  const std::uint32_t id = row - state_->first[kind];
  return id < state_->vocabularies[kind].size() ? state_->vocabularies[kind].word(id) : std::string_view{};
}

void TextFeatures::append(std::string_view text, Scratch& scratch, std::vector<std::uint32_t>& out) const {
  if (scratch.state_ == nullptr || scratch.state_->features != state_)
    scratch.state_ = std::make_unique<Scratch::State>(state_);
  Scratch::State& s = *scratch.state_;
  const auto pairs = state_->pairs_kind();
  s.pair.clear();
  for (const std::string_view word : s.cutter.words(text)) {
    const Remembered& known = s.remember(word, pairs.has_value());
    out.insert(out.end(), known.ids.begin(), known.ids.end());
    if (!pairs) continue;
    if (!s.pair.empty()) {
      s.pair.append(1, ' ').append(known.stem);
      const std::uint32_t row = state_->row_of(*pairs, s.pair);
      if (row != kNoRow) out.push_back(row);
    }
    s.pair = known.stem;
  }
}

std::string TextFeatures::config() const {
  Json kinds = Json::array();
  for (const FeatureKind& kind : state_->rules.kinds) {
    kinds.push_back({{"of", std::string(kKinds[kind.of])},
                     {"low", kind.low},
                     {"high", kind.high},
                     {"least", kind.least},
                     {"buckets", kind.buckets}});
  }
  return dump_json(Json{{"language", state_->rules.language}, {"texts", state_->texts}, {"kinds", std::move(kinds)}},
                   -1);
}

Result<void> TextFeatures::save(Weights& weights) const {
  for (std::size_t k = 0; k < state_->vocabularies.size(); ++k) {
    QUIVER_TRY(weights.add(fmt::format("features/{}", k), std::string_view(state_->vocabularies[k].to_text())));
  }
  return {};
}

Result<TextFeatures> TextFeatures::open(std::string_view config, const Weights& weights) {
  QUIVER_TRY(const Json object, parse_json(config).within("the features of a text encoder"));
  auto state = std::make_shared<State>();
  QUIVER_TRY(state->rules.language, get<std::string>(object, "language"));
  QUIVER_TRY(state->texts, get<std::uint32_t>(object, "texts"));
  QUIVER_TRY(const Json kinds, get<Json>(object, "kinds"));
  state->rules.kinds.clear();
  for (const Json& entry : kinds) {
    FeatureKind kind;
    QUIVER_TRY(const std::string of, get<std::string>(entry, "of"));
    const auto found = std::find(kKinds.begin(), kKinds.end(), of);
    if (found == kKinds.end()) {
      return Error::corruption(
          fmt::format("text features: '{}' is no kind of feature; there are {}", of, fmt::join(kKinds, ", ")));
    }
    kind.of = static_cast<FeatureKind::Of>(found - kKinds.begin());
    QUIVER_TRY(kind.low, get<std::uint32_t>(entry, "low"));
    QUIVER_TRY(kind.high, get<std::uint32_t>(entry, "high"));
    QUIVER_TRY(kind.least, get<std::uint32_t>(entry, "least"));
    QUIVER_TRY(kind.buckets, get<std::uint32_t>(entry, "buckets"));
    state->rules.kinds.push_back(kind);
  }
  QUIVER_TRY(check(state->rules));
  for (std::size_t k = 0; k < state->rules.kinds.size(); ++k) {
    const std::string name = fmt::format("features/{}", k);
    QUIVER_TRY(const std::string_view text, weights.text(name));
    QUIVER_TRY(Vocabulary vocabulary, Vocabulary::from_text(text).within(fmt::format("tensor '{}'", name)));
    state->vocabularies.push_back(std::move(vocabulary));
  }
  QUIVER_TRY(state->number_rows());
  return TextFeatures(std::move(state));
}

}  // namespace quiver
