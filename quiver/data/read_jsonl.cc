#include "quiver/data/read_jsonl.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "quiver/data/internal/array.h"
#include "quiver/data/items_builder.h"

namespace quiver {
namespace {
using simdjson::dom::element;
using simdjson::dom::element_type;

enum class Kind : std::uint8_t { Unknown, EmptyList, Text, Number, Texts, Numbers, Json };
std::string_view name_of(Kind kind) {
  constexpr std::string_view kNames[] = {
      "null", "an empty list", "text", "a number", "a list of texts", "a list of numbers", "an object"};
  return kNames[static_cast<std::size_t>(kind)];
}

bool is_number(element_type type) {
  return type == element_type::INT64 || type == element_type::UINT64 || type == element_type::DOUBLE ||
         type == element_type::BOOL;
}
// Requires: value is an array.
simdjson::dom::array list_of(const element& value) { return value.get_array().value_unsafe(); }

Kind kind_of(const element& value) {
  switch (value.type()) {
    case element_type::NULL_VALUE:
      return Kind::Unknown;
    case element_type::STRING:
      return Kind::Text;
    case element_type::OBJECT:
      return Kind::Json;
    case element_type::ARRAY:
      break;
    default:
      return Kind::Number;
  }
  Kind kind = Kind::EmptyList;
  const auto list = list_of(value);
  for (const element each : list) {
    const Kind here = each.type() == element_type::STRING ? Kind::Texts
                      : is_number(each.type())            ? Kind::Numbers
                                                          : Kind::Json;
    if (kind != Kind::EmptyList && kind != here) return Kind::Json;
    kind = here;
  }
  return kind;
}
Field field_of(std::string name, Kind kind) {
  return {.name = std::move(name),
          .modality = kind == Kind::Number || kind == Kind::Numbers ? Modality::Number : Modality::Text,
          .many = kind == Kind::Texts || kind == Kind::Numbers || kind == Kind::EmptyList};
}

Result<double> number_of(const element& value) {
  switch (value.type()) {  // the is_...() of simdjson would convert
    case element_type::BOOL:
      return value.get_bool().value_unsafe() ? 1.0 : 0.0;
    case element_type::DOUBLE:
      return value.get_double().value_unsafe();
    case element_type::INT64: {
      constexpr std::int64_t kExact = std::int64_t{1} << 53;
      const std::int64_t integer = value.get_int64().value_unsafe();
      if (integer <= kExact && integer >= -kExact) return static_cast<double>(integer);
      break;
    }
    default:
      break;
  }
  return Error::invalid_argument(
      fmt::format("{} has more digits than a number holds exactly; write it as a string", simdjson::to_string(value)));
}

struct Key {
  std::string name;
  Kind kind = Kind::Unknown;
  std::size_t field = 0;      // in the builder, once the kind is known
  std::size_t last_line = 0;  // of the last value, null included
  std::size_t kind_line = 0;  // where the kind came from
};

class Table {
 public:
  Result<void> add_line(std::size_t line, const element& row) {
    simdjson::dom::object object;
    if (row.get_object().get(object) != simdjson::SUCCESS) {
      return Error::invalid_argument("it is not an object; every line must be {\"key\": value, ...}");
    }
    for (const auto& [name, value] : object) QUIVER_TRY(add_value(line, name, value).within(fmt::format("'{}'", name)));
    builder_.end_row();
    return {};
  }
  std::size_t rows() const { return builder_.rows(); }
  Result<Items> build() && {
    for (Key& key : keys_) {
      if (key.kind == Kind::Unknown || key.kind == Kind::EmptyList) builder_.add_field(field_of(key.name, key.kind));
    }
    std::vector<std::string_view> names;
    for (const Key& key : keys_) names.push_back(key.name);
    return std::move(builder_).build().select(names);
  }

 private:
  Result<void> add_value(std::size_t line, std::string_view name, const element& value) {
    const auto [found, added] = positions_.try_emplace(std::string(name), keys_.size());
    if (added) keys_.push_back({.name = std::string(name)});
    Key& key = keys_[found->second];
    if (key.last_line == line) return Error::invalid_argument("the key is there twice");
    key.last_line = line;
    QUIVER_TRY(settle(key, kind_of(value), line));
    switch (value.is_null() ? Kind::Unknown : key.kind) {
      case Kind::Unknown:
      case Kind::EmptyList:
        break;
      case Kind::Text:
        builder_.text(key.field, value.get_string().value_unsafe());
        break;
      case Kind::Json:
        builder_.text(key.field, simdjson::minify(value));
        break;
      case Kind::Number: {
        QUIVER_TRY(const double number, number_of(value));
        builder_.number(key.field, number);
        break;
      }
      case Kind::Texts: {
        const auto list = list_of(value);
        for (const element each : list) builder_.text(key.field, each.get_string().value_unsafe());
        break;
      }
      case Kind::Numbers: {
        const auto list = list_of(value);
        for (const element each : list) {
          QUIVER_TRY(const double number, number_of(each));
          builder_.number(key.field, number);
        }
        break;
      }
    }
    return {};
  }
  // Makes the key's kind agree with the kind of its next value.
  Result<void> settle(Key& key, Kind kind, std::size_t line) {
    const bool list = key.kind == Kind::Texts || key.kind == Kind::Numbers || key.kind == Kind::EmptyList;
    if (kind == key.kind || kind == Kind::Unknown || (kind == Kind::EmptyList && (list || key.kind == Kind::Json)))
      return {};
    if (key.kind == Kind::Unknown || (key.kind == Kind::EmptyList && (kind == Kind::Texts || kind == Kind::Numbers))) {
      key.kind = kind;
      key.kind_line = line;
      if (kind != Kind::EmptyList) key.field = builder_.add_field(field_of(key.name, kind));
      return {};
    }
    return Error::invalid_argument(fmt::format("it is {} here but {} in line {}; a column holds one type",
                                               name_of(kind), name_of(key.kind), key.kind_line));
  }

  ItemsBuilder builder_;
  std::vector<Key> keys_;
  std::unordered_map<std::string, std::size_t> positions_;
};
}  // namespace

Result<Items> read_jsonl(const Source& source, const ReadOptions&) {
  simdjson::dom::parser parser;
  Table table;
  std::string_view rest = source.text();
  if (rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);
  std::string padded;  // simdjson reads past the end of its input
  for (std::size_t line = 1; !rest.empty(); ++line) {
    const std::size_t end = rest.find('\n');
    const std::string_view text = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (text.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    padded.assign(text).append(simdjson::SIMDJSON_PADDING, '\0');
    element row;
    const auto failed = parser.parse(padded.data(), text.size(), false).get(row);
    if (failed == simdjson::MEMALLOC) return Error::resource_exhausted(fmt::format("line {}: out of memory", line));
    if (failed != simdjson::SUCCESS) {
      return Error::corruption(fmt::format("line {}: {}", line, simdjson::error_message(failed)));
    }
    QUIVER_TRY(table.add_line(line, row).within(fmt::format("line {}", line)));
  }
  QUIVER_TRY(internal::check_counts(table.rows(), 1));
  return std::move(table).build();
}

}  // namespace quiver
