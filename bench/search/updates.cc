#include "bench/search/updates.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "bench/search/record.h"
#include "bench/search/truth.h"
#include "quiver/core/cpu_time.h"
#include "quiver/core/statistics.h"
#include "quiver/index/spec.h"

namespace quiver::bench {
namespace {

// An index and what its row numbers are in the base.
struct Side {
  std::string arm;
  std::unique_ptr<Index> index;
  std::vector<std::int32_t> base_rows;
};

struct Asked {
  double recall = 0;
  std::vector<double> rates{};
};

Result<void> ask_side(const Side& side, MatrixView queries, const RecallJudge& judge, std::uint32_t k, double recall,
                      Run& run, Asked& out) {
  const SearchParams params{.k = k, .recall = static_cast<float>(recall)};
  const double start = cpu_seconds();
  QUIVER_TRY(const Hits hits, side.index->search_batch(queries, params, run));
  out.rates.push_back(static_cast<double>(queries.rows) / (cpu_seconds() - start));
  std::vector<std::int32_t> rows(queries.rows * k, -1);
  for (std::size_t q = 0; q < hits.queries(); ++q) {
    const auto found = hits.of(q);
    for (std::size_t i = 0; i < found.size(); ++i) rows[q * k + i] = side.base_rows[found[i].row];
  }
  out.recall = judge.recall(rows);
  return {};
}

std::vector<std::int32_t> row_numbers(std::size_t first, std::size_t count) {
  std::vector<std::int32_t> out(count);
  std::iota(out.begin(), out.end(), static_cast<std::int32_t>(first));
  return out;
}

}  // namespace

Result<Json> run_updates(MatrixView base, MatrixView queries, const UpdatesOptions& options, Run& run) {
  const std::size_t part = base.rows / 3;
  if (part == 0) {
    return Error::invalid_argument(fmt::format("replacing half of the rows needs at least 3, there are {}", base.rows));
  }
  const Space space{.id = {}, .dims = base.cols, .metric = options.metric, .prefix_of = {}};
  QUIVER_TRY(const IndexSpec spec, IndexSpec::parse(options.spec));
  Run alone({.seed = run.seed(), .threads = 1});  // silent, and what CPU time is measured on

  auto stage = run.stage("updates", 3);
  Side replaced{"replaced", nullptr, row_numbers(0, 3 * part)};
  QUIVER_TRY(replaced.index, build_index(spec, base.slice(0, 2 * part), space, {}, alone));
  stage.advance();
  std::vector<std::uint32_t> gone(part);
  std::iota(gone.begin(), gone.end(), static_cast<std::uint32_t>(part));
  QUIVER_TRY(replaced.index->remove(gone));
  double start = cpu_seconds();
  QUIVER_TRY(replaced.index->add(base.slice(2 * part, part)));
  const double insert = (cpu_seconds() - start) / static_cast<double>(part);
  stage.advance();

  Matrix kept(2 * part, base.cols);
  Side fresh{"fresh", nullptr, row_numbers(0, part)};
  for (const std::int32_t row : row_numbers(2 * part, part)) fresh.base_rows.push_back(row);
  for (std::size_t i = 0; i < kept.rows(); ++i) {
    std::ranges::copy(base.row(static_cast<std::size_t>(fresh.base_rows[i])), kept.row(i).begin());
  }
  start = cpu_seconds();
  QUIVER_TRY(fresh.index, build_index(spec, kept.view(), space, {}, alone));
  const double build = (cpu_seconds() - start) / static_cast<double>(2 * part);
  stage.advance();

  QUIVER_TRY(Integers truth, exact_rows(kept.view(), queries, options.metric, options.k, nullptr, run));
  for (std::int32_t& row : truth.values) row = row < 0 ? row : fresh.base_rows[static_cast<std::size_t>(row)];
  const RecallJudge judge(base, queries, truth.view(), options.metric, options.k);
  Json measured = Json::array();
  auto turns = run.stage("rounds", options.rounds * options.recalls.size());
  for (const double recall : options.recalls) {
    Asked asked[2];
    for (std::uint32_t round = 0; round <= options.rounds; ++round) {  // the first warms caches
      if (run.stop()) return run.stopped("timing replaced rows");
      for (std::size_t turn = 0; turn < 2; ++turn) {
        const std::size_t i = round % 2 == 0 ? turn : 1 - turn;
        QUIVER_TRY(ask_side(i == 0 ? replaced : fresh, queries, judge, options.k, recall, alone, asked[i]));
        if (round == 0) asked[i].rates.clear();
      }
      if (round > 0) turns.advance();
    }
    for (std::size_t i = 0; i < 2; ++i) {
      const Side& side = i == 0 ? replaced : fresh;
      measured.push_back(
          measured_entry(side.arm, fmt::format("recall@asked-{:g}", recall), {asked[i].recall, {}, {}, {}}));
      measured.push_back(measured_entry(side.arm, fmt::format("qps@asked-{:g}", recall),
                                        {quantile_of(asked[i].rates, 0.5), asked[i].rates, side.index->spec(), {}}));
    }
  }
  measured.push_back(measured_entry("insert", "cpu_us_a_row", {1e6 * insert, {}, {}, {}}));
  measured.push_back(measured_entry("build", "cpu_us_a_row", {1e6 * build, {}, {}, {}}));
  return measured;
}

}  // namespace quiver::bench
