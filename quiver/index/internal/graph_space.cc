#include "quiver/index/internal/graph_space.h"

#include <algorithm>
#include <cmath>

#include "quiver/core/json.h"
#include "quiver/index/internal/edge_points.h"
#include "quiver/index/internal/enough_dims.h"
#include "quiver/simd/kernels.h"

namespace quiver::internal {
namespace {
constexpr float kLongest = kQueryLength;  // of points after scaling: their squares stay within f16
constexpr std::size_t kFitRows = 10'000;
constexpr std::size_t kFewRows = 32, kDimsOfFew = 64;

// By inner product a query has nothing in the rows' last coordinate, so what a projection leaves of the two is not
// alike.
bool leaves_alike(Metric metric) noexcept { return metric != Metric::Dot; }

std::vector<float> squared_distances(std::span<const float> from, MatrixView rows) {
  std::vector<float> out(rows.rows);
  simd::kernels().distance(Metric::L2, Element::F32)(from.data(), reinterpret_cast<const std::byte*>(rows.data),
                                                     rows.stride * sizeof(float), nullptr, rows.rows, rows.cols,
                                                     out.data());
  return out;
}

bool tell_nothing(MatrixView rows) {
  if (rows.rows < kFewRows) return true;
  for (std::size_t i = 1; i < rows.rows; ++i) {
    if (!std::equal(rows.row(i).begin(), rows.row(i).end(), rows.row(0).begin())) return false;
  }
  return true;
}
}  // namespace

Matrix GraphSpace::in_l2(MatrixView rows) const {
  Matrix out(rows.rows, metric_ == Metric::Dot ? rows.cols + 1 : rows.cols);
  for (std::size_t i = 0; i < rows.rows; ++i) {
    const std::span<float> to = out.row(i);
    std::copy_n(rows.row(i).data(), rows.cols, to.data());
    const double squared = simd::kernels().squared_norm(to.data(), rows.cols);
    if (metric_ == Metric::Dot) to[rows.cols] = static_cast<float>(std::sqrt(std::max(0.0, longest_ - squared)));
    if (metric_ == Metric::Cosine && squared > 0) {
      const auto scale = static_cast<float>(1 / std::sqrt(squared));
      for (float& x : to) x *= scale;
    }
  }
  return out;
}

Result<GraphSpace> GraphSpace::fit(MatrixView base, const Space& space, std::size_t dims, Run& run, bool products) {
  GraphSpace made;
  made.products_ = products && space.metric == Metric::Dot;
  made.metric_ = space.metric;
  for (std::size_t i = 0; i < base.rows; ++i) {
    made.longest_ = std::max<double>(made.longest_, simd::kernels().squared_norm(base.row(i).data(), base.cols));
  }
  Matrix converted;
  MatrixView rows = base;
  if (space.metric != Metric::L2 && !made.products_) {
    converted = made.in_l2(base);
    rows = converted.view();
  }
  ProjectionOptions options{.method = "pca", .dims = dims, .sample = kFitRows, .centre = !made.products_};
  std::optional<Projection> basis;
  if (tell_nothing(rows)) {  // of the directions that rows added later will vary in
    options.method = "random";
    options.centre = false;
    if (dims == 0) options.dims = std::min(rows.cols, kDimsOfFew);
  } else if (dims == 0) {
    // A query by inner product has any length and nothing in the last coordinate (query()), unlike the rows.
    const auto as_query = [&](std::span<float> row) {
      if (space.metric != Metric::Dot || made.products_) return;
      row.back() = 0;
      const double squared = simd::kernels().squared_norm(row.data(), row.size());
      const auto scale = static_cast<float>(squared > 0 ? std::sqrt(made.longest_ / squared) : 0);
      for (float& x : row) x *= scale;
    };
    QUIVER_TRY(EnoughDims enough,
               enough_dims(made.products_ ? Metric::Dot : Metric::L2, rows, as_query, leaves_alike(space.metric), run));
    options.dims = enough.dims;
    basis = std::move(enough.basis);
  }
  made.rest_ = leaves_alike(space.metric) && options.method == "pca" && options.dims > 1 && options.dims < rows.cols &&
               options.dims <= rows.rows;
  if (made.rest_) --options.dims;
  if (!basis) {
    QUIVER_TRY(basis, fit_projection(options, rows, {}, Metric::L2, run));
  }
  made.projection_.emplace(basis->slice(0, options.dims));
  const std::vector<float> squares = squared_distances(made.projection_->mean(), rows);
  const float most = *std::max_element(squares.begin(), squares.end());  // of no point, projected, more
  made.unit_ = most > 0 ? kLongest / std::sqrt(most) : 1;
  made.map_ = QueryMap(*made.projection_, made.unit_);
  return made;
}

// Rows of squared L2, projected, the length of what that leaves in front.
Matrix GraphSpace::shorten(MatrixView rows, Threads* threads) const {
  Matrix kept;
  projection_->rows(rows, kept, threads);
  if (!rest_) return kept;
  Matrix out(rows.rows, kept.cols() + 1);
  const std::vector<float> squares = squared_distances(projection_->mean(), rows);
  for (std::size_t i = 0; i < rows.rows; ++i) {
    const float squared = squares[i] - simd::kernels().squared_norm(kept.row(i).data(), kept.cols());
    out.row(i)[0] = std::sqrt(std::max(0.0F, squared));
    std::copy_n(kept.row(i).data(), kept.cols(), out.row(i).data() + 1);
  }
  return out;
}

Matrix GraphSpace::points(MatrixView rows, Threads* threads) const {
  Matrix converted;
  if (metric_ != Metric::L2 && !products_) {
    converted = in_l2(rows);
    rows = converted.view();
  }
  Matrix out = shorten(rows, threads);
  for (std::size_t i = 0; i < out.rows(); ++i) {
    for (float& x : out.row(i)) x *= unit_;
  }
  return out;
}

void GraphSpace::queries(MatrixView queries, Scratch& scratch, Matrix& out) const {
  const std::size_t from = projection_->from();
  if (metric_ != Metric::L2) {
    if (scratch.full.rows() < queries.rows || scratch.full.cols() != from) scratch.full = Matrix(queries.rows, from);
    for (std::size_t q = 0; q < queries.rows; ++q) {
      const std::span<const float> query = queries.row(q);
      const std::span<float> full = scratch.full.row(q);  // one longer for Dot as a distance
      full.back() = 0;
      const float squared = simd::kernels().squared_norm(query.data(), query.size());
      // Only the order counts, and for Dot a query may have any length: of about the rows' own, its estimates stay in
      // range.
      const float scale = !(squared > 0)              ? 0
                          : metric_ == Metric::Cosine ? 1 / std::sqrt(squared)
                                                      : std::sqrt(static_cast<float>(longest_) / squared);
      std::transform(query.begin(), query.end(), full.begin(), [scale](float x) { return x * scale; });
    }
    queries = scratch.full.view().slice(0, queries.rows);
  }
  if (out.rows() < queries.rows || out.cols() != dims()) out = Matrix(queries.rows, dims());
  map_.apply(queries, scratch.map, out.data() + (rest_ ? 1 : 0), out.stride());
  for (std::size_t q = 0; rest_ && q < queries.rows; ++q) {
    float* point = out.row(q).data();
    const float kept = simd::kernels().squared_norm(point + 1, projection_->to());
    point[0] = kAlike * std::sqrt(std::max(0.0F, scratch.map.queries[q].squared - kept));
  }
}

void GraphSpace::save(ContainerWriter& writer, std::string_view prefix) const {
  const Json header = {{"longest", longest_}, {"unit", unit_}, {"rest", rest_}, {"products", products_}};
  writer.add(std::string(prefix) + "space", dump_json(header));
  projection_->save(writer, prefix);
}

Result<GraphSpace> GraphSpace::load(const Container& file, std::string_view prefix, const Space& space) {
  GraphSpace made;
  made.metric_ = space.metric;
  QUIVER_TRY(const std::string_view text, file.text(std::string(prefix) + "space"));
  const auto read = [&]() -> Result<void> {
    QUIVER_TRY(const Json header, parse_json(text));
    QUIVER_TRY(made.longest_, get<double>(header, "longest"));
    QUIVER_TRY(made.unit_, get<float>(header, "unit"));
    if (header.contains("rest")) {  // since 0.1's second form of a graph
      QUIVER_TRY(made.rest_, get<bool>(header, "rest"));
    }
    if (header.contains("products")) {
      QUIVER_TRY(made.products_, get<bool>(header, "products"));
    }
    return {};
  };
  const auto scale = read();
  if (!scale.has_value()) {
    return Error::corruption("section '" + std::string(prefix) + "space': " + scale.error().message() +
                             "; build the index again");
  }
  QUIVER_TRY(Projection projection, Projection::load(file, prefix));
  const bool by_distance = space.metric == Metric::Dot && !made.products_;
  const std::size_t from = space.dims + (by_distance ? 1 : 0);
  if ((made.products_ && space.metric != Metric::Dot) || projection.from() != from ||
      projection.metric() != Metric::L2 || !(made.unit_ > 0)) {
    return Error::corruption("the graph's projection does not fit the index's space; build the index again");
  }
  made.projection_.emplace(std::move(projection));
  made.map_ = QueryMap(*made.projection_, made.unit_);
  return made;
}

}  // namespace quiver::internal
