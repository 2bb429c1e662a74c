#include "bench/search/contest.h"

#include <fmt/format.h>

#include <fstream>

#include "bench/search/record.h"
#include "bench/search/truth.h"
#include "quiver/core/file.h"
#include "quiver/core/metric.h"
#include "quiver/inspect/origin.h"

namespace quiver::bench {
namespace {
namespace fs = std::filesystem;

Rows rows_in(MatrixView rows, Metric metric) {
  return Rows::dense(Matrix::copy_of(rows), Space{.id = {}, .dims = rows.cols, .metric = metric, .prefix_of = {}});
}

// One contest under way.
class Contest {
 public:
  Contest(MatrixView base, MatrixView queries, const ContestOptions& options, Run& run)
      : base_(base), queries_(queries), options_(options), run_(run) {}

  Result<Json> go(const std::optional<Integers>& given) {
    QUIVER_TRY(prepare(given));
    QUIVER_TRY(auto race, Race::start(options_.entrants, files_, race_options(), run_));
    Result<void> outcome = options_.filters.empty() ? run_part(race, "all", "") : run_filters(race);
    if (!outcome.has_value() && outcome.error().code() != Code::Cancelled) return std::move(outcome).error();
    finished_ = outcome.has_value();
    return write(race);
  }

 private:
  RaceOptions race_options() const {
    RaceOptions race = options_.race;
    race.logs = options_.out / "logs";
    return race;
  }

  Result<void> prepare(const std::optional<Integers>& given) {
    const fs::path cache = options_.cache.empty() ? options_.out / "indexes" : options_.cache;
    QUIVER_TRY(make_folders(options_.out / "logs"));
    QUIVER_TRY(make_folders(cache));
    const fs::path out = fs::absolute(options_.out);
    files_ = {out / "base.fvecs", out / "query.fvecs", out / "truth.ivecs", fs::absolute(cache) / options_.name,
              options_.name,      options_.metric,     options_.k};
    auto stage = run_.stage("exact truth", queries_.rows);
    QUIVER_TRY(const Integers truth, exact_rows(base_, queries_, options_.metric, options_.k, nullptr, run_));
    stage.advance(queries_.rows);
    if (given) {
      const RecallJudge judge(base_, queries_, truth.view(), options_.metric, options_.k);
      wrong_ = judge.wrong_queries(given->view());
      if (wrong_ > 0) {
        run_.log(
            fmt::format("the neighbours given with the data are not the nearest for {} of {} queries; those "
                        "computed here are used",
                        wrong_, queries_.rows));
      }
    }
    QUIVER_TRY(write_integers(files_.truth, truth.view()));
    QUIVER_TRY(write_vectors(files_.queries, rows_in(queries_, options_.metric)));
    if (options_.base_file.empty()) return write_vectors(files_.base, rows_in(base_, options_.metric));
    files_.base = fs::absolute(options_.base_file);
    return {};
  }

  Result<void> run_part(Race& race, const std::string& name, const std::string& suffix) {
    const fs::path path = options_.out / "answers.csv";
    std::ofstream csv(path, parts_.empty() ? std::ios::trunc : std::ios::app);
    if (parts_.empty()) csv << "part," << kAnswerColumns << '\n';
    const auto keep = [&](const Lane&, const Answer& answer) { csv << name << ',' << to_line(answer) << std::endl; };
    Result<void> outcome = race.go(keep, run_);
    if (!csv) return Error::io(fmt::format("writing {} failed; is the disk full?", path.string()));
    parts_.push_back({{"name", name}, {"lanes", lanes_json(race.lanes())}});
    for (Json& entry : measured_of(race, suffix)) measured_.push_back(std::move(entry));
    return outcome;
  }

  // The arms of a race; with filters the exact scan of the matches is a lane of its own.
  Json measured_of(const Race& race, const std::string& suffix) const {
    Json out = measured_json(race.lanes(), options_.race.targets, suffix);
    for (Json& entry : out) {
      if (entry["arm"] == "quiver (flat)") entry["arm"] = "exact scan";
    }
    return out;
  }

  Result<void> run_filters(Race& race) {
    for (const double part : options_.filters) {
      for (const bool region : {false, true}) {
        const Mask mask =
            region ? Mask::region(base_, part, run_.seed()) : Mask::scattered(base_.rows, part, run_.seed());
        const std::string name = fmt::format("{:g}%-{}", 100 * part, region ? "region" : "scattered");
        const fs::path stem = fs::absolute(options_.out) / fmt::format("mask-{:g}-{}", 100 * part, region);
        QUIVER_TRY(const Integers truth, exact_rows(base_, queries_, options_.metric, options_.k, &mask, run_));
        QUIVER_TRY(mask.save(stem.string() + ".bits"));
        QUIVER_TRY(write_integers(stem.string() + ".ivecs", truth.view()));
        run_.log(fmt::format("{}: {} rows match", name, mask.allowed()));
        QUIVER_TRY(race.filter(stem.string() + ".bits", stem.string() + ".ivecs", run_));
        QUIVER_TRY(run_part(race, name, "/" + name));
      }
    }
    return {};
  }

  Result<Json> write(const Race& race) {
    std::size_t rounds = 0;
    for (const Lane& lane : race.lanes()) rounds = std::max(rounds, lane.rounds());
    const bool filters = !options_.filters.empty();
    Json json{{"what", filters ? "filters" : "search"},
              {"data", options_.name},
              {"rows", base_.rows},
              {"dims", base_.cols},
              {"queries", queries_.rows},
              {"metric", name_of(options_.metric)},
              {"k", options_.k},
              {"targets", options_.race.targets},
              {"rounds", rounds},
              {"repeats", options_.race.repeats},
              {"seed", run_.seed()},
              {"given_truth_wrong", wrong_},
              {"finished", finished_}};
    json.update(origin_json(1));
    json["parts"] = std::move(parts_);
    json["measured"] = std::move(measured_);
    QUIVER_TRY(write_file(options_.out / (filters ? "filters.json" : "search.json"), dump_json(json) + "\n"));
    return json;
  }

  MatrixView base_, queries_;
  const ContestOptions& options_;
  Run& run_;
  SearchFiles files_;
  std::size_t wrong_ = 0;
  bool finished_ = false;
  Json parts_ = Json::array(), measured_ = Json::array();
};

}  // namespace

Result<Json> run_contest(MatrixView base, MatrixView queries, const std::optional<Integers>& given,
                         const ContestOptions& options, Run& run) {
  if (queries.rows == 0 || base.rows < options.k) {
    return Error::invalid_argument(fmt::format("{} queries and {} vectors; a contest needs a query and at least k = {}",
                                               queries.rows, base.rows, options.k));
  }
  if (queries.cols != base.cols) {
    return Error::invalid_argument(
        fmt::format("the vectors have {} numbers and the queries {}; give queries of the "
                    "same space",
                    base.cols, queries.cols));
  }
  return Contest(base, queries, options, run).go(given);
}

}  // namespace quiver::bench
