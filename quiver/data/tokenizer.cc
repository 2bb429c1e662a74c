#include "quiver/data/tokenizer.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <limits>

#include "quiver/core/file.h"
#include "quiver/data/internal/tokenizer/added_tokens.h"
#include "quiver/data/internal/tokenizer/decoder.h"
#include "quiver/data/internal/tokenizer/json_node.h"
#include "quiver/data/internal/tokenizer/normalizer.h"
#include "quiver/data/internal/tokenizer/post_processor.h"
#include "quiver/data/internal/tokenizer/pre_tokenizer.h"
#include "quiver/data/internal/tokenizer/token_model.h"
#include "quiver/data/text.h"

namespace quiver {
namespace {
struct Truncation {
  std::size_t longest = 0;  // 0: no limit
  bool from_left = false;
};

Result<Truncation> read_truncation(const internal::JsonNode& node) {
  Truncation truncation;
  QUIVER_TRY(truncation.longest, node.number("max_length"));
  QUIVER_TRY(const std::string_view direction, node.text_or("direction", "Right"));
  if (direction != "Left" && direction != "Right")
    return node.wrong(fmt::format("'direction' is Left or Right, not '{}'", direction));
  truncation.from_left = direction == "Left";
  QUIVER_TRY(const std::string_view strategy, node.text_or("strategy", "LongestFirst"));
  if (strategy != "LongestFirst" && strategy != "OnlyFirst")
    return node.wrong(
        fmt::format("'strategy' {} cuts the second of two texts; one text is encoded at a time: "
                    "LongestFirst or OnlyFirst",
                    strategy));
  return truncation;
}
}  // namespace

struct Tokenizer::State {
  std::string json;
  std::unique_ptr<internal::Normalizer> normalizer;       // may be null
  std::unique_ptr<internal::PreTokenizer> pre_tokenizer;  // may be null
  std::unique_ptr<internal::TokenModel> model;
  std::unique_ptr<internal::Decoder> decoder;  // may be null
  internal::PostProcessor post_processor;
  internal::AddedTokens added;
  Truncation truncation;
  std::size_t size = 0;

  Result<void> read(const internal::JsonNode& root);
};

Result<void> Tokenizer::State::read(const internal::JsonNode& root) {
  QUIVER_TRY(const std::string_view version, root.text_or("version", "1.0"));
  if (version != "1.0") return Error::unsupported(fmt::format("version {} of the format; 1.0 is read", version));
  QUIVER_TRY(const auto model_node, root.child("model"));
  QUIVER_TRY(model, internal::read_token_model(model_node));
  if (const auto node = root.find("normalizer")) {
    QUIVER_TRY(normalizer, internal::read_normalizer(*node));
  }
  if (const auto node = root.find("pre_tokenizer")) {
    QUIVER_TRY(pre_tokenizer, internal::read_pre_tokenizer(*node));
  }
  if (const auto node = root.find("decoder")) {
    QUIVER_TRY(decoder, internal::read_decoder(*node));
  }
  if (const auto node = root.find("added_tokens")) {
    QUIVER_TRY(added, internal::AddedTokens::read(*node, model->table(), normalizer.get()));
  }
  size = model->table().size();
  for (const auto& token : added.tokens()) size = std::max<std::size_t>(size, token.id + 1);
  if (const auto node = root.find("post_processor")) {
    QUIVER_TRY(post_processor, internal::PostProcessor::read(*node, size));
  }
  if (const auto node = root.find("truncation")) {
    QUIVER_TRY(truncation, read_truncation(*node));
  }
  return {};
}

Result<Tokenizer> Tokenizer::open(const std::filesystem::path& tokenizer_json) {
  QUIVER_TRY(const auto file, MappedFile::open(tokenizer_json));
  return parse(file.text()).within(fmt::format("reading {}", tokenizer_json.string()));
}

Result<Tokenizer> Tokenizer::parse(std::string_view json) {
  if (json.size() >= std::numeric_limits<std::uint32_t>::max())
    return Error::invalid_argument(fmt::format("{} bytes are too many for a tokenizer.json", json.size()));
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  const simdjson::padded_string padded(json);
  if (const auto failure = parser.parse(padded).get(root))
    return Error::invalid_argument(fmt::format("this is not a tokenizer.json: {}", simdjson::error_message(failure)));
  auto state = std::make_shared<State>();
  const internal::JsonNode node(root, "tokenizer.json");
  QUIVER_TRY(state->read(node));
  state->json = simdjson::minify(root);
  return Tokenizer(std::move(state));
}

Tokens Tokenizer::encode(std::string_view text, const TokenizeOptions& options) const {
  std::string repaired;
  if (!simdjson::validate_utf8(text.data(), text.size())) text = repaired = repair_utf8(text);
  internal::Pieces pieces;
  pieces.start(text);
  state_->added.split_as_given(pieces);
  if (state_->normalizer) {
    pieces.rewrite([&](std::string_view part, std::size_t& head, std::string& out, const auto& keep) {
      std::string& word = pieces.words;
      word.assign(part);
      state_->normalizer->apply(word, head);
      const std::size_t begin = out.size();
      out += word;
      keep(begin, out.size());
    });
  }
  state_->added.split_normalized(pieces);
  if (state_->pre_tokenizer) state_->pre_tokenizer->apply(pieces);

  std::vector<std::uint32_t> ids;
  ids.reserve(text.size() / 4 + 8);
  internal::ModelScratch scratch;
  for (const internal::Piece& piece : pieces.list()) {
    if (piece.token != internal::kNoToken) {
      ids.push_back(piece.token);
    } else {
      state_->model->encode(pieces.text(piece), ids, scratch);
    }
  }

  Tokens tokens;
  std::span<const std::uint32_t> kept = ids;
  const std::size_t around = options.special ? special_tokens() : 0;
  const std::size_t longest = options.longest > 0 ? options.longest : state_->truncation.longest;
  if (longest > 0) {
    const std::size_t room = longest - std::min(longest, around);
    tokens.dropped = kept.size() - std::min(kept.size(), room);
    kept = state_->truncation.from_left ? kept.subspan(tokens.dropped) : kept.first(kept.size() - tokens.dropped);
  }
  tokens.ids.reserve(kept.size() + around);
  state_->post_processor.apply(kept, options.special, tokens.ids, tokens.types);
  return tokens;
}

std::string Tokenizer::decode(std::span<const std::uint32_t> ids, bool skip_special) const {
  std::vector<std::string> texts;
  for (const std::uint32_t id : ids) {
    const auto* added = state_->added.find(id);
    if (added != nullptr) {
      if (!skip_special || !added->special) texts.push_back(added->written);
    } else if (state_->model->table().has(id)) {
      texts.emplace_back(state_->model->table().text(id));
    }
  }
  if (!state_->decoder) return fmt::format("{}", fmt::join(texts, " "));
  state_->decoder->apply(texts);
  return fmt::format("{}", fmt::join(texts, ""));
}

std::size_t Tokenizer::size() const noexcept { return state_->size; }
std::optional<std::uint32_t> Tokenizer::id(std::string_view token) const {
  if (const auto* added = state_->added.find(token)) return added->id;
  const std::uint32_t id = state_->model->table().find(token);
  return id == internal::kNoToken ? std::nullopt : std::optional(id);
}
std::string_view Tokenizer::token(std::uint32_t id) const {
  if (const auto* added = state_->added.find(id)) return added->content;
  return state_->model->table().text(id);
}
std::size_t Tokenizer::special_tokens() const noexcept { return state_->post_processor.special_tokens(); }
std::string Tokenizer::to_json() const { return state_->json; }

}  // namespace quiver
