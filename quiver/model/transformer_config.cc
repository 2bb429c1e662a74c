#include "quiver/model/transformer_config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "quiver/core/json.h"
#include "quiver/model/activation.h"

namespace quiver {
namespace {
constexpr std::array<std::string_view, 3> kPositionNames{"none", "learned", "rotary"};
constexpr std::array<std::string_view, 2> kNormNames{"layer", "rms"};
constexpr std::size_t kLargestExtent = std::size_t{1} << 31;   // what BLAS counts in
constexpr std::size_t kLongestContext = std::size_t{1} << 18;  // bounds the tables that a config alone decides

template <class Enum, std::size_t N>
Result<Enum> named_value(const std::array<std::string_view, N>& names, std::string_view text, std::string_view what) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == text) return static_cast<Enum>(i);
  }
  return Error::invalid_argument(fmt::format("'{}' is no {}; there are {}", text, what, fmt::join(names, ", ")));
}
template <class Enum, std::size_t N>
std::string name_in(const std::array<std::string_view, N>& names, Enum value) {
  return std::string(names[static_cast<std::size_t>(value)]);
}

Json positions_to_json(const TransformerPositions& positions) {
  Json object{{"kind", name_in(kPositionNames, positions.kind)}};
  switch (positions.kind) {
    case PositionKind::None:
      break;
    case PositionKind::Learned:
      object["first"] = positions.first;
      if (positions.padding) object["padding"] = *positions.padding;
      break;
    case PositionKind::Rotary:
      object["base"] = positions.base;
      break;
  }
  return object;
}

Result<TransformerPositions> positions_of_json(const Json& object) {
  TransformerPositions out;
  QUIVER_TRY(const std::string kind, get<std::string>(object, "kind"));
  QUIVER_TRY(out.kind, named_value<PositionKind>(kPositionNames, kind, "kind of positions"));
  QUIVER_TRY(out.first, get_or<std::size_t>(object, "first", 0));
  if (object.contains("padding")) {
    QUIVER_TRY(out.padding, get<std::uint32_t>(object, "padding"));
  }
  QUIVER_TRY(out.base, get_or<double>(object, "base", out.base));
  return out;
}
}  // namespace

Result<void> TransformerConfig::check() const {
  const auto refuse = [](std::string_view key, std::size_t value, std::string_view wanted) {
    return Error::invalid_argument(fmt::format("a transformer's {} is {}, expected {}", key, value, wanted));
  };
  const std::pair<std::string_view, std::size_t> extents[] = {
      {"vocabulary", vocabulary}, {"dim", dim},         {"heads", heads},          {"hidden", hidden},
      {"layers", layers},         {"context", context}, {"head_dim", head_width()}};
  for (const auto& [key, value] : extents) {
    if (value == 0 || value >= kLargestExtent) return refuse(key, value, "1 or more, below 2^31");
  }
  if (context > kLongestContext) return refuse("context", context, fmt::format("at most {}", kLongestContext));
  if (types >= kLargestExtent) return refuse("types", types, "less than 2^31");
  if (head_dim == 0 && dim % heads != 0) {
    return refuse("dim", dim, fmt::format("a multiple of its heads, {}, or a head_dim of its own", heads));
  }
  if (heads * head_width() >= kLargestExtent) return refuse("heads", heads, "heads times head_dim below 2^31");
  if (heads % key_heads_or_all() != 0) return refuse("key_heads", key_heads, fmt::format("a divisor of {}", heads));
  if (positions.kind == PositionKind::Rotary && head_width() % 2 != 0) {
    return refuse("head_dim", head_width(), "an even number, since rotary positions turn pairs");
  }
  if (positions.kind == PositionKind::Rotary && !(positions.base > 1)) {
    return Error::invalid_argument(fmt::format("a rotary base is above 1, not {}", positions.base));
  }
  if (positions.padding && positions.first == 0) {
    return refuse("first position", positions.first, "1 or more where a padding token takes the one before it");
  }
  if (relative.buckets % 4 != 0 || relative.buckets >= kLargestExtent) {
    return refuse("relative buckets", relative.buckets, "a multiple of 4 below 2^31, or 0 for none");
  }
  if (relative.buckets > 0 && relative.farthest <= relative.buckets / 4) {
    return refuse("farthest relative distance", relative.farthest, fmt::format("more than {}", relative.buckets / 4));
  }
  if (!(epsilon >= 0 && epsilon < 1)) {
    return Error::invalid_argument(fmt::format("a norm's epsilon is at least 0 and below 1, not {}", epsilon));
  }
  return {};
}

std::string TransformerConfig::to_json() const {
  return dump_json(Json{{"vocabulary", vocabulary},
                        {"dim", dim},
                        {"heads", heads},
                        {"key_heads", key_heads_or_all()},
                        {"head_dim", head_width()},
                        {"hidden", hidden},
                        {"layers", layers},
                        {"context", context},
                        {"types", types},
                        {"positions", positions_to_json(positions)},
                        {"relative", {{"buckets", relative.buckets}, {"farthest", relative.farthest}}},
                        {"norm", name_in(kNormNames, norm)},
                        {"epsilon", epsilon},
                        {"norm_first", norm_first},
                        {"embedding_norm", embedding_norm},
                        {"activation", std::string(name_of(activation))},
                        {"gated", gated},
                        {"causal", causal}},
                   -1);
}

Result<TransformerConfig> TransformerConfig::parse(std::string_view json) {
  QUIVER_TRY(const Json object, parse_json(json));
  TransformerConfig out;
  const std::pair<std::string_view, std::size_t*> extents[] = {
      {"vocabulary", &out.vocabulary}, {"dim", &out.dim},           {"heads", &out.heads},
      {"key_heads", &out.key_heads},   {"head_dim", &out.head_dim}, {"hidden", &out.hidden},
      {"layers", &out.layers},         {"context", &out.context},   {"types", &out.types}};
  for (const auto& [key, value] : extents) {
    QUIVER_TRY(*value, get<std::size_t>(object, key));
  }
  QUIVER_TRY(const Json positions, get<Json>(object, "positions"));
  QUIVER_TRY(out.positions, positions_of_json(positions));
  QUIVER_TRY(const Json relative, get<Json>(object, "relative"));
  QUIVER_TRY(out.relative.buckets, get<std::size_t>(relative, "buckets"));
  QUIVER_TRY(out.relative.farthest, get<std::size_t>(relative, "farthest"));
  QUIVER_TRY(const std::string norm, get<std::string>(object, "norm"));
  QUIVER_TRY(out.norm, named_value<NormKind>(kNormNames, norm, "norm"));
  QUIVER_TRY(out.epsilon, get<double>(object, "epsilon"));
  QUIVER_TRY(out.norm_first, get<bool>(object, "norm_first"));
  QUIVER_TRY(out.embedding_norm, get<bool>(object, "embedding_norm"));
  QUIVER_TRY(const std::string activation, get<std::string>(object, "activation"));
  QUIVER_TRY(out.activation, parse_activation(activation));
  QUIVER_TRY(out.gated, get<bool>(object, "gated"));
  QUIVER_TRY(out.causal, get<bool>(object, "causal"));
  QUIVER_TRY(out.check());
  return out;
}

}  // namespace quiver
