#include "quiver/cli/verbs.h"

#include <fmt/format.h>

#include <algorithm>

namespace quiver::cli {
namespace {

std::vector<Verb> make_all() {
  std::vector<Verb> all;
  const auto add = [&](std::vector<Verb> more) {
    for (Verb& verb : more) all.push_back(std::move(verb));
  };
  all.push_back(demo_verb());
  all.push_back(fit_verb());
  all.push_back(import_verb());
  all.push_back(encode_verb());
  all.push_back(map_verb());
  all.push_back(convert_verb());
  all.push_back(advise_verb());
  add(index_verbs());
  add(index_update_verbs());
  all.push_back(search_verb());
  add(inspect_verbs());
  all.push_back(inspect_lid_verb());
  all.push_back(inspect_order_verb());
  all.push_back(inspect_layers_verb());
  all.push_back(inspect_matryoshka_verb());
  all.push_back(recipes_verb());
  all.push_back(reproduce_verb());
  add(data_verbs());
  add(bench_verbs());
  add(bench_search_verbs());
  all.push_back(bench_codes_verb());
  all.push_back(bench_scaling_verb());
  all.push_back(doctor_verb());
  all.push_back(help_verb());
  return all;
}

std::string first_word(std::string_view name) { return std::string(name.substr(0, name.find(' '))); }

}  // namespace

std::span<const Verb> verbs() {
  static const std::vector<Verb> all = make_all();
  return all;
}

std::span<const Chapter> chapters() {
  static const std::vector<Chapter> all{
      {"See it work", {"demo"}},
      {"Learn", {"fit", "import", "encode", "map", "convert"}},
      {"Search", {"advise", "index build", "index add", "index remove", "index compact", "search"}},
      {"Measure",
       {"inspect recall", "inspect lid", "inspect order-risk", "inspect matryoshka", "inspect matryoshka2d",
        "inspect model", "inspect vectors", "inspect index"}},
      {"Papers", {"recipes", "reproduce"}},
      {"House",
       {"data list", "data fetch", "data show", "data formats", "bench kernels", "bench limits", "bench search",
        "bench answer", "bench report", "bench codes", "bench scaling", "doctor", "help"}},
  };
  return all;
}

Result<Found> find_verb(std::span<const std::string> words) {
  QUIVER_CHECK(!words.empty());
  const std::string two = words.size() > 1 ? words[0] + " " + words[1] : words[0];
  std::vector<std::string> firsts, seconds;
  for (const Verb& verb : verbs()) {
    if (verb.text.name == two || verb.text.name == words[0]) {
      return Found{&verb, verb.text.name.find(' ') == std::string_view::npos ? 1u : 2u};
    }
    const std::string first = first_word(verb.text.name);
    if (first == words[0]) seconds.emplace_back(verb.text.name.substr(first.size() + 1));
    if (firsts.empty() || firsts.back() != first) firsts.push_back(first);
  }
  if (!seconds.empty()) {
    const std::string list = fmt::format("{}", fmt::join(seconds, ", "));
    if (words.size() == 1 || words[1].starts_with("-")) {
      return Error::invalid_argument(fmt::format("'{}' needs one more word: {}", words[0], list));
    }
    const std::string nearest = did_you_mean(words[1], seconds);
    return Error::invalid_argument(
        nearest.empty()
            ? fmt::format("'{}' has no '{}', it has: {}", words[0], words[1], list)
            : fmt::format("'{} {}' is no verb; did you mean '{} {}'?", words[0], words[1], words[0], nearest));
  }
  const std::string nearest = did_you_mean(words[0], firsts);
  return Error::invalid_argument(nearest.empty()
                                     ? fmt::format("'{}' is no verb; `quiver` alone lists them", words[0])
                                     : fmt::format("'{}' is no verb; did you mean '{}'?", words[0], nearest));
}

}  // namespace quiver::cli
