#include "quiver/index/internal/product_scan.h"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstring>
#include <limits>

#include "quiver/core/linalg.h"
#include "quiver/simd/kernels.h"

namespace quiver::internal {
namespace {
constexpr float kNoBound = std::numeric_limits<float>::infinity();
constexpr std::size_t kMinQueries = 12;
constexpr std::size_t kProductTileBytes = std::size_t{1} << 20;  // of float rows in one product
constexpr std::size_t kMaxTile = 1024;

// A float not below x.
float rounded_up(double x) noexcept {
  const auto f = static_cast<float>(x);
  return static_cast<double>(f) >= x ? f : std::nextafter(f, kNoBound);
}

void lower(std::atomic<float>& ceiling, float to) noexcept {
  float now = ceiling.load(std::memory_order_relaxed);
  while (to < now && !ceiling.compare_exchange_weak(now, to, std::memory_order_relaxed)) {
  }
}

bool squarable(double norm) noexcept { return norm > 1e-15 && norm < 1e15; }
}  // namespace

struct ProductScan::Tile {
  std::size_t first = 0;
  MatrixView rows;
  double shortest = 0, longest = 0;  // lengths of the rows that are not zero
};

struct ProductScan::Worker {
  Matrix decoded;               // (tile, dims), for codes that are not floats where they lie
  std::vector<float> products;  // (queries, tile)
  std::vector<float> norms;     // (tile): squared lengths for L2, inverse lengths for Cosine
  std::vector<float> sorted, distances;
  std::vector<std::uint32_t> chosen;
  std::vector<TopK> best;  // (queries)
};

bool ProductScan::pays(const Codes& codes, std::size_t queries) noexcept {
  const Metric metric = codes.space().metric;
  return codes.floats() && queries >= kMinQueries &&
         (metric == Metric::L2 || metric == Metric::Dot || metric == Metric::Cosine);
}

ProductScan::ProductScan(const Codes& codes, const DenseInput& queries, std::size_t first,
                         std::span<const std::unique_ptr<Scorer>> scorers, std::size_t k,
                         const std::vector<std::uint32_t>* only)
    : codes_(codes),
      scorers_(scorers),
      k_(k),
      only_(only),
      metric_(codes.space().metric),
      queries_(scorers.size(), codes.space().dims),
      norms_(scorers.size()),
      ceilings_(scorers.size()) {
  Matrix scratch;
  const MatrixView given = queries.floats(first, scorers.size(), scratch);
  for (std::size_t q = 0; q < scorers.size(); ++q) {
    double squares = 0;
    for (const float x : given.row(q)) squares += static_cast<double>(x) * x;
    norms_[q] = std::sqrt(squares);
    const double scale = metric_ == Metric::Cosine && norms_[q] > 0 ? 1 / norms_[q] : 1;
    std::transform(given.row(q).begin(), given.row(q).end(), queries_.row(q).begin(),
                   [scale](float x) { return static_cast<float>(x * scale); });
    ceilings_[q].store(kNoBound, std::memory_order_relaxed);
  }
}

std::vector<TopK> ProductScan::run(Run& run, SearchStats& stats) {
  const std::size_t row_bytes = std::max<std::size_t>(queries_.cols() * sizeof(float), 1);
  const std::size_t tile = std::clamp(kProductTileBytes / row_bytes / 64 * 64, std::size_t{64}, kMaxTile);
  std::vector<Worker> workers(run.threads().count());
  const BlasThreads one(1);  // each worker multiplies its own tiles
  run.threads().parallel_for(rows(), tile, [&](std::size_t begin, std::size_t end, unsigned worker) {
    if (!run.stop()) search_tile(begin, end - begin, workers[worker]);
  });
  stats.distances += rows() * scorers_.size();
  std::vector<TopK> best(scorers_.size(), TopK(k_));
  for (const Worker& worker : workers) {
    for (std::size_t q = 0; q < worker.best.size(); ++q) best[q].merge(worker.best[q]);
  }
  return best;
}

void ProductScan::search_tile(std::size_t first, std::size_t count, Worker& w) {
  if (w.best.empty()) w.best.assign(scorers_.size(), TopK(k_));
  Tile tile{first, codes_.dense()};
  if (tile.rows.data != nullptr && only_ == nullptr) {
    tile.rows = tile.rows.slice(first, count);
  } else {
    if (w.decoded.rows() < count) w.decoded = Matrix(count, queries_.cols());
    gather(first, count, w.decoded);
    tile.rows = w.decoded.view().slice(0, count);
  }
  measure(tile, w);
  multiply(tile, w);
  for (std::size_t q = 0; q < scorers_.size(); ++q) search_query(q, tile, w);
}

void ProductScan::gather(std::size_t first, std::size_t count, Matrix& out) const {
  if (only_ == nullptr) return codes_.decode_range(first, count, out.data(), out.stride());
  for (std::size_t i = 0; i < count; ++i) codes_.decode_range((*only_)[first + i], 1, out.row(i).data(), out.stride());
}

void ProductScan::measure(Tile& tile, Worker& w) const {
  const simd::Kernels& k = simd::kernels();
  w.norms.resize(tile.rows.rows);
  tile.shortest = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < tile.rows.rows; ++i) {
    const float squares = k.squared_norm(tile.rows.row(i).data(), tile.rows.cols);
    const double norm = std::sqrt(static_cast<double>(squares));
    // A zero row has distance 1 to everything. A length that underflows to 0 must not pass for one: it has no bound.
    const bool zero =
        squares == 0 && std::all_of(tile.rows.row(i).begin(), tile.rows.row(i).end(), [](float x) { return x == 0; });
    if (!zero) {
      tile.shortest = std::min(tile.shortest, norm);
      tile.longest = std::max({tile.longest, norm, 1e-30});
    }
    w.norms[i] = metric_ != Metric::Cosine ? squares : squares > 0 ? static_cast<float>(1 / norm) : 0;
  }
  if (std::isinf(tile.shortest)) tile.shortest = 0;  // nothing but zeros (or lengths beyond float)
}

void ProductScan::multiply(const Tile& tile, Worker& w) const {
  const std::size_t count = tile.rows.rows;
  w.products.resize(queries_.rows() * count);
  const float alpha = metric_ == Metric::L2 ? -2.0F : -1.0F;
  if (metric_ == Metric::L2) {
    for (std::size_t q = 0; q < queries_.rows(); ++q) std::copy(w.norms.begin(), w.norms.end(), &w.products[q * count]);
  }
  gemm_nt(queries_.view(), tile.rows, w.products.data(), count, alpha, metric_ == Metric::L2 ? 1.0F : 0.0F);
  if (metric_ == Metric::Cosine) {
    for (std::size_t q = 0; q < queries_.rows(); ++q) {
      float* row = &w.products[q * count];
      for (std::size_t i = 0; i < count; ++i) row[i] *= w.norms[i];
    }
  }
}

// How far a product may be from the distance the scorer gives (less the constant left out of both).
double ProductScan::margin(std::size_t query, const Tile& tile) const noexcept {
  const auto n = static_cast<double>(queries_.cols());
  const double unit = (n + 16) * 0x1p-24;  // any order of summation, with room for scaling and conversion
  const double q = norms_[query], x = tile.longest;
  const double tiny = n * FLT_MIN;
  if (2 * q * x + x * x > FLT_MAX / 4) return HUGE_VAL;  // partial sums may overflow
  const double scorer = scorers_[query]->error_bound(tile.shortest, tile.longest);
  switch (metric_) {
    case Metric::L2:
      return scorer + unit * (2 * q * x + x * x) + 4 * 0x1p-24 * (q + x) * (q + x) + tiny;
    case Metric::Dot:
      return scorer + unit * q * x + tiny;
    default:
      if (q > 0 && x > 0 && !(squarable(q) && squarable(tile.shortest) && squarable(x))) return HUGE_VAL;
      return scorer + 2 * unit;
  }
}

// Every row of a tile by the scorer itself.
void ProductScan::score_all(const Scorer& scorer, std::size_t first, std::size_t count, Worker& w, TopK& best) const {
  w.chosen.resize(count);
  w.distances.resize(std::max(w.distances.size(), count));
  for (std::size_t i = 0; i < count; ++i) w.chosen[i] = row(first + i);
  scorer.score(w.chosen, w.distances.data());
  for (std::size_t i = 0; i < count; ++i) best.offer({w.chosen[i], w.distances[i]});
}

void ProductScan::search_query(std::size_t query, const Tile& tile, Worker& w) {
  const std::size_t count = tile.rows.rows;
  const float* products = &w.products[query * count];
  const Scorer& scorer = *scorers_[query];
  TopK& best = w.best[query];
  double ceiling = std::min(best.threshold(), ceilings_[query].load(std::memory_order_relaxed));
  const double error = margin(query, tile);
  if (!std::isfinite(error)) {
    score_all(scorer, tile.first, count, w, best);
    lower(ceilings_[query], best.threshold());
    return;
  }
  const double left_out = metric_ == Metric::L2 ? norms_[query] * norms_[query] : metric_ == Metric::Cosine ? 1 : 0;
  if (std::isinf(ceiling)) {
    w.sorted.assign(products, products + count);
    if (k_ > 0 && w.sorted.size() >= k_) {
      const auto kth = w.sorted.begin() + static_cast<std::ptrdiff_t>(k_ - 1);
      std::nth_element(w.sorted.begin(), kth, w.sorted.end());
      ceiling = static_cast<double>(*kth) + left_out + error;
    }
  }
  w.chosen.resize(count);
  const std::size_t found =
      simd::kernels().select_below(products, count, rounded_up(ceiling + error - left_out), w.chosen.data());
  if (found == 0) return;
  for (std::size_t i = 0; i < found; ++i) w.chosen[i] = row(tile.first + w.chosen[i]);
  w.distances.resize(std::max(w.distances.size(), found));
  scorer.score({w.chosen.data(), found}, w.distances.data());
  for (std::size_t i = 0; i < found; ++i) best.offer({w.chosen[i], w.distances[i]});
  lower(ceilings_[query], best.threshold());
}

}  // namespace quiver::internal
