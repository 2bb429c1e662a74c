#include "quiver/index/internal/neighbour_code.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "quiver/core/random.h"
#include "quiver/simd/kernels.h"

namespace quiver::internal {
namespace {
constexpr std::size_t kCentroids = simd::kGroupCentroids;
constexpr std::size_t kLongestGroup = 16;
constexpr int kRounds = 12;
constexpr std::size_t kFirstCentroids = 2048;  // directions that k-means begins with
constexpr std::size_t kAddedTogether = 1024;   // directions whose sums are added up first

// What 16 centroids leave of the variance of n independent Gaussian coordinates, as a part of it.
constexpr double kShare[kLongestGroup + 1] = {1,    .0115, .108, .23, .32, .39, .44, .49, .53,
                                              .565, .595,  .62,  .64, .66, .68, .69, .70};

// starts[0 .. groups]: the cut of least distortion.
std::vector<std::uint16_t> best_cut(const std::vector<double>& variances, std::size_t groups) {
  const std::size_t dims = variances.size();
  std::vector<double> logs(dims + 1, 0), sums(dims + 1, 0);
  const double least = 1e-12 * std::accumulate(variances.begin(), variances.end(), 1e-30);
  for (std::size_t i = 0; i < dims; ++i) {
    logs[i + 1] = logs[i] + std::log(variances[i] + least);
    sums[i + 1] = sums[i] + variances[i];
  }
  // Of a group of dimensions begin .. begin + n - 1: its bits go to the leading ones, as many as vary more than what is
  // left of them; the others keep their variance.
  const auto distortion_of = [&](std::size_t begin, std::size_t n) {
    double best = sums[begin + n] - sums[begin];
    for (std::size_t m = 1; m <= n; ++m) {
      const auto size = static_cast<double>(m);
      const double each = std::exp((logs[begin + m] - logs[begin]) / size) * kShare[m];
      if (each <= variances[begin + m - 1] + least) {
        best = std::min(best, size * each + sums[begin + n] - sums[begin + m]);
      }
    }
    return best;
  };
  std::vector<std::array<double, kLongestGroup + 1>> distortion(dims + 1);  // [end][n]
  for (std::size_t end = 0; end <= dims; ++end) {
    for (std::size_t n = 0; n <= std::min(end, kLongestGroup); ++n) distortion[end][n] = distortion_of(end - n, n);
  }
  constexpr double kNone = 1e300;
  std::vector<std::vector<double>> cost(groups + 1, std::vector<double>(dims + 1, kNone));
  std::vector<std::vector<std::uint16_t>> from(groups + 1, std::vector<std::uint16_t>(dims + 1, 0));
  cost[0][0] = 0;
  for (std::size_t g = 1; g <= groups; ++g) {
    for (std::size_t end = 0; end <= dims; ++end) {
      for (std::size_t n = 0; n <= std::min(end, kLongestGroup); ++n) {
        const double total = cost[g - 1][end - n] + distortion[end][n];
        if (total < cost[g][end]) {
          cost[g][end] = total;
          from[g][end] = static_cast<std::uint16_t>(end - n);
        }
      }
    }
  }
  std::size_t end = 0;
  double best = kNone;
  for (std::size_t i = 0; i <= dims; ++i) {
    const double total = cost[groups][i] + sums[dims] - sums[i];
    if (total < best) {
      best = total;
      end = i;
    }
  }
  std::vector<std::uint16_t> starts(groups + 1);
  for (std::size_t g = groups; g > 0; --g) {
    starts[g] = static_cast<std::uint16_t>(end);
    end = from[g][end];
  }
  starts[0] = 0;
  return starts;
}

// Where k-means of 16 centroids begins on columns first .. first + dims - 1 (k-means++, Arthur & Vassilvitskii 2007);
// centroids[16 i + c] is coordinate i of centroid c.
void first_centroids(MatrixView points, std::size_t first, std::size_t dims, Random random, float* centroids) {
  if (dims == 0) return;
  const auto point = [&](std::size_t i) { return points.data + i * points.stride + first; };
  std::vector<float> nearest(points.rows, INFINITY);
  std::size_t next = random.below(points.rows);
  for (std::size_t c = 0; c < kCentroids; ++c) {
    for (std::size_t i = 0; i < dims; ++i) centroids[i * kCentroids + c] = point(next)[i];
    double total = 0;
    for (std::size_t p = 0; p < points.rows; ++p) {
      float distance = 0;
      for (std::size_t i = 0; i < dims; ++i) {
        const float difference = point(p)[i] - point(next)[i];
        distance += difference * difference;
      }
      nearest[p] = std::min(nearest[p], distance);
      total += nearest[p];
    }
    double left = random.uniform() * total;
    for (next = 0; next + 1 < points.rows && left > nearest[next]; ++next) left -= nearest[next];
  }
}

// Of some directions, those that each centroid is nearest to: their sum and their number.
struct Followers {
  std::vector<float> sums;
  std::vector<std::uint32_t> counts;
};
}  // namespace

float NeighbourCode::Scratch::dot(const std::uint8_t* codes) const noexcept {
  float sums[4] = {tables_.bias};  // four additions at a time need not wait for each other
  const float* values = values_.data();
  for (std::size_t g = 0; g < tables_.groups; g += 4, values += 4 * kCentroids, codes += 4) {
    for (std::size_t i = 0; i < 4; ++i) sums[i] += values[i * kCentroids + codes[i]];
  }
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

void NeighbourCode::Scratch::make_room(std::size_t groups) {
  if (values_.cols() == groups * kCentroids) return;
  values_ = Matrix(1, groups * kCentroids);
  entries_ = AlignedBytes(groups * kCentroids);
}

NeighbourCode NeighbourCode::fit(MatrixView directions, std::size_t groups, Run& run) {
  QUIVER_CHECK(groups > 0 && groups % 4 == 0 && groups <= simd::kMaxGroups && directions.rows > 0);
  std::vector<double> variances(directions.cols, 0);
  for (std::size_t p = 0; p < directions.rows; ++p) {
    for (std::size_t i = 0; i < directions.cols; ++i) {
      const double x = directions.row(p)[i];
      variances[i] += x * x;
    }
  }
  NeighbourCode code;
  code.starts_ = best_cut(variances, groups);
  code.centroids_.resize(code.coded_dims() * kCentroids);
  const std::uint64_t stream = stream_of("neighbour code");
  const std::size_t every = (directions.rows + kFirstCentroids - 1) / kFirstCentroids;
  const MatrixView some{directions.data, (directions.rows + every - 1) / every, directions.cols,
                        directions.stride * every};
  run.threads().parallel_for(groups, 1, [&](std::size_t begin, std::size_t end, unsigned) {
    for (std::size_t g = begin; g < end; ++g) {
      const std::size_t first = code.starts_[g];
      first_centroids(some, first, code.starts_[g + 1] - first, Random(run.seed(), mix(stream, g)),
                      code.centroids_.data() + first * kCentroids);
    }
  });
  code.measure();
  for (int round = 0; round < kRounds; ++round) code.improve(directions, run);
  return code;
}

// One round of k-means, in all groups at once. Sums are added up piece by piece, whatever the threads.
void NeighbourCode::improve(MatrixView directions, Run& run) {
  std::vector<Followers> pieces((directions.rows + kAddedTogether - 1) / kAddedTogether);
  run.threads().parallel_for(pieces.size(), 1, [&](std::size_t begin, std::size_t end, unsigned) {
    Scratch scratch;
    std::uint8_t codes[simd::kMaxGroups];
    for (std::size_t piece = begin; piece < end; ++piece) {
      Followers& followers = pieces[piece];
      followers.sums.resize(centroids_.size());
      followers.counts.resize(groups() * kCentroids);
      for (std::size_t p = piece * kAddedTogether; p < std::min((piece + 1) * kAddedTogether, directions.rows); ++p) {
        const float* direction = directions.row(p).data();
        encode(direction, scratch, codes);
        for (std::size_t g = 0; g < groups(); ++g) {
          ++followers.counts[g * kCentroids + codes[g]];
          float* sums = followers.sums.data() + codes[g];
          for (std::size_t i = starts_[g]; i < starts_[g + 1]; ++i) sums[i * kCentroids] += direction[i];
        }
      }
    }
  });
  for (std::size_t g = 0; g < groups(); ++g) {
    for (std::size_t c = 0; c < kCentroids; ++c) {
      std::uint64_t count = 0;
      for (const Followers& followers : pieces) count += followers.counts[g * kCentroids + c];
      for (std::size_t i = starts_[g]; i < starts_[g + 1] && count > 0; ++i) {
        double sum = 0;
        for (const Followers& followers : pieces) sum += static_cast<double>(followers.sums[i * kCentroids + c]);
        centroids_[i * kCentroids + c] = static_cast<float>(sum / static_cast<double>(count));
      }
    }
  }
  measure();
}

void NeighbourCode::measure() {
  half_norms_.assign(groups() * kCentroids, 0);
  for (std::size_t g = 0; g < groups(); ++g) {
    for (std::size_t i = starts_[g]; i < starts_[g + 1]; ++i) {
      for (std::size_t c = 0; c < kCentroids; ++c) {
        const float x = centroids_[i * kCentroids + c];
        half_norms_[g * kCentroids + c] += x * x / 2;
      }
    }
  }
}

void NeighbourCode::tables(const float* query, Scratch& scratch) const noexcept {
  scratch.make_room(groups());
  auto* entries = reinterpret_cast<std::uint8_t*>(scratch.entries_.data());
  scratch.tables_.entries = entries;
  scratch.tables_.groups = groups();
  simd::kernels().neighbour_tables(query, centroids_.data(), starts_.data(), groups(), scratch.values_.data(), entries,
                                   &scratch.tables_.scale, &scratch.tables_.bias);
}

void NeighbourCode::products(const float* vector, Scratch& scratch) const noexcept {
  scratch.make_room(groups());
  scratch.tables_ = {nullptr, groups(), 0, 0};
  simd::kernels().group_products(vector, centroids_.data(), starts_.data(), groups(), scratch.values_.data());
}

void NeighbourCode::encode(const float* direction, Scratch& scratch, std::uint8_t* codes) const noexcept {
  products(direction, scratch);
  simd::kernels().nearest_codes(scratch.values_.data(), half_norms_.data(), groups(), codes);
}

void NeighbourCode::save(ContainerWriter& writer, std::string_view prefix) const {
  writer.add_array(std::string(prefix) + "starts", std::span<const std::uint16_t>(starts_));
  writer.add_array(std::string(prefix) + "centroids", std::span<const float>(centroids_));
}

Result<NeighbourCode> NeighbourCode::load(const Container& file, std::string_view prefix) {
  QUIVER_TRY(const auto starts, file.array<std::uint16_t>(std::string(prefix) + "starts"));
  QUIVER_TRY(const auto centroids, file.array<float>(std::string(prefix) + "centroids"));
  const bool sound = starts.size() > 1 && (starts.size() - 1) % 4 == 0 && starts.size() - 1 <= simd::kMaxGroups &&
                     starts[0] == 0 && std::is_sorted(starts.begin(), starts.end()) &&
                     centroids.size() == starts.back() * kCentroids;
  if (!sound) return Error::corruption("the neighbour codes' groups and centroids do not agree; build the index again");
  NeighbourCode code;
  code.starts_.assign(starts.begin(), starts.end());
  code.centroids_.assign(centroids.begin(), centroids.end());
  code.measure();
  return code;
}

}  // namespace quiver::internal
