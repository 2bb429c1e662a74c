#include "quiver/compress/internal/shortening.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "quiver/compress/internal/affine_scorer.h"
#include "quiver/compress/internal/error_bounds.h"
#include "quiver/compress/shortened.h"
#include "quiver/core/metric.h"

namespace quiver::internal {
namespace {
constexpr std::size_t kFitRows = 10'000;  // rows, and queries, that a map is learned from
}

Shortening::Shortening(SpecText step, Space space, std::optional<Projection> projection)
    : step_(std::move(step)),
      space_(std::move(space)),
      short_(quiver::short_space(step_, space_)),
      projection_(std::move(projection)) {
  if (!projection_) return;
  mean_norm_ = norm_of(projection_->mean());
  double squares = 0;
  const MatrixView a = projection_->query_map();
  for (std::size_t i = 0; i < a.rows; ++i) squares += dot_of(a.row(i), a.row(i));
  map_norm_ = std::sqrt(squares);
}

std::size_t Shortening::bytes() const noexcept {
  if (!projection_) return 0;
  const std::size_t map = projection_->from() * projection_->to();
  return (projection_->from() + map * (projection_->two_maps() ? 2 : 1)) * sizeof(float);
}

Result<Shortening> Shortening::fit(MatrixView base, MatrixView queries, Run& run) const {
  if (is_prefix()) return Shortening(step_, space_);
  const ProjectionOptions options{.method = method_of(step_.name), .dims = step_.arguments[0], .sample = kFitRows};
  QUIVER_TRY(Projection projection, fit_projection(options, base, queries, space_.metric, run));
  return Shortening(step_, space_, std::move(projection));
}

MatrixView Shortening::rows(MatrixView full, Matrix& room, Threads* threads) const {
  if (is_prefix()) return full.prefix(short_.dims);
  projection_->rows(full, room, threads);
  return room.view();
}

MatrixView Shortening::queries(MatrixView full, Matrix& room, Threads* threads) const {
  if (is_prefix()) return full.prefix(short_.dims);
  projection_->queries(full, room, threads);
  return room.view();
}

ShortQuery Shortening::query(MatrixView full) const {
  ShortQuery out;
  if (is_prefix()) {
    out.vector = Matrix::copy_of(full.prefix(short_.dims));
    return out;
  }
  projection_->queries(full, out.vector);
  const std::span<const float> q = full.row(0), mean = projection_->mean();
  const double norm = norm_of(q), with_mean = dot_of(q, mean);
  out.length = out.residual = norm;
  switch (space_.metric) {
    case Metric::L2: {
      double squares = 0;
      for (std::size_t i = 0; i < q.size(); ++i) {
        const double difference = static_cast<double>(q[i]) - mean[i];
        squares += difference * difference;
      }
      out.residual = std::sqrt(squares);
      out.offset = std::max(0.0, squares - dot_of(out.vector.row(0), out.vector.row(0)));
      break;
    }
    case Metric::Cosine:
      out.length = out.residual = norm > 0 ? 1 : 0;
      out.offset = norm > 0 ? 1 - with_mean / norm : 1;
      break;
    default:
      out.offset = -with_mean;
  }
  return out;
}

void Shortening::lengthen(const float* brief, float* out) const noexcept {
  if (is_prefix()) {
    std::copy_n(brief, short_.dims, out);
    std::fill(out + short_.dims, out + space_.dims, 0.0F);
    return;
  }
  std::copy_n(projection_->mean().data(), space_.dims, out);
  const MatrixView a = projection_->query_map();
  for (std::size_t i = 0; i < a.rows; ++i) {
    const std::span<const float> direction = a.row(i);
    for (std::size_t j = 0; j < space_.dims; ++j) out[j] += brief[i] * direction[j];
  }
}

double Shortening::longest_short(double longest) const noexcept {
  return is_prefix() ? longest : (longest + mean_norm_) * (1 + 0x1p-10);
}

// Every product of the map rounds by `unit` of the lengths it multiplies; decoding rounds as much again.
double Shortening::error_bound(const ShortQuery& query, double coded, double shortest, double longest) const noexcept {
  if (is_prefix()) return coded;
  if (projection_->two_maps()) return HUGE_VAL;
  const double dims = static_cast<double>(space_.dims + short_.dims);
  const double unit = (static_cast<double>(simd::error_ulps(space_.dims)) + dims + 8) * 0x1p-24 * (1 + map_norm_);
  const double reach = query.residual + query.length + longest + 2 * mean_norm_;
  switch (space_.metric) {
    case Metric::L2:
      return coded + 4 * unit * reach * reach;
    case Metric::Cosine:
      if (!squarable(shortest) || !squarable(longest)) return HUGE_VAL;
      return coded + 4 * unit * reach * reach +
             (longest > 0 ? std::max(std::abs(1 - shortest), std::abs(1 - longest)) : 0);
    default:
      return coded + 4 * unit * query.length * reach + static_cast<double>(space_.dims) * FLT_MIN;
  }
}

void Shortening::save(ContainerWriter& writer, std::string_view prefix) const {
  if (projection_) projection_->save(writer, prefix);
}

Result<Shortening> Shortening::load(const SpecText& step, const Space& space, const Container& file,
                                    std::string_view prefix) {
  Shortening unfitted(step, space);
  if (unfitted.is_prefix()) return unfitted;
  QUIVER_TRY(Projection projection, Projection::load(file, prefix));
  if (projection.from() != space.dims || projection.to() != step.arguments[0] || projection.metric() != space.metric) {
    return Error::corruption(fmt::format(
        "the projection in '{}' maps {} to {} dims for {}, {} of {} dims and {} needs another; write the file again",
        prefix, projection.from(), projection.to(), name_of(projection.metric()), step.text(), space.dims,
        name_of(space.metric)));
  }
  return Shortening(step, space, std::move(projection));
}

}  // namespace quiver::internal
