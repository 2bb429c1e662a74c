// What the tests of the quantizers share. For _test.cc files only.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>

#include "quiver/compress/coder.h"
#include "quiver/core/matrix.h"
#include "quiver/core/metric.h"
#include "quiver/core/space.h"

namespace quiver::internal {

inline Space space_of(std::size_t dims, Metric metric) {
  return {.id = "", .dims = dims, .metric = metric, .prefix_of = "", .prefix_dims = 0};
}
inline Matrix matrix_of(std::initializer_list<std::initializer_list<float>> rows) {
  Matrix out(rows.size(), rows.begin()->size());
  std::size_t i = 0;
  for (const auto& row : rows) std::copy(row.begin(), row.end(), out.row(i++).begin());
  return out;
}

// The base, coded by what was learned of it.
inline std::unique_ptr<Codes> encoded_by(Result<CoderPtr> coder, const Matrix& base, std::uint64_t seed = 1,
                                         unsigned threads = 1) {
  Run run({.seed = seed, .threads = threads});
  EXPECT_TRUE(coder.has_value()) << coder.error().message();
  const auto quantizer = quantizer_of(*std::move(coder));
  const auto fitted = quantizer->fit(base.view(), {}, run);
  EXPECT_TRUE(fitted.has_value()) << fitted.error().message();
  auto codes = quantizer->encode(base.view(), run);
  EXPECT_TRUE(codes.has_value()) << codes.error().message();
  return *std::move(codes);
}

// The mean squared distance between rows and what they decode to.
inline double mean_error(const Codes& codes, const Matrix& base) {
  Matrix back(base.rows(), base.cols());
  codes.decode_range(0, base.rows(), back.data(), back.stride());
  double sum = 0;
  for (std::size_t i = 0; i < base.rows(); ++i) sum += distance(Metric::L2, base.row(i), back.row(i));
  return sum / static_cast<double>(base.rows());
}

}  // namespace quiver::internal
