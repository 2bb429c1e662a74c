// JsonNode: a value of a tokenizer.json and where it stands, so that every Error says which: "model.vocab: expected an
// object, found a string". A thin skin over simdjson's tree, which reads megabytes of vocabulary in milliseconds and
// refuses what is nested deeper than 1024.
//
//   QUIVER_TRY(std::string_view type, node.text("type"));
//   QUIVER_TRY(bool clean, node.flag_or("clean_text", true));
//   if (auto child = node.find("normalizer")) ...             // absent and null are the same
//
// Views are valid as long as the parser that made the tree. Thread-safety: reading, from many threads.
#pragma once
#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/result.h"

namespace quiver::internal {

class JsonNode {
 public:
  JsonNode(simdjson::dom::element element, std::string where) : element_(element), where_(std::move(where)) {}

  const std::string& where() const noexcept { return where_; }
  Error wrong(std::string_view what) const;     // "model.vocab: what"
  Error expected(std::string_view what) const;  // "model.vocab: expected what, found a string"

  std::optional<JsonNode> find(std::string_view key) const;  // none: absent, null, or this is no object
  Result<JsonNode> child(std::string_view key) const;        // must be there; null is there

  Result<std::string_view> as_text() const;
  Result<std::uint64_t> as_number() const;
  Result<double> as_real() const;
  Result<bool> as_flag() const;
  Result<simdjson::dom::object> as_object() const;
  Result<simdjson::dom::array> as_array() const;
  Result<std::vector<JsonNode>> as_list() const;  // as_array(), each item with its place: for short lists
  bool is_text() const { return element_.is_string(); }
  bool is_list() const { return element_.is_array(); }

  Result<std::string_view> text(std::string_view key) const;
  Result<std::string_view> text_or(std::string_view key, std::string_view fallback) const;
  Result<std::uint64_t> number(std::string_view key) const;
  Result<bool> flag_or(std::string_view key, bool fallback) const;

 private:
  simdjson::dom::element element_;
  std::string where_;
};

}  // namespace quiver::internal
