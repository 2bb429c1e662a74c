#include "quiver/index/graph.h"

#include <fmt/format.h>

#include <algorithm>

#include "quiver/core/metric.h"
#include "quiver/index/internal/batch.h"
#include "quiver/index/internal/graph_search.h"
#include "quiver/index/internal/graph_update.h"
#include "quiver/index/internal/index_file.h"

namespace quiver {
namespace {
using internal::Batch;
using internal::Eligible;
using internal::GraphSearch;

constexpr std::string_view kGraph = "graph/", kCodes = "rerank/";
constexpr std::size_t kTogether = 64;  // queries a thread takes at a time
const QuantizerSpec kUsualRerank{"f16", {}};
constexpr char kWalkersKind = 0;  // its address says that Scratch::Worker::own is GraphWalkers; one fits every graph

// 4-bit groups for so many dimensions: a little over one bit a dimension, and more for short vectors.
std::size_t groups_for(std::size_t dims) {
  const std::size_t wanted = dims <= 64 ? dims / 2 : dims <= 160 ? 48 : dims * 3 / 10;
  return std::clamp<std::size_t>((wanted + 3) / 4 * 4, 8, 128);
}
}  // namespace

struct GraphIndex::State : internal::GraphBody {
  IndexSpec spec;
};

GraphIndex::GraphIndex(std::unique_ptr<State> state) : state_(std::move(state)) {}
GraphIndex::~GraphIndex() = default;

Result<void> GraphIndex::check(std::span<const unsigned> arguments) {
  const unsigned groups = arguments[1];
  if (groups % 4 == 0 && groups <= simd::kMaxGroups) return {};
  return Error::invalid_argument(fmt::format(
      "{} groups: a graph takes a multiple of 4 up to {}, or 0 to choose by itself", groups, simd::kMaxGroups));
}

Result<std::unique_ptr<Index>> GraphIndex::build(const IndexSpec& spec, const RowsView& base, const Space& space,
                                                 MatrixView sample_queries, Run& run) {
  if (space.metric == Metric::Manhattan || space.metric == Metric::Hamming) {
    return Error::invalid_argument(
        fmt::format("a graph takes l2, dot and cosine, not {}; use hnsw or flat", name_of(space.metric)));
  }
  if (spec.codes) {
    return Error::invalid_argument(fmt::format(
        "a graph makes its own codes; write graph + rerank({}) for what orders the candidates", spec.codes->text()));
  }
  if (!spec.between.empty()) {
    return Error::invalid_argument(fmt::format(
        "a graph orders what it finds by one rerank(...), not by {}; leave out rerank({}), or use flat or hnsw",
        spec.between.size() + 1, spec.between[0].text()));
  }
  QUIVER_TRY(const DenseInput input, DenseInput::of(base, space.dims, 0, "building a graph"));
  if (input.rows() == 0) return Error::invalid_argument("a graph learns from its rows and there are none; use flat");
  if (input.rows() >= internal::kNoRow) {
    return Error::invalid_argument(
        fmt::format("{} rows; a graph holds at most {}", input.rows(), internal::kNoRow - 1));
  }
  if (sample_queries.rows > 0 && sample_queries.cols != space.dims) {
    return Error::invalid_argument(fmt::format(
        "sample queries of {} dims for rows of {}; give queries as searches will", sample_queries.cols, space.dims));
  }
  auto state = std::make_unique<State>();
  state->spec = spec;
  state->space = space;
  if (state->spec.arguments.empty()) state->spec.arguments = {0, 0};
  std::vector<unsigned>& arguments = state->spec.arguments;
  QUIVER_CHECK(arguments.size() == 2);
  QUIVER_TRY(check(arguments));
  Matrix scratch;
  const MatrixView rows = input.floats(0, input.rows(), scratch);
  if (arguments[0] > space.dims) {
    return Error::invalid_argument(fmt::format("a graph of {} dimensions for rows of {}: at most {}, or 0 to choose",
                                               arguments[0], space.dims, space.dims));
  }
  QUIVER_TRY(state->short_space, internal::GraphSpace::fit(rows, space, arguments[0], run, /*products=*/true));
  internal::GraphOptions options;
  options.products = state->short_space.products();
  options.groups = arguments[1] > 0 ? arguments[1] : groups_for(state->short_space.dims());
  arguments = {static_cast<unsigned>(state->short_space.dims()), static_cast<unsigned>(options.groups)};
  {
    const Matrix points = state->short_space.points(rows, &run.threads());
    QUIVER_TRY(state->graph, internal::build_graph(points.view(), options, run));
  }
  state->spec.rerank = spec.rerank.value_or(kUsualRerank);
  QUIVER_TRY(const std::unique_ptr<Quantizer> quantizer, make_quantizer(*state->spec.rerank, space));
  QUIVER_TRY(quantizer->fit(rows, sample_queries, run));
  QUIVER_TRY(state->codes, quantizer->encode(base, run));
  state->slots = internal::RowSlots(input.rows());
  QUIVER_TRY(state->calibration, internal::calibrate_graph(*state, input, sample_queries, run));
  return std::unique_ptr<Index>(new GraphIndex(std::move(state)));
}

Result<std::unique_ptr<Index>> GraphIndex::open(const IndexSpec& spec, const Container& file) {
  auto state = std::make_unique<State>();
  state->spec = spec;
  QUIVER_TRY(const internal::IndexHeader header, internal::read_index_header(file));
  state->space = header.space;
  QUIVER_TRY(state->short_space, internal::GraphSpace::load(file, kGraph, header.space));
  QUIVER_TRY(state->graph,
             internal::load_graph(file, kGraph, state->short_space.dims(), state->short_space.products()));
  QUIVER_TRY(state->calibration, internal::GraphCalibration::load(file, kGraph));
  QUIVER_TRY(state->codes, load_codes(file, kCodes));
  QUIVER_TRY(internal::load_churn(*state, file, kGraph, header));
  const bool agrees = state->size() == state->slots.slots() && state->codes->rows() == state->size() &&
                      state->codes->space() == header.space && spec.rerank &&
                      state->codes->spec() == spec.rerank->text();
  if (!agrees) {
    return Error::corruption(
        fmt::format("the graph and its codes are not the {} rows its header '{}' describes; build the index again",
                    header.rows, header.spec));
  }
  return std::unique_ptr<Index>(new GraphIndex(std::move(state)));
}

const Space& GraphIndex::space() const noexcept { return state_->space; }
std::string GraphIndex::spec() const { return state_->spec.text(); }
std::size_t GraphIndex::size() const noexcept { return state_->slots.rows(); }
std::size_t GraphIndex::live() const noexcept { return state_->live(); }
std::size_t GraphIndex::bytes() const noexcept {
  return state_->graph.rows.bytes().size() + state_->graph.root.bytes().size() + state_->short_space.bytes() +
         state_->codes->bytes() + state_->removed.words().size_bytes() + state_->slots.bytes();
}
std::vector<std::pair<float, float>> GraphIndex::calibration() const {
  std::vector<std::pair<float, float>> steps;
  for (const auto& step : state_->calibration.steps()) steps.emplace_back(step.slack, step.recall);
  return steps;
}

Result<void> GraphIndex::add(const RowsView& rows) {
  QUIVER_TRY(const DenseInput input, DenseInput::of(rows, state_->space.dims, 0, "adding to a graph"));
  return internal::add_rows(*state_, rows, input);
}

Result<void> GraphIndex::remove(std::span<const std::uint32_t> rows) { return internal::remove_rows(*state_, rows); }

Result<std::vector<std::uint32_t>> GraphIndex::compact(Run& run) { return internal::compact(*state_, run); }

Result<std::size_t> GraphIndex::search(const RowsView& query, const SearchParams& params, Scratch& scratch,
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
  const Eligible eligible(s.removed, params.filter, &s.slots);
  const GraphSearch search(s);
  if (search.scan_pays(params, k, 1)) return search.scan(input.row(0), k, eligible, scratch, out, counted);
  counted.plan = "walk";
  Scratch::Worker& worker = scratch.worker(0);
  if (worker.kind != &kWalkersKind) {
    worker.own = std::make_shared<internal::GraphWalkers>();
    worker.kind = &kWalkersKind;
  }
  auto& walkers = *static_cast<internal::GraphWalkers*>(worker.own.get());
  const internal::GraphEffort effort = search.effort(params, k, eligible.all() ? nullptr : &eligible, 1);
  counted.expected_recall = effort.expected_recall;
  QUIVER_TRY(const std::size_t found, search.one(input, effort, walkers, out, counted));
  return found < k ? search.scan(input.row(0), k, eligible, scratch, out, counted) : Result<std::size_t>(found);
}

Result<Hits> GraphIndex::search_batch(const RowsView& queries, const SearchParams& params, Run& run,
                                      SearchStats* stats) const {
  const State& s = *state_;
  QUIVER_TRY(Batch batch, Batch::of(queries, params, s.space, s.removed, s.live(), stats, &s.slots));
  if (batch.empty()) return std::move(batch.hits);
  const GraphSearch search(s);
  const std::size_t k = batch.k;
  SearchStats& counted = batch.stats();
  if (search.scan_pays(
          params, k,
          batch.input.rows())) {  // all of them at once: whom the filter allows is asked once, not for every query
    QUIVER_TRY(const std::vector<TopK> best, search.scan_batch(batch.input, k, batch.eligible, run, counted));
    for (std::size_t q = 0; q < best.size(); ++q) batch.set(q, best[q]);
    return std::move(batch.hits);
  }
  counted.plan = "walk";
  const internal::GraphEffort effort =
      search.effort(params, k, batch.eligible.all() ? nullptr : &batch.eligible, batch.input.rows());
  counted.expected_recall = effort.expected_recall;
  std::vector<SearchStats> parts(run.threads().count());
  std::vector<std::unique_ptr<internal::GraphWalkers>> walkers(parts.size());
  run.threads().parallel_for(batch.input.rows(), kTogether, [&](std::size_t begin, std::size_t end, unsigned worker) {
    if (run.stop()) return;
    if (walkers[worker] == nullptr) walkers[worker] = std::make_unique<internal::GraphWalkers>();
    const auto done = search.many(batch.input, begin, end - begin, effort, *walkers[worker], batch.hits.hits,
                                  batch.hits.counts, parts[worker]);
    QUIVER_CHECK(done.has_value());  // queries were checked
  });
  for (const SearchStats& part : parts) counted.add_counts(part);
  QUIVER_TRY(batch.complete(
      run, [&](const DenseInput& some) { return search.scan_batch(some, k, batch.eligible, run, counted); }));
  return std::move(batch.hits);
}

Result<void> GraphIndex::save(const std::filesystem::path& path) const {
  const internal::Removed by_table;  // says nothing: the table of slots does; readers of version 1 know none
  const bool by_slot = !state_->slots.table().empty();
  ContainerWriter writer(internal::kIndexKind, by_slot ? internal::kSlotsVersion : internal::kIndexVersion);
  internal::save_index_header(writer, {spec(), space(), size(), live()}, by_slot ? by_table : state_->removed);
  state_->short_space.save(writer, kGraph);
  internal::save_graph(writer, kGraph, state_->graph);
  state_->calibration.save(writer, kGraph);
  internal::save_churn(writer, kGraph, *state_);
  state_->codes->save(writer, kCodes);
  return writer.save(path).within("saving index");
}

}  // namespace quiver
