#include "quiver/index/internal/graph_builder.h"

#include <algorithm>
#include <cmath>

#include "quiver/index/internal/prune.h"

namespace quiver::internal {
namespace {
constexpr std::size_t kGrain = 256;
constexpr std::size_t kSample = 10'000;  // directions the code learns from
constexpr std::size_t kMostCandidates = 512;
constexpr std::size_t kWalksInTurn = 4;  // on a thread

// What a thread keeps from one row to the next.
struct BuildWorker {
  GraphWalk walks[kWalksInTurn];
  PruneScratch prune;
  GraphRows::Scratch codes;
  std::vector<Hit> candidates;
  std::vector<std::uint32_t> rows;  // considered for one row, each once
  std::vector<std::uint32_t> seen;  // by row: the turn in which it was considered last
  std::uint32_t turn = 0;           // of the row that others are considered for, in this pass or an earlier one
  std::vector<float> distances;
};

struct Builder {
  MatrixView points;
  const GraphOptions& options;
  Run& run;
  std::size_t degree = simd::kBlockNeighbours * options.blocks;
  std::vector<std::vector<std::uint32_t>> neighbours{points.rows};
  MatrixView edges = points;  // where edges are chosen
  std::vector<BuildWorker> workers{run.threads().count()};

  void consider_for(std::uint32_t row, BuildWorker& worker) const {
    if (++worker.turn == 0 || worker.seen.empty()) {
      worker.seen.assign(points.rows, 0);
      worker.turn = 1;
    }
    worker.seen[row] = worker.turn;
    worker.rows.clear();
  }
  static void consider(std::uint32_t other, BuildWorker& worker) {
    if (worker.seen[other] == worker.turn) return;
    worker.seen[other] = worker.turn;
    worker.rows.push_back(other);
  }
  // Those considered, with their distances.
  void measure(std::uint32_t row, BuildWorker& worker) const {
    worker.distances.resize(worker.rows.size());
    simd::kernels().distance(Metric::L2, Element::F32)(
        edges.row(row).data(), reinterpret_cast<const std::byte*>(edges.data), edges.stride * sizeof(float),
        worker.rows.data(), worker.rows.size(), edges.cols, worker.distances.data());
    worker.candidates.resize(worker.rows.size());
    for (std::size_t i = 0; i < worker.rows.size(); ++i) worker.candidates[i] = {worker.rows[i], worker.distances[i]};
  }

  // Every row is offered to those it chose; then its neighbours are written, while they are in the cache.
  Result<void> join_reverse(Graph& graph) {
    std::vector<std::vector<std::uint32_t>> choosers(points.rows);
    for (std::size_t i = 0; i < points.rows; ++i) {
      for (const std::uint32_t row : neighbours[i]) choosers[row].push_back(static_cast<std::uint32_t>(i));
    }
    std::vector<std::vector<std::uint32_t>> joined(points.rows);
    run.threads().parallel_for(points.rows, kGrain, [&](std::size_t begin, std::size_t end, unsigned number) {
      BuildWorker& worker = workers[number];
      for (std::size_t i = begin; i < end && !run.stop(); ++i) {
        const auto row = static_cast<std::uint32_t>(i);
        consider_for(row, worker);
        for (const std::uint32_t other : neighbours[i]) consider(other, worker);
        for (const std::uint32_t other : choosers[i]) consider(other, worker);
        measure(row, worker);
        std::vector<Hit>& candidates = worker.candidates;
        if (candidates.size() > kMostCandidates) {
          std::nth_element(candidates.begin(), candidates.begin() + kMostCandidates, candidates.end(), Closer{});
          candidates.resize(kMostCandidates);
        }
        prune(edges, candidates, degree, options.slack, worker.prune, joined[i]);
        write(graph, row, joined[i], worker);
      }
    });
    neighbours = std::move(joined);
    if (run.stop()) return run.stopped("choosing neighbours");
    return {};
  }

  Result<void> from_near_lists() {
    NearLists near(edges, options.near);
    QUIVER_TRY(near.gather(options.leaves, run));
    run.threads().parallel_for(points.rows, kGrain, [&](std::size_t begin, std::size_t end, unsigned number) {
      BuildWorker& worker = workers[number];
      for (std::size_t i = begin; i < end && !run.stop(); ++i) {
        worker.candidates.assign(near.of(i).begin(), near.of(i).end());
        prune(edges, worker.candidates, degree, options.slack, worker.prune, neighbours[i]);
      }
    });
    if (run.stop()) return run.stopped("choosing neighbours");
    return {};
  }

  NeighbourCode learn_code() const {
    Random random(run.seed(), stream_of("graph directions"));
    Matrix directions(std::min(kSample, points.rows * 4), points.cols);
    std::size_t count = 0;
    for (std::size_t tries = 0; count < directions.rows() && tries < 4 * kSample; ++tries) {
      const std::size_t i = random.below(points.rows);
      if (neighbours[i].empty()) continue;
      const std::size_t j = neighbours[i][random.below(neighbours[i].size())];
      const std::span<float> direction = directions.row(count);
      float squared = 0;
      for (std::size_t d = 0; d < points.cols; ++d) {
        direction[d] = points.row(j)[d] - points.row(i)[d];
        squared += direction[d] * direction[d];
      }
      if (squared <= 0) continue;
      for (float& x : direction) x /= std::sqrt(squared);
      ++count;
    }
    return NeighbourCode::fit(directions.view().slice(0, std::max<std::size_t>(count, 1)), options.groups, run);
  }

  // A neighbour that is written there already keeps its place and its code.
  void write(Graph& graph, std::uint32_t row, std::span<const std::uint32_t> chosen, BuildWorker& worker) const {
    const float* centre = points.row(row).data();
    graph.code.products(centre, worker.codes.centre);
    graph.rows.revise_neighbours(
        row, centre, chosen, [&](std::size_t j) { return points.row(chosen[j]).data(); }, graph.code, worker.codes);
  }

  GraphRows root(const Graph& graph) const {
    Random random(run.seed(), stream_of("graph entries"));
    std::vector<float> lengths(options.products ? points.rows : 0);
    for (std::size_t i = 0; i < lengths.size(); ++i) {
      lengths[i] = std::sqrt(simd::kernels().squared_norm(points.row(i).data(), points.cols));
    }
    const std::vector<std::uint32_t> entries = draw_entries(points.rows, lengths, options.entries, random);
    return root_of(graph, entries, [&](std::size_t j) { return points.row(entries[j]).data(); });
  }

  // Rows first .. first + count - 1 are searched for, in turn: each walk mostly waits for memory.
  void search(const Graph& graph, std::size_t first, std::size_t count, BuildWorker& worker) const {
    for (std::size_t i = 0; i < count; ++i) {
      const float* point = points.row(first + i).data();
      graph.code.tables(point, worker.walks[i].scratch());
      worker.walks[i].start(graph.rows, graph.root, point, {.wanted = 32, .slack = 1.2F, .hops = options.effort});
    }
    for (bool busy = true; busy;) {
      busy = false;
      for (std::size_t i = 0; i < count; ++i) busy |= worker.walks[i].hop();
    }
  }

  Result<void> search_pass(Graph& graph) {
    std::vector<std::vector<std::uint32_t>> found(points.rows);
    run.threads().parallel_for(points.rows, kGrain, [&](std::size_t begin, std::size_t end, unsigned number) {
      BuildWorker& worker = workers[number];
      for (std::size_t first = begin; first < end && !run.stop(); first += kWalksInTurn) {
        const std::size_t count = std::min(kWalksInTurn, end - first);
        search(graph, first, count, worker);
        for (std::size_t i = 0; i < count; ++i) {
          const auto row = static_cast<std::uint32_t>(first + i);
          consider_for(row, worker);
          for (const std::uint32_t other : neighbours[row]) consider(other, worker);
          for (const Hit& hit : worker.walks[i].met()) consider(hit.row, worker);
          measure(row, worker);
          prune(edges, worker.candidates, degree, options.slack, worker.prune, found[row]);
        }
      }
    });
    neighbours = std::move(found);
    return join_reverse(graph);
  }
};
}  // namespace

std::vector<std::uint32_t> draw_entries(std::size_t rows, std::span<const float> lengths, std::size_t wanted,
                                        Random& random) {
  if (lengths.empty()) return random.sample(static_cast<std::uint32_t>(rows), static_cast<std::uint32_t>(wanted));
  std::vector<Hit> drawn(rows);  // the least of -log(u) / w are a sample by weights w without replacement
  for (std::size_t i = 0; i < rows; ++i) {
    const double weight = std::pow(lengths[i], 4.0);
    const double late = -std::log(1 - random.uniform()) / std::max(weight, 1e-30);
    drawn[i] = {static_cast<std::uint32_t>(i), static_cast<float>(std::min(late, 1e30))};
  }
  const auto end = drawn.begin() + static_cast<std::ptrdiff_t>(std::min(wanted, rows));
  std::nth_element(drawn.begin(), end, drawn.end(), closer);
  std::vector<std::uint32_t> entries;
  for (auto hit = drawn.begin(); hit != end; ++hit) entries.push_back(hit->row);
  std::sort(entries.begin(), entries.end());
  return entries;
}

GraphRows root_of(const Graph& graph, std::span<const std::uint32_t> entries, const GraphRows::PointOf& point) {
  GraphLayout layout = graph.rows.layout();
  const std::size_t blocks = (entries.size() + simd::kBlockNeighbours - 1) / simd::kBlockNeighbours;
  layout.blocks = std::max<std::size_t>(blocks, 1);
  GraphRows root(layout, 1);
  const std::vector<float> origin(layout.dims, 0);
  GraphRows::Scratch scratch;
  root.write_neighbours(0, origin.data(), entries, point, graph.code, scratch);
  return root;
}

Result<Graph> build_graph(MatrixView points, const GraphOptions& options, Run& run) {
  Builder builder{points, options, run};
  Matrix directions;
  if (options.products) {
    directions = Matrix::copy_of(points);
    for (std::size_t i = 0; i < points.rows; ++i) place_for_edges(true, directions.row(i));
    builder.edges = directions.view();
  }
  QUIVER_TRY(builder.from_near_lists());
  Graph graph;
  const GraphLayout layout{points.cols, options.groups, options.blocks, options.products};
  graph.code = builder.learn_code();
  graph.rows = GraphRows(layout, points.rows);
  graph.root = builder.root(graph);
  for (std::size_t i = 0; i < points.rows; ++i) graph.rows.write_point(i, points.row(i).data());
  QUIVER_TRY(builder.join_reverse(graph));
  for (std::size_t pass = 0; pass < options.passes; ++pass) QUIVER_TRY(builder.search_pass(graph));
  return graph;
}

}  // namespace quiver::internal
