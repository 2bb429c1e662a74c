#include "bench/search/searcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <istream>
#include <ostream>
#include <sstream>

#include "quiver/core/cpu_time.h"
#include "quiver/core/file.h"
#include "quiver/core/statistics.h"
#include "quiver/data/read_vectors.h"
#include "quiver/index/spec.h"

namespace quiver::bench {
namespace {
namespace fs = std::filesystem;

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Result<Matrix> floats_of(const fs::path& path) {
  QUIVER_TRY(const Rows rows, read_vectors(path));
  QUIVER_TRY(const TypedView typed, rows.dense_typed().within(path.string()));
  return to_float(typed);
}

std::string file_name_of(std::string spec) {
  std::erase(spec, ' ');
  std::ranges::replace_if(
      spec, [](char c) { return c == '(' || c == ')' || c == ',' || c == '+'; }, '_');
  return spec;
}

struct Built {
  std::unique_ptr<Index> index;
  double cpu_seconds = 0;
};

Result<Built> build_or_open(const Matrix& base, const SearchFiles& files, const SearcherOptions& options, Run& run) {
  QUIVER_TRY(const std::string program, digest_of_file("/proc/self/exe"));
  const std::string stem =
      fmt::format("{}.quiver-{}-{}", files.cache.string(), file_name_of(options.spec), program.substr(0, 8));
  const fs::path index_path = stem + ".qvi", time_path = stem + ".cpu";
  if (!options.rebuild && fs::exists(index_path) && fs::exists(time_path)) {
    QUIVER_TRY(auto index, open_index(index_path));
    QUIVER_TRY(const std::string text, read_file(time_path));
    std::istringstream words(text);
    double seconds = 0;
    if (!(words >> seconds)) return Error::corruption(fmt::format("{}: '{}' is no time", time_path.string(), text));
    return Built{std::move(index), seconds};
  }
  QUIVER_TRY(const IndexSpec spec, IndexSpec::parse(options.spec));
  Matrix sample;
  if (!options.sample.empty()) {
    QUIVER_TRY(sample, floats_of(options.sample));
  }
  const Space space{.id = {}, .dims = base.cols(), .metric = files.metric, .prefix_of = {}};
  const double start = cpu_seconds();
  QUIVER_TRY(auto index, build_index(spec, base.view(), space, sample.view(), run));
  const double seconds = cpu_seconds() - start;
  QUIVER_TRY(index->save(index_path));
  QUIVER_TRY(write_file(time_path, fmt::format("{:.3f}\n", seconds)));
  index.reset();
  QUIVER_TRY(index, open_index(index_path));  // the same memory whether it was built or found
  return Built{std::move(index), seconds};
}

}  // namespace

std::string_view name_of(SearchMode mode) noexcept { return mode == SearchMode::Batch ? "batch" : "single"; }

Result<std::unique_ptr<Searcher>> Searcher::open(const SearchFiles& files, const SearcherOptions& options, Run& run) {
  std::unique_ptr<Searcher> out(new Searcher);
  out->files_ = files;
  out->options_ = options;
  QUIVER_TRY(out->base_, floats_of(files.base));
  QUIVER_TRY(out->queries_, floats_of(files.queries));
  if (out->queries_.cols() != out->base_.cols()) {
    return Error::invalid_argument(fmt::format("{} has vectors of {} numbers, {} of {}; give queries of the same space",
                                               files.queries.string(), out->queries_.cols(), files.base.string(),
                                               out->base_.cols()));
  }
  QUIVER_TRY(out->judge_by(files.truth));
  QUIVER_TRY(Built built, build_or_open(out->base_, files, options, run));
  if (built.index->size() != out->base_.rows()) {
    return Error::corruption(fmt::format("the index kept at {} holds {} rows and the data {}; remove it",
                                         files.cache.string(), built.index->size(), out->base_.rows()));
  }
  out->index_ = std::move(built.index);
  out->build_cpu_seconds_ = built.cpu_seconds;
  return out;
}

Result<void> Searcher::judge_by(const fs::path& path) {
  QUIVER_TRY(const Integers truth, read_integers(path));
  if (truth.rows < queries_.rows() || truth.cols < files_.k) {
    return Error::invalid_argument(fmt::format("{} has {} neighbours of {} queries; wanted are {} of {}", path.string(),
                                               truth.cols, truth.rows, files_.k, queries_.rows()));
  }
  for (const std::int32_t row : truth.values) {
    if (row >= 0 && static_cast<std::size_t>(row) >= base_.rows()) {
      return Error::invalid_argument(fmt::format("{} names row {} and there are {}", path.string(), row, base_.rows()));
    }
  }
  judge_.emplace(base_.view(), queries_.view(), truth.view(), files_.metric, files_.k);
  return {};
}

Ready Searcher::ready() const {
  return {"quiver", fmt::format("{}/{}", options_.spec, name_of(options_.mode)), files_.data, build_cpu_seconds_,
          static_cast<double>(index_->bytes()) / static_cast<double>(index_->size())};
}

Result<std::uint64_t> Searcher::filter(const fs::path& mask, const fs::path& truth) {
  if (mask.empty()) {
    mask_.reset();
    QUIVER_TRY(judge_by(files_.truth));
    return base_.rows();
  }
  QUIVER_TRY(mask_, Mask::open(mask, base_.rows()));
  QUIVER_TRY(judge_by(truth));
  return mask_->allowed();
}

Result<void> Searcher::search_all(const SearchParams& params, std::vector<std::int32_t>& rows,
                                  std::vector<double>* seconds, Run& run) {
  const std::size_t k = params.k;
  if (options_.mode == SearchMode::Batch) {
    QUIVER_TRY(const Hits hits, index_->search_batch(queries_.view(), params, run));
    for (std::size_t q = 0; q < hits.queries(); ++q) {
      const auto found = hits.of(q);
      for (std::size_t i = 0; i < found.size(); ++i) rows[q * k + i] = static_cast<std::int32_t>(found[i].row);
    }
    return {};
  }
  Scratch scratch;
  std::vector<Hit> found(k);
  for (std::size_t q = 0; q < queries_.rows(); ++q) {
    const double start = seconds != nullptr ? wall_seconds() : 0;
    QUIVER_TRY(const std::size_t count, index_->search(queries_.view().slice(q, 1), params, scratch, found));
    if (seconds != nullptr) seconds->push_back(wall_seconds() - start);
    for (std::size_t i = 0; i < count; ++i) rows[q * k + i] = static_cast<std::int32_t>(found[i].row);
  }
  return {};
}

Result<Answer> Searcher::ask(std::uint32_t effort, std::uint32_t repeats, Run& run) {
  if (effort == 0 || effort > 10'000) {
    return Error::invalid_argument(fmt::format("effort {}: the recall to ask for in 1/10000, at most 10000", effort));
  }
  SearchParams params{.k = files_.k, .recall = static_cast<float>(effort) / 10'000};
  params.filter = mask_ ? &*mask_ : nullptr;
  std::vector<std::int32_t> rows(queries_.rows() * params.k, -1);
  std::vector<double> wall, rates;
  QUIVER_TRY(search_all(params, rows, &wall, run));  // warms caches; its answers are judged
  const double recall = judge_->recall(rows);
  for (std::uint32_t i = 0; i < std::max(repeats, 1U); ++i) {
    const double start = cpu_seconds();
    QUIVER_TRY(search_all(params, rows, nullptr, run));
    rates.push_back(static_cast<double>(queries_.rows()) / (cpu_seconds() - start));
  }
  const Ready self = ready();
  const double best = *std::ranges::max_element(rates);
  return Answer{self.peer,
                self.config,
                self.data,
                effort,
                recall,
                best,
                quantile_of(rates, 0.5),
                1e6 * (wall.empty() ? 1 / best : quantile_of(wall, 0.5)),
                self.build_cpu_seconds,
                self.bytes_per_vector};
}

Result<void> Searcher::serve(std::istream& in, std::ostream& out, Run& run) {
  out << to_line(ready()) << std::endl;
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string first, mask, truth;
    words >> first;
    if (first == "filter") {
      words >> mask >> truth;
      const auto rows = mask == "none" ? filter({}, {}) : filter(mask, truth);
      out << (rows.has_value() ? fmt::format("FILTER,{}", *rows) : "NO," + rows.error().message()) << std::endl;
      continue;
    }
    std::uint32_t effort = 0, repeats = 1;
    std::istringstream numbers(line);
    if (!(numbers >> effort) || effort == 0) break;
    numbers >> repeats;
    const auto answer = ask(effort, repeats, run);
    out << (answer.has_value() ? to_line(*answer) : "NO," + answer.error().message()) << std::endl;
  }
  return {};
}

}  // namespace quiver::bench
