#include "quiver/data/vocabulary.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "quiver/core/check.h"
#include "quiver/data/text.h"

namespace quiver {

std::uint32_t Vocabulary::find(std::string_view word) const noexcept {
  if (slots_.empty()) return kNoWord;
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t slot = feature_hash(word) & mask;; slot = (slot + 1) & mask) {
    const std::uint32_t id = slots_[slot];
    if (id == kNoWord || words_[id] == word) return id;
  }
}
bool Vocabulary::add(std::string_view word, std::uint64_t count) {
  if (2 * (size() + 1) > slots_.size()) grow();
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = feature_hash(word) & mask;
  for (; slots_[slot] != kNoWord; slot = (slot + 1) & mask) {
    if (words_[slots_[slot]] == word) return false;
  }
  slots_[slot] = static_cast<std::uint32_t>(size());
  words_.add(word);
  counts_.push_back(count);
  return true;
}
void Vocabulary::grow() {
  slots_.assign(std::max<std::size_t>(16, slots_.size() * 2), kNoWord);
  const std::size_t mask = slots_.size() - 1;
  for (std::uint32_t id = 0; id < size(); ++id) {
    std::size_t slot = feature_hash(words_[id]) & mask;
    while (slots_[slot] != kNoWord) slot = (slot + 1) & mask;
    slots_[slot] = id;
  }
}

std::string Vocabulary::to_text() const {
  std::string out;
  for (std::uint32_t id = 0; id < size(); ++id)
    fmt::format_to(std::back_inserter(out), "{}\t{}\n", words_[id], counts_[id]);
  return out;
}
Result<Vocabulary> Vocabulary::from_text(std::string_view text) {
  Vocabulary out;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const std::size_t end = text.find('\n');
    const std::string_view row = text.substr(0, end);
    if (end == std::string_view::npos) {
      return Error::corruption(fmt::format("reading a vocabulary: line {} does not end", line));
    }
    text.remove_prefix(end + 1);
    const std::size_t tab = row.find('\t');
    std::uint64_t count = 0;
    const char* last = row.data() + row.size();
    const auto parsed =
        std::from_chars(row.data() + (tab == std::string_view::npos ? row.size() : tab + 1), last, count);
    if (tab == std::string_view::npos || parsed.ec != std::errc() || parsed.ptr != last) {
      return Error::corruption(fmt::format("reading a vocabulary: line {} is not 'word<TAB>count'", line));
    }
    if (!out.add(row.substr(0, tab), count)) {
      return Error::corruption(
          fmt::format("reading a vocabulary: line {} repeats the word '{}'", line, row.substr(0, tab)));
    }
  }
  return out;
}

void VocabularyBuilder::add(std::string_view word, std::uint64_t count) {
  QUIVER_CHECK(word.find_first_of("\t\n") == std::string_view::npos);
  if (const auto found = counts_.find(word); found != counts_.end())
    found->second += count;
  else
    counts_.emplace(word, count);
}
Vocabulary VocabularyBuilder::build(VocabularyLimits limits) const {
  std::vector<std::pair<std::string_view, std::uint64_t>> ordered;
  for (const auto& [word, count] : counts_) {
    if (count >= limits.min_count) ordered.emplace_back(word, count);
  }
  std::ranges::sort(ordered, [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  if (limits.max_size != 0 && ordered.size() > limits.max_size) ordered.resize(limits.max_size);
  Vocabulary out;
  for (const auto& [word, count] : ordered) out.add(word, count);
  return out;
}

}  // namespace quiver
