#include "quiver/compress/internal/codebooks.h"

#include <algorithm>

#include "quiver/compress/kmeans.h"
#include "quiver/core/random.h"

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

Matrix learning_rows(MatrixView rows, std::uint64_t seed) {
  Random random(seed, stream_of("codebook sample"));
  const auto picked = random.sample(static_cast<std::uint32_t>(rows.rows), static_cast<std::uint32_t>(kLearnRows));
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
  const Matrix sample = learning_rows(rows, seed);
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
  scratch.resize(shape_.dims + shape_.centroids);
  const std::span<float> left(scratch.data(), shape_.dims);
  const std::span<float> distances(scratch.data() + shape_.dims, shape_.centroids);
  std::copy(row.begin(), row.end(), left.begin());
  for (std::size_t g = 0; g < shape_.groups; ++g) {
    const std::span<float> part = left.subspan(shape_.begin(g), shape_.width(g));
    for (std::size_t s = 0; s < shape_.stages; ++s) {
      const std::size_t code = nearest_centroid(part, book(g, s), distances);
      *codes++ = static_cast<std::uint8_t>(code);
      const auto nearest = centroid(g, s, code);
      for (std::size_t j = 0; j < part.size(); ++j) part[j] -= nearest[j];
    }
  }
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
