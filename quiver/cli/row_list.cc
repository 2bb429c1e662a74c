#include "quiver/cli/row_list.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <string_view>

#include "quiver/core/file.h"

namespace quiver::cli {
namespace {

std::optional<std::uint64_t> row_number(std::string_view text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [at, wrong] = std::from_chars(text.data(), end, value);
  if (wrong != std::errc() || at != end) return std::nullopt;
  return value;
}

Result<void> append_rows(std::string_view word, std::size_t size, std::vector<std::uint32_t>& rows) {
  const std::size_t dash = word.find('-');
  const auto first = row_number(word.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : row_number(word.substr(dash + 1));
  if (!first || !last) {
    return Error::invalid_argument(fmt::format(
        "'{}' names no row; write a number such as 7, a range such as 10-19, or @FILE with such words", word));
  }
  if (*last < *first) {
    return Error::invalid_argument(fmt::format("'{}' ends before it begins; write {}-{}", word, *last, *first));
  }
  if (*last >= size) {
    return Error::not_found(size == 0 ? fmt::format("there is no row {}: the index has none", *last)
                                      : fmt::format("there is no row {}: the index has rows 0 .. {}", *last, size - 1));
  }
  for (std::uint64_t row = *first; row <= *last; ++row) rows.push_back(static_cast<std::uint32_t>(row));
  return {};
}

}  // namespace

Result<std::vector<std::uint32_t>> parse_rows(std::span<const std::string> words, std::size_t size) {
  constexpr std::string_view kBetween = " \t\r\n,";
  std::vector<std::uint32_t> rows;
  for (const std::string& word : words) {
    if (!word.starts_with('@')) {
      QUIVER_TRY(append_rows(word, size, rows));
      continue;
    }
    const std::string path = word.substr(1);
    QUIVER_TRY(const std::string text, read_file(path));
    for (std::size_t at = text.find_first_not_of(kBetween); at != std::string::npos;) {
      const std::size_t end = std::min(text.find_first_of(kBetween, at), text.size());
      QUIVER_TRY(append_rows(std::string_view(text).substr(at, end - at), size, rows).within(path));
      at = text.find_first_not_of(kBetween, end);
    }
  }
  return rows;
}

}  // namespace quiver::cli
