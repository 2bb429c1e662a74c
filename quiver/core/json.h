// Json: small documents (cards, settings, reports), keys kept in the order they were written. Large inputs (JSONL data
// sets, server requests) are read by streaming parsers where they arrive, not here.
//
//   QUIVER_TRY(Json card, parse_json(text));     // Error names line and column
//   QUIVER_TRY(std::string slug, get<std::string>(card, "slug"));
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "quiver/core/result.h"

namespace quiver {

using Json = nlohmann::ordered_json;

Result<Json> parse_json(std::string_view text);
std::string dump_json(const Json& value, int indent = 2);  // invalid UTF-8 is replaced, never thrown

namespace internal {
Error missing_key(std::string_view key, const Json& object);
Error wrong_type(std::string_view key, const Json& value);
}  // namespace internal

// The value of `key`, or an Error that names the key, what is there instead, and the keys that exist.
template <class T>
Result<T> get(const Json& object, std::string_view key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  if (found == object.end()) return internal::missing_key(key, object);
  try {
    return found->template get<T>();
  } catch (const nlohmann::json::exception&) {
    return internal::wrong_type(key, *found);
  }
}
template <class T>
Result<T> get_or(const Json& object, std::string_view key, T fallback) {
  if (!object.is_object() || !object.contains(key)) return fallback;
  return get<T>(object, key);
}

}  // namespace quiver
