#include "quiver/recipes/race.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <limits>
#include <optional>

#include "quiver/core/statistics.h"
#include "quiver/index/spec.h"
#include "quiver/recipes/neighbours.h"

namespace quiver::recipes {
namespace {
constexpr std::uint32_t kEfforts[] = {10, 11, 12, 13, 14, 15, 16, 18,  20,  22,  24,  26,  28,  32,
                                      36, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 256, 384, 512};

double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

struct Started {
  std::string name;
  std::unique_ptr<Index> index;
  std::vector<std::optional<std::uint32_t>> efforts{};  // per recall
  std::vector<double> seconds{};                        // per recall: of the best round
  Scratch scratch{};

  Result<Hits> ask(MatrixView queries, std::uint32_t k, std::uint32_t effort) {
    Hits out{k, std::vector<Hit>(queries.rows * k), std::vector<std::uint32_t>(queries.rows)};
    const SearchParams params{.k = k, .rerank = effort, .effort = effort};
    for (std::size_t q = 0; q < queries.rows; ++q) {
      const std::span<Hit> slot(out.hits.data() + q * k, k);
      QUIVER_TRY(const std::size_t found, index->search(queries.slice(q, 1), params, scratch, slot));
      out.counts[q] = static_cast<std::uint32_t>(found);
    }
    return out;
  }
  Result<double> recall(const Hits& truth, MatrixView queries, std::uint32_t effort) {
    QUIVER_TRY(const Hits found, ask(queries, truth.k, effort));
    return mean_of(overlap(truth, found, truth.k));
  }
};

Result<Started> start(const Racer& racer, const Course& course, Run& one, std::vector<Measured>& out) {
  QUIVER_TRY(const IndexSpec spec, IndexSpec::parse(racer.spec));
  const double before = processor_seconds();
  QUIVER_TRY(auto index, build_index(spec, course.base, course.space, course.sample, one));
  out.push_back({racer.name, "build_seconds", processor_seconds() - before});
  out.push_back({racer.name, "bytes", static_cast<double>(index->bytes()) / static_cast<double>(course.base.rows)});
  return Started{racer.name, std::move(index)};
}
}  // namespace

Result<std::vector<Measured>> race(const Course& course, const std::vector<Racer>& racers, const RaceOptions& options,
                                   Run& run) {
  QUIVER_TRY(const Hits tune_truth, exact_hits(course.base, course.tune, course.space.metric, options.k, run));
  QUIVER_TRY(const Hits truth, exact_hits(course.base, course.test, course.space.metric, options.k, run));
  quiver::Run one({.seed = run.seed(), .threads = 1});
  std::vector<Measured> out;
  std::vector<Started> started;
  for (const Racer& racer : racers) {
    auto stage = run.stage(fmt::format("building {}", racer.name));
    QUIVER_TRY(Started made, start(racer, course, one, out).within(fmt::format("racing {}", racer.name)));
    std::size_t at = 0;
    for (const double recall : options.recalls) {
      made.efforts.emplace_back();
      for (; at < std::size(kEfforts) && !made.efforts.back(); at += made.efforts.back() ? 0 : 1) {
        QUIVER_TRY(const double reached, made.recall(tune_truth, course.tune, kEfforts[at]));
        if (reached >= recall) made.efforts.back() = kEfforts[at];
      }
    }
    made.seconds.assign(options.recalls.size(), std::numeric_limits<double>::infinity());
    started.push_back(std::move(made));
    if (run.stop()) return run.stopped("racing");
  }
  auto stage = run.stage("racing", options.rounds);
  for (unsigned round = 0; round < options.rounds; ++round) {
    for (std::size_t r = 0; r < options.recalls.size(); ++r) {
      for (Started& racer : started) {
        if (!racer.efforts[r]) continue;
        const double before = processor_seconds();
        QUIVER_TRY(const Hits found, racer.ask(course.test, options.k, *racer.efforts[r]));
        racer.seconds[r] = std::min(racer.seconds[r], processor_seconds() - before);
        if (round > 0) continue;
        const std::string of_recall = fmt::format("@{:.2f}", options.recalls[r]);
        out.push_back({racer.name, "effort" + of_recall, static_cast<double>(*racer.efforts[r])});
        out.push_back({racer.name, "recall" + of_recall, mean_of(overlap(truth, found, options.k))});
      }
    }
    stage.advance();
    if (run.stop()) return run.stopped("racing");
  }
  for (const Started& racer : started) {
    for (std::size_t r = 0; r < options.recalls.size(); ++r) {
      if (!racer.efforts[r]) continue;
      out.push_back({racer.name, fmt::format("qps@{:.2f}", options.recalls[r]),
                     static_cast<double>(course.test.rows) / std::max(racer.seconds[r], 1e-9)});
    }
  }
  return out;
}

}  // namespace quiver::recipes
