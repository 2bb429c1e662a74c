// Card: where a model comes from: recipe, data and its licence, seed, parents, options, measured numbers. One JSON
// object in the model file (docs/reference/formats/model.md), printed by `quiver inspect`.
//
//   Card card{.recipe = "wordnet-encoder", .data = "wordnet:/usr/share/wordnet", .data_licence = "WordNet 3.0"};
//   QUIVER_TRY(card.check());                    // recipe, quiver version, data licence and creation time must be
//   there
//
// The card is no part of a model's id: measuring a model again does not make it another model.
// Thread-safety: a plain value.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/result.h"

namespace quiver {

struct Card {
  std::string recipe{};               // slug of what fitted it; "import" for foreign weights
  std::string quiver{};               // version that wrote it; filled by Model::make when empty
  std::string data{}, data_digest{};  // dataset spec and digest of its content; empty if there was none
  std::string data_licence{};         // "none" when no data was read: whoever ships the model must know
  std::uint64_t seed = 0;
  std::vector<std::string> parents{};        // ids of the models it was made from
  std::string options = "{}";                // JSON object: every option of the recipe with its value
  std::map<std::string, double> measured{};  // "mrr@10": 0.31
  std::string created{};                     // 2024-05-01T12:00:00Z; filled by Model::make when empty
  bool operator==(const Card&) const = default;

  Result<void> check() const;  // the Error names the missing field
  std::string to_json() const;
  static Result<Card> parse(std::string_view json);
};

std::string_view quiver_version() noexcept;  // "0.1.0"
std::string utc_now();                       // ISO 8601, to the second

}  // namespace quiver
