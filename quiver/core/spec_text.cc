#include "quiver/core/spec_text.h"

#include <fmt/format.h>

#include <charconv>

namespace quiver {

std::string_view without_blanks(std::string_view text) noexcept {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view name_in(std::string_view spec_text) noexcept {
  return without_blanks(spec_text.substr(0, spec_text.find('(')));
}

std::vector<std::string_view> parts_in(std::string_view text) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  int open = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '(') ++open;
    if (text[i] == ')') --open;
    if (text[i] != '+' || open > 0) continue;
    parts.push_back(without_blanks(text.substr(begin, i - begin)));
    begin = i + 1;
  }
  parts.push_back(without_blanks(text.substr(begin)));
  return parts;
}

Result<SpecText> SpecText::parse(std::string_view text, std::string_view what) {
  const std::string_view whole = without_blanks(text);
  const std::size_t open = whole.find('(');
  SpecText spec{std::string(name_in(whole)), {}};
  if (open == std::string_view::npos) return spec;
  if (whole.back() != ')') return Error::invalid_argument(fmt::format("{} '{}' misses its ')'", what, whole));
  std::string_view inside = whole.substr(open + 1, whole.size() - open - 2);
  for (bool more = true; more;) {
    const std::size_t comma = inside.find(',');
    const std::string_view number = without_blanks(inside.substr(0, comma));
    unsigned value = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (error != std::errc() || end != number.data() + number.size()) {
      return Error::invalid_argument(
          fmt::format("'{}' in {} '{}' is not a whole number; separate numbers by commas", number, what, whole));
    }
    spec.arguments.push_back(value);
    more = comma != std::string_view::npos;
    if (more) inside.remove_prefix(comma + 1);
  }
  return spec;
}

std::string SpecText::text() const {
  return arguments.empty() ? name : fmt::format("{}({})", name, fmt::join(arguments, ","));
}

}  // namespace quiver
