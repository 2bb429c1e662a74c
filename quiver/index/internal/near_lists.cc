#include "quiver/index/internal/near_lists.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "quiver/core/linalg.h"
#include "quiver/core/random.h"
#include "quiver/simd/kernels.h"

namespace quiver::internal {
namespace {
constexpr std::size_t kMostLeaders = 1000;
constexpr std::size_t kStripe = 256;  // rows of a product

Matrix gathered(MatrixView points, std::span<const std::uint32_t> rows) {
  Matrix out(rows.size(), points.cols);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::copy_n(points.data + rows[i] * points.stride, points.cols, out.row(i).data());
  }
  return out;
}
}  // namespace

NearLists::NearLists(MatrixView points, std::size_t length)
    : points_(points), length_(length), norms_(points.rows), hits_(points.rows * length), counts_(points.rows, 0) {
  for (std::size_t i = 0; i < points.rows; ++i) {
    norms_[i] = simd::kernels().squared_norm(points.row(i).data(), points.cols);
  }
}

Result<void> NearLists::gather(const NearOptions& options, Run& run) {
  const BlasThreads one(1);
  for (std::size_t round = 0; round < options.rounds; ++round) {
    Leaf all(points_.rows);
    std::iota(all.begin(), all.end(), 0U);
    std::vector<Leaf> leaves;
    carve(std::move(all), options.fanout, options, mix(stream_of("near lists"), round), run, leaves);
    for (const Leaf& leaf : leaves) {
      if (run.stop()) return run.stopped("comparing rows");
      compare(leaf, run);
    }
  }
  return {};
}

void NearLists::carve(Leaf rows, std::size_t fanout, const NearOptions& options, std::uint64_t stream, Run& run,
                      std::vector<Leaf>& leaves) const {
  if (rows.size() <= options.leaf) {
    if (rows.size() > 1) leaves.push_back(std::move(rows));
    return;
  }
  Random random(run.seed(), stream);
  const auto wanted = std::clamp<std::size_t>(2 * rows.size() / options.leaf, 2, kMostLeaders);
  Leaf leaders = random.sample(static_cast<std::uint32_t>(rows.size()), static_cast<std::uint32_t>(wanted));
  for (std::uint32_t& leader : leaders) leader = rows[leader];
  const Matrix centres = gathered(points_, leaders);
  const std::size_t keep = std::min(fanout, leaders.size());
  std::vector<std::uint32_t> nearest(rows.size() * keep);
  run.threads().parallel_for(rows.size(), kStripe, [&](std::size_t begin, std::size_t end, unsigned) {
    const Matrix stripe = gathered(points_, std::span(rows).subspan(begin, end - begin));
    Matrix products(end - begin, leaders.size());
    gemm_nt(stripe.view(), centres.view(), products);
    for (std::size_t i = begin; i < end; ++i) {
      TopK best(keep);
      const std::span<const float> product = products.row(i - begin);
      for (std::size_t l = 0; l < leaders.size(); ++l) {
        best.offer({static_cast<std::uint32_t>(l), norms_[leaders[l]] - 2 * product[l]});
      }
      const std::vector<Hit> sorted = best.sorted();
      for (std::size_t j = 0; j < keep; ++j) nearest[i * keep + j] = sorted[j].row;
    }
  });
  std::vector<Leaf> parts(leaders.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t j = 0; j < keep; ++j) parts[nearest[i * keep + j]].push_back(rows[i]);
  }
  const std::size_t before = rows.size();
  rows = {};
  for (std::size_t l = 0; l < parts.size(); ++l) {
    if (parts[l].size() < before) {
      carve(std::move(parts[l]), 1, options, mix(stream, l + 1), run, leaves);
      continue;
    }
    // Rows that are all alike follow one leader: cut them as they come.
    for (std::size_t at = 0; at < before; at += options.leaf) {
      const auto first = parts[l].begin() + static_cast<std::ptrdiff_t>(at);
      leaves.emplace_back(first, first + static_cast<std::ptrdiff_t>(std::min(options.leaf, before - at)));
    }
  }
}

void NearLists::compare(const Leaf& leaf, Run& run) {
  const Matrix points = gathered(points_, leaf);
  run.threads().parallel_for(leaf.size(), kStripe, [&](std::size_t begin, std::size_t end, unsigned) {
    Matrix products(end - begin, leaf.size());
    gemm_nt(points.view().slice(begin, end - begin), points.view(), products);
    std::vector<std::uint32_t> chosen(leaf.size());
    for (std::size_t i = begin; i < end; ++i) {
      const std::span<float> distances = products.row(i - begin);
      for (std::size_t j = 0; j < leaf.size(); ++j) {
        distances[j] = norms_[leaf[i]] + norms_[leaf[j]] - 2 * distances[j];
      }
      distances[i] = INFINITY;
      const std::size_t row = leaf[i];
      // A first look bounds the list, so that few of the others are ever inserted.
      float ceiling = counts_[row] < length_ ? INFINITY : hits_[row * length_ + length_ - 1].distance;
      if (std::isinf(ceiling) && leaf.size() > 2 * length_) {
        std::vector<float> copy(distances.begin(), distances.end());
        std::nth_element(copy.begin(), copy.begin() + static_cast<std::ptrdiff_t>(length_), copy.end());
        ceiling = copy[length_];
      }
      const std::size_t count = simd::kernels().select_below(distances.data(), leaf.size(), ceiling, chosen.data());
      for (std::size_t c = 0; c < count; ++c) {
        if (chosen[c] != i) offer(row, {leaf[chosen[c]], std::max(0.0F, distances[chosen[c]])});
      }
    }
  });
}

void NearLists::offer(std::size_t row, Hit hit) noexcept {
  Hit* const list = hits_.data() + row * length_;
  std::uint32_t& count = counts_[row];
  if (count == length_ && !closer(hit, list[count - 1])) return;
  // Equal rows of two leaves differ in the last bits of their products, so look for the number itself.
  for (std::size_t i = 0; i < count; ++i) {
    if (list[i].row == hit.row) return;
  }
  std::size_t at = count < length_ ? count++ : count - 1;
  for (; at > 0 && closer(hit, list[at - 1]); --at) list[at] = list[at - 1];
  list[at] = hit;
}

}  // namespace quiver::internal
