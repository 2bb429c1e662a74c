#include "quiver/index/ivf.h"

#include <fmt/format.h>

#include <algorithm>

#include "quiver/core/metric.h"
#include "quiver/index/internal/batch.h"
#include "quiver/index/internal/exact_scan.h"
#include "quiver/index/internal/ivf_calibration.h"
#include "quiver/index/internal/ivf_plan.h"
#include "quiver/index/internal/neighbour_block.h"

namespace quiver {
namespace {
using internal::Batch;
using internal::IvfEffort;
using internal::IvfLevels;
using internal::IvfParts;
using internal::IvfPlan;
using internal::IvfSearch;
using internal::Removed;

constexpr std::string_view kLists = "ivf/";
constexpr std::size_t kMaxLists = std::size_t{1} << 22;
constexpr std::size_t kSweepOne = 8;  // of so many places that belongs to a removed row lets lists close up
constexpr char kMemoryKind = 0;       // its address says that Scratch::Worker::own is an IvfSearch::Memory
}  // namespace

struct IvfIndex::State {
  IndexSpec spec;
  Space space;
  IvfParts parts;
  IvfLevels levels;
  Removed removed;

  std::size_t size() const noexcept { return parts.positions(); }
  std::size_t live() const noexcept { return size() - removed.count(); }

  TopK as_rows(const TopK& positions) const {
    TopK best(positions.size());
    for (const Hit& hit : positions.held()) best.offer({parts.row_at(hit.row), hit.distance});
    return best;
  }
  Result<std::size_t> scan(TypedView query, const IvfPlan& plan, Scratch& scratch, std::span<Hit> out,
                           SearchStats& stats) const {
    QUIVER_TRY(const std::unique_ptr<Scorer> scorer, parts.exact().scorer(query));
    const TopK best = internal::scan(parts.exact(), *scorer, plan.effort().k, plan.eligible(), scratch, stats);
    return as_rows(best).sorted_into(out);
  }
  Result<std::vector<TopK>> scan_batch(const DenseInput& queries, const IvfPlan& plan, Run& run,
                                       SearchStats& stats) const {
    QUIVER_TRY(std::vector<TopK> found,
               internal::scan_batch(parts.exact(), queries, plan.effort().k, plan.eligible(), run, stats));
    for (TopK& best : found) best = as_rows(best);
    return found;
  }
  // Queries first .. first + count - 1; hits of query q go to out + q * k.
  Result<void> probe_some(const DenseInput& input, std::size_t first, std::size_t count, const IvfEffort& effort,
                          IvfSearch::Memory& memory, std::span<Hit> out, std::span<std::uint32_t> counts,
                          SearchStats& stats) const {
    const IvfSearch search(parts);
    QUIVER_TRY(search.probe(input, first, count, effort, memory, stats));
    search.prefetch(0, memory);
    for (std::size_t q = 0; q < count; ++q) {
      if (q + 1 < count) search.prefetch(q + 1, memory);
      const std::span<Hit> to = out.subspan((first + q) * effort.k, effort.k);
      QUIVER_TRY(const std::size_t found, search.finish(input.row(first + q), q, effort, memory, to, stats));
      counts[first + q] = static_cast<std::uint32_t>(found);
    }
    return {};
  }
};

IvfIndex::IvfIndex(std::unique_ptr<State> state) : state_(std::move(state)) {}
IvfIndex::~IvfIndex() = default;

Result<void> IvfIndex::check(std::span<const unsigned> arguments) {
  if (arguments[0] <= kMaxLists) return {};
  return Error::invalid_argument(
      fmt::format("{} lists; an inverted file takes up to {}, or 0 to choose by itself", arguments[0], kMaxLists));
}

Result<std::unique_ptr<Index>> IvfIndex::build(const IndexSpec& spec, const RowsView& base, const Space& space,
                                               MatrixView sample_queries, Run& run) {
  if (space.metric == Metric::Manhattan || space.metric == Metric::Hamming) {
    return Error::invalid_argument(
        fmt::format("an inverted file takes l2, dot and cosine, not {}; use hnsw or flat", name_of(space.metric)));
  }
  if (!spec.between.empty()) {
    return Error::invalid_argument(
        fmt::format("an inverted file orders what it finds by one rerank(...), not by {}; leave out rerank({}), or use "
                    "flat or hnsw",
                    spec.between.size() + 1, spec.between[0].text()));
  }
  QUIVER_TRY(const DenseInput input, DenseInput::of(base, space.dims, 0, "building an inverted file"));
  if (input.rows() == 0) {
    return Error::invalid_argument("an inverted file learns from its rows and there are none; use flat");
  }
  if (input.rows() >= internal::kNoRow) {
    return Error::invalid_argument(
        fmt::format("{} rows; an inverted file holds at most {}", input.rows(), internal::kNoRow - 1));
  }
  if (sample_queries.rows > 0 && sample_queries.cols != space.dims) {
    return Error::invalid_argument(fmt::format(
        "sample queries of {} dims for rows of {}; give queries as searches will", sample_queries.cols, space.dims));
  }
  auto state = std::make_unique<State>();
  state->spec = spec;
  state->space = space;
  std::vector<unsigned>& arguments = state->spec.arguments;
  if (arguments.empty()) arguments.assign(std::begin(kDefaults), std::end(kDefaults));
  QUIVER_CHECK(arguments.size() == std::size(kDefaults));
  QUIVER_TRY(check(arguments));
  const std::size_t longest = space.dims + (space.metric == Metric::Dot ? 1 : 0);
  if (arguments[1] > longest) {
    return Error::invalid_argument(fmt::format("lists by {} dimensions of rows of {}: at most {}, or 0 to choose",
                                               arguments[1], space.dims, longest));
  }
  QUIVER_TRY(state->parts, internal::build_ivf(state->spec, input, space, sample_queries, run));
  QUIVER_TRY(state->levels, internal::calibrate_ivf(state->parts, input, sample_queries, run));
  return std::unique_ptr<Index>(new IvfIndex(std::move(state)));
}

Result<std::unique_ptr<Index>> IvfIndex::open(const IndexSpec& spec, const Container& file) {
  auto state = std::make_unique<State>();
  state->spec = spec;
  QUIVER_TRY(const internal::IndexHeader header, internal::read_index_header(file));
  state->space = header.space;
  QUIVER_TRY(state->parts, internal::open_ivf(spec, file, header));
  QUIVER_TRY(state->levels, IvfLevels::load(file, kLists));
  QUIVER_TRY(state->removed, internal::read_removed(file, header));
  return std::unique_ptr<Index>(new IvfIndex(std::move(state)));
}

const Space& IvfIndex::space() const noexcept { return state_->space; }
std::string IvfIndex::spec() const { return state_->spec.text(); }
std::size_t IvfIndex::size() const noexcept { return state_->size(); }
std::size_t IvfIndex::live() const noexcept { return state_->live(); }
std::size_t IvfIndex::bytes() const noexcept { return state_->parts.bytes() + state_->removed.words().size_bytes(); }
std::vector<std::pair<float, float>> IvfIndex::calibration() const {
  std::vector<std::pair<float, float>> steps;
  for (const auto& step : state_->levels.calibration().steps()) {
    steps.emplace_back(state_->levels.of(step.low).rows, step.recall);
  }
  return steps;
}

Result<void> IvfIndex::add(const RowsView& rows) {
  State& s = *state_;
  QUIVER_TRY(const DenseInput input, DenseInput::of(rows, s.space.dims, s.size(), "adding to an inverted file"));
  if (s.size() + input.rows() >= internal::kNoRow) {
    return Error::invalid_argument(fmt::format("adding {} rows to {}: an inverted file holds at most {}", input.rows(),
                                               s.size(), internal::kNoRow - 1));
  }
  return s.parts.add(rows, input);
}

Result<void> IvfIndex::remove(std::span<const std::uint32_t> rows) {
  State& s = *state_;
  QUIVER_TRY(internal::remove_rows(s.removed, rows, size()));
  std::size_t held = 0;
  for (const std::uint32_t size : s.parts.lists->sizes()) held += size;
  const std::size_t dead = held - std::min(held, s.live());
  if (dead * kSweepOne > held) {
    s.parts.lists->sweep([&](std::uint32_t position) { return s.removed.contains(s.parts.row_at(position)); });
  }
  return {};
}

Result<std::vector<std::uint32_t>> IvfIndex::compact(Run& run) {
  if (run.stop()) return run.stopped("compacting an inverted file");
  std::vector<std::uint32_t> rows = internal::rows_left(state_->removed, size());
  state_->parts.keep(rows);
  state_->removed = {};
  return rows;
}

Result<std::size_t> IvfIndex::search(const RowsView& query, const SearchParams& params, Scratch& scratch,
                                     std::span<Hit> out, SearchStats* stats) const {
  const State& s = *state_;
  QUIVER_TRY(const DenseInput input, DenseInput::of(query, s.space.dims, 0, "searching"));
  if (input.rows() != 1) {
    return Error::invalid_argument(
        fmt::format("searching for one query: {} were given; use search_batch", input.rows()));
  }
  const std::size_t k = std::min<std::size_t>(params.k, s.live());
  if (k == 0) return std::size_t{0};
  QUIVER_CHECK(out.size() >= std::min<std::size_t>(params.k, size()));
  SearchStats own;
  SearchStats& counted = stats != nullptr ? *stats : own;
  const IvfPlan plan(s.parts, s.levels, s.removed, params, k);
  if (plan.scans()) return s.scan(input.row(0), plan, scratch, out, counted);
  counted.plan = "inverted lists";
  counted.expected_recall = plan.expected_recall();
  Scratch::Worker& worker = scratch.worker(0);
  if (worker.kind != &kMemoryKind) {
    worker.own = std::make_shared<IvfSearch::Memory>();
    worker.kind = &kMemoryKind;
  }
  auto& memory = *static_cast<IvfSearch::Memory*>(worker.own.get());
  std::uint32_t found = 0;
  QUIVER_TRY(s.probe_some(input, 0, 1, plan.effort(), memory, out, {&found, 1}, counted));
  return found < k ? s.scan(input.row(0), plan, scratch, out, counted) : Result<std::size_t>(found);
}

Result<Hits> IvfIndex::search_batch(const RowsView& queries, const SearchParams& params, Run& run,
                                    SearchStats* stats) const {
  const State& s = *state_;
  QUIVER_TRY(Batch batch, Batch::of(queries, params, s.space, s.removed, s.live(), stats));
  if (batch.empty()) return std::move(batch.hits);
  const std::size_t count = batch.input.rows();
  SearchStats& counted = batch.stats();
  const IvfPlan plan(s.parts, s.levels, s.removed, params, batch.k);
  if (plan.scans()) {  // all of them at once: whom the filter allows is asked once, not for every query
    QUIVER_TRY(const std::vector<TopK> best, s.scan_batch(batch.input, plan, run, counted));
    for (std::size_t q = 0; q < count; ++q) batch.set(q, best[q]);
    return std::move(batch.hits);
  }
  counted.plan = "inverted lists";
  counted.expected_recall = plan.expected_recall();
  const unsigned threads = run.threads().count();
  std::vector<SearchStats> parts(threads);
  std::vector<IvfSearch::Memory> memories(threads);
  const std::size_t together = std::min((count + threads - 1) / threads, IvfSearch::kTogether);
  run.threads().parallel_for(count, together, [&](std::size_t begin, std::size_t end, unsigned worker) {
    if (run.stop()) return;
    const auto done = s.probe_some(batch.input, begin, end - begin, plan.effort(), memories[worker], batch.hits.hits,
                                   batch.hits.counts, parts[worker]);
    QUIVER_CHECK(done.has_value());  // queries were checked
  });
  for (const SearchStats& part : parts) counted.add_counts(part);
  QUIVER_TRY(batch.complete(run, [&](const DenseInput& some) { return s.scan_batch(some, plan, run, counted); }));
  return std::move(batch.hits);
}

Result<void> IvfIndex::save(const std::filesystem::path& path) const {
  ContainerWriter writer(internal::kIndexKind, internal::kIndexVersion);
  internal::save_index_header(writer, {spec(), space(), size(), live()}, state_->removed);
  state_->parts.save(writer);
  state_->levels.save(writer, kLists);
  return writer.save(path).within("saving index");
}

}  // namespace quiver
