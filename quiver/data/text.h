// Text to features: Unicode words, stems, character n-grams and their hashes. Training and inference go through these
// very functions, so a model sees the same features in both.
//
//   WordSplitter splitter;                                   // one per thread: its buffers are reused
//   for (std::string_view word : splitter.split("Don't STOP, Ｎｏ.５!")) ...   // "don" "t" "stop" "no" "5"
//   QUIVER_TRY(auto stemmer, Stemmer::create("english"));
//   stemmer.stem("running");                                 // "run"
//   NgramSplitter ngrams(3, 4);
//   for (std::string_view gram : ngrams.split("cat")) ...     // "<ca" "cat" "at>" "<cat" "cat>"
//   feature_hash("cat");                                     // the same number on every machine and in every version
//
// Words: text is folded (NFKC, full case folding; invalid bytes become U+FFFD, which is no letter), then cut into runs
// of letters, digits and combining marks. Ideographs and Hiragana stand alone, as in UAX #29, since no spaces part
// them. ASCII text takes a path without tables; a test holds both paths equal.
//
// Thread-safety: one owner each; make one per thread. Views returned are valid until the next call on the same object.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/result.h"

namespace quiver {

// NFKC with full case folding: "Straße" -> "strasse", "ﬁ" -> "fi". Never fails; invalid UTF-8 becomes U+FFFD.
std::string fold_text(std::string_view text);

// The text with each invalid stretch of bytes as one U+FFFD (the maximal subparts of Unicode's chapter 3.9).
std::string repair_utf8(std::string_view text);

// Error Corruption naming the line of the first byte that is not UTF-8, and how to convert the file.
Result<void> check_utf8(std::string_view text);

class WordSplitter {
 public:
  // The words of a text, in order, folded.
  std::span<const std::string_view> split(std::string_view text);

 private:
  void split_folded();
  std::string buffer_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> cuts_;
  std::vector<std::string_view> words_;
};
std::vector<std::string> words_of(std::string_view text);  // the same, as a value

// A Snowball stemmer. Words must be folded; one that no rule fits is returned as it is.
class Stemmer {
 public:
  // language: "english", "german", ... as Snowball names them. The Error lists the known ones.
  static Result<Stemmer> create(std::string_view language = "english");
  Stemmer(Stemmer&&) noexcept;
  Stemmer& operator=(Stemmer&&) noexcept;
  ~Stemmer();
  std::string_view stem(std::string_view word);
  const std::string& language() const noexcept { return language_; }
  static std::vector<std::string> languages();

 private:
  Stemmer() = default;
  struct Free {
    void operator()(void* stemmer) const noexcept;
  };
  std::unique_ptr<void, Free> stemmer_;
  std::string language_;
};

// Character n-grams (of code points, not bytes) of "<word>", shortest first; the whole "<word>" is given only if it is
// no longer than `high`.
class NgramSplitter {
 public:
  NgramSplitter(unsigned low, unsigned high);  // Requires: 1 <= low <= high
  std::span<const std::string_view> split(std::string_view word);

 private:
  unsigned low_, high_;
  std::string marked_;
  std::vector<std::uint32_t> starts_;
  std::vector<std::string_view> grams_;
};

// FNV-1a over the bytes, then a full mix, so that the low bits may pick a bucket. Part of the model format: never
// changes.
std::uint64_t feature_hash(std::string_view bytes, std::uint64_t seed = 0) noexcept;

}  // namespace quiver
