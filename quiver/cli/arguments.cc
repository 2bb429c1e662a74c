#include "quiver/cli/arguments.h"

#include <fmt/format.h>

#include <algorithm>

namespace quiver::cli {
namespace {

std::string normalized(std::string_view name) {
  std::string out(name);
  std::ranges::replace(out, '-', '_');
  return out;
}

const OptionSpec* find(std::span<const OptionSpec> options, std::string_view name) {
  const auto found = std::ranges::find(options, name, &OptionSpec::name);
  return found == options.end() ? nullptr : &*found;
}

bool is_list(const OptionSpec& spec) { return spec.type.starts_with("list"); }

std::string flag_of(std::string_view name) { return (name.size() == 1 ? "-" : "--") + std::string(name); }

class Parser {
 public:
  Parser(const VerbText& verb, std::span<const OptionSpec> options)
      : verb_(verb), options_(options), common_(describe<CommonOptions>()) {}

  Result<Arguments> parse(std::span<const std::string> words) {
    words_ = words;
    bool flags_ended = false;
    for (at_ = 0; at_ < words_.size(); ++at_) {
      const std::string& word = words_[at_];
      if (flags_ended || word.size() < 2 || word[0] != '-' || is_number(word)) {
        QUIVER_TRY(positional(word));
      } else if (word == "--") {
        flags_ended = true;
      } else {
        QUIVER_TRY(flag(word));
      }
    }
    return std::move(out_);
  }

 private:
  static bool is_number(const std::string& word) {  // -0.5 is a value, not a flag
    return word.size() > 1 && (word[1] == '.' || (word[1] >= '0' && word[1] <= '9'));
  }

  Error usage(std::string message) const {
    return Error::invalid_argument(fmt::format("{}; `quiver help {}` shows what it takes", message, verb_.name));
  }

  Result<void> positional(const std::string& word) {
    if (next_ < verb_.positional.size()) {
      const OptionSpec* spec = find(options_, verb_.positional[next_]);
      QUIVER_CHECK(spec != nullptr);
      if (!is_list(*spec)) ++next_;
      return put(*spec, word, out_.own);
    }
    if (verb_.positional.empty())
      return usage(fmt::format("'{}' is one word too many: everything here is a flag", word));
    return usage(fmt::format("'{}' is one word too many", word));
  }

  Result<void> flag(const std::string& word) {
    if (word == "-h" || word == "--help") {
      out_.help = true;
      return {};
    }
    const bool is_long = word.starts_with("--");
    std::string name, value;
    bool has_value = false;
    if (const std::size_t equals = word.find('='); equals != std::string::npos) {
      name = normalized(std::string_view(word).substr(is_long ? 2 : 1, equals - (is_long ? 2 : 1)));
      value = word.substr(equals + 1);
      has_value = true;
    } else if (!is_long && word.size() > 2) {  // -k10
      name = word.substr(1, 1);
      value = word.substr(2);
      has_value = true;
    } else {
      name = normalized(std::string_view(word).substr(is_long ? 2 : 1));
    }
    bool own = true, negated = false;
    const OptionSpec* spec = look_up(name, own);
    if (spec == nullptr && name.starts_with("no_")) {
      spec = look_up(name.substr(3), own);
      negated = spec != nullptr && spec->type == "bool" && !has_value;
      if (!negated) spec = nullptr;
    }
    if (spec == nullptr) return unknown(word.substr(0, word.find('=')), name);
    Settings& into = own ? out_.own : out_.common;
    if (spec->type == "bool" && !has_value) return put(*spec, negated ? "false" : "true", into);
    if (!has_value) {
      if (at_ + 1 == words_.size() || is_known_flag(words_[at_ + 1])) {
        return usage(fmt::format("{} needs a value ({})", flag_of(spec->name), spec->help));
      }
      value = words_[++at_];
    }
    return put(*spec, value, into);
  }

  const OptionSpec* look_up(std::string_view name, bool& own) const {
    const OptionSpec* spec = find(options_, name);
    own = spec != nullptr;
    return own ? spec : find(common_, name);
  }

  bool is_known_flag(const std::string& word) const {
    bool own = false;
    return word.starts_with("--") && look_up(normalized(word.substr(2, word.find('=') - 2)), own) != nullptr;
  }

  Result<void> unknown(std::string_view typed, const std::string& name) const {
    std::vector<std::string> known;
    for (const OptionSpec& spec : options_) known.push_back(spec.name);
    for (const OptionSpec& spec : common_) known.push_back(spec.name);
    const std::string nearest = did_you_mean(name, known);
    if (nearest.empty()) return usage(fmt::format("there is no flag {}", typed));
    return usage(fmt::format("there is no flag {}; did you mean {}?", typed, flag_of(nearest)));
  }

  Result<void> put(const OptionSpec& spec, const std::string& value, Settings& into) const {
    const auto before = into.values().find(spec.name);
    if (before == into.values().end()) {
      into.set(spec.name, value);
    } else if (is_list(spec)) {
      into.set(spec.name, before->second + "," + value);
    } else if (std::ranges::find(verb_.repeated, spec.name) != verb_.repeated.end()) {
      into.set(spec.name, before->second + "\n" + value);
    } else if (before->second != value) {
      return usage(fmt::format("{} is given twice, as '{}' and as '{}'", flag_of(spec.name), before->second, value));
    }
    return {};
  }

  const VerbText& verb_;
  std::span<const OptionSpec> options_;
  std::vector<OptionSpec> common_;
  std::span<const std::string> words_;
  std::size_t at_ = 0, next_ = 0;
  Arguments out_;
};

}  // namespace

Result<Arguments> parse_arguments(std::span<const std::string> words, const VerbText& verb,
                                  std::span<const OptionSpec> options) {
  return Parser(verb, options).parse(words);
}

Result<void> complete_arguments(Arguments& arguments, const Settings& document, const VerbText& verb,
                                std::span<const OptionSpec> options) {
  for (const auto& [name, value] : document.values()) {
    if (!arguments.own.values().contains(name)) arguments.own.set(name, value);
  }
  for (const std::string_view name : verb.required) {
    if (arguments.own.values().contains(name)) continue;
    const OptionSpec* spec = find(options, name);
    QUIVER_CHECK(spec != nullptr);
    std::string shown = flag_of(name);
    if (std::ranges::find(verb.positional, name) != verb.positional.end()) {
      shown = std::string(name);
      std::ranges::transform(shown, shown.begin(), [](char c) { return c >= 'a' && c <= 'z' ? char(c - 32) : c; });
    }
    return Error::invalid_argument(
        fmt::format("{} is missing ({}); `quiver help {}` shows what it takes", shown, spec->help, verb.name));
  }
  return {};
}

}  // namespace quiver::cli
