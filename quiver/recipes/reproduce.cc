#include "quiver/recipes/reproduce.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "quiver/core/file.h"
#include "quiver/core/progress.h"
#include "quiver/data/catalogue.h"
#include "quiver/inspect/origin.h"
#include "quiver/recipes/arms.h"
#include "quiver/recipes/results.h"

namespace quiver {
namespace {
namespace fs = std::filesystem;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// A folder or file as one digest: names, then contents.
Result<std::string> digest_of_path(const fs::path& path) {
  std::error_code failed;
  if (fs::is_regular_file(path, failed)) return digest_of_file(path);
  std::vector<fs::path> files;
  for (fs::recursive_directory_iterator at(path, failed), end; !failed && at != end; at.increment(failed)) {
    if (at->is_regular_file(failed)) files.push_back(at->path());
  }
  if (failed) return Error::io(fmt::format("reading {}: {}", path.string(), failed.message()));
  std::sort(files.begin(), files.end());
  std::string lines;
  for (const fs::path& file : files) {
    QUIVER_TRY(const std::string digest, digest_of_file(file));
    lines += fmt::format("{} {}\n", file.lexically_relative(path).generic_string(), digest);
  }
  return digest_of(lines);
}

struct PageData {
  Json entries = Json::array();  // [{"name", "digest"}]
  std::string missing;           // what is not there and how to get it; empty: all is there
};
// Where the data of a page are: the folder of a public set, the path behind "generator:", or nowhere (pure generators).
Result<PageData> find_data(const RecipePage& page) {
  PageData out;
  for (const std::string& name : page.data) {
    const std::size_t colon = name.find(':');
    fs::path path;
    if (colon == std::string::npos) {
      QUIVER_TRY(const PublicSet* set, find_set(name));
      QUIVER_TRY(const fs::path folder, data_folder());
      path = folder / name;
      if (!fs::exists(path)) {
        out.missing = fmt::format(
            "there is no {}; {}", path.string(),
            set->fetchable() ? fmt::format("fetch it: quiver data fetch {}", name) : std::string(set->instead));
        return out;
      }
    } else {
      path = name.substr(colon + 1, name.find('?') - colon - 1);
      if (path.is_absolute() && !fs::exists(path)) {
        out.missing = fmt::format("there is no {}, which '{}' reads", path.string(), name);
        return out;
      }
    }
    std::string digest;
    if (fs::exists(path)) {
      QUIVER_TRY(digest, digest_of_path(path));
    } else {
      digest = digest_of(std::string_view(name));
    }
    out.entries.push_back({{"name", name}, {"digest", std::move(digest)}});
  }
  return out;
}

struct FinishedSeed {
  SeedMeasured measured;
  double seconds = 0;
};
Result<void> save_seed(const fs::path& path, const FinishedSeed& seed) {
  QUIVER_TRY(make_folders(path.parent_path()));
  return write_file(path, dump_json(Json{{"seed", seed.measured.seed},
                                         {"seconds", seed.seconds},
                                         {"values", measured_json(seed.measured.values)}}));
}
Result<FinishedSeed> open_seed(const fs::path& path) {
  QUIVER_TRY(const std::string text, read_file(path));
  QUIVER_TRY(const Json object, parse_json(text));
  FinishedSeed seed;
  QUIVER_TRY(seed.measured.seed, get<std::uint64_t>(object, "seed"));
  QUIVER_TRY(seed.seconds, get<double>(object, "seconds"));
  QUIVER_TRY(const Json values, get<Json>(object, "values"));
  QUIVER_TRY(seed.measured.values, measured_of(values));
  return seed;
}

// One reproduction under way.
class Driver {
 public:
  Driver(const Recipe& recipe, const RecipePage& page, const ReproduceOptions& options, Run& run)
      : recipe_(recipe), page_(page), options_(options), run_(run) {}

  Result<Reproduction> go() {
    asked_ = options_.settings;
    if (options_.quick) shorten();
    QUIVER_TRY(settings_, recipe_.complete(asked_));
    QUIVER_TRY(data_, find_data(page_));
    if (!data_.missing.empty()) {
      Reproduction skipped;
      skipped.verdict = Verdict::Skipped;
      skipped.why = data_.missing;
      run_.log(fmt::format("{}: skipped; {}", page_.slug, skipped.why));
      return skipped;
    }
    QUIVER_TRY(build_, digest_of_file("/proc/self/exe"));
    const unsigned count = options_.quick ? 1 : options_.seeds > 0 ? options_.seeds : page_.seeds;
    run_.log(fmt::format("{}: {} seed{}, {} bar{}, at most {}", page_.slug, count, count == 1 ? "" : "s",
                         page_.bars.size(), page_.bars.size() == 1 ? "" : "s", duration_text(page_.minutes * 60)));
    for (unsigned i = 0; i < count && why_.empty(); ++i) QUIVER_TRY(run_seed(i, count));
    return finish();
  }

 private:
  fs::path seed_path(std::uint64_t seed) const {
    const fs::path cache = options_.cache.empty() ? run_.cache() : options_.cache;
    const std::string key =
        digest_of(std::string_view(dump_json(settings_, -1) + build_ + dump_json(data_.entries, -1)));
    return cache / "reproduce" / page_.slug / fmt::format("{}-seed{}.json", key.substr(0, 16), seed);
  }

  // A recipe that can be told to be quick is.
  void shorten() {
    for (const OptionSpec& option : recipe_.options()) {
      if (option.name == "quick") asked_.set("quick", "true");
    }
  }

  Result<void> run_seed(unsigned ordinal, unsigned count) {
    const std::uint64_t seed = ordinal + 1;
    const fs::path path = seed_path(seed), parts = fs::path(path).replace_extension();  // arms, until the seed is done
    if (options_.fresh) remove_parts(parts);
    if (!options_.fresh && fs::exists(path)) {
      if (auto before = open_seed(path); before.has_value()) {
        run_.log(fmt::format("seed {}: done before in {}", seed, duration_text(before->seconds)));
        return keep(*std::move(before));
      }
      run_.log(fmt::format("seed {}: its earlier result is damaged and runs again", seed));
    }
    const double left = page_.minutes * 60 - spent_;
    if (run_.stop()) return run_.stopped(fmt::format("reproducing {}", page_.slug));
    if (left <= 0) {
      why_ = fmt::format("{} of {} seeds have finished within {}", seeds_.size(), count,
                         duration_text(page_.minutes * 60));
      return {};
    }
    Run one({.seed = seed,
             .ordinal = ordinal,
             .threads = run_.threads().count(),
             .deadline_seconds = left,
             .progress = options_.progress,
             .cache = options_.cache.empty() ? run_.cache() : options_.cache});
    const KeptArms kept(one, parts);
    const auto start = std::chrono::steady_clock::now();
    auto values = recipe_.reproduce(asked_, one);
    FinishedSeed finished{{seed, {}}, seconds_since(start)};
    if (!values.has_value()) {
      if (values.error().code() != Code::Cancelled || run_.stop())
        return std::move(values).error().within(fmt::format("{}, seed {}", page_.slug, seed));
      why_ = fmt::format("seed {} did not finish within the page's {}", seed, duration_text(page_.minutes * 60));
      return {};
    }
    finished.measured.values = *std::move(values);
    QUIVER_TRY(save_seed(path, finished));
    remove_parts(parts);
    const double mean = (spent_ + finished.seconds) / static_cast<double>(seeds_.size() + 1);
    run_.log(fmt::format("seed {}: {}; {} to go, about {}", seed, duration_text(finished.seconds), count - ordinal - 1,
                         duration_text(mean * (count - ordinal - 1))));
    return keep(std::move(finished));
  }
  static void remove_parts(const fs::path& parts) {
    std::error_code ignored;
    fs::remove_all(parts, ignored);
  }
  Result<void> keep(FinishedSeed seed) {
    spent_ += seed.seconds;
    times_.push_back({{"seed", seed.measured.seed}, {"seconds", seed.seconds}});
    seeds_.push_back(std::move(seed.measured));
    return {};
  }

  Result<Reproduction> finish() {
    Reproduction out;
    for (const Bar& bar : page_.bars) out.judged.push_back(judge(bar, seeds_));
    out.verdict = overall(page_.bars, out.judged);
    if (!why_.empty() && out.verdict == Verdict::Pass) out.verdict = Verdict::Incomplete;
    out.why = why_;
    out.json = {{"recipe", page_.slug},
                {"verdict", std::string(name_of(out.verdict))},
                {"why", out.why},
                {"quick", options_.quick}};
    out.json.update(origin_json(run_.threads().count()));
    out.json.update({{"build", build_},
                     {"minutes", spent_ / 60},
                     {"options", settings_},
                     {"data", data_.entries},
                     {"seeds", times_},
                     {"bars", bars_json(page_.bars, out.judged)},
                     {"arms", arms_json(seeds_)}});
    out.seeds = std::move(seeds_);
    QUIVER_TRY(out.markdown, results_markdown(out.json));
    if (!options_.quick && !options_.results.empty()) {
      QUIVER_TRY(make_folders(options_.results));
      QUIVER_TRY(write_file(options_.results / (page_.slug + ".json"), dump_json(out.json) + "\n"));
      QUIVER_TRY(write_file(options_.results / (page_.slug + ".md"), out.markdown));
    }
    return out;
  }

  const Recipe& recipe_;
  const RecipePage& page_;
  const ReproduceOptions& options_;
  Run& run_;
  Settings asked_;
  Json settings_, times_ = Json::array();
  PageData data_;
  std::string build_, why_;  // why_: the reason to stop early
  std::vector<SeedMeasured> seeds_;
  double spent_ = 0;  // seconds of the finished seeds
};
}  // namespace

Result<Reproduction> reproduce(const Recipe& recipe, const RecipePage& page, const ReproduceOptions& options,
                               Run& run) {
  return Driver(recipe, page, options, run).go();
}

}  // namespace quiver
