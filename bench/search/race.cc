#include "bench/search/race.h"

#include <fmt/format.h>

#include <algorithm>

#include "quiver/core/metric.h"
#include "quiver/core/statistics.h"

namespace quiver::bench {
namespace {

// The median of each figure over the answers at one effort.
Point point_of(std::uint32_t effort, const std::vector<Answer>& answers) {
  std::vector<double> rates, latencies;
  for (const Answer& answer : answers) {
    rates.push_back(answer.median_qps);
    latencies.push_back(answer.p50_us);
  }
  return {effort, answers[0].recall, quantile_of(rates, 0.5), quantile_of(latencies, 0.5)};
}

std::string log_name(const Entrant& entrant) {
  std::string name = entrant.label;
  std::ranges::replace_if(
      name, [](char c) { return c == '/' || c == ' ' || c == ':'; }, '_');
  return name + ".log";
}

}  // namespace

Front Lane::front() const {
  std::vector<Point> points;
  for (const auto& [effort, all] : answers) points.push_back(point_of(effort, all));
  return Front(std::move(points));
}

Front Lane::front_of_round(std::size_t round) const {
  std::vector<Point> points;
  for (const auto& [effort, all] : answers) {
    if (round < all.size()) points.push_back(point_of(effort, {all[round]}));
  }
  return Front(std::move(points));
}

std::size_t Lane::rounds() const {
  std::size_t most = 0;
  for (const auto& [effort, all] : answers) most = std::max(most, all.size());
  return most;
}

std::vector<std::string> words_of(const Entrant& entrant, const SearchFiles& files) {
  std::vector<std::string> words = entrant.command;
  const auto add = [&](const char* name, const std::string& value) {
    words.emplace_back(name);
    words.push_back(value);
  };
  add("--base", files.base.string());
  add("--queries", files.queries.string());
  add("--truth", files.truth.string());
  add("--cache", files.cache.string());
  add("--data", files.data);
  add("--metric", std::string(name_of(files.metric)));
  add("-k", fmt::format("{}", files.k));
  if (entrant.rebuild) words.emplace_back("--rebuild");
  words.insert(words.end(), entrant.options.begin(), entrant.options.end());
  return words;
}

Result<Race> Race::start(std::vector<Entrant> entrants, const SearchFiles& files, const RaceOptions& options,
                         Run& run) {
  Race race(options);
  auto stage = run.stage("start", entrants.size());
  for (Entrant& entrant : entrants) {
    stage.note(entrant.label);
    Lane lane;
    lane.entrant = std::move(entrant);
    const auto begin = [&]() -> Result<void> {
      QUIVER_TRY(Program program,
                 Program::start(words_of(lane.entrant, files), {.log = options.logs / log_name(lane.entrant)}));
      QUIVER_TRY(const std::string line, program.read_line(run, options.start_seconds));
      QUIVER_TRY(lane.ready, parse_ready(line));
      if (options.processor >= 0) program.keep_to(options.processor);
      lane.program.emplace(std::move(program));
      return {};
    };
    if (auto begun = begin(); !begun.has_value()) {
      if (begun.error().code() == Code::Cancelled) return std::move(begun).error();
      lane.failure = begun.error().message();
      run.log(fmt::format("{} takes no part: {}", lane.entrant.label, lane.failure));
    }
    race.lanes_.push_back(std::move(lane));
    stage.advance();
  }
  return race;
}

Result<void> Race::filter(const std::filesystem::path& mask, const std::filesystem::path& truth, Run& run) {
  for (Lane& lane : lanes_) {
    lane.answers.clear();
    if (!lane.failure.empty()) continue;
    const std::string line = fmt::format("filter {} {}", mask.string(), truth.string());
    auto rows = lane.program->ask(line, run, options_.answer_seconds).and_then(parse_filter);
    if (rows.has_value()) continue;
    if (rows.error().code() == Code::Cancelled) return std::move(rows).error();
    lane.failure = rows.error().message();
    run.log(fmt::format("{} takes no part: {}", lane.entrant.label, lane.failure));
  }
  return {};
}

double Race::highest_target() const {
  return options_.targets.empty() ? 1 : *std::ranges::max_element(options_.targets);
}

Result<void> Race::ask(Lane& lane, std::uint32_t effort, const OnAnswer& on_answer, Run& run) {
  auto answer = lane.program->ask(fmt::format("{} {}", effort, options_.repeats), run, options_.answer_seconds)
                    .and_then(parse_answer);
  if (!answer.has_value()) {
    if (answer.error().code() == Code::Cancelled) return std::move(answer).error();
    lane.failure = answer.error().message();
    run.log(fmt::format("{} stops at effort {}: {}", lane.entrant.label, effort, lane.failure));
    return {};
  }
  on_answer(lane, *answer);
  lane.answers[effort].push_back(*std::move(answer));
  return {};
}

Result<void> Race::round(std::uint32_t number, const OnAnswer& on_answer, Run& run) {
  struct Plan {
    Lane* lane;
    std::vector<std::uint32_t> efforts;
    bool done = false;
  };
  std::vector<Plan> plans;
  std::size_t longest = 0, total = 0;
  for (Lane& lane : lanes_) {
    Plan plan{&lane, number == 0 ? lane.entrant.efforts : lane.front().efforts_around(options_.targets)};
    plan.done = !lane.failure.empty();
    longest = std::max(longest, plan.efforts.size());
    total += plan.done ? 0 : plan.efforts.size();
    plans.push_back(std::move(plan));
  }
  if (number % 2 == 1) std::ranges::reverse(plans);
  auto stage = run.stage(fmt::format("round {}", number + 1), total);
  for (std::size_t i = 0; i < longest; ++i) {
    for (Plan& plan : plans) {
      if (i >= plan.efforts.size()) continue;
      if (!plan.done) {
        stage.note(fmt::format("{} at {}", plan.lane->entrant.label, plan.efforts[i]));
        QUIVER_TRY(ask(*plan.lane, plan.efforts[i], on_answer, run));
        const auto& answers = plan.lane->answers;
        const auto last = answers.find(plan.efforts[i]);
        const bool enough = number == 0 && last != answers.end() && last->second[0].recall >= highest_target();
        plan.done = enough || !plan.lane->failure.empty();
        stage.advance(1);
        if (plan.done) stage.advance(plan.efforts.size() - i - 1);
      }
    }
  }
  return {};
}

Result<void> Race::go(const OnAnswer& on_answer, Run& run) {
  for (std::uint32_t number = 0; number < options_.rounds; ++number) QUIVER_TRY(round(number, on_answer, run));
  return {};
}

}  // namespace quiver::bench
