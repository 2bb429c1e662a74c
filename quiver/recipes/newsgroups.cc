#include "quiver/recipes/newsgroups.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "quiver/core/file.h"
#include "quiver/data/catalogue.h"
#include "quiver/data/text.h"

namespace quiver::recipes {
namespace {
namespace fs = std::filesystem;

std::string utf8_of_latin1(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xC0 | (byte >> 6));
      out += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return out;
}
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}
bool begins_with(std::string_view text, std::string_view lower) {
  return text.size() >= lower.size() && std::ranges::equal(text.substr(0, lower.size()), lower, [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
         });
}
}  // namespace

Post parse_post(std::string_view latin1) {
  Post out;
  std::size_t at = 0;
  while (at < latin1.size()) {  // headers
    const std::size_t end = std::min(latin1.find('\n', at), latin1.size());
    const std::string_view line = latin1.substr(at, end - at);
    at = std::min(end + 1, latin1.size());
    if (trimmed(line).empty()) break;
    if (!out.subject.empty() || !begins_with(line, "subject:")) continue;
    std::string_view subject = trimmed(line.substr(8));
    while (begins_with(subject, "re:")) subject = trimmed(subject.substr(3));
    out.subject = utf8_of_latin1(subject);
  }
  out.body = utf8_of_latin1(latin1.substr(at));
  return out;
}

Result<std::vector<Post>> read_posts(const fs::path& folder) {
  std::error_code failed;
  std::vector<fs::path> files;
  for (fs::recursive_directory_iterator entry(folder, failed), end; !failed && entry != end; entry.increment(failed)) {
    if (entry->is_regular_file(failed)) files.push_back(entry->path());
  }
  if (failed) return Error::not_found(fmt::format("reading posts from {}: {}", folder.string(), failed.message()));
  std::ranges::sort(files);
  std::vector<Post> out;
  std::unordered_set<std::uint64_t> seen;
  for (const fs::path& file : files) {
    QUIVER_TRY(const std::string text, read_file(file));
    Post post = parse_post(text);
    post.group = file.parent_path().filename().string();
    post.number = file.filename().string();
    if (trimmed(post.body).empty() || !seen.insert(feature_hash(post.body)).second) continue;
    out.push_back(std::move(post));
  }
  if (out.empty()) return Error::not_found(fmt::format("there are no posts in {}", folder.string()));
  return out;
}

Result<std::vector<Post>> open_newsgroups() {
  const auto folder = find_file("20newsgroups", "20news-bydate");
  if (folder.has_value()) return read_posts(*folder);
  return Error::not_found(
      fmt::format("{} (a packed copy: tar -xf 20news-bydate.tar.xz in that folder)", folder.error().message()));
}

}  // namespace quiver::recipes
