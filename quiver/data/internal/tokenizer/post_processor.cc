#include "quiver/data/internal/tokenizer/post_processor.h"

#include <fmt/format.h>

#include <algorithm>

namespace quiver::internal {
namespace {
Result<std::uint32_t> checked_id(const JsonNode& node, std::size_t tokens) {
  QUIVER_TRY(const std::uint64_t id, node.as_number());
  if (id >= tokens) return node.wrong(fmt::format("there is no token with the id {}: ids are below {}", id, tokens));
  return static_cast<std::uint32_t>(id);
}
Result<std::uint32_t> type_of(const JsonNode& node) {
  QUIVER_TRY(const std::uint64_t type, node.number("type_id"));
  if (type > 0xFFFF) return node.wrong(fmt::format("'type_id' {} is too large", type));
  return static_cast<std::uint32_t>(type);
}
}  // namespace

Result<PostProcessor> PostProcessor::read(const JsonNode& node, std::size_t tokens) {
  PostProcessor processor;
  QUIVER_TRY(processor.add(node, tokens));
  return processor;
}

Result<void> PostProcessor::add(const JsonNode& node, std::size_t tokens) {
  QUIVER_TRY(const std::string_view type, node.text("type"));
  if (type == "ByteLevel") return {};
  if (type == "BertProcessing") return add_ends(node, tokens);
  if (type == "RobertaProcessing") {
    for (Segment& segment : segments_) segment.type = 0;
    return add_ends(node, tokens);
  }
  if (type == "TemplateProcessing") return add_template(node, tokens);
  if (type == "Sequence") {
    QUIVER_TRY(const JsonNode list, node.child("processors"));
    QUIVER_TRY(const auto items, list.as_list());
    for (const JsonNode& item : items) QUIVER_TRY(add(item, tokens));
    return {};
  }
  return node.wrong(
      fmt::format("'{}' is no post-processor that is supported; these are: BertProcessing, RobertaProcessing, "
                  "TemplateProcessing, ByteLevel, Sequence",
                  type));
}

// {"cls": ["[CLS]", 101], "sep": ["[SEP]", 102]}
Result<void> PostProcessor::add_ends(const JsonNode& node, std::size_t tokens) {
  const auto id_of = [&](std::string_view key) -> Result<std::uint32_t> {
    QUIVER_TRY(const JsonNode pair, node.child(key));
    QUIVER_TRY(const auto both, pair.as_list());
    if (both.size() != 2) return pair.wrong("expected [\"token\", id]");
    return checked_id(both[1], tokens);
  };
  QUIVER_TRY(const std::uint32_t begin, id_of("cls"));
  QUIVER_TRY(const std::uint32_t end, id_of("sep"));
  segments_.insert(segments_.begin(), {.is_text = false, .id = begin});
  segments_.push_back({.is_text = false, .id = end});
  return {};
}

// {"single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, ...],
//  "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [101], "tokens": ["[CLS]"]}, ...}}
Result<void> PostProcessor::add_template(const JsonNode& node, std::size_t tokens) {
  QUIVER_TRY(const JsonNode single, node.child("single"));
  QUIVER_TRY(const auto items, single.as_list());
  constexpr std::size_t kMostItems = 64;  // templates in templates multiply
  if (items.size() > kMostItems) return single.wrong(fmt::format("more than {} parts", kMostItems));
  std::vector<Segment> segments;
  for (const JsonNode& item : items) {
    if (const auto sequence = item.find("Sequence")) {
      QUIVER_TRY(const std::string_view name, sequence->text("id"));
      QUIVER_TRY(const std::uint32_t type, type_of(*sequence));
      if (name != "A") return sequence->wrong("a single text is the sequence A");
      for (Segment segment : segments_) {
        segment.type = type;
        segments.push_back(segment);
      }
      continue;
    }
    QUIVER_TRY(const JsonNode special, item.child("SpecialToken"));
    QUIVER_TRY(const std::string_view name, special.text("id"));
    QUIVER_TRY(const std::uint32_t type, type_of(special));
    QUIVER_TRY(const JsonNode table, node.child("special_tokens"));
    QUIVER_TRY(const JsonNode entry, table.child(name));
    QUIVER_TRY(const JsonNode list, entry.child("ids"));
    QUIVER_TRY(const auto ids, list.as_list());
    for (const JsonNode& id : ids) {
      QUIVER_TRY(const std::uint32_t checked, checked_id(id, tokens));
      segments.push_back({.is_text = false, .id = checked, .type = type});
    }
  }
  if (segments.size() > kMostItems * kMostItems) return single.wrong("too many special tokens");
  segments_ = std::move(segments);
  return {};
}

std::size_t PostProcessor::special_tokens() const noexcept {
  return static_cast<std::size_t>(std::ranges::count(segments_, false, &Segment::is_text));
}

void PostProcessor::apply(std::span<const std::uint32_t> text, bool special, std::vector<std::uint32_t>& ids,
                          std::vector<std::uint32_t>& types) const {
  for (const Segment& segment : segments_) {
    if (segment.is_text) {
      ids.insert(ids.end(), text.begin(), text.end());
    } else if (special) {
      ids.push_back(segment.id);
    }
    types.resize(ids.size(), segment.type);
  }
}

}  // namespace quiver::internal
