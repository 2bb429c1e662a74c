#include "quiver/recipes/jaquad.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "quiver/core/file.h"
#include "quiver/core/json.h"
#include "quiver/data/catalogue.h"

namespace quiver::recipes {
namespace {
namespace fs = std::filesystem;
constexpr std::string_view kFullStop = "。";

Result<std::vector<fs::path>> json_files(const fs::path& folder) {
  std::error_code failed;
  std::vector<fs::path> out;
  for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end; entry.increment(failed)) {
    if (entry->path().extension() == ".json") out.push_back(entry->path());
  }
  if (failed || out.empty()) {
    return Error::not_found(fmt::format("reading questions from {}: {}", folder.string(),
                                        failed ? failed.message() : "there are no .json files"));
  }
  std::ranges::sort(out);
  return out;
}

struct Part {
  std::vector<std::string> paragraphs, questions;
};
Result<Part> read_part(const fs::path& folder) {
  Part out;
  QUIVER_TRY(const auto files, json_files(folder));
  for (const fs::path& file : files) {
    QUIVER_TRY(const std::string text, read_file(file));
    const auto read = [&]() -> Result<void> {
      QUIVER_TRY(const Json root, parse_json(text));
      QUIVER_TRY(const auto articles, get<std::vector<Json>>(root, "data"));
      for (const Json& article : articles) {
        QUIVER_TRY(const auto paragraphs, get<std::vector<Json>>(article, "paragraphs"));
        for (const Json& paragraph : paragraphs) {
          QUIVER_TRY(auto context, get<std::string>(paragraph, "context"));
          out.paragraphs.push_back(std::move(context));
          QUIVER_TRY(const auto asked, get<std::vector<Json>>(paragraph, "qas"));
          for (const Json& one : asked) {
            QUIVER_TRY(auto question, get<std::string>(one, "question"));
            out.questions.push_back(std::move(question));
          }
        }
      }
      return {};
    };
    if (const auto done = read(); !done.has_value()) {
      return Error::corruption(fmt::format("{} is not questions in the form of SQuAD: {}; fetch it again",
                                           file.string(), done.error().message()));
    }
  }
  return out;
}
}  // namespace

std::vector<std::string> sentences_of(std::string_view paragraph) {
  std::vector<std::string> out;
  while (!paragraph.empty()) {
    const std::size_t line = paragraph.find('\n'), stop = paragraph.find(kFullStop);
    const std::size_t end =
        std::min({line, stop == std::string_view::npos ? stop : stop + kFullStop.size(), paragraph.size()});
    const std::string_view sentence = paragraph.substr(0, end);
    if (sentence.find_first_not_of(" \t\r") != std::string_view::npos) out.emplace_back(sentence);
    paragraph.remove_prefix(std::min(paragraph.size(), line == end ? end + 1 : end));
  }
  return out;
}

Result<Jaquad> read_jaquad(const fs::path& folder) {
  QUIVER_TRY(Part train, read_part(folder / "train"));
  QUIVER_TRY(Part dev, read_part(folder / "dev"));
  Jaquad out;
  std::unordered_set<std::string> seen;
  for (const auto* part : {&train, &dev}) {
    for (const std::string& paragraph : part->paragraphs) {
      for (std::string& sentence : sentences_of(paragraph)) {
        if (seen.insert(sentence).second) out.sentences.push_back(std::move(sentence));
      }
    }
  }
  out.train_questions = std::move(train.questions);
  out.dev_questions = std::move(dev.questions);
  return out;
}

Result<Jaquad> open_jaquad() {
  for (const char* place : {"data", "jaquad/data"}) {
    if (const auto folder = find_file("jaquad", place); folder.has_value()) return read_jaquad(*folder);
  }
  const auto missing = find_file("jaquad", "data");
  return Error::not_found(
      fmt::format("{} (a packed copy: tar -xf jaquad.tar.xz in that folder)", missing.error().message()));
}

}  // namespace quiver::recipes
