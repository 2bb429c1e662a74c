#include "quiver/recipes/word_corpora.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "quiver/core/file.h"
#include "quiver/data/catalogue.h"

namespace quiver::recipes {
namespace {
namespace fs = std::filesystem;

std::string_view stripped(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// Calls each(line, number) for the lines that hold more than blanks, without those at their ends.
template <class Each>
Result<void> each_line(std::string_view text, const Each& each) {
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = stripped(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.empty()) QUIVER_TRY(each(line, number));
  }
  return {};
}

std::string single_spaced(std::string_view line) {
  std::string out;
  for (const char c : line) {
    if (c != ' ' && c != '\t') {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  return out;
}

Result<std::vector<fs::path>> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code failed;
  for (fs::recursive_directory_iterator entry(folder, failed), end; !failed && entry != end; entry.increment(failed)) {
    if (entry->is_regular_file(failed)) files.push_back(entry->path());
  }
  if (failed || files.empty()) {
    return Error::not_found(fmt::format("reading texts from {}: {}", folder.string(),
                                        failed ? failed.message() : std::string("there are no files")));
  }
  std::ranges::sort(files);
  return files;
}

void unescape(std::string& text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kEscapes{
      {{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&amp;", "&"}}};  // the last: it may begin another
  for (const auto& [from, to] : kEscapes) {
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + 1)) {
      text.replace(at, from.size(), to);
    }
  }
}

bool is_brown_sample(const fs::path& file) {  // ca01 .. cr09
  const std::string name = file.filename().string();
  return name.size() == 4 && name[0] == 'c' && name.find_first_not_of("0123456789", 2) == std::string::npos;
}
}  // namespace

Result<std::vector<TaggedSentence>> parse_brown(std::string_view sample, std::string_view name) {
  std::vector<TaggedSentence> sentences;
  const auto read = [&](std::string_view line, std::size_t number) -> Result<void> {
    TaggedSentence sentence;
    for (std::size_t at = 0; at < line.size();) {
      const std::size_t end = std::min(line.find(' ', at), line.size());
      const std::string_view token = line.substr(at, end - at);
      at = end + 1;
      if (token.empty()) continue;
      const std::size_t border = token.rfind('/');
      if (border == std::string_view::npos || border == 0 || border + 1 == token.size()) {
        return Error::corruption(fmt::format("{} line {}: '{}' is no word/tag", name, number, token));
      }
      const std::string_view tag = token.substr(border + 1);
      const std::size_t first_part = std::min(tag.find_first_of("-+*$", 1), tag.size());
      sentence.words.emplace_back(token.substr(0, border));
      sentence.tags.emplace_back(tag.substr(0, first_part));
    }
    sentences.push_back(std::move(sentence));
    return {};
  };
  QUIVER_TRY(each_line(sample, read));
  return sentences;
}

std::vector<std::string> parse_wikipedia(std::string_view extract) {
  std::vector<std::string> articles;
  for (std::size_t at = extract.find("<doc "); at != std::string_view::npos; at = extract.find("<doc ", at)) {
    const std::size_t end = std::min(extract.find("</doc>", at), extract.size());
    std::string_view inside = extract.substr(at, end - at);
    at = end;
    inside.remove_prefix(std::min(inside.find('\n'), inside.size()));  // the tag
    inside = stripped(inside);
    inside.remove_prefix(std::min(inside.find('\n'), inside.size()));  // the title
    inside = stripped(inside);
    if (inside.empty()) continue;  // a redirect
    articles.emplace_back(inside);
    unescape(articles.back());
  }
  return articles;
}

Result<std::vector<SentimentSentence>> parse_sentiment(std::string_view lines, std::string_view name) {
  std::vector<SentimentSentence> sentences;
  const auto read = [&](std::string_view line, std::size_t number) -> Result<void> {
    if (line.size() < 3 || line[0] < '0' || line[0] > '4' || (line[1] != ' ' && line[1] != '\t')) {
      return Error::corruption(fmt::format("{} line {}: does not begin with a label from 0 to 4", name, number));
    }
    sentences.push_back({single_spaced(stripped(line.substr(1))), static_cast<std::uint32_t>(line[0] - '0')});
    return {};
  };
  QUIVER_TRY(each_line(lines, read));
  return sentences;
}

Result<std::vector<SynonymQuestion>> parse_synonyms(std::string_view lines, std::string_view name) {
  std::vector<SynonymQuestion> questions;
  std::size_t at = 5;  // of the six lines of a question: the word, four choices, the letter of the right one
  const auto read = [&](std::string_view line, std::size_t number) -> Result<void> {
    const std::size_t blank = std::min(line.find_first_of(" \t"), line.size());
    const std::string_view word = stripped(line.substr(blank));
    const auto wrong = [&] {
      return Error::corruption(fmt::format("{} line {}: '{}' does not stand where it should", name, number, line));
    };
    at = (at + 1) % 6;
    if (at == 5) {
      if (line.size() != 1 || line[0] < 'a' || line[0] > 'd') return wrong();
      questions.back().answer = static_cast<std::size_t>(line[0] - 'a');
    } else if (word.empty()) {
      return wrong();
    } else if (at == 0) {
      questions.push_back({.word = std::string(word), .choices = {}});
    } else {
      questions.back().choices.emplace_back(word);
    }
    return {};
  };
  QUIVER_TRY(each_line(lines, read));
  if (at != 5) return Error::corruption(fmt::format("{}: the last question is not whole", name));
  return questions;
}

Result<std::vector<TaggedSentence>> open_brown() {
  QUIVER_TRY(const fs::path folder, find_file("nltk-corpora", "brown"));
  QUIVER_TRY(const auto files, files_in(folder));
  std::vector<TaggedSentence> all;
  for (const fs::path& file : files) {
    if (!is_brown_sample(file)) continue;
    QUIVER_TRY(const std::string text, read_file(file));
    QUIVER_TRY(auto sentences, parse_brown(text, file.string()));
    std::ranges::move(sentences, std::back_inserter(all));
  }
  return all;
}

Result<std::vector<Review>> open_reviews() {
  QUIVER_TRY(const fs::path folder, find_file("nltk-corpora", "movie_reviews"));
  std::vector<Review> reviews;
  for (const bool positive : {false, true}) {
    QUIVER_TRY(const auto files, files_in(folder / (positive ? "pos" : "neg")));
    for (const fs::path& file : files) {
      QUIVER_TRY(std::string text, read_file(file));
      reviews.push_back({std::move(text), positive});
    }
  }
  return reviews;
}

Result<std::vector<std::string>> open_wikipedia() {
  QUIVER_TRY(const fs::path folder, find_file("wikipedia-en", "wikipedia-en/AA"));
  QUIVER_TRY(const auto files, files_in(folder));
  std::vector<std::string> all;
  for (const fs::path& file : files) {
    QUIVER_TRY(const std::string text, read_file(file));
    std::ranges::move(parse_wikipedia(text), std::back_inserter(all));
  }
  return all;
}

Result<std::vector<SentimentSentence>> open_sentiment(Part part) {
  const std::string_view name = part == Part::Train ? "train" : part == Part::Validation ? "dev" : "test";
  QUIVER_TRY(const fs::path file, find_file("word-eval", fmt::format("licstar-compare/cnn/tree_{}.txt", name)));
  QUIVER_TRY(const std::string text, read_file(file));
  return parse_sentiment(text, file.string());
}

Result<std::vector<SynonymQuestion>> open_synonyms() {
  QUIVER_TRY(const fs::path file, find_file("word-eval", "licstar-compare/tfl/toefl.txt"));
  QUIVER_TRY(const std::string text, read_file(file));
  return parse_synonyms(text, file.string());
}

std::vector<std::string> texts_of(const std::vector<TaggedSentence>& sentences, std::size_t together) {
  std::vector<std::string> documents;
  for (std::size_t s = 0; s < sentences.size(); ++s) {
    if (s % together == 0) documents.emplace_back();
    for (const std::string& word : sentences[s].words) documents.back() += word + ' ';
    documents.back() += '\n';
  }
  return documents;
}

}  // namespace quiver::recipes
