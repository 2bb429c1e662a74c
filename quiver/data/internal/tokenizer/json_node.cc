#include "quiver/data/internal/tokenizer/json_node.h"

#include <fmt/format.h>

namespace quiver::internal {
namespace {
std::string_view name_of_type(simdjson::dom::element_type type) {
  switch (type) {
    case simdjson::dom::element_type::ARRAY:
      return "a list";
    case simdjson::dom::element_type::OBJECT:
      return "an object";
    case simdjson::dom::element_type::INT64:
    case simdjson::dom::element_type::UINT64:
    case simdjson::dom::element_type::DOUBLE:
      return "a number";
    case simdjson::dom::element_type::STRING:
      return "a text";
    case simdjson::dom::element_type::BOOL:
      return "true or false";
    case simdjson::dom::element_type::NULL_VALUE:
      return "null";
  }
  return "something else";
}
}  // namespace

Error JsonNode::wrong(std::string_view what) const {
  return Error::invalid_argument(fmt::format("{}: {}", where_, what));
}
Error JsonNode::expected(std::string_view what) const {
  return wrong(fmt::format("expected {}, found {}", what, name_of_type(element_.type())));
}

std::optional<JsonNode> JsonNode::find(std::string_view key) const {
  simdjson::dom::element found;
  if (!element_.is_object() || element_.at_key(key).get(found) != simdjson::SUCCESS || found.is_null()) return {};
  return JsonNode(found, where_.empty() ? std::string(key) : fmt::format("{}.{}", where_, key));
}
Result<JsonNode> JsonNode::child(std::string_view key) const {
  if (!element_.is_object()) return expected("an object");
  simdjson::dom::element found;
  if (element_.at_key(key).get(found) != simdjson::SUCCESS) return wrong(fmt::format("'{}' is missing", key));
  return JsonNode(found, where_.empty() ? std::string(key) : fmt::format("{}.{}", where_, key));
}

Result<std::string_view> JsonNode::as_text() const {
  std::string_view value;
  if (element_.get(value) != simdjson::SUCCESS) return expected("a text");
  return value;
}
Result<std::uint64_t> JsonNode::as_number() const {
  std::uint64_t value = 0;
  if (element_.get(value) != simdjson::SUCCESS) return expected("a whole number of at least 0");
  return value;
}
Result<double> JsonNode::as_real() const {
  double value = 0;
  if (element_.get(value) != simdjson::SUCCESS) return expected("a number");
  return value;
}
Result<bool> JsonNode::as_flag() const {
  bool value = false;
  if (element_.get(value) != simdjson::SUCCESS) return expected("true or false");
  return value;
}
Result<simdjson::dom::object> JsonNode::as_object() const {
  simdjson::dom::object value;
  if (element_.get(value) != simdjson::SUCCESS) return expected("an object");
  return value;
}
Result<simdjson::dom::array> JsonNode::as_array() const {
  simdjson::dom::array value;
  if (element_.get(value) != simdjson::SUCCESS) return expected("a list");
  return value;
}
Result<std::vector<JsonNode>> JsonNode::as_list() const {
  QUIVER_TRY(const auto value, as_array());
  std::vector<JsonNode> out;
  for (const simdjson::dom::element item : value) out.emplace_back(item, fmt::format("{}[{}]", where_, out.size()));
  return out;
}

Result<std::string_view> JsonNode::text(std::string_view key) const {
  QUIVER_TRY(const JsonNode node, child(key));
  return node.as_text();
}
Result<std::string_view> JsonNode::text_or(std::string_view key, std::string_view fallback) const {
  const auto node = find(key);
  return node ? node->as_text() : fallback;
}
Result<std::uint64_t> JsonNode::number(std::string_view key) const {
  QUIVER_TRY(const JsonNode node, child(key));
  return node.as_number();
}
Result<bool> JsonNode::flag_or(std::string_view key, bool fallback) const {
  const auto node = find(key);
  return node ? node->as_flag() : fallback;
}

}  // namespace quiver::internal
