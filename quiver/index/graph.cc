#include "quiver/index/graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "quiver/core/metric.h"
#include "quiver/core/random.h"
#include "quiver/core/statistics.h"
#include "quiver/index/ground_truth.h"
#include "quiver/index/internal/exact_scan.h"
#include "quiver/index/internal/graph_builder.h"
#include "quiver/index/internal/graph_calibration.h"
#include "quiver/index/internal/graph_space.h"
#include "quiver/index/internal/graph_update.h"
#include "quiver/index/internal/index_file.h"

namespace quiver {
namespace {
using internal::Eligible;
using internal::Graph;
using internal::Removed;

constexpr std::string_view kGraph = "graph/", kCodes = "rerank/";
constexpr float kUsualRecall = 0.95F;
constexpr std::size_t kInTurn = 4;        // walks that share a thread
constexpr std::size_t kTogether = 64;     // queries a thread takes at a time
constexpr std::size_t kLeastWanted = 10;  // a bound from fewer distances would stop walks by chance
constexpr std::size_t kCalibrationQueries = 500;
constexpr float kSlacks[] = {1,     1.02F, 1.04F, 1.06F, 1.08F, 1.1F, 1.125F, 1.15F, 1.175F, 1.2F,
                             1.25F, 1.3F,  1.35F, 1.4F,  1.5F,  1.6F, 1.8F,   2.1F,  2.5F};
const QuantizerSpec kUsualRerank{"f16", {}};
constexpr char kWalkerKind = 0;  // its address says that Scratch::Worker::own is a Walker; one fits every graph

// 4-bit groups for so many dimensions: a little over one bit a dimension, and more for short vectors.
std::size_t groups_for(std::size_t dims) {
  const std::size_t wanted = dims <= 64 ? dims / 2 : dims <= 160 ? 48 : dims * 3 / 10;
  return std::clamp<std::size_t>((wanted + 3) / 4 * 4, 8, 128);
}

// How a search goes, from what its caller asks for.
struct Effort {
  std::size_t k = 0, rerank = 0;
  internal::WalkLimits limits;
  std::span<const std::uint32_t>
      selves{};  // calibrating: the row that each query is, which must not lead to its neighbours
};
}  // namespace

struct GraphIndex::State {
  IndexSpec spec;
  Space space;
  internal::GraphSpace short_space;
  Graph graph;
  std::unique_ptr<Codes> codes;
  internal::GraphCalibration calibration;
  Removed removed;

  std::size_t size() const noexcept { return graph.rows.rows(); }
  std::size_t live() const noexcept { return size() - removed.count(); }

  // One query on its way.
  struct Walker {
    internal::GraphWalk walk;
    internal::GraphSpace::Scratch space;
    Matrix point;
    std::vector<std::uint32_t> rows;
    std::vector<float> distances;
    std::unique_ptr<Scorer> scorer;
    std::size_t query = 0;
    enum class Stage : std::uint8_t { Idle, Walking, Scoring } stage = Stage::Idle;
  };
  struct Walkers {
    Walker all[kInTurn];
  };

  static Effort effort_of(float slack, std::size_t k, const Eligible* eligible) {
    Effort effort;
    effort.k = k;
    effort.limits = {std::max(k, kLeastWanted), slack, std::max<std::size_t>(1000, 4 * k), eligible};
    // The looser the walk, the more of the true k may stand further back by 8-bit short distances.
    const double more = 1 + 6 * (std::min(slack, 1.5F) - 1);
    const auto usual = static_cast<std::size_t>(std::ceil(static_cast<double>(std::max(k, kLeastWanted)) * more));
    effort.rerank = std::max(usual, k);
    return effort;
  }
  Effort effort_of(const SearchParams& params, std::size_t k, const Eligible* eligible) const {
    Effort effort = effort_of(calibration.slack_for(params.recall > 0 ? params.recall : kUsualRecall), k, eligible);
    if (params.effort > 0) {
      effort.limits.slack = 1e6F;
      effort.limits.hops = std::max<std::size_t>(params.effort, k);
    }
    if (params.rerank > 0) effort.rerank = std::max<std::size_t>(params.rerank, k);
    return effort;
  }

  void begin(Walker& walker, const float* query, const Effort& effort) const {
    if (walker.point.cols() != short_space.dims()) walker.point = Matrix(1, short_space.dims());
    float* point = walker.point.row(0).data();
    short_space.query(query, walker.space, point);
    graph.code.tables(point, walker.walk.scratch());
    internal::WalkLimits limits = effort.limits;
    if (!effort.selves.empty()) limits.without = effort.selves[walker.query];
    walker.walk.start(graph.rows, graph.root, point, limits);
    walker.stage = Walker::Stage::Walking;
  }

  // The walk is over: its closest rows are asked for, to be scored when it is this walker's turn again.
  void choose(Walker& walker, const Effort& effort) const {
    TopK best(effort.rerank);
    for (const Hit& hit : walker.walk.met()) best.offer(hit);
    walker.rows.clear();
    for (const Hit& hit : best.sorted()) walker.rows.push_back(hit.row);
    codes->prefetch(walker.rows);
    walker.stage = Walker::Stage::Scoring;
  }

  std::size_t score(Walker& walker, const Effort& effort, std::span<Hit> out, SearchStats& stats) const {
    walker.distances.resize(walker.rows.size());
    walker.scorer->score(walker.rows, walker.distances.data());
    TopK best(effort.k);
    for (std::size_t i = 0; i < walker.rows.size(); ++i) best.offer({walker.rows[i], walker.distances[i]});
    walker.stage = Walker::Stage::Idle;
    stats.distances += walker.walk.estimates() + walker.walk.hops() + walker.rows.size();
    stats.reranked += walker.rows.size();
    stats.bytes_read +=
        walker.walk.hops() * graph.rows.layout().row_bytes() + walker.rows.size() * codes->bytes_per_row();
    return best.sorted_into(out);
  }

  // Queries first .. first + count - 1 of `input`; hits of query q go to out + q * k.
  Result<void> search_some(const DenseInput& input, std::size_t first, std::size_t count, const Effort& effort,
                           Walkers& walkers, std::span<Hit> out, std::span<std::uint32_t> counts,
                           SearchStats& stats) const {
    Matrix scratch;
    const MatrixView queries = input.floats(first, count, scratch);
    std::size_t next = 0, busy = 0;
    const auto start_next = [&](Walker& walker) -> Result<void> {
      if (next == count) return {};
      walker.query = first + next;
      QUIVER_TRY(walker.scorer, codes->scorer(input.row(walker.query)));
      begin(walker, queries.row(next).data(), effort);
      ++next;
      ++busy;
      return {};
    };
    for (Walker& walker : walkers.all) {
      walker.stage = Walker::Stage::Idle;
      QUIVER_TRY(start_next(walker));
    }
    while (busy > 0) {
      for (Walker& walker : walkers.all) {
        if (walker.stage == Walker::Stage::Walking) {
          if (!walker.walk.hop()) choose(walker, effort);
        } else if (walker.stage == Walker::Stage::Scoring) {
          const std::size_t q = walker.query;
          const std::size_t found = score(walker, effort, out.subspan(q * effort.k, effort.k), stats);
          counts[q] = static_cast<std::uint32_t>(found);
          --busy;
          QUIVER_TRY(start_next(walker));
        }
      }
    }
    return {};
  }

  // Few rows pass the filter, or the walk met too few of them: every row that passes is compared.
  Result<std::size_t> scan(TypedView query, std::size_t k, const Eligible& eligible, Scratch& scratch,
                           std::span<Hit> out, SearchStats& stats) const {
    QUIVER_TRY(const std::unique_ptr<Scorer> scorer, codes->scorer(query));
    return internal::scan(*codes, *scorer, k, eligible, scratch, stats).sorted_into(out);
  }

  // A walk stands on about k / selectivity rows, a scan scores n * selectivity of them, each in less time than a hop.
  // Without a filter that makes a scan of some hundred rows, or of most.
  bool scans(const SearchParams& params, std::size_t k) const {
    const double part = params.filter == nullptr ? 1 : params.filter->selectivity();
    const auto rows = static_cast<double>(size());
    const double walked = 3 * static_cast<double>(std::max(k, kLeastWanted)) / std::max(part, 1e-9);
    return rows * part <= 8 * walked + 64;
  }

  Result<void> calibrate(const DenseInput& base, MatrixView sample_queries, Run& run);
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
  const std::size_t longest = space.dims + (space.metric == Metric::Dot ? 1 : 0);
  if (arguments[0] > longest) {
    return Error::invalid_argument(fmt::format("a graph of {} dimensions for rows of {}: at most {}, or 0 to choose",
                                               arguments[0], space.dims, longest));
  }
  QUIVER_TRY(state->short_space, internal::GraphSpace::fit(rows, space, arguments[0], run));
  internal::GraphOptions options;
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
  QUIVER_TRY(state->calibrate(input, sample_queries, run));
  return std::unique_ptr<Index>(new GraphIndex(std::move(state)));
}

// Queries are the sample's, or rows of the base of which each forgets itself.
Result<void> GraphIndex::State::calibrate(const DenseInput& base, MatrixView sample_queries, Run& run) {
  const bool own = sample_queries.rows == 0;
  Random random(run.seed(), stream_of("graph calibration"));
  std::vector<std::uint32_t> selves = random.sample(static_cast<std::uint32_t>(own ? base.rows() : sample_queries.rows),
                                                    static_cast<std::uint32_t>(kCalibrationQueries));
  Matrix queries(selves.size(), space.dims), scratch;
  for (std::size_t q = 0; q < selves.size(); ++q) {
    const MatrixView row = own ? base.floats(selves[q], 1, scratch) : sample_queries.slice(selves[q], 1);
    std::copy_n(row.data, space.dims, queries.row(q).data());
  }
  QUIVER_TRY(const DenseInput input, DenseInput::of(queries.view(), space.dims, 0, "calibrating a graph"));
  const std::size_t k = std::min<std::size_t>(kLeastWanted + (own ? 1 : 0), size());
  SearchStats stats;
  const Eligible everyone(removed, nullptr);
  QUIVER_TRY(const std::vector<TopK> truth, internal::scan_batch(*codes, input, k, everyone, run, stats));
  std::vector<std::vector<Hit>> wanted(selves.size());
  for (std::size_t q = 0; q < selves.size(); ++q) {
    wanted[q] = truth[q].sorted();
    if (own) std::erase_if(wanted[q], [&](const Hit& hit) { return hit.row == selves[q]; });
    wanted[q].resize(std::min(wanted[q].size(), kLeastWanted));
  }
  Walkers walkers;
  std::vector<Hit> hits(kLeastWanted * selves.size());
  std::vector<std::uint32_t> counts(selves.size());
  std::vector<double> recalls(selves.size());
  for (const float slack : kSlacks) {
    if (run.stop()) return run.stopped("calibrating a graph");
    Effort effort = effort_of(slack, kLeastWanted, nullptr);
    if (own) effort.selves = selves;
    QUIVER_TRY(search_some(input, 0, selves.size(), effort, walkers, hits, counts, stats));
    for (std::size_t q = 0; q < selves.size(); ++q) {
      const std::span<const Hit> found(hits.data() + q * kLeastWanted, counts[q]);
      recalls[q] = tie_tolerant_recall(wanted[q], found, static_cast<std::uint32_t>(wanted[q].size()));
    }
    const double recall = mean_of(recalls);
    const double error = 1.96 * std::sqrt(variance_of(recalls) / static_cast<double>(recalls.size()));
    calibration.add({slack, static_cast<float>(recall), static_cast<float>(recall - error)});
    if (recall >= 1) break;
  }
  return {};
}

Result<std::unique_ptr<Index>> GraphIndex::open(const IndexSpec& spec, const Container& file) {
  auto state = std::make_unique<State>();
  state->spec = spec;
  QUIVER_TRY(const internal::IndexHeader header, internal::read_index_header(file));
  state->space = header.space;
  QUIVER_TRY(state->short_space, internal::GraphSpace::load(file, kGraph, header.space));
  QUIVER_TRY(state->graph, internal::load_graph(file, kGraph, state->short_space.dims()));
  QUIVER_TRY(state->calibration, internal::GraphCalibration::load(file, kGraph));
  QUIVER_TRY(state->codes, load_codes(file, kCodes));
  const bool agrees = state->size() == header.rows && state->codes->rows() == header.rows &&
                      state->codes->space() == header.space && spec.rerank &&
                      state->codes->spec() == spec.rerank->text();
  if (!agrees) {
    return Error::corruption(
        fmt::format("the graph and its codes are not the {} rows its header '{}' describes; build the index again",
                    header.rows, header.spec));
  }
  QUIVER_TRY(state->removed, internal::read_removed(file, header));
  return std::unique_ptr<Index>(new GraphIndex(std::move(state)));
}

const Space& GraphIndex::space() const noexcept { return state_->space; }
std::string GraphIndex::spec() const { return state_->spec.text(); }
std::size_t GraphIndex::size() const noexcept { return state_->size(); }
std::size_t GraphIndex::live() const noexcept { return state_->live(); }
std::size_t GraphIndex::bytes() const noexcept {
  return state_->graph.rows.bytes().size() + state_->graph.root.bytes().size() + state_->short_space.bytes() +
         state_->codes->bytes() + state_->removed.words().size_bytes();
}
std::vector<std::pair<float, float>> GraphIndex::calibration() const {
  std::vector<std::pair<float, float>> steps;
  for (const auto& step : state_->calibration.steps()) steps.emplace_back(step.slack, step.recall);
  return steps;
}

Result<void> GraphIndex::add(const RowsView& rows) {
  State& s = *state_;
  QUIVER_TRY(const DenseInput input, DenseInput::of(rows, s.space.dims, s.size(), "adding to a graph"));
  if (s.size() + input.rows() >= internal::kNoRow) {
    return Error::invalid_argument(
        fmt::format("adding {} rows to {}: a graph holds at most {}", input.rows(), s.size(), internal::kNoRow - 1));
  }
  QUIVER_TRY(s.codes->append(rows));
  Matrix scratch;
  const Matrix points = s.short_space.points(input.floats(0, input.rows(), scratch), nullptr);
  internal::add_to_graph(s.graph, points.view(), internal::GraphOptions{}.slack);
  return {};
}

Result<void> GraphIndex::remove(std::span<const std::uint32_t> rows) {
  return internal::remove_rows(state_->removed, rows, size());
}

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
  const Eligible eligible(s.removed, params.filter);
  if (s.scans(params, k)) return s.scan(input.row(0), k, eligible, scratch, out, counted);
  counted.plan = "walk";
  Scratch::Worker& worker = scratch.worker(0);
  if (worker.kind != &kWalkerKind) {
    worker.own = std::make_shared<State::Walker>();
    worker.kind = &kWalkerKind;
  }
  auto& walker = *static_cast<State::Walker*>(worker.own.get());
  const Effort effort = s.effort_of(params, k, eligible.all() ? nullptr : &eligible);
  QUIVER_TRY(walker.scorer, s.codes->scorer(input.row(0)));
  Matrix floats;
  s.begin(walker, input.floats(0, 1, floats).data, effort);
  while (walker.walk.hop()) {
  }
  s.choose(walker, effort);
  const std::size_t found = s.score(walker, effort, out, counted);
  return found < k ? s.scan(input.row(0), k, eligible, scratch, out, counted) : Result<std::size_t>(found);
}

Result<Hits> GraphIndex::search_batch(const RowsView& queries, const SearchParams& params, Run& run,
                                      SearchStats* stats) const {
  const State& s = *state_;
  QUIVER_TRY(const DenseInput input, DenseInput::of(queries, s.space.dims, 0, "searching a batch of queries"));
  const std::size_t k = std::min<std::size_t>(params.k, s.live());
  Hits hits{static_cast<std::uint32_t>(k), std::vector<Hit>(k * input.rows()),
            std::vector<std::uint32_t>(input.rows())};
  if (k == 0 || input.rows() == 0) return hits;
  SearchStats own;
  SearchStats& counted = stats != nullptr ? *stats : own;
  const Eligible eligible(s.removed, params.filter);
  if (s.scans(params, k)) {  // all of them at once: whom the filter allows is asked once, not for every query
    QUIVER_TRY(const std::vector<TopK> best, internal::scan_batch(*s.codes, input, k, eligible, run, counted));
    for (std::size_t q = 0; q < best.size(); ++q) {
      hits.counts[q] = static_cast<std::uint32_t>(best[q].sorted_into(std::span(hits.hits).subspan(q * k, k)));
    }
    return hits;
  }
  counted.plan = "walk";
  const Effort effort = s.effort_of(params, k, eligible.all() ? nullptr : &eligible);
  std::vector<SearchStats> parts(run.threads().count());
  std::vector<std::unique_ptr<State::Walkers>> walkers(parts.size());
  run.threads().parallel_for(input.rows(), kTogether, [&](std::size_t begin, std::size_t end, unsigned worker) {
    if (run.stop()) return;
    if (walkers[worker] == nullptr) walkers[worker] = std::make_unique<State::Walkers>();
    const auto done =
        s.search_some(input, begin, end - begin, effort, *walkers[worker], hits.hits, hits.counts, parts[worker]);
    QUIVER_CHECK(done.has_value());  // queries were checked
  });
  for (const SearchStats& part : parts) {
    counted.distances += part.distances;
    counted.reranked += part.reranked;
    counted.bytes_read += part.bytes_read;
  }
  // What a walk did not complete.
  Scratch scratch(&run.threads());
  for (std::size_t q = 0; q < input.rows(); ++q) {
    if (run.stop()) return run.stopped("searching");
    if (hits.counts[q] == k) continue;
    QUIVER_TRY(const std::size_t found,
               s.scan(input.row(q), k, eligible, scratch, std::span(hits.hits).subspan(q * k, k), counted));
    hits.counts[q] = static_cast<std::uint32_t>(found);
  }
  return hits;
}

Result<void> GraphIndex::save(const std::filesystem::path& path) const {
  ContainerWriter writer(internal::kIndexKind, internal::kIndexVersion);
  internal::save_index_header(writer, {spec(), space(), size(), live()}, state_->removed);
  state_->short_space.save(writer, kGraph);
  internal::save_graph(writer, kGraph, state_->graph);
  state_->calibration.save(writer, kGraph);
  state_->codes->save(writer, kCodes);
  return writer.save(path).within("saving index");
}

}  // namespace quiver
