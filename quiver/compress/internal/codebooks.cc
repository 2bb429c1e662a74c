#include "quiver/compress/internal/codebooks.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "quiver/compress/kmeans.h"
#include "quiver/core/random.h"
#include "quiver/simd/kernels.h"

namespace quiver::internal {
namespace {
// What the nearest centroid leaves of each row.
void take_nearest(Matrix& rows, MatrixView centroids, Threads& threads) {
  threads.parallel_for(rows.rows(), 256, [&](std::size_t begin, std::size_t end, unsigned) {
    std::vector<float> scratch(centroids.rows);
    for (std::size_t i = begin; i < end; ++i) {
      const auto row = rows.row(i);
      const auto nearest = centroids.row(nearest_centroid(row, centroids, scratch));
      for (std::size_t j = 0; j < row.size(); ++j) row[j] -= nearest[j];
    }
  });
}
}  // namespace

Matrix learning_sample(const CodebookShape& shape, MatrixView rows, std::uint64_t seed) {
  Random random(seed, stream_of("codebook sample"));
  const auto picked =
      random.sample(static_cast<std::uint32_t>(rows.rows), static_cast<std::uint32_t>(shape.learning_rows()));
  Matrix out(picked.size(), rows.cols);
  for (std::size_t i = 0; i < picked.size(); ++i) {
    const auto from = rows.row(picked[i]);
    std::copy(from.begin(), from.end(), out.row(i).begin());
  }
  return out;
}

Result<Codebooks> Codebooks::learn(const CodebookShape& shape, MatrixView rows, std::uint64_t seed, Run& run,
                                   std::size_t iterations) {
  std::vector<float> values;
  values.reserve(shape.values());
  const Matrix sample = learning_sample(shape, rows, seed);
  auto stage = run.stage("codebooks", shape.codes());
  for (std::size_t g = 0; g < shape.groups; ++g) {
    Matrix left = Matrix::copy_of({sample.data() + shape.begin(g), sample.rows(), shape.width(g), sample.stride()});
    for (std::size_t s = 0; s < shape.stages; ++s) {
      const KmeansOptions options{.clusters = shape.centroids,
                                  .iterations = iterations,
                                  .sample_per_cluster = 0,
                                  .seed = mix(seed, g * shape.stages + s)};
      QUIVER_TRY(const Kmeans learned, fit_kmeans(left.view(), options, run));
      for (std::size_t c = 0; c < shape.centroids; ++c) {
        const auto centroid = learned.centroids.row(c);
        values.insert(values.end(), centroid.begin(), centroid.end());
      }
      if (s + 1 < shape.stages) take_nearest(left, learned.centroids.view(), run.threads());
      stage.advance();
    }
  }
  return Codebooks(shape, std::move(values));
}

MatrixView Codebooks::book(std::size_t group, std::size_t stage) const noexcept {
  const std::size_t width = shape_.width(group);
  const std::size_t begin = shape_.centroids * (shape_.stages * shape_.begin(group) + stage * width);
  return {values_.data() + begin, shape_.centroids, width, width};
}

void Codebooks::encode(std::span<const float> row, std::uint8_t* codes, std::vector<float>& scratch) const {
  for (std::size_t g = 0; g < shape_.groups; ++g, codes += shape_.stages) {
    const std::span<const float> part = row.subspan(shape_.begin(g), shape_.width(g));
    if (shape_.stages == 1) {
      scratch.resize(shape_.centroids);
      *codes = static_cast<std::uint8_t>(nearest_centroid(part, book(g, 0), scratch));
    } else {
      search(part, g, codes, scratch);
    }
  }
}

// Path b has chosen paths[b] and leaves left + b * width; path 0 is the greedy one.
void Codebooks::search(std::span<const float> part, std::size_t group, std::uint8_t* codes,
                       std::vector<float>& scratch) const {
  const simd::Kernels& k = simd::kernels();
  const std::size_t width = part.size(), centroids = shape_.centroids;
  scratch.resize(kBeam * (2 * width + centroids));
  float *left = scratch.data(), *next = left + kBeam * width, *distances = next + kBeam * width;
  using Path = std::array<std::uint8_t, kMostStages>;
  std::array<Path, kBeam> paths{}, longer{};
  std::array<float, kBeam> errors{};
  std::copy(part.begin(), part.end(), left);
  std::size_t count = 1;
  for (std::size_t s = 0; s < shape_.stages; ++s) {
    const MatrixView centres = book(group, s);
    std::array<std::size_t, kBeam> best{};  // of each path: its nearest centroid that was not taken yet
    for (std::size_t b = 0; b < count; ++b) {
      k.distance(Metric::L2, Element::F32)(left + b * width, reinterpret_cast<const std::byte*>(centres.data),
                                           centres.stride * sizeof(float), nullptr, centroids, width,
                                           distances + b * centroids);
      best[b] = k.least(distances + b * centroids, centroids);
    }
    std::size_t taken = 0;
    const auto take = [&](std::size_t b) {
      float& distance = distances[b * centroids + best[b]];
      longer[taken] = paths[b];
      longer[taken][s] = static_cast<std::uint8_t>(best[b]);
      const auto centre = centres.row(best[b]);
      for (std::size_t j = 0; j < width; ++j) next[taken * width + j] = left[b * width + j] - centre[j];
      errors[taken++] = distance;
      distance = HUGE_VALF;
      best[b] = k.least(distances + b * centroids, centroids);
    };
    take(0);
    while (taken < kBeam) {
      std::size_t least = 0;
      for (std::size_t b = 1; b < count; ++b) {
        if (distances[b * centroids + best[b]] < distances[least * centroids + best[least]]) least = b;
      }
      take(least);
    }
    count = taken;
    std::swap(paths, longer);
    std::swap(left, next);
  }
  const auto found = static_cast<std::size_t>(std::min_element(errors.begin(), errors.end()) - errors.begin());
  std::copy_n(paths[found].begin(), shape_.stages, codes);
}

void Codebooks::decode(const std::uint8_t* codes, float* out) const noexcept {
  for (std::size_t g = 0; g < shape_.groups; ++g) {
    float* part = out + shape_.begin(g);
    for (std::size_t s = 0; s < shape_.stages; ++s) {
      const auto nearest = centroid(g, s, *codes++);
      for (std::size_t j = 0; j < nearest.size(); ++j) part[j] = s == 0 ? nearest[j] : part[j] + nearest[j];
    }
  }
}

}  // namespace quiver::internal
