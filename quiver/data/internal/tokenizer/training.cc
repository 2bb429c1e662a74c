#include "quiver/data/internal/tokenizer/training.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "quiver/core/json.h"
#include "quiver/data/text.h"

namespace quiver::internal {

std::string json_text(std::string_view text) { return dump_json(Json(text), -1); }

Result<VocabularyBuilder> count_words(std::span<const std::string_view> texts, const TokenizerParts& parts, Run& run) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  const simdjson::padded_string json(
      fmt::format(R"({{"normalizer":{},"pre_tokenizer":{}}})", parts.normalizer, parts.pre_tokenizer));
  if (parser.parse(json).get(root) != simdjson::SUCCESS) return Error::internal("a trainer's own JSON does not parse");
  const JsonNode node(root, "training");
  std::unique_ptr<Normalizer> normalizer;
  std::unique_ptr<PreTokenizer> pre_tokenizer;
  if (const auto found = node.find("normalizer")) {
    QUIVER_TRY(normalizer, read_normalizer(*found));
  }
  if (const auto found = node.find("pre_tokenizer")) {
    QUIVER_TRY(pre_tokenizer, read_pre_tokenizer(*found));
  }

  auto stage = run.stage("count words", texts.size());
  VocabularyBuilder words;
  Pieces pieces;
  for (const std::string_view given : texts) {
    if (run.stop()) return run.stopped("counting words");
    std::string text = simdjson::validate_utf8(given.data(), given.size()) ? std::string(given) : repair_utf8(given);
    std::size_t head = 0;
    if (normalizer) normalizer->apply(text, head);
    pieces.start(text);
    if (pre_tokenizer) pre_tokenizer->apply(pieces);
    for (const Piece& piece : pieces.list()) words.add(pieces.text(piece));
    stage.advance();
  }
  return words;
}

Result<void> check_specials(const SpecialTokens& special) {
  for (auto token = special.tokens.begin(); token != special.tokens.end(); ++token) {
    if (token->empty()) return Error::invalid_argument("a special token is empty");
    if (std::find(special.tokens.begin(), token, *token) != token)
      return Error::invalid_argument(fmt::format("the special token '{}' is named twice", *token));
  }
  for (const std::string& end : {special.begin, special.end}) {
    if (!end.empty() && std::ranges::find(special.tokens, end) == special.tokens.end())
      return Error::invalid_argument(
          fmt::format("'{}' is to stand at an end of texts but is no special token; these are: "
                      "{}",
                      end, fmt::join(special.tokens, ", ")));
  }
  return {};
}

Result<Tokenizer> make_tokenizer(const TokenizerParts& parts, const SpecialTokens& special, std::string_view model) {
  std::string added, around, texts;
  for (std::size_t id = 0; id < special.tokens.size(); ++id) {
    added += fmt::format(
        R"({}{{"id":{},"content":{},"single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}})",
        id == 0 ? "" : ",", id, json_text(special.tokens[id]));
  }
  const auto place = [&](const std::string& token) {
    if (token.empty()) return std::string();
    const auto id = std::ranges::find(special.tokens, token) - special.tokens.begin();
    const std::string name = json_text(token);
    if (texts.find(name + ":") == texts.npos)
      texts +=
          fmt::format(R"({}{}:{{"id":{},"ids":[{}],"tokens":[{}]}})", texts.empty() ? "" : ",", name, name, id, name);
    return fmt::format(R"({{"SpecialToken":{{"id":{},"type_id":0}}}})", name);
  };
  const std::string begin = place(special.begin), end = place(special.end);
  around =
      begin + (begin.empty() ? "" : ",") + R"({"Sequence":{"id":"A","type_id":0}})" + (end.empty() ? "" : ",") + end;
  const std::string post = begin.empty() && end.empty()
                               ? "null"
                               : fmt::format(R"({{"type":"TemplateProcessing","single":[{0}],"pair":[{0},)"
                                             R"({{"Sequence":{{"id":"B","type_id":1}}}}],"special_tokens":{{{1}}}}})",
                                             around, texts);
  return Tokenizer::parse(fmt::format(
      R"({{"version":"1.0","truncation":null,"padding":null,"added_tokens":[{}],"normalizer":{},"pre_tokenizer":{},)"
      R"("post_processor":{},"decoder":{},"model":{}}})",
      added, parts.normalizer, parts.pre_tokenizer, post, parts.decoder, model));
}

}  // namespace quiver::internal
