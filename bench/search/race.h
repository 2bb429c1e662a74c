// Race: searchers on the same files, asked in turn, so that all share the machine's moods.
//
//   QUIVER_TRY(Race race, Race::start(entrants, files, {.targets = {0.9, 0.95}, .rounds = 5}, run));
//   QUIVER_TRY(race.go([&](const Lane& lane, const Answer& answer) { csv += ...; }, run));
//   race.lanes()[0].front().at(0.95).qps
//
// Every searcher is started, one after another, and builds or loads its index. Then for every round and every effort
// all of them answer in turn, the order reversed every other round. The first round asks for all efforts, rising, and
// leaves out those behind the first that reaches the highest target; later rounds ask only for the efforts around the
// targets, since no others decide the speed there. A searcher that fails is left out from then on and says why.
//
// Interrupted, go() keeps what was measured and says Cancelled. Thread-safety: one owner.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bench/search/front.h"
#include "bench/search/program.h"
#include "bench/search/protocol.h"
#include "bench/search/roster.h"
#include "bench/search/searcher.h"

namespace quiver::bench {

struct RaceOptions {
  std::vector<double> targets = {0.9, 0.95, 0.99, 0.999};
  std::uint32_t rounds = 5, repeats = 1;
  double start_seconds = 3600, answer_seconds = 600;  // of silence
  int processor = -1;                                 // all searchers answer on this one; -1: anywhere
  std::filesystem::path logs = ".";
};

struct Lane {
  Entrant entrant;
  Ready ready;
  std::string failure;  // why it takes no part any more; empty: it does
  std::map<std::uint32_t, std::vector<Answer>> answers;
  // Of all rounds: the median of the rounds' medians. Of one round: its own.
  Front front() const;
  Front front_of_round(std::size_t round) const;
  std::size_t rounds() const;  // that every effort around a target has
  std::optional<Program> program;
};

class Race {
 public:
  using OnAnswer = std::function<void(const Lane&, const Answer&)>;
  // Errors: Cancelled; a searcher that cannot start is a failed lane.
  static Result<Race> start(std::vector<Entrant> entrants, const SearchFiles& files, const RaceOptions& options,
                            Run& run);
  // From now on only rows that the mask lets through are wanted; forgets all answers. Lanes that know no filters fail.
  Result<void> filter(const std::filesystem::path& mask, const std::filesystem::path& truth, Run& run);
  Result<void> go(const OnAnswer& on_answer, Run& run);
  const std::vector<Lane>& lanes() const { return lanes_; }

 private:
  explicit Race(const RaceOptions& options) : options_(options) {}
  Result<void> round(std::uint32_t number, const OnAnswer& on_answer, Run& run);
  Result<void> ask(Lane& lane, std::uint32_t effort, const OnAnswer& on_answer, Run& run);
  double highest_target() const;
  RaceOptions options_;
  std::vector<Lane> lanes_;
};

// The words that start a searcher on these files.
std::vector<std::string> words_of(const Entrant& entrant, const SearchFiles& files);

}  // namespace quiver::bench
