#include "quiver/compress/kmeans.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "quiver/core/linalg.h"
#include "quiver/core/random.h"
#include "quiver/simd/kernels.h"

namespace quiver {
namespace {
constexpr std::size_t kAssignBlock = 1024;    // rows of one product: fixed, so that results do not depend on threads
constexpr std::size_t kSeedsPerCluster = 32;  // rows of the sample that seeds are drawn from, per cluster
constexpr double kWorthwhile = 1e-4;          // the part by which the error must fall for Lloyd to go on

// The rows that are learned from, in rising order, less their mean.
struct CentredSample {
  std::vector<std::uint32_t> picked;
  Matrix rows;
};

CentredSample centred_sample(MatrixView rows, const KmeansOptions& options) {
  const std::size_t wanted =
      options.sample_per_cluster == 0 ? rows.rows : std::min(rows.rows, options.clusters * options.sample_per_cluster);
  CentredSample sample;
  Random random(options.seed, stream_of("kmeans sample"));
  sample.picked = random.sample(static_cast<std::uint32_t>(rows.rows), static_cast<std::uint32_t>(wanted));
  sample.rows = Matrix(wanted, rows.cols);
  for (std::size_t i = 0; i < wanted; ++i) {
    const auto from = rows.row(sample.picked[i]);
    std::copy(from.begin(), from.end(), sample.rows.row(i).begin());
  }
  const std::vector<float> mean = column_means(sample.rows.view());
  for (std::size_t i = 0; i < wanted; ++i) {
    const auto row = sample.rows.row(i);
    for (std::size_t j = 0; j < row.size(); ++j) row[j] -= mean[j];
  }
  return sample;
}

// Body for every block of kAssignBlock rows: (first row, how many).
template <class Body>
void for_blocks(std::size_t rows, Threads& threads, Body body) {
  threads.parallel_for((rows + kAssignBlock - 1) / kAssignBlock, 1, [&](std::size_t begin, std::size_t end, unsigned) {
    for (std::size_t block = begin; block < end; ++block) {
      const std::size_t first = block * kAssignBlock;
      body(first, std::min(kAssignBlock, rows - first));
    }
  });
}

// k-means++: positions of the seeds in the sample; fewer than `clusters` if all drawn-from rows are seeds already.
std::vector<std::uint32_t> draw_seeds(MatrixView sample, const KmeansOptions& options, Threads& threads) {
  Random random(options.seed, stream_of("kmeans seeds"));
  const std::vector<std::uint32_t> drawn_from =
      random.sample(static_cast<std::uint32_t>(sample.rows),
                    static_cast<std::uint32_t>(std::min(sample.rows, options.clusters * kSeedsPerCluster)));
  const simd::BlockKernel l2 = simd::kernels().distance(Metric::L2, Element::F32);
  const auto* base = reinterpret_cast<const std::byte*>(sample.data);
  std::vector<float> to_nearest(drawn_from.size(), HUGE_VALF), to_newest(drawn_from.size());
  std::vector<std::uint32_t> seeds{drawn_from[random.below(drawn_from.size())]};
  while (seeds.size() < options.clusters) {
    const float* newest = sample.row(seeds.back()).data();
    for_blocks(drawn_from.size(), threads, [&](std::size_t first, std::size_t count) {
      l2(newest, base, sample.stride * sizeof(float), drawn_from.data() + first, count, sample.cols,
         to_newest.data() + first);
      for (std::size_t i = first; i < first + count; ++i) to_nearest[i] = std::min(to_nearest[i], to_newest[i]);
    });
    const double total = std::accumulate(to_nearest.begin(), to_nearest.end(), 0.0);
    if (!(total > 0)) break;
    double left = random.uniform() * total;
    std::size_t chosen = to_nearest.size();
    for (std::size_t i = 0; i < to_nearest.size() && (chosen == to_nearest.size() || left >= 0); ++i) {
      if (to_nearest[i] > 0) chosen = i;  // rounding may leave a rest behind the last: then it is the last that counts
      left -= to_nearest[i];
      if (left < 0) break;
    }
    seeds.push_back(drawn_from[chosen]);
  }
  return seeds;
}

// Rows of the sample grouped by the centroid they belong to: those of centroid c are order[begin[c] .. begin[c + 1]).
struct Grouping {
  std::vector<std::uint32_t> order;
  std::vector<std::size_t> begin;
};

Grouping grouped(std::span<const std::uint32_t> nearest, std::size_t clusters) {
  Grouping g{std::vector<std::uint32_t>(nearest.size()), std::vector<std::size_t>(clusters + 1)};
  for (const std::uint32_t c : nearest) ++g.begin[c + 1];
  std::partial_sum(g.begin.begin(), g.begin.end(), g.begin.begin());
  std::vector<std::size_t> next(g.begin.begin(), g.begin.end() - 1);
  for (std::uint32_t i = 0; i < nearest.size(); ++i) g.order[next[nearest[i]]++] = i;
  return g;
}

// Every centroid with rows moves to their mean, summed in row order; row i of the sample is row_at(i).
template <class RowAt>
void move_to_means(const Grouping& groups, Matrix& centroids, Threads& threads, RowAt row_at) {
  threads.parallel_for(centroids.rows(), 1, [&](std::size_t begin, std::size_t end, unsigned) {
    std::vector<double> sums(centroids.cols());
    for (std::size_t c = begin; c < end; ++c) {
      const std::size_t count = groups.begin[c + 1] - groups.begin[c];
      if (count == 0) continue;
      std::fill(sums.begin(), sums.end(), 0.0);
      for (std::size_t i = groups.begin[c]; i < groups.begin[c + 1]; ++i) {
        const float* row = row_at(groups.order[i]);
        for (std::size_t j = 0; j < sums.size(); ++j) sums[j] += row[j];
      }
      float* to = centroids.row(c).data();
      for (std::size_t j = 0; j < sums.size(); ++j) to[j] = static_cast<float>(sums[j] / static_cast<double>(count));
    }
  });
}

// A centroid without rows takes the row that is furthest from its own, as long as one is away from it at all.
void fill_empty(std::vector<std::uint32_t>& nearest, std::vector<float>& squared, std::size_t clusters) {
  std::vector<std::size_t> sizes(clusters);
  for (const std::uint32_t c : nearest) ++sizes[c];
  for (std::uint32_t c = 0; c < clusters; ++c) {
    if (sizes[c] > 0) continue;
    std::size_t worst = nearest.size();
    for (std::size_t i = 0; i < nearest.size(); ++i) {
      if (squared[i] > 0 && sizes[nearest[i]] > 1 && (worst == nearest.size() || squared[i] > squared[worst]))
        worst = i;
    }
    if (worst == nearest.size()) return;
    --sizes[nearest[worst]];
    nearest[worst] = c;
    squared[worst] = 0;
    sizes[c] = 1;
  }
}
}  // namespace

std::size_t nearest_centroid(std::span<const float> row, MatrixView centroids, std::span<float> scratch) noexcept {
  const simd::Kernels& k = simd::kernels();
  k.distance(Metric::L2, Element::F32)(row.data(), reinterpret_cast<const std::byte*>(centroids.data),
                                       centroids.stride * sizeof(float), nullptr, centroids.rows, centroids.cols,
                                       scratch.data());
  return k.least(scratch.data(), centroids.rows);
}

void assign_to_centroids(MatrixView rows, MatrixView centroids, std::span<std::uint32_t> nearest,
                         std::span<float> squared, Threads& threads) {
  QUIVER_CHECK(rows.cols == centroids.cols && centroids.rows > 0 && nearest.size() == rows.rows);
  const simd::Kernels& k = simd::kernels();
  std::vector<float> norms(centroids.rows);
  for (std::size_t c = 0; c < norms.size(); ++c) norms[c] = k.squared_norm(centroids.row(c).data(), centroids.cols);
  const BlasThreads one_each(1);
  for_blocks(rows.rows, threads, [&](std::size_t first, std::size_t count) {
    thread_local std::vector<float> products;
    products.resize(count * norms.size());
    gemm_nt(rows.slice(first, count), centroids, products.data(), norms.size(), -2);
    for (std::size_t i = 0; i < count; ++i) {
      float* row = products.data() + i * norms.size();
      for (std::size_t c = 0; c < norms.size(); ++c) row[c] += norms[c];
      const std::size_t best = k.least(row, norms.size());
      nearest[first + i] = static_cast<std::uint32_t>(best);
      if (squared.empty()) continue;
      squared[first + i] = std::max(0.0F, k.squared_norm(rows.row(first + i).data(), rows.cols) + row[best]);
    }
  });
}

Result<Kmeans> fit_kmeans(MatrixView rows, const KmeansOptions& options, Run& run) {
  QUIVER_CHECK(options.clusters > 0);
  Kmeans out{Matrix(options.clusters, rows.cols), 0, 0};
  if (run.stop()) return run.stopped("learning centroids");
  if (rows.rows == 0) return out;
  Threads& threads = run.threads();
  const CentredSample sample = centred_sample(rows, options);
  const std::vector<std::uint32_t> seeds = draw_seeds(sample.rows.view(), options, threads);
  const auto original = [&](std::uint32_t i) { return rows.row(sample.picked[i]).data(); };
  Matrix centred(options.clusters, rows.cols);
  for (std::size_t c = 0; c < options.clusters; ++c) {
    const std::uint32_t seed = seeds[c < seeds.size() ? c : 0];
    std::copy_n(original(seed), rows.cols, out.centroids.row(c).data());
    std::copy_n(sample.rows.row(seed).data(), rows.cols, centred.row(c).data());
  }
  // Every different row is a centroid already.
  if (seeds.size() < options.clusters && sample.picked.size() <= options.clusters * kSeedsPerCluster) return out;

  std::vector<std::uint32_t> nearest(sample.picked.size());
  std::vector<float> squared(sample.picked.size());
  double before = 0;
  while (out.iterations < options.iterations) {
    if (run.stop()) return run.stopped("learning centroids");
    assign_to_centroids(sample.rows.view(), centred.view(), nearest, squared, threads);
    out.error = std::accumulate(squared.begin(), squared.end(), 0.0) / static_cast<double>(squared.size());
    ++out.iterations;
    const bool settled = out.iterations > 1 && before - out.error <= kWorthwhile * before;
    const bool last = settled || out.iterations == options.iterations;
    before = out.error;
    fill_empty(nearest, squared, options.clusters);
    const Grouping groups = grouped(nearest, options.clusters);
    if (last) {
      move_to_means(groups, out.centroids, threads, original);
      break;
    }
    move_to_means(groups, centred, threads, [&](std::uint32_t i) { return sample.rows.row(i).data(); });
  }
  return out;
}

}  // namespace quiver
