// Shortening: the map of compress/shortened.h from vectors to the short ones that are coded, and back.
#pragma once
#include <optional>

#include "quiver/compress/projection.h"
#include "quiver/core/space.h"
#include "quiver/core/spec_text.h"

namespace quiver::internal {

// A query as the short codes are asked.
struct ShortQuery {
  Matrix vector;        // (1, dims())
  double offset = 0;    // added to every distance
  double length = 0;    // of the full vector, 1 for Cosine
  double residual = 0;  // how much longer than `vector` it is at most: |q - mean| for L2, else |q|
};

class Shortening {
 public:
  // projection: null for prefix, and for the others until it is learned.
  Shortening(SpecText step, Space space, std::optional<Projection> projection = std::nullopt);

  const SpecText& step() const noexcept { return step_; }
  const Space& space() const noexcept { return space_; }        // of the full vectors
  const Space& short_space() const noexcept { return short_; }  // of the short ones
  bool is_prefix() const noexcept { return step_.name == "prefix"; }
  bool ready() const noexcept { return is_prefix() || projection_.has_value(); }
  std::size_t bytes() const noexcept;  // of the maps
  const Projection* projection() const noexcept { return projection_ ? &*projection_ : nullptr; }

  // Errors: of fit_projection.
  Result<Shortening> fit(MatrixView base, MatrixView queries, Run& run) const;

  // These require ready(). The rows made short: a view of `full` or of `room`.
  MatrixView rows(MatrixView full, Matrix& room, Threads* threads) const;
  MatrixView queries(MatrixView full, Matrix& room, Threads* threads) const;
  ShortQuery query(MatrixView full) const;
  void lengthen(const float* brief, float* out) const noexcept;
  // What a distance may be off because the maps round; `coded`: what the codes' own scorer may be off, for short rows
  // of at most longest_short().
  double longest_short(double longest) const noexcept;
  double error_bound(const ShortQuery& query, double coded, double shortest, double longest) const noexcept;

  void save(ContainerWriter& writer, std::string_view prefix) const;
  static Result<Shortening> load(const SpecText& step, const Space& space, const Container& file,
                                 std::string_view prefix);

 private:
  SpecText step_;
  Space space_, short_;
  std::optional<Projection> projection_;
  double mean_norm_ = 0, map_norm_ = 0;  // |mean|, |A| by Frobenius
};

// The method of fit_projection that a step stands for; null for prefix.
const char* method_of(std::string_view step) noexcept;

}  // namespace quiver::internal
