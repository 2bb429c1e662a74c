#include "bench/search/threads.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "bench/search/record.h"
#include "quiver/core/statistics.h"

namespace quiver::bench {

Result<Json> run_threads(const Index& index, MatrixView queries, const ThreadsOptions& options, Run& run) {
  const SearchParams params{.k = options.k, .recall = static_cast<float>(options.recall)};
  std::vector<std::unique_ptr<Run>> runs;
  Hits first;
  for (const unsigned count : options.threads) {
    runs.push_back(std::make_unique<Run>(RunOptions{.seed = run.seed(), .threads = count}));
    QUIVER_TRY(Hits hits, index.search_batch(queries, params, *runs.back()));  // warms caches, too
    if (runs.size() == 1)
      first = std::move(hits);
    else if (hits.counts != first.counts || !std::ranges::equal(hits.hits, first.hits, {}, &Hit::row, &Hit::row)) {
      return Error::internal(
          fmt::format("{}: {} threads give other hits than {}", index.spec(), count, options.threads[0]));
    }
  }
  std::vector<std::vector<double>> rates(options.threads.size());
  auto stage = run.stage("threads", options.rounds * options.threads.size());
  for (std::uint32_t round = 0; round < options.rounds; ++round) {
    for (std::size_t turn = 0; turn < options.threads.size(); ++turn) {
      const std::size_t i = round % 2 == 0 ? turn : options.threads.size() - 1 - turn;
      if (run.stop()) return run.stopped("timing threads");
      const auto start = std::chrono::steady_clock::now();
      double seconds = 0;
      std::size_t searched = 0;
      while (seconds < options.turn_seconds) {
        QUIVER_TRY(index.search_batch(queries, params, *runs[i]));
        searched += queries.rows;
        seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      }
      rates[i].push_back(static_cast<double>(searched) / seconds);
      stage.advance();
    }
  }
  Json measured = Json::array();
  for (std::size_t i = 0; i < options.threads.size(); ++i) {
    const std::string arm = fmt::format("{} thread{}", options.threads[i], options.threads[i] == 1 ? "" : "s");
    measured.push_back(measured_entry(arm, fmt::format("wall_qps@{:g}", options.recall),
                                      {quantile_of(rates[i], 0.5), rates[i], index.spec(), {}}));
  }
  return measured;
}

}  // namespace quiver::bench
