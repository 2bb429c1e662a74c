// Contest: one run of `quiver bench search` on one set of vectors: the truth is computed, the files every searcher
// reads are written, the race is run, and what it measured is kept as CSV (each answer), JSON, and a plot is drawn from
// it by the verb.
//
//   ContestOptions options{.name = "mnist", .metric = Metric::L2, .out = "out/mnist"};
//   options.entrants = {...};
//   QUIVER_TRY(const Json run, run_contest(base, queries, given_truth, options, run));
//
// In `out`: query.fvecs, truth.ivecs, base.fvecs where the base is no .fvecs already, answers.csv, search.json (or
// filters.json), logs/. The JSON holds "what", "data", "rows", "dims", "queries", "metric", "k", "targets", "rounds",
// "finished", "parts" [{"name", "lanes" (record.h)}], "measured" (record.h), "machine", "commit", "quiver", "created".
//
// Filters: the race is run once for each mask (mask.h), metrics end in "/1%-scattered" or "/1%-region", and an
// arm "exact scan" is the lane whose spec is flat. Interrupted or not, what was measured is written: "finished" says
// which. Thread-safety: one owner per folder.
#pragma once
#include <filesystem>
#include <optional>
#include <vector>

#include "bench/search/race.h"
#include "quiver/core/json.h"
#include "quiver/data/read_vectors.h"

namespace quiver::bench {

struct ContestOptions {
  std::string name{};
  Metric metric = Metric::L2;
  std::uint32_t k = 10;
  std::filesystem::path out{}, cache{};  // cache: the folder of indexes kept between runs; empty: out/indexes
  std::filesystem::path base_file{};     // the base as .fvecs if there is one
  std::vector<Entrant> entrants{};
  std::vector<double> filters{};  // parts of the rows that masks let through; empty: no filters
  RaceOptions race{};
};

Result<Json> run_contest(MatrixView base, MatrixView queries, const std::optional<Integers>& given,
                         const ContestOptions& options, Run& run);

}  // namespace quiver::bench
