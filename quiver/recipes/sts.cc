#include "quiver/recipes/sts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "quiver/core/check.h"
#include "quiver/data/catalogue.h"
#include "quiver/data/reader.h"

namespace quiver::recipes {
namespace {
namespace fs = std::filesystem;

struct Columns {
  std::string_view left, right, score;
};

// Rows without a score are left out: people never rated them.
Result<SentencePairs> pairs_of_columns(const Items& items, const Columns& columns) {
  QUIVER_TRY(const TextColumn left, items.text(columns.left));
  QUIVER_TRY(const TextColumn right, items.text(columns.right));
  QUIVER_TRY(const auto scores, items.numbers(columns.score));
  SentencePairs out;
  for (std::size_t row = 0; row < items.size(); ++row) {
    if (std::isnan(scores[row])) continue;
    if (left.missing(row) || right.missing(row)) {
      return Error::corruption(fmt::format("pair {} has a score and lacks a sentence", row + 1));
    }
    out.left.emplace_back(left[row]);
    out.right.emplace_back(right[row]);
    out.scores.push_back(scores[row]);
  }
  return out;
}

Result<SentencePairs> read_pairs(const fs::path& path, std::string_view format, bool header, const Columns& columns) {
  QUIVER_TRY(const Items items, read_items(path, format, {.header = header}));
  return pairs_of_columns(items, columns).within(fmt::format("reading sentence pairs from {}", path.string()));
}

// Places of a part in what a set calls its parts. Requires: not Part::All.
std::string_view named(Part part, const std::array<std::string_view, 3>& names) {
  QUIVER_CHECK(part != Part::All);
  return names[part == Part::Train ? 0 : part == Part::Validation ? 1 : 2];
}

// A file or folder of sts-more, as the archive or the repository has it.
Result<fs::path> find_more(std::string_view place) {
  auto found = find_file("sts-more", fmt::format("sts-more/{}", place));
  if (!found.has_value()) found = find_file("sts-more", place);
  if (found.has_value()) return found;
  return Error::not_found(
      fmt::format("{} (a packed copy: tar -xf sts-more.tar.xz in that folder)", found.error().message()));
}
}  // namespace

Result<SentencePairs> pairs_of(const Items& items) {
  std::vector<std::string_view> texts, numbers;
  std::string there;
  for (const Field& field : items.fields()) {
    there += (there.empty() ? "" : ", ") + describe(field);
    if (field.modality == Modality::Text && !field.many) texts.push_back(field.name);
    if (field.modality == Modality::Number && !field.many) numbers.push_back(field.name);
  }
  if (texts.size() < 2 || numbers.empty()) {
    return Error::invalid_argument(
        fmt::format("scored pairs need two columns of texts and one of numbers; there are {}. If line 1 of a table is "
                    "data, say ?header=false",
                    there));
  }
  return pairs_of_columns(items, {.left = texts[0], .right = texts[1], .score = numbers[0]});
}

Result<SentencePairs> read_stsb(const fs::path& csv) {
  return read_pairs(csv, "csv", false, {.left = "column1", .right = "column2", .score = "column3"});
}
Result<SentencePairs> read_semeval(const fs::path& tsv) {
  return read_pairs(tsv, "tsv", false, {.left = "column2", .right = "column3", .score = "column1"});
}
Result<SentencePairs> read_sick(const fs::path& tsv) {
  return read_pairs(tsv, "tsv", true, {.left = "sentence_A", .right = "sentence_B", .score = "relatedness_score"});
}
Result<SentencePairs> read_msr(const fs::path& tsv) {
  return read_pairs(tsv, "tsv", true, {.left = "#1 String", .right = "#2 String", .score = "Quality"});
}

Result<CaptionGroups> read_captions(const std::vector<fs::path>& files) {
  CaptionGroups groups;
  for (const fs::path& file : files) {
    QUIVER_TRY(const Items items, read_items(file, "text", {}));
    QUIVER_TRY(const TextColumn captions, items.text("text"));
    if (groups.empty()) groups.resize(captions.size());
    if (captions.size() != groups.size()) {
      return Error::corruption(
          fmt::format("reading captions: {} has {} lines, {} has {}; line i of each must be of picture i",
                      file.string(), captions.size(), files.front().string(), groups.size()));
    }
    for (std::size_t i = 0; i < groups.size(); ++i) groups[i].emplace_back(captions[i]);
  }
  return groups;
}

Result<SentencePairs> open_stsb(Part part, std::string_view language) {
  QUIVER_TRY(const fs::path file,
             find_file("stsb", fmt::format("stsb-{}-{}.csv", language, named(part, {"train", "dev", "test"}))));
  return read_stsb(file);
}

Result<SentencePairs> open_sick(Part part) {
  QUIVER_TRY(const fs::path file,
             find_more(fmt::format("sick2014/SICK_{}.txt", named(part, {"train", "trial", "test_annotated"}))));
  return read_sick(file);
}

Result<std::vector<StsSet>> open_semeval() {
  constexpr std::string_view kEnd = ".test.tsv";
  constexpr int kFirstYear = 2012, kLastYear = 2016;
  std::vector<StsSet> out;
  for (int year = kFirstYear; year <= kLastYear; ++year) {
    QUIVER_TRY(const fs::path folder, find_more(fmt::format("semeval-sts/{}", year)));
    std::error_code failed;
    std::vector<fs::path> files;
    for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end; entry.increment(failed)) {
      if (entry->path().filename().string().ends_with(kEnd)) files.push_back(entry->path());
    }
    if (failed || files.empty()) {
      return Error::not_found(fmt::format("reading sentence pairs from {}: {}", folder.string(),
                                          failed ? failed.message() : fmt::format("there is no file *{}", kEnd)));
    }
    std::ranges::sort(files);
    for (const fs::path& file : files) {
      const std::string name = file.filename().string();
      QUIVER_TRY(SentencePairs pairs, read_semeval(file));
      out.push_back({year, name.substr(0, name.size() - kEnd.size()), std::move(pairs)});
    }
  }
  return out;
}

Result<SentencePairs> open_msr(Part part) {
  QUIVER_TRY(const fs::path file,
             find_more(fmt::format("msr-paraphrase/msr-para-{}.tsv", named(part, {"train", "val", "test"}))));
  return read_msr(file);
}

Result<CaptionGroups> open_captions(Part part) {
  constexpr int kCaptions = 5;
  std::vector<fs::path> files;
  for (int i = 1; i <= kCaptions; ++i) {
    QUIVER_TRY(files.emplace_back(),
               find_file("multi30k", fmt::format("task2-{}.{}.en.gz", named(part, {"train", "val", "test_2016"}), i)));
  }
  return read_captions(files);
}

std::vector<double> tf_idf_cosines(const SentencePairs& pairs, const TextFeatures& words) {
  const auto texts = static_cast<double>(words.fitted_texts());
  TextFeatures::Scratch scratch;
  std::vector<std::uint32_t> rows;
  const auto weights_of = [&](const std::string& text) {
    std::map<std::uint32_t, double> weights;  // count times the logarithm of how few texts have the word
    rows.clear();
    words.append(text, scratch, rows);
    for (const std::uint32_t row : rows) weights[row] += std::log((1 + texts) / (1.0 + words.counts()[row]));
    return weights;
  };
  const auto product = [](const auto& a, const auto& b) {
    double sum = 0;
    for (const auto& [row, weight] : a) {
      if (const auto other = b.find(row); other != b.end()) sum += weight * other->second;
    }
    return sum;
  };
  std::vector<double> cosines;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const auto a = weights_of(pairs.left[i]), b = weights_of(pairs.right[i]);
    const double lengths = std::sqrt(product(a, a) * product(b, b));
    cosines.push_back(lengths == 0 ? 0 : product(a, b) / lengths);
  }
  return cosines;
}

}  // namespace quiver::recipes
