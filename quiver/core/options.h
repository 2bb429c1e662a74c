// Options are declared once. From one visit() come the CLI flags and their help, JSON keys with schema, Python
// keywords, the docs table, range checks and "did you mean".
//
//   struct Options {
//     int dims = 256;
//     float temperature = 0.05f;
//     std::string encoder = "bag";
//     template <class V> void visit(V& v) {
//       v("dims", dims, "length of the vectors", 1, 4096);
//       v("temperature", temperature, "softmax temperature", 1e-3, 1.0);
//       v.choice("encoder", encoder, "what maps text to a vector", {"bag", "transformer"});
//     }
//   };
//   Options options;
//   QUIVER_TRY(apply(options, settings));     // Settings: text by name, from flags, JSON or keywords
//
// Field types: bool, int, unsigned, std::uint32_t, std::size_t, float, double, std::string,
// std::vector<int|float|std::string>. In text a list is comma-separated ("8,16,32"), a bool is true/false/yes/no/1/0 or
// the bare flag.
#pragma once
#include <concepts>
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quiver/core/json.h"
#include "quiver/core/result.h"

namespace quiver {

// Values by option name, as text. What flags, JSON objects and keyword arguments become before they are checked.
class Settings {
 public:
  void set(std::string name, std::string value) { values_[std::move(name)] = std::move(value); }
  const std::map<std::string, std::string, std::less<>>& values() const noexcept { return values_; }
  bool empty() const noexcept { return values_.empty(); }
  static Result<Settings> of_json(const Json& object);   // numbers, strings, booleans and flat arrays
  static Result<Settings> parse(std::string_view text);  // "dims=256, temperature=0.05, sizes=8|16"; lists with |

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

// One declared option, for help, docs and schemas.
struct OptionSpec {
  std::string name, type, help, fallback;  // type: "bool" | "integer" | "number" | "text" | "list of ..."
  std::optional<double> low, high;
  std::vector<std::string> choices;
  std::string range_text() const;  // "1 .. 4096", "bag | transformer" or ""
};

// The nearest of `known` to a mistyped name, by edit distance; empty when nothing is near.
std::string did_you_mean(std::string_view typed, std::span<const std::string> known);

namespace internal {
Result<void> parse_value(std::string_view text, bool& out);
Result<void> parse_value(std::string_view text, long long& out);
Result<void> parse_value(std::string_view text, unsigned long long& out);
Result<void> parse_value(std::string_view text, double& out);
std::vector<std::string> split_list(std::string_view text);
std::string show(bool value);
std::string show(long long value);
std::string show(unsigned long long value);
std::string show(double value);
std::string show(float value);
Json json_number(float value);

template <class T>
struct Field;  // name of the type, reading from text, showing as text

template <>
struct Field<bool> {
  static std::string type() { return "bool"; }
  static Result<bool> read(std::string_view text) {
    bool out = false;
    QUIVER_TRY(parse_value(text, out));
    return out;
  }
  static std::string show(bool value) { return internal::show(value); }
};
template <std::integral T>
struct Field<T> {
  using Wide = std::conditional_t<std::is_signed_v<T>, long long, unsigned long long>;
  static std::string type() { return "integer"; }
  static Result<T> read(std::string_view text) {
    Wide out = 0;
    QUIVER_TRY(parse_value(text, out));
    if (!std::in_range<T>(out)) return Error::invalid_argument("'" + std::string(text) + "' does not fit");
    return static_cast<T>(out);
  }
  static std::string show(T value) { return internal::show(static_cast<Wide>(value)); }
};
template <std::floating_point T>
struct Field<T> {
  static std::string type() { return "number"; }
  static Result<T> read(std::string_view text) {
    double out = 0;
    QUIVER_TRY(parse_value(text, out));
    return static_cast<T>(out);
  }
  static std::string show(T value) { return internal::show(value); }
};
template <>
struct Field<std::string> {
  static std::string type() { return "text"; }
  static Result<std::string> read(std::string_view text) { return std::string(text); }
  static std::string show(const std::string& value) { return value; }
};
template <class T>
struct Field<std::vector<T>> {
  static std::string type() { return "list of " + Field<T>::type(); }
  static Result<std::vector<T>> read(std::string_view text) {
    std::vector<T> out;
    for (const std::string& part : split_list(text)) {
      QUIVER_TRY(T value, Field<T>::read(part));
      out.push_back(std::move(value));
    }
    return out;
  }
  static std::string show(const std::vector<T>& value) {
    std::string out;
    for (const T& item : value) out += (out.empty() ? "" : ",") + Field<T>::show(item);
    return out;
  }
};
Result<void> check_range(const OptionSpec& spec, double value);
template <class T>
Result<void> check_range_of(const OptionSpec& spec, const T& value) {
  if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>)
    return check_range(spec, static_cast<double>(value));
  else
    return {};
}
template <class T>
Result<void> check_range_of(const OptionSpec& spec, const std::vector<T>& values) {
  for (const T& value : values) QUIVER_TRY(check_range_of(spec, value));
  return {};
}
Result<void> check_choice(const OptionSpec& spec, const std::string& value);

// Collects the declared options.
struct Describe {
  std::vector<OptionSpec> specs;
  template <class T>
  void operator()(std::string_view name, T& field, std::string_view help, std::optional<double> low = {},
                  std::optional<double> high = {}) {
    specs.push_back({std::string(name), Field<T>::type(), std::string(help), Field<T>::show(field), low, high, {}});
  }
  void choice(std::string_view name, std::string& field, std::string_view help, std::initializer_list<const char*> of) {
    specs.push_back({std::string(name), "text", std::string(help), field, {}, {}, {of.begin(), of.end()}});
  }
};
// Writes the settings into the fields; the first error stays.
struct Apply {
  const Settings& settings;
  Result<void> outcome;
  template <class T>
  void take(const OptionSpec& spec, T& field) {
    const auto found = settings.values().find(spec.name);
    if (found == settings.values().end() || !outcome.has_value()) return;
    auto value = Field<T>::read(found->second);
    outcome = value.has_value() ? check(spec, *value) : Result<void>(value.error());
    if (outcome.has_value())
      field = *std::move(value);
    else
      outcome = std::move(outcome).within("option '" + spec.name + "'");
  }
  template <class T>
  static Result<void> check(const OptionSpec& spec, const T& value) {
    if constexpr (std::is_same_v<T, std::string>)
      return check_choice(spec, value);
    else
      return check_range_of(spec, value);
  }
  template <class T>
  void operator()(std::string_view name, T& field, std::string_view, std::optional<double> low = {},
                  std::optional<double> high = {}) {
    take({std::string(name), Field<T>::type(), {}, {}, low, high, {}}, field);
  }
  void choice(std::string_view name, std::string& field, std::string_view, std::initializer_list<const char*> of) {
    take({std::string(name), "text", {}, {}, {}, {}, {of.begin(), of.end()}}, field);
  }
};
// A float as the shortest decimal that reads back the same: 0.05, not 0.05000000074505806.
template <class T>
Json json_value(const T& value) {
  if constexpr (std::is_same_v<T, float>)
    return json_number(value);
  else
    return value;
}
template <class T>
Json json_value(const std::vector<T>& values) {
  Json list = Json::array();
  for (const T& value : values) list.push_back(json_value(value));
  return list;
}
struct ToJson {
  Json object = Json::object();
  template <class T>
  void operator()(std::string_view name, T& field, std::string_view, std::optional<double> = {},
                  std::optional<double> = {}) {
    object[std::string(name)] = json_value(field);
  }
  void choice(std::string_view name, std::string& field, std::string_view, std::initializer_list<const char*>) {
    object[std::string(name)] = field;
  }
};
Result<void> check_known(const Settings& settings, const std::vector<OptionSpec>& specs);
}  // namespace internal

template <class Options>
std::vector<OptionSpec> describe(Options options = {}) {
  internal::Describe visitor;
  options.visit(visitor);
  return visitor.specs;
}
// Errors: an unknown name (with the nearest known one), a value that does not parse, a value out of range. Nothing is
// changed unless everything is right.
template <class Options>
Result<void> apply(Options& options, const Settings& settings) {
  QUIVER_TRY(internal::check_known(settings, describe(options)));
  Options changed = options;
  internal::Apply visitor{settings, {}};
  changed.visit(visitor);
  if (visitor.outcome.has_value()) options = std::move(changed);
  return std::move(visitor.outcome);
}
template <class Options>
Json to_json(Options options) {
  internal::ToJson visitor;
  options.visit(visitor);
  return std::move(visitor.object);
}

}  // namespace quiver
