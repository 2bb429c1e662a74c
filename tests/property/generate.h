// Inputs for the laws: rows that stress one thing each, drawn from a seed that RapidCheck chooses and prints on
// failure.
#pragma once
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <stdlib.h>

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "quiver/core/matrix.h"
#include "quiver/core/metric.h"
#include "quiver/core/random.h"
#include "quiver/core/rows.h"

namespace quiver::property {

enum class Shape { Normal, FarFromZero, SmallIntegers, Alike };

inline Shape shape_of(std::uint64_t seed) { return static_cast<Shape>(mix(seed, 77) % 4); }

// Rows of one shape; now and then a row is zero, constant or a copy of an earlier one, so that ties are common.
inline Matrix rows_of(Shape shape, std::size_t rows, std::size_t dims, std::uint64_t seed) {
  Matrix out(rows, dims);
  for (std::size_t i = 0; i < rows; ++i) {
    Random random(seed, i);
    const std::uint64_t kind = random.below(12);
    for (std::size_t j = 0; j < dims; ++j) {
      float x = random.normal();
      if (shape == Shape::FarFromZero) x = 100 + x;
      if (shape == Shape::SmallIntegers) x = static_cast<float>(random.below(5)) - 2;
      if (shape == Shape::Alike) x = 1 + x * 1e-3F;
      out.row(i)[j] = kind == 0 ? 0 : kind == 1 ? 3 : x;
    }
    if (kind == 2 && i > 0) {
      const auto copied = out.row(random.below(i));
      std::copy(copied.begin(), copied.end(), out.row(i).begin());
    }
  }
  return out;
}

inline double norm_of(std::span<const float> row) {
  double squares = 0;
  for (const float x : row) squares += static_cast<double>(x) * x;
  return std::sqrt(squares);
}

// A folder of its own that goes away with it.
class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "quiver-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// Fails the case with the Error's message instead of aborting.
template <class T>
T value_of(Result<T> result) {
  if (!result.has_value()) RC_FAIL(result.error().message());
  return *std::move(result);
}
inline void done(const Result<void>& result) {
  if (!result.has_value()) RC_FAIL(result.error().message());
}

}  // namespace quiver::property
