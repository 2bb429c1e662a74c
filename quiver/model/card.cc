#include "quiver/model/card.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>

#include "quiver/core/json.h"

namespace quiver {

std::string_view quiver_version() noexcept { return QUIVER_VERSION; }

std::string utc_now() {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(now));
}

Result<void> Card::check() const {
  const std::pair<std::string_view, const std::string*> required[] = {
      {"recipe", &recipe}, {"quiver", &quiver}, {"data_licence", &data_licence}, {"created", &created}};
  for (const auto& [name, value] : required) {
    if (!value->empty()) continue;
    return Error::invalid_argument(
        fmt::format("the model's card lacks '{}'; a model must say where it comes from{}", name,
                    name == "data_licence" ? " and under which licence its data is (\"none\" if there was none)" : ""));
  }
  auto parsed = parse_json(options).within("the card's options");
  if (!parsed.has_value()) return std::move(parsed).error();
  if (!parsed->is_object()) return Error::invalid_argument("the card's options are not a JSON object");
  return {};
}

std::string Card::to_json() const {
  Json object{{"recipe", recipe},
              {"quiver", quiver},
              {"data", data},
              {"data_digest", data_digest},
              {"data_licence", data_licence},
              {"seed", seed},
              {"parents", parents}};
  auto parsed = parse_json(options);
  object["options"] = parsed.has_value() ? *std::move(parsed) : Json::object();
  object["measured"] = measured;
  object["created"] = created;
  return dump_json(object);
}

Result<Card> Card::parse(std::string_view json) {
  QUIVER_TRY(const Json object, parse_json(json));
  Card card;
  QUIVER_TRY(card.recipe, get<std::string>(object, "recipe"));
  QUIVER_TRY(card.quiver, get<std::string>(object, "quiver"));
  QUIVER_TRY(card.data, get<std::string>(object, "data"));
  QUIVER_TRY(card.data_digest, get<std::string>(object, "data_digest"));
  QUIVER_TRY(card.data_licence, get<std::string>(object, "data_licence"));
  QUIVER_TRY(card.seed, get<std::uint64_t>(object, "seed"));
  QUIVER_TRY(card.parents, get<std::vector<std::string>>(object, "parents"));
  QUIVER_TRY(const Json options, get<Json>(object, "options"));
  card.options = dump_json(options, -1);
  using Numbers = std::map<std::string, double>;
  QUIVER_TRY(card.measured, get<Numbers>(object, "measured"));
  QUIVER_TRY(card.created, get<std::string>(object, "created"));
  QUIVER_TRY(card.check());
  return card;
}

}  // namespace quiver
