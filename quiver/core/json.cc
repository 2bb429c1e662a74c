#include "quiver/core/json.h"

#include <fmt/format.h>

#include <algorithm>

namespace quiver {

Result<Json> parse_json(std::string_view text) {
  try {
    return Json::parse(text);
  } catch (const nlohmann::json::parse_error& failure) {
    const std::size_t at = std::min<std::size_t>(failure.byte, text.size());
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
    const std::size_t start = text.substr(0, at).rfind('\n');
    return Error::invalid_argument(
        fmt::format("reading JSON: line {}, column {}: unexpected text; check quotes and commas there", line,
                    at - (start == std::string_view::npos ? 0 : start + 1)));
  } catch (const nlohmann::json::exception& failure) {
    return Error::invalid_argument(fmt::format("reading JSON: {}", failure.what()));
  }
}

std::string dump_json(const Json& value, int indent) {
  return value.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

namespace internal {
Error missing_key(std::string_view key, const Json& object) {
  if (!object.is_object()) {
    return Error::invalid_argument(
        fmt::format("reading JSON key '{}': expected an object, found {}", key, object.type_name()));
  }
  std::string known;
  for (const auto& [name, value] : object.items()) known += (known.empty() ? "" : ", ") + name;
  return Error::invalid_argument(
      fmt::format("reading JSON: no key '{}'; there is {}", key, known.empty() ? "nothing" : known));
}
Error wrong_type(std::string_view key, const Json& value) {
  return Error::invalid_argument(
      fmt::format("reading JSON key '{}': a {} is not what belongs there", key, value.type_name()));
}
}  // namespace internal
}  // namespace quiver
