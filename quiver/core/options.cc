#include "quiver/core/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <numeric>

namespace quiver {
namespace {
std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}
std::string joined(std::span<const std::string> parts, const char* separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}
// Edit distance where a swap of neighbours counts once (optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before2, before(b.size() + 1), now(b.size() + 1);
  std::iota(before.begin(), before.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      now[j] = std::min({before[j] + 1, now[j - 1] + 1, before[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) now[j] = std::min(now[j], before2[j - 2] + 1);
    }
    before2 = before;
    std::swap(before, now);
  }
  return before[b.size()];
}
std::string text_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  return value.dump();
}
template <class T>
Result<void> parse_number(std::string_view text, T& out, const char* kind) {
  const std::string_view body = trimmed(text);
  const auto [end, failure] = std::from_chars(body.data(), body.data() + body.size(), out);
  if (failure == std::errc::result_out_of_range) return Error::invalid_argument(fmt::format("'{}' is too large", text));
  if (failure != std::errc() || end != body.data() + body.size()) {
    return Error::invalid_argument(fmt::format("'{}' is not {}", text, kind));
  }
  return {};
}
}  // namespace

Result<Settings> Settings::of_json(const Json& object) {
  if (!object.is_object()) {
    return Error::invalid_argument(
        fmt::format("reading settings: expected a JSON object, found {}", object.type_name()));
  }
  Settings settings;
  for (const auto& [name, value] : object.items()) {
    if (value.is_array()) {
      std::vector<std::string> parts;
      for (const Json& part : value) {
        if (part.is_structured())
          return Error::invalid_argument(fmt::format("reading settings: '{}' is nested too deep", name));
        parts.push_back(text_of(part));
      }
      settings.set(name, joined(parts, ","));
    } else if (value.is_primitive() && !value.is_null()) {
      settings.set(name, text_of(value));
    } else {
      return Error::invalid_argument(
          fmt::format("reading settings: '{}' is a {}, not a value", name, value.type_name()));
    }
  }
  return settings;
}

Result<Settings> Settings::parse(std::string_view text) {
  Settings settings;
  while (!trimmed(text).empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view part = trimmed(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos || trimmed(part.substr(0, equals)).empty()) {
      return Error::invalid_argument(fmt::format("reading options: '{}' is not name=value", part));
    }
    std::string value(trimmed(part.substr(equals + 1)));
    std::replace(value.begin(), value.end(), '|', ',');
    settings.set(std::string(trimmed(part.substr(0, equals))), std::move(value));
  }
  return settings;
}

std::string OptionSpec::range_text() const {
  if (!choices.empty()) return joined(choices, " | ");
  if (low && high) return fmt::format("{} .. {}", *low, *high);
  if (low) return fmt::format(">= {}", *low);
  if (high) return fmt::format("<= {}", *high);
  return "";
}

std::string did_you_mean(std::string_view typed, std::span<const std::string> known) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(1, typed.size() / 3) + 1;
  for (const std::string& name : known) {
    const std::size_t distance = edit_distance(typed, name);
    if (distance < best_distance) {
      best = name;
      best_distance = distance;
    }
  }
  return best;
}

namespace internal {
Result<void> parse_value(std::string_view text, bool& out) {
  std::string lower(trimmed(text));
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  const bool yes = lower == "true" || lower == "yes" || lower == "1" || lower == "on" || lower.empty();
  const bool no = lower == "false" || lower == "no" || lower == "0" || lower == "off";
  if (!yes && !no) return Error::invalid_argument(fmt::format("'{}' is neither true nor false", text));
  out = yes;
  return {};
}
Result<void> parse_value(std::string_view text, long long& out) { return parse_number(text, out, "a whole number"); }
Result<void> parse_value(std::string_view text, unsigned long long& out) {
  return parse_number(text, out, "a whole number of 0 or more");
}
Result<void> parse_value(std::string_view text, double& out) {
  QUIVER_TRY(parse_number(text, out, "a number"));
  if (!std::isfinite(out)) return Error::invalid_argument(fmt::format("'{}' is not a finite number", text));
  return {};
}
// A comma within parentheses belongs to its part: "pq(16,4), f32" has two.
std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> parts;
  if (trimmed(text).empty()) return parts;
  int open = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || (text[i] == ',' && open == 0)) {
      parts.emplace_back(trimmed(text.substr(begin, i - begin)));
      begin = i + 1;
    } else {
      open = std::max(0, open + (text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0));
    }
  }
  return parts;
}
std::string show(bool value) { return value ? "true" : "false"; }
std::string show(long long value) { return fmt::format("{}", value); }
std::string show(unsigned long long value) { return fmt::format("{}", value); }
std::string show(double value) { return fmt::format("{}", value); }
std::string show(float value) { return fmt::format("{}", value); }
Json json_number(float value) { return std::strtod(show(value).c_str(), nullptr); }

Result<void> check_range(const OptionSpec& spec, double value) {
  if ((spec.low && value < *spec.low) || (spec.high && value > *spec.high)) {
    return Error::invalid_argument(fmt::format("{} is out of range ({})", value, spec.range_text()));
  }
  return {};
}
Result<void> check_choice(const OptionSpec& spec, const std::string& value) {
  if (spec.choices.empty() || std::find(spec.choices.begin(), spec.choices.end(), value) != spec.choices.end())
    return {};
  const std::string near = did_you_mean(value, spec.choices);
  return Error::invalid_argument(fmt::format("'{}' is not one of {}{}", value, spec.range_text(),
                                             near.empty() ? "" : fmt::format("; did you mean {}?", near)));
}
Result<void> check_known(const Settings& settings, const std::vector<OptionSpec>& specs) {
  std::vector<std::string> known;
  for (const OptionSpec& spec : specs) known.push_back(spec.name);
  for (const auto& [name, value] : settings.values()) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::string near = did_you_mean(name, known);
    return Error::invalid_argument(fmt::format("no option '{}'{}; known: {}", name,
                                               near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near),
                                               known.empty() ? "none" : joined(known, ", ")));
  }
  return {};
}
}  // namespace internal
}  // namespace quiver
