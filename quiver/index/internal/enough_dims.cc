#include "quiver/index/internal/enough_dims.h"

#include <algorithm>
#include <cmath>

#include "quiver/core/random.h"
#include "quiver/core/top_k.h"
#include "quiver/simd/kernels.h"

namespace quiver::internal {
namespace {
constexpr std::size_t kSampleRows = 20'000, kSampleQueries = 200, kNear = 10, kAmong = 20;
constexpr double kKept = 0.995;
constexpr std::size_t kBasisRows = 10'000;
constexpr std::size_t kFewDims = 32;                    // are all kept
constexpr std::size_t kDimsStep = 16, kFirstTried = 4;  // steps
constexpr std::size_t kQueriesTogether = 25;            // queries that meet a tile of rows while it is in the cache
constexpr std::size_t kRowsBytes = std::size_t{1} << 18;

Matrix rows_of(MatrixView base, std::span<const std::uint32_t> rows) {
  Matrix out(rows.size(), base.cols);
  for (std::size_t i = 0; i < rows.size(); ++i) std::copy_n(base.row(rows[i]).data(), base.cols, out.row(i).data());
  return out;
}

// to.row(q)[i] = from.row(q)[i] + the distance of query q to row i.
void add_distances(Metric metric, MatrixView rows, MatrixView queries, const Matrix& from, Matrix& to, Run& run) {
  const simd::BlockKernel distance = simd::kernels().distance(metric, Element::F32);
  const std::size_t stride = rows.stride * sizeof(float), tile = std::max<std::size_t>(16, kRowsBytes / stride);
  run.threads().parallel_for(queries.rows, kQueriesTogether, [&](std::size_t begin, std::size_t end, unsigned) {
    std::vector<float> more(tile);
    for (std::size_t first = 0; first < rows.rows; first += tile) {
      const std::size_t count = std::min(tile, rows.rows - first);
      for (std::size_t q = begin; q < end; ++q) {
        distance(queries.row(q).data(), reinterpret_cast<const std::byte*>(rows.row(first).data()), stride, nullptr,
                 count, rows.cols, more.data());
        std::transform(more.begin(), more.begin() + static_cast<std::ptrdiff_t>(count), from.row(q).data() + first,
                       to.row(q).data() + first, std::plus<>());
      }
    }
  });
}

// The `count` rows of least distance, `self` left out.
std::vector<Hit> nearest_hits(std::span<const float> distances, std::size_t count, std::uint32_t self) {
  TopK best(count);
  for (std::uint32_t i = 0; i < distances.size(); ++i) {
    if (i != self) best.offer({i, distances[i]});
  }
  return best.sorted();
}

// Rows and queries in a basis of falling variance, and their distances by its leading coordinates.
class Rehearsal {
 public:
  Rehearsal(Metric metric, const Projection& basis, MatrixView rows, MatrixView queries,
            std::span<const std::uint32_t> selves, Run& run)
      : metric_(metric),
        basis_(basis),
        rows_(rows),
        queries_(queries),
        selves_(selves),
        run_(run),
        before_(queries.rows, rows.rows),
        now_(queries.rows, rows.rows),
        row_rests_(squared_lengths(rows)),
        query_rests_(squared_lengths(queries)),
        truth_(queries.rows) {
    add_distances(metric, rows, queries, before_, now_, run);
    for (std::size_t q = 0; q < queries.rows; ++q) truth_[q] = nearest_hits(now_.row(q), kNear, selves[q]);
  }

  // What part of the true neighbours is near by the first `dims` coordinates and, with `rest`, the length of the
  // others; whether that is enough. If not, dims are not fewer the next time.
  bool keeps_enough(std::size_t dims, bool rest) {
    const Projection more = basis_.slice(done_, dims - done_);
    Matrix rows, queries;
    more.rows(rows_, rows, &run_.threads());
    more.rows(queries_, queries, &run_.threads());
    add_distances(metric_, rows.view(), queries.view(), before_, now_, run_);
    std::vector<float> row_rests = without(row_rests_, rows), query_rests = without(query_rests_, queries);
    const double kept = kept_near(rest ? row_rests : std::vector<float>{}, query_rests);
    if (kept >= kKept) return true;
    std::swap(before_, now_);
    row_rests_ = std::move(row_rests);
    query_rests_ = std::move(query_rests);
    done_ = dims;
    return false;
  }

 private:
  std::vector<float> squared_lengths(MatrixView rows) const {  // about the mean
    std::vector<float> out(rows.rows);
    simd::kernels().distance(Metric::L2, Element::F32)(
        basis_.mean().data(), reinterpret_cast<const std::byte*>(rows.data), rows.stride * sizeof(float), nullptr,
        rows.rows, rows.cols, out.data());
    return out;
  }
  static std::vector<float> without(std::vector<float> squares, const Matrix& coordinates) {
    for (std::size_t i = 0; i < squares.size(); ++i) {
      const float more = simd::kernels().squared_norm(coordinates.row(i).data(), coordinates.cols());
      squares[i] = std::max(0.0F, squares[i] - more);
    }
    return squares;
  }

  double kept_near(std::span<const float> row_rests, std::span<const float> query_rests) {
    std::vector<float> lengths(row_rests.size());
    std::transform(row_rests.begin(), row_rests.end(), lengths.begin(),
                   [](float squared) { return std::sqrt(squared); });
    std::vector<std::size_t> found(selves_.size(), 0);
    run_.threads().parallel_for(selves_.size(), kQueriesTogether, [&](std::size_t begin, std::size_t end, unsigned) {
      std::vector<float> distances;
      for (std::size_t q = begin; q < end; ++q) {
        distances.assign(now_.row(q).begin(), now_.row(q).end());
        const float rest = kAlike * std::sqrt(query_rests[q]);
        for (std::size_t i = 0; i < lengths.size(); ++i) distances[i] += (lengths[i] - rest) * (lengths[i] - rest);
        const std::vector<Hit> near = nearest_hits(distances, kAmong, selves_[q]);
        for (const Hit& hit : truth_[q]) {
          found[q] += std::any_of(near.begin(), near.end(), [&](const Hit& h) { return h.row == hit.row; }) ? 1 : 0;
        }
      }
    });
    std::size_t all = 0, wanted = 0;
    for (std::size_t q = 0; q < selves_.size(); ++q) {
      all += found[q];
      wanted += truth_[q].size();
    }
    return wanted == 0 ? 1 : static_cast<double>(all) / static_cast<double>(wanted);
  }

  Metric metric_;
  const Projection& basis_;
  MatrixView rows_, queries_;
  std::span<const std::uint32_t> selves_;
  Run& run_;
  std::size_t done_ = 0;                        // dims that were too few
  Matrix before_, now_;                         // (queries, rows): distances by done_ dims; by those asked for
  std::vector<float> row_rests_, query_rests_;  // squared lengths of what done_ dims leave
  std::vector<std::vector<Hit>> truth_;
};
}  // namespace

Result<EnoughDims> enough_dims(Metric metric, MatrixView base, const std::function<void(std::span<float>)>& as_query,
                               bool rest, Run& run) {
  EnoughDims out;
  const std::size_t most = out.dims = std::min(base.cols, base.rows);
  if (most <= kFewDims) return out;
  Random random(run.seed(), stream_of("graph dims"));
  const Matrix rows =
      rows_of(base, random.sample(static_cast<std::uint32_t>(base.rows), static_cast<std::uint32_t>(kSampleRows)));
  QUIVER_TRY(Projection basis,
             fit_projection({.method = "pca", .dims = most, .sample = kBasisRows, .centre = metric == Metric::L2},
                            rows.view(), {}, Metric::L2, run));
  out.basis.emplace(std::move(basis));
  const std::vector<std::uint32_t> selves =
      random.sample(static_cast<std::uint32_t>(rows.rows()), static_cast<std::uint32_t>(kSampleQueries));
  Matrix queries = rows_of(rows.view(), selves);
  for (std::size_t q = 0; q < queries.rows(); ++q) as_query(queries.row(q));
  Rehearsal rehearsal(metric, *out.basis, rows.view(), queries.view(), selves, run);
  std::size_t failed = 0, enough = (most + kDimsStep - 1) / kDimsStep, tried = kFirstTried;
  // A walk by nearly all of the dimensions gains nothing from the missing ones.
  const auto nearly_all = [&](std::size_t steps) { return kDimsStep * steps * 8 > most * 7; };
  while (failed + 1 < enough && !nearly_all(failed + 1)) {
    if (run.stop()) return run.stopped("choosing how many dimensions to keep");
    if (tried >= enough) tried = (failed + enough) / 2;
    if (rehearsal.keeps_enough(kDimsStep * tried - (rest ? 1 : 0), rest)) {
      enough = tried;
    } else {
      failed = tried;
      tried *= 2;
    }
  }
  if (failed + 1 == enough && !nearly_all(enough)) out.dims = std::min(kDimsStep * enough, most);
  return out;
}

}  // namespace quiver::internal
