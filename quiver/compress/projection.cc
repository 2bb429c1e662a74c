#include "quiver/compress/projection.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "quiver/compress/leanvec.h"
#include "quiver/core/json.h"
#include "quiver/core/linalg.h"
#include "quiver/core/linalg_double.h"
#include "quiver/core/metric.h"
#include "quiver/core/options.h"
#include "quiver/core/random.h"
#include "quiver/simd/kernels.h"

namespace quiver {
namespace {
constexpr std::size_t kRowBlock = 64;           // vectors that meet a tile of the map while it is in the cache
constexpr std::size_t kTileBytes = 256 * 1024;  // of the map
constexpr std::size_t kMomentBlock = 2048;      // rows of one product when second moments are summed
constexpr std::size_t kDimsStep = 16;           // lengths chosen here are multiples of this
constexpr double kRidge = 0.01;                 // of the mean variance of queries that are fewer than their dims
constexpr std::string_view kFitting = "fitting a projection";

double length_of(std::span<const float> row) {
  double squares = 0;
  for (const float x : row) squares += static_cast<double>(x) * x;
  return std::sqrt(squares);
}
// What a vector is multiplied by before anything else.
double scale_of(Metric metric, std::span<const float> row) {
  if (metric != Metric::Cosine) return 1;
  const double length = length_of(row);
  return length > 0 ? 1 / length : 0;
}

std::string packed_floats(MatrixView a) {
  std::string out(a.rows * a.cols * sizeof(float), '\0');
  for (std::size_t i = 0; i < a.rows; ++i) {
    std::memcpy(out.data() + i * a.cols * sizeof(float), a.row(i).data(), a.cols * sizeof(float));
  }
  return out;
}
}  // namespace

Projection::Projection(ProjectionParts parts) : parts_(std::move(parts)) {
  const Matrix& b = parts_.row_map;
  QUIVER_CHECK(b.rows() > 0 && b.rows() <= b.cols() && parts_.mean.size() == b.cols());
  QUIVER_CHECK(!two_maps() || (parts_.query_map.rows() == b.rows() && parts_.query_map.cols() == b.cols()));
  QUIVER_CHECK(parts_.spectrum.empty() || parts_.spectrum.size() == b.rows());
  QUIVER_CHECK(metric() == Metric::L2 || metric() == Metric::Dot || metric() == Metric::Cosine);
}

void Projection::rows(MatrixView x, float* out, std::size_t stride, Threads* threads) const {
  apply(row_map(), parts_.mean, x, out, stride, threads);
}
void Projection::rows(MatrixView x, Matrix& out, Threads* threads) const {
  out = Matrix(x.rows, to());
  rows(x, out.data(), out.stride(), threads);
}
void Projection::queries(MatrixView q, float* out, std::size_t stride, Threads* threads) const {
  const auto mean = metric() == Metric::L2 ? std::span<const float>(parts_.mean) : std::span<const float>();
  apply(query_map(), mean, q, out, stride, threads);
}
void Projection::queries(MatrixView q, Matrix& out, Threads* threads) const {
  out = Matrix(q.rows, to());
  queries(q, out.data(), out.stride(), threads);
}

// Products come from the block kernel, not from a matrix product: a BLAS sums in an order that depends on the batch.
void Projection::apply(MatrixView map, std::span<const float> mean, MatrixView x, float* out, std::size_t stride,
                       Threads* threads) const {
  QUIVER_CHECK(x.rows == 0 || (x.cols == from() && stride >= to()));
  const simd::BlockKernel negated_dot = simd::kernels().distance(Metric::Dot, Element::F32);
  const std::size_t stride_bytes = map.stride * sizeof(float);
  const std::size_t tile = std::max<std::size_t>(1, kTileBytes / stride_bytes);
  const auto block = [&](std::size_t begin, std::size_t end) {
    Matrix ready(end - begin, from());
    for (std::size_t i = begin; i < end; ++i) {
      const auto scale = static_cast<float>(scale_of(metric(), x.row(i)));
      const std::span<float> to_row = ready.row(i - begin);
      for (std::size_t j = 0; j < from(); ++j) to_row[j] = x.row(i)[j] * scale - (mean.empty() ? 0.0F : mean[j]);
    }
    for (std::size_t first = 0; first < map.rows; first += tile) {
      const std::size_t count = std::min(tile, map.rows - first);
      for (std::size_t i = begin; i < end; ++i) {
        float* y = out + i * stride + first;
        negated_dot(ready.row(i - begin).data(), reinterpret_cast<const std::byte*>(map.row(first).data()),
                    stride_bytes, nullptr, count, from(), y);
        for (std::size_t j = 0; j < count; ++j) y[j] = -y[j];
      }
    }
  };
  const auto blocks = [&](std::size_t begin, std::size_t end, unsigned) {
    for (; begin < end; begin += kRowBlock) block(begin, std::min(end, begin + kRowBlock));
  };
  if (threads != nullptr)
    threads->parallel_for(x.rows, kRowBlock, blocks);
  else
    blocks(0, x.rows, 0);
}

Projection Projection::slice(std::size_t first, std::size_t count) const {
  QUIVER_CHECK(count > 0 && first + count <= to());
  ProjectionParts some{.method = method(), .metric = metric(), .mean = parts_.mean};
  some.row_map = Matrix::copy_of(row_map().slice(first, count));
  if (two_maps()) some.query_map = Matrix::copy_of(query_map().slice(first, count));
  if (!spectrum().empty()) {
    const auto begin = spectrum().begin() + static_cast<std::ptrdiff_t>(first);
    some.spectrum.assign(begin, begin + static_cast<std::ptrdiff_t>(count));
    const double all = std::accumulate(spectrum().begin(), spectrum().end(), 0.0);
    if (kept() && all > 0) some.kept = *kept() * std::accumulate(some.spectrum.begin(), some.spectrum.end(), 0.0) / all;
  }
  return Projection(std::move(some));
}

void Projection::save(ContainerWriter& writer, std::string_view prefix) const {
  const std::string at(prefix);
  Json header = {
      {"method", method()}, {"metric", name_of(metric())}, {"from", from()}, {"to", to()}, {"two_maps", two_maps()}};
  if (kept().has_value()) header["kept"] = *kept();
  if (loss().has_value()) header["loss"] = *loss();
  writer.add(at + "projection", dump_json(header));
  writer.add_array(at + "mean", mean());
  writer.add(at + "row_map", packed_floats(row_map()));
  if (two_maps()) writer.add(at + "query_map", packed_floats(query_map()));
  if (!spectrum().empty()) writer.add_array(at + "spectrum", spectrum());
}

Result<Projection> Projection::load(const Container& file, std::string_view prefix) {
  const std::string at(prefix);
  QUIVER_TRY(const std::string_view text, file.text(at + "projection"));
  ProjectionParts parts;
  std::size_t from = 0, to = 0;
  bool two_maps = false;
  const auto read_header = [&]() -> Result<void> {
    QUIVER_TRY(const Json header, parse_json(text));
    QUIVER_TRY(parts.method, get<std::string>(header, "method"));
    QUIVER_TRY(const std::string metric, get<std::string>(header, "metric"));
    QUIVER_TRY(parts.metric, parse_metric(metric));
    QUIVER_TRY(from, get<std::size_t>(header, "from"));
    QUIVER_TRY(to, get<std::size_t>(header, "to"));
    QUIVER_TRY(two_maps, get<bool>(header, "two_maps"));
    if (header.contains("kept")) {
      QUIVER_TRY(parts.kept, get<double>(header, "kept"));
    }
    if (header.contains("loss")) {
      QUIVER_TRY(parts.loss, get<double>(header, "loss"));
    }
    if (to == 0 || to > from) return Error::corruption(fmt::format("it maps {} dims to {}", from, to));
    if (parts.metric == Metric::Manhattan || parts.metric == Metric::Hamming)
      return Error::corruption(fmt::format("its metric is {}", metric));
    return {};
  };
  if (auto header = read_header(); !header.has_value()) {
    return Error::corruption(fmt::format(
        "section '{}projection' is not a projection's header: {}; write the file again", at, header.error().message()));
  }
  const auto numbers = [&]<class T>(const std::string& name, std::size_t rows, std::size_t cols,
                                    T) -> Result<std::span<const T>> {
    QUIVER_TRY(const std::span<const T> values, file.array<T>(at + name));
    if (values.size() / rows != cols || values.size() % rows != 0) {  // not rows * cols: that may overflow
      return Error::corruption(
          fmt::format("section '{}{}' has {} values, a map from {} to {} dims has {} times {}; "
                      "write the file again",
                      at, name, values.size(), from, to, rows, cols));
    }
    if (!std::ranges::all_of(values, [](T x) { return std::isfinite(x); })) {
      return Error::corruption(
          fmt::format("section '{}{}' holds NaN or infinite values; write the file again", at, name));
    }
    return values;
  };
  QUIVER_TRY(const auto mean, numbers("mean", 1, from, 0.0F));
  parts.mean.assign(mean.begin(), mean.end());
  QUIVER_TRY(const auto row_map, numbers("row_map", to, from, 0.0F));
  parts.row_map = Matrix::copy_of({row_map.data(), to, from, from});
  if (two_maps) {
    QUIVER_TRY(const auto query_map, numbers("query_map", to, from, 0.0F));
    parts.query_map = Matrix::copy_of({query_map.data(), to, from, from});
  }
  if (file.has(at + "spectrum")) {
    QUIVER_TRY(const auto spectrum, numbers("spectrum", 1, to, 0.0));
    parts.spectrum.assign(spectrum.begin(), spectrum.end());
  }
  return Projection(std::move(parts));
}

namespace {
using Numbers = std::span<const std::uint32_t>;

// Rows `which` as the maps see them, in double.
DoubleMatrix prepared(MatrixView rows, Numbers which, Metric metric, std::span<const float> mean) {
  DoubleMatrix out(which.size(), rows.cols);
  for (std::size_t i = 0; i < which.size(); ++i) {
    const std::span<const float> row = rows.row(which[i]);
    const double scale = scale_of(metric, row);
    for (std::size_t j = 0; j < rows.cols; ++j) {
      out.row(i)[j] = scale * static_cast<double>(row[j]) - (mean.empty() ? 0 : static_cast<double>(mean[j]));
    }
  }
  return out;
}
std::vector<float> mean_of_rows(MatrixView rows, Numbers which, Metric metric) {
  std::vector<double> sums(rows.cols);
  for (const std::uint32_t i : which) {
    const double scale = scale_of(metric, rows.row(i));
    for (std::size_t j = 0; j < rows.cols; ++j) sums[j] += scale * static_cast<double>(rows.row(i)[j]);
  }
  std::vector<float> out(rows.cols);
  std::ranges::transform(sums, out.begin(),
                         [&](double sum) { return static_cast<float>(sum / static_cast<double>(which.size())); });
  return out;
}
Result<DoubleMatrix> second_moment(MatrixView rows, Numbers which, Metric metric, std::span<const float> mean,
                                   Run& run) {
  SecondMoment moment(rows.cols);
  auto stage = run.stage("second moments", which.size());
  for (std::size_t begin = 0; begin < which.size(); begin += kMomentBlock) {
    if (run.stop()) return run.stopped(kFitting);
    const Numbers block = which.subspan(begin, std::min(kMomentBlock, which.size() - begin));
    moment.add(prepared(rows, block, metric, mean));
    stage.advance(block.size());
  }
  return moment.mean();
}
std::vector<std::uint32_t> drawn(MatrixView rows, std::size_t count, std::uint64_t seed, std::string_view purpose) {
  const auto all = static_cast<std::uint32_t>(rows.rows);
  return Random(seed, stream_of(purpose)).sample(all, static_cast<std::uint32_t>(std::min<std::size_t>(all, count)));
}

// The smallest multiple of kDimsStep that keeps the part `energy` of the variance.
std::size_t dims_for(std::span<const double> values, double total, double energy) {
  double kept = 0;
  std::size_t dims = 0;
  while (dims < values.size() && kept < energy * total) kept += std::max(0.0, values[dims++]);
  return std::min(values.size(), (std::max<std::size_t>(dims, 1) + kDimsStep - 1) / kDimsStep * kDimsStep);
}

// An orthonormal basis, uniform among all: Q of a normal matrix, with the diagonal of R positive.
Result<Matrix> random_basis(std::size_t dims, std::size_t from, std::uint64_t seed) {
  Matrix normal(from, dims);
  Random random(seed, stream_of("random projection"));
  for (std::size_t i = 0; i < from; ++i) {
    for (float& x : normal.row(i)) x = random.normal();
  }
  QUIVER_TRY(const Qr orthonormal, qr(normal.view()));
  return transposed(orthonormal.q.view());
}

struct Method {
  const char* name;
  bool needs_queries, has_spectrum;
};
constexpr Method kMethods[] = {{"pca", false, true},    {"random", false, false}, {"truncate", false, false},
                               {"es", true, true},      {"fw", true, true},       {"es+fw", true, true},
                               {"sphering", true, true}};

const Method* find_method(std::string_view name) noexcept {
  const auto found = std::ranges::find(kMethods, name, [](const Method& m) { return std::string_view(m.name); });
  return found == std::end(kMethods) ? nullptr : found;
}

Result<void> check_inputs(const ProjectionOptions& options, MatrixView base, MatrixView queries, Metric metric) {
  const std::vector<std::string> known = projection_methods();
  const Method* method = find_method(options.method);
  if (method == nullptr) {
    const std::string guess = did_you_mean(options.method, known);
    return Error::invalid_argument(fmt::format("method '{}' is unknown{}; there are {}", options.method,
                                               guess.empty() ? "" : fmt::format(", did you mean '{}'?", guess),
                                               fmt::join(known, ", ")));
  }
  if (metric == Metric::Manhattan || metric == Metric::Hamming) {
    return Error::unsupported(
        fmt::format("linear maps keep l2, dot and cosine; metric {} needs the full rows", name_of(metric)));
  }
  if (options.method == "sphering" && metric == Metric::L2) {
    return Error::unsupported(
        "sphering keeps products, not lengths, so l2 is not to be had from it; use es+fw, or metric dot or cosine");
  }
  if (base.rows == 0 || base.cols == 0) return Error::invalid_argument("there are no rows to learn from; give some");
  if (options.dims > base.cols) {
    return Error::invalid_argument(fmt::format("{} dims are asked for, the rows have {}; ask for {} or fewer",
                                               options.dims, base.cols, base.cols));
  }
  if (options.dims == 0 && !method->has_spectrum) {
    return Error::invalid_argument(
        fmt::format("method '{}' knows no variances to choose a length by; say how many dims", options.method));
  }
  if (options.dims == 0 && !(options.energy > 0 && options.energy <= 1)) {
    return Error::invalid_argument(fmt::format("energy {} is not in (0, 1]", options.energy));
  }
  if (method->has_spectrum && options.dims > std::min(base.rows, options.sample)) {
    return Error::invalid_argument(
        fmt::format("{} rows cannot tell {} directions apart; give at least {} rows, or use "
                    "method 'random'",
                    std::min(base.rows, options.sample), options.dims, options.dims));
  }
  if (method->needs_queries && queries.rows == 0) {
    return Error::invalid_argument(
        fmt::format("method '{}' learns from queries and there are none; give a sample of "
                    "them, or use method 'pca'",
                    options.method));
  }
  if (queries.rows > 0 && queries.cols != base.cols) {
    return Error::invalid_argument(
        fmt::format("queries have {} dims, rows have {}; take both from one model", queries.cols, base.cols));
  }
  QUIVER_TRY(check_finite(base, "rows"));
  return check_finite(queries, "queries");
}

// The maps of a method; what it knows about the rows goes into `parts`.
Result<LeanVecMaps> learned(const std::string& method, const ProductMoments& moments, std::size_t dims, Run& run) {
  if (method == "es") return eigenvector_search(moments, dims, run);
  if (method == "sphering") return sphering(moments, dims, run);
  if (method == "fw") {
    return frank_wolfe(moments, zero_maps(dims, moments.rows.rows()), {.step = FrankWolfeOptions::Step::Schedule}, run);
  }
  QUIVER_TRY(LeanVecMaps start, eigenvector_search(moments, dims, run));
  return frank_wolfe(moments, std::move(start), {}, run);
}

Result<ProductMoments> moments_of(const ProjectionOptions& options, MatrixView base, Numbers sample, MatrixView queries,
                                  Metric metric, std::span<const float> mean, Run& run) {
  ProductMoments out;
  QUIVER_TRY(out.rows, second_moment(base, sample, metric, mean, run));
  if (!(trace(out.rows) > 0)) {
    return Error::invalid_argument("the rows are all alike: no direction tells them apart; give rows that differ");
  }
  if (queries.rows == 0) return out;
  const std::vector<std::uint32_t> asked = drawn(queries, options.sample, run.seed(), "projection queries");
  QUIVER_TRY(out.queries,
             second_moment(queries, asked, metric, metric == Metric::L2 ? mean : std::span<const float>(), run));
  const double total = trace(out.queries);
  if (!(total > 0)) {
    return Error::invalid_argument(
        "the queries are all zero, or all the rows' mean: nothing can be learned from them; give queries that differ");
  }
  if (asked.size() < base.cols) {  // singular: directions without a query would count for nothing
    for (std::size_t i = 0; i < base.cols; ++i)
      out.queries.row(i)[i] += kRidge * total / static_cast<double>(base.cols);
  }
  return out;
}

Result<Projection> fit_checked(const ProjectionOptions& options, MatrixView base, MatrixView queries, Metric metric,
                               Run& run) {
  QUIVER_TRY(check_inputs(options, base, queries, metric));
  if (run.stop()) return run.stopped(kFitting);
  const BlasThreads all_threads(run.threads().count());
  const Method& method = *find_method(options.method);
  const std::vector<std::uint32_t> sample = drawn(base, options.sample, run.seed(), "projection rows");
  ProjectionParts parts{.method = options.method, .metric = metric};
  parts.mean = options.centre ? mean_of_rows(base, sample, metric) : std::vector<float>(base.cols, 0.0F);
  ProductMoments moments;
  if (method.has_spectrum || queries.rows > 0) {
    QUIVER_TRY(moments, moments_of(options, base, sample, queries, metric, parts.mean, run));
  }
  std::size_t dims = options.dims;
  if (dims == 0) {
    QUIVER_TRY(const std::vector<double> values, eigenvalues(moments.rows));
    dims = std::min(dims_for(values, trace(moments.rows), options.energy), sample.size());
  }
  if (run.stop()) return run.stopped(kFitting);

  LeanVecMaps maps;
  if (options.method == "random") {
    QUIVER_TRY(const Matrix basis, random_basis(dims, base.cols, run.seed()));
    maps.a = maps.b = DoubleMatrix::copy_of(basis.view());
  } else if (options.method == "truncate") {
    maps.a = maps.b = DoubleMatrix::identity(dims, base.cols);
  } else if (options.method == "pca") {
    QUIVER_TRY(DoubleEigen top, top_eigen(moments.rows, dims));
    maps.a = maps.b = std::move(top.vectors);
  } else {
    QUIVER_TRY(maps, learned(options.method, moments, dims, run));
  }
  if (method.has_spectrum) {
    QUIVER_TRY(parts.spectrum, rotate_to_rows(moments, maps));
    const double kept = std::accumulate(parts.spectrum.begin(), parts.spectrum.end(), 0.0);
    if (options.method == "pca" || options.method == "es") parts.kept = kept / trace(moments.rows);
  }
  if (queries.rows > 0) parts.loss = leanvec_loss(moments, maps.a, maps.b) / inner(moments.queries, moments.rows);
  parts.row_map = maps.b.to_float();
  if (options.method != "es" && method.needs_queries) parts.query_map = maps.a.to_float();
  return Projection(std::move(parts));
}
}  // namespace

std::vector<std::string> projection_methods() {
  std::vector<std::string> out;
  for (const Method& method : kMethods) out.emplace_back(method.name);
  return out;
}
bool learns_from_queries(std::string_view method) noexcept {
  const Method* found = find_method(method);
  return found != nullptr && found->needs_queries;
}

Result<Projection> fit_projection(const ProjectionOptions& options, MatrixView base, MatrixView queries, Metric metric,
                                  Run& run) {
  return fit_checked(options, base, queries, metric, run).within(kFitting);
}

}  // namespace quiver
