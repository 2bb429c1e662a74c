#include "quiver/compress/product.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "quiver/compress/internal/codebook_coder.h"
#include "quiver/core/linalg.h"
#include "quiver/core/linalg_double.h"
#include "quiver/core/metric.h"

namespace quiver {
namespace {
using internal::CodebookShape;

constexpr std::size_t kTurns = 8;           // of codebooks and rotation
constexpr std::size_t kTurnIterations = 4;  // of k-means in a turn
constexpr std::size_t kTurnRows = 8192;     // a rotation needs fewer rows than the codebooks

// Eigenvectors of the covariance as rows, dealt out: each goes, in order of falling variance, to the part with room
// whose product of variances is smallest so far.
Result<Matrix> balanced_eigenvectors(const CodebookShape& shape, MatrixView rows) {
  const std::vector<float> mean = column_means(rows);
  const Matrix spread = covariance(rows, mean);
  QUIVER_TRY(const Eigen eigen, symmetric_eigen(spread.view()));
  const double least = std::max(1e-12 * static_cast<double>(eigen.values.front()), 1e-30);
  std::vector<double> logarithm(shape.groups);
  std::vector<std::size_t> filled(shape.groups);
  Matrix out(shape.dims, shape.dims);
  for (std::size_t i = 0; i < shape.dims; ++i) {
    std::size_t best = shape.groups;
    for (std::size_t g = 0; g < shape.groups; ++g) {
      if (filled[g] < shape.width(g) && (best == shape.groups || logarithm[g] < logarithm[best])) best = g;
    }
    const auto vector = eigen.vectors.row(i);
    std::copy(vector.begin(), vector.end(), out.row(shape.begin(best) + filled[best]++).begin());
    // Relative to the least, so that a part with more vectors counts as fuller.
    logarithm[best] += std::log(std::max(static_cast<double>(eigen.values[i]), least) / least);
  }
  return out;
}

// The rows turned, what they decode to by codebooks learned on them, and the squared error of that.
struct Turn {
  Matrix rotation, decoded;
  double error = 0;
};

Result<Turn> coded_after(Matrix rotation, const CodebookShape& shape, MatrixView rows, Run& run) {
  Turn turn{std::move(rotation), Matrix(rows.rows, shape.dims)};
  Matrix rotated(rows.rows, shape.dims);
  gemm_nt(rows, turn.rotation.view(), rotated);
  QUIVER_TRY(const internal::Codebooks books,
             internal::Codebooks::learn(shape, rotated.view(), run.seed(), run, kTurnIterations));
  run.threads().parallel_for(rows.rows, 256, [&](std::size_t begin, std::size_t end, unsigned) {
    std::vector<std::uint8_t> codes(shape.codes());
    std::vector<float> scratch;
    for (std::size_t i = begin; i < end; ++i) {
      books.encode(rotated.row(i), codes.data(), scratch);
      books.decode(codes.data(), turn.decoded.row(i).data());
    }
  });
  for (std::size_t i = 0; i < rows.rows; ++i) turn.error += distance(Metric::L2, rotated.row(i), turn.decoded.row(i));
  return turn;
}

Result<Matrix> learn_product_rotation(const CodebookShape& shape, MatrixView base, Run& run) {
  // Every so-manyth row: neighbours in a file are often alike.
  const std::size_t every = std::max<std::size_t>(1, (base.rows + kTurnRows - 1) / kTurnRows);
  const MatrixView rows{base.data, (base.rows + every - 1) / every, base.cols, base.stride * every};
  Matrix identity = DoubleMatrix::identity(shape.dims, shape.dims).to_float();
  if (rows.rows == 0) return identity;
  const BlasThreads threads(run.threads().count());
  QUIVER_TRY(Matrix balanced, balanced_eigenvectors(shape, rows));
  QUIVER_TRY(Turn best, coded_after(std::move(identity), shape, rows, run));
  QUIVER_TRY(Turn start, coded_after(std::move(balanced), shape, rows, run));
  if (start.error < best.error) best = std::move(start);
  Matrix correlation(shape.dims, shape.dims);
  auto stage = run.stage("rotation", kTurns);
  for (std::size_t i = 0; i < kTurns; ++i) {
    gemm_tn(best.decoded.view(), rows, correlation);
    QUIVER_TRY(const DoubleMatrix nearest, polar_factor(DoubleMatrix::copy_of(correlation.view())));
    QUIVER_TRY(Turn turn, coded_after(nearest.to_float(), shape, rows, run));
    if (turn.error >= best.error) break;
    best = std::move(turn);
    stage.advance();
  }
  return std::move(best.rotation);
}

Result<CoderPtr> product_of(const char* name, unsigned parts, unsigned bits, const Space& space,
                            internal::LearnRotation learn_rotation) {
  const std::string spec = bits == 8 ? fmt::format("{}({})", name, parts) : fmt::format("{}({},{})", name, parts, bits);
  if (bits != 4 && bits != 8) {
    return Error::invalid_argument(fmt::format("{}: codes have 4 or 8 bits; write {}({},4)", spec, name, parts));
  }
  if (parts == 0 || parts > space.dims) {
    return Error::invalid_argument(fmt::format("{}: cuts {} dims into {} parts; ask for 1 to {}, such as {}({})", spec,
                                               space.dims, parts, space.dims, name,
                                               std::max<std::size_t>(space.dims / 8, 1)));
  }
  QUIVER_TRY(check_metric(spec, space));
  const CodebookShape shape{.dims = space.dims, .groups = parts, .stages = 1, .centroids = bits == 8 ? 256U : 16U};
  return std::make_shared<internal::CodebookCoder>(spec, space, internal::Codebooks(shape), learn_rotation);
}
}  // namespace

Result<CoderPtr> product_coder(unsigned parts, unsigned bits, const Space& space) {
  return product_of("pq", parts, bits, space, nullptr);
}
Result<CoderPtr> optimized_product_coder(unsigned parts, unsigned bits, const Space& space) {
  return product_of("opq", parts, bits, space, learn_product_rotation);
}

}  // namespace quiver
