// instructions: a few indexes of generated rows, and searches of them that tools/instructions has callgrind count.
//
//   instructions list                   the names of the rows of kSubjects, one a line
//   instructions build FOLDER           writes FOLDER/<name>.qvi for each, built by one thread from a fixed seed
//   instructions count FOLDER NAME      searches that one, for callgrind to look on
//   instructions search FOLDER NAME     the same, and prints {"queries": 256, "recall": 0.98, "compiler": "12.2.0"}
//
// Where timings depend on the machine and its neighbours, the number of instructions of the same searches does not.
// Only what quiver_counted_searches calls is counted: opening, the first searches, which make room, and the check of
// the answers lie outside. Counted code calls no BLAS, whose kernels differ between processors. QUIVER_SIMD pins the
// level to the newest that valgrind knows.
// To guard another index: one row in kSubjects, then tools/instructions --update.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/json.h"
#include "quiver/core/matrix.h"
#include "quiver/core/random.h"
#include "quiver/index/spec.h"
#include "quiver/simd/kernels.h"

namespace quiver {

// What is counted: each query of a search, alone or, with `batch`, all at once by one thread.
struct CountedSearches {
  const Index* index = nullptr;
  MatrixView queries;
  SearchParams params;
  bool batch = false;
  Run* run = nullptr;
  Scratch* scratch = nullptr;
};

}  // namespace quiver

// Callgrind finds it by this name.
extern "C" [[gnu::noinline]] bool quiver_counted_searches(const quiver::CountedSearches& searches, quiver::Hits& hits);

bool quiver_counted_searches(const quiver::CountedSearches& searches, quiver::Hits& hits) {
  if (searches.batch) {
    auto answer = searches.index->search_batch(searches.queries, searches.params, *searches.run);
    if (!answer.has_value()) return false;
    hits = std::move(*answer);
    return true;
  }
  const std::size_t k = searches.params.k;
  for (std::size_t q = 0; q < searches.queries.rows; ++q) {
    const std::span<quiver::Hit> out(hits.hits.data() + q * k, k);
    const auto found = searches.index->search(searches.queries.slice(q, 1), searches.params, *searches.scratch, out);
    if (!found.has_value()) return false;
    hits.counts[q] = static_cast<std::uint32_t>(*found);
  }
  return true;
}

namespace quiver {
namespace {

namespace fs = std::filesystem;

struct Subject {
  std::string_view name, spec;
  bool batch = false;
};

constexpr std::array kSubjects = {
    Subject{"flat", "flat"},
    Subject{"flat-lvq8", "flat + lvq(8)"},
    Subject{"flat-pq4", "flat + pq(48,4) + rerank(f16)"},
    Subject{"hnsw", "hnsw(16,128)"},
    Subject{"hnsw-lvq8", "hnsw(16,128) + lvq(8)"},
    Subject{"graph", "graph"},
    Subject{"graph-batch", "graph", true},
    Subject{"ivf-batch", "ivf", true},
};

constexpr std::size_t kRows = 6000, kQueries = 256, kDims = 96, kLatent = 12;
constexpr std::uint32_t kNeighbours = 10;
constexpr std::uint64_t kSeed = 20240607;

// Points near a subspace of kLatent dimensions, as learned vectors are.
Matrix points(std::size_t rows, std::string_view name) {
  Random of_map(kSeed, stream_of("map"));
  Matrix map(kLatent, kDims);
  for (std::size_t i = 0; i < kLatent; ++i) {
    for (float& x : map.row(i)) x = of_map.normal();
  }
  Matrix out(rows, kDims);
  for (std::size_t i = 0; i < rows; ++i) {
    Random random(mix(kSeed, i), stream_of(name));
    const auto row = out.row(i);
    for (std::size_t l = 0; l < kLatent; ++l) {
      const float along = random.normal();
      for (std::size_t d = 0; d < kDims; ++d) row[d] += along * map.row(l)[d];
    }
    constexpr float kNoise = 0.5F;
    for (float& x : row) x += kNoise * random.normal();
  }
  return out;
}

fs::path file_of(const fs::path& folder, std::string_view name) { return folder / (std::string(name) + ".qvi"); }

Result<void> build(const fs::path& folder) {
  const Matrix base = points(kRows, "base");
  const Space space{.id = "", .dims = kDims, .metric = Metric::L2, .prefix_of = "", .prefix_dims = 0};
  for (const Subject& subject : kSubjects) {
    Run run({.seed = kSeed, .threads = 1});
    QUIVER_TRY(const IndexSpec spec, IndexSpec::parse(subject.spec));
    QUIVER_TRY(const auto index, build_index(spec, base.view(), space, {}, run));
    QUIVER_TRY(index->save(file_of(folder, subject.name)));
  }
  return {};
}

Result<Hits> answers(const CountedSearches& searches) {
  const std::size_t k = searches.params.k, queries = searches.queries.rows;
  Hits hits{
      .k = searches.params.k, .hits = std::vector<Hit>(queries * k), .counts = std::vector<std::uint32_t>(queries)};
  if (!quiver_counted_searches(searches, hits)) {
    return Error::internal(fmt::format("searching '{}' failed", searches.index->spec()));
  }
  return hits;
}

// The part of the k nearest rows, which the flat index of the same rows names, that was found.
Result<double> recall_of(const Hits& hits, MatrixView queries, const fs::path& folder) {
  QUIVER_TRY(const auto flat, open_index(file_of(folder, kSubjects.front().name)));
  Scratch scratch;
  std::vector<Hit> nearest(hits.k);
  std::size_t found = 0;
  for (std::size_t q = 0; q < queries.rows; ++q) {
    QUIVER_TRY(flat->search(queries.slice(q, 1), {.k = hits.k}, scratch, nearest));
    for (const Hit& hit : hits.of(q)) found += std::ranges::count(nearest, hit.row, &Hit::row) > 0 ? 1 : 0;
  }
  return static_cast<double>(found) / static_cast<double>(hits.k * queries.rows);
}

Result<std::string> search(const fs::path& folder, std::string_view name, bool judge) {
  const auto* subject = std::ranges::find(kSubjects, name, &Subject::name);
  if (subject == kSubjects.end()) return Error::not_found(fmt::format("no search is called '{}'; see list", name));
  QUIVER_TRY(const auto index, open_index(file_of(folder, name)));
  const Matrix queries = points(kQueries, "queries");
  Run run({.seed = kSeed, .threads = 1});
  Scratch scratch;
  CountedSearches searches{.index = index.get(),
                           .queries = queries.view(),
                           .params = {.k = kNeighbours},
                           .batch = subject->batch,
                           .run = &run,
                           .scratch = &scratch};
  std::vector<Hit> first(kNeighbours);
  QUIVER_TRY(index->search(searches.queries.slice(0, 1), searches.params, scratch, first));
  QUIVER_TRY(index->search_batch(searches.queries.slice(0, 1), searches.params, run));
  QUIVER_TRY(const Hits hits, answers(searches));
  if (!judge) return std::string();
  QUIVER_TRY(const double recall, recall_of(hits, searches.queries, folder));
  return Json{{"queries", kQueries}, {"recall", recall}, {"compiler", __VERSION__}}.dump() + "\n";
}

Result<std::string> run_program(std::span<char* const> words) {
  const std::string_view verb = words.size() > 1 ? words[1] : "";
  if (verb == "list" && words.size() == 2) {
    std::string names;
    for (const Subject& subject : kSubjects) names += fmt::format("{}\n", subject.name);
    return names;
  }
  const bool builds = verb == "build" && words.size() == 3;
  const bool searches = verb == "search" || verb == "count";
  if (!builds && !(searches && words.size() == 4)) {
    return Error::invalid_argument("use: list, build FOLDER, count FOLDER NAME, or search FOLDER NAME");
  }
  if (simd::kernels().level != simd::Level::Avx2) {
    return Error::failed_precondition(fmt::format(
        "counts are of level avx2, and this process runs {}; set QUIVER_SIMD=avx2 on a processor that has it",
        simd::level_note()));
  }
  if (searches) return search(words[2], words[3], verb == "search");
  QUIVER_TRY(build(words[2]));
  return std::string();
}

}  // namespace
}  // namespace quiver

int main(int count, char** words) {
  const auto text = quiver::run_program({words, static_cast<std::size_t>(count)});
  if (!text.has_value()) {
    std::fprintf(stderr, "instructions: %s\n", text.error().message().c_str());
    return quiver::exit_status(text.error().code());
  }
  std::fputs(text->c_str(), stdout);
  return 0;
}
