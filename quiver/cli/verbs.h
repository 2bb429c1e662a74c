// The verbs, in the order of the story that `quiver` tells: learn, encode, index, search, inspect, reproduce, tend.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/cli/verb.h"

namespace quiver::cli {

std::span<const Verb> verbs();
// Verbs under one heading of the overview.
struct Chapter {
  std::string_view heading;
  std::vector<std::string_view> names;
};
std::span<const Chapter> chapters();

// The verb that the words begin with, and how many words name it (1 or 2). Errors: an unknown verb, with the nearest.
struct Found {
  const Verb* verb;
  std::size_t words;
};
Result<Found> find_verb(std::span<const std::string> words);

// One per file.
Verb demo_verb();
Verb fit_verb();
Verb import_verb();
Verb encode_verb();
Verb map_verb();
Verb advise_verb();
std::vector<Verb> index_verbs();
std::vector<Verb> index_update_verbs();
Verb search_verb();
std::vector<Verb> inspect_verbs();
Verb inspect_lid_verb();
Verb inspect_order_verb();
Verb inspect_layers_verb();
Verb inspect_matryoshka_verb();
Verb recipes_verb();
Verb reproduce_verb();
Verb convert_verb();
std::vector<Verb> data_verbs();
std::vector<Verb> bench_verbs();
std::vector<Verb> bench_search_verbs();
Verb bench_codes_verb();
Verb bench_scaling_verb();
Verb doctor_verb();
Verb help_verb();

}  // namespace quiver::cli
