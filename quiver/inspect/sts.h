// Sentence similarity: do cosines of vectors rank pairs of sentences as people do?
//
//   const std::vector<std::size_t> lengths = {8, 64, 256};
//   QUIVER_TRY(auto scores, sts_scores(left, right, gold, lengths));    // scores[1].spearman.mean, .low, .high
//   QUIVER_TRY(StsGrid grid, sts_grid(model, pairs, {.dims = {8, 64, 256}}, run));
//   grid.spearman[2][1];                                                // after 3 layers, of 64 coordinates
//
// Spearman's correlation of people's scores and cosines of the first d coordinates; tied scores share their ranks, each
// prefix is made unit length of its own, a zero vector has cosine 0 with everything. Intervals resample pairs.
// sts_grid asks a model for its vectors after each of its layers and takes the time that a sentence costs there.
// Thread-safety: functions. Cost: one pass over the vectors a length, and 2,000 resamples of the pairs.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "quiver/core/matrix.h"
#include "quiver/core/result.h"
#include "quiver/core/run.h"
#include "quiver/core/statistics.h"
#include "quiver/model/model.h"

namespace quiver {

struct StsScore {
  std::size_t dims = 0;
  Interval spearman;
};
// The cosine of each row of `left` with that of `right`, of the first `dims` coordinates.
std::vector<double> prefix_cosines(MatrixView left, MatrixView right, std::size_t dims);

// Row i of both sides is pair i. Errors: InvalidArgument for sides of different sizes, fewer than two pairs, scores
// that are all the same or not finite, a length of 0 or beyond the vectors'.
Result<std::vector<StsScore>> sts_scores(MatrixView left, MatrixView right, std::span<const double> gold,
                                         std::span<const std::size_t> lengths, const BootstrapOptions& bootstrap = {});

struct StsPairs {  // borrowed
  std::span<const std::string> left, right;
  std::span<const double> gold;
};
struct StsGridOptions {
  std::vector<std::uint32_t> layers{};  // exits to measure; empty: all the model has, or its end alone
  std::vector<std::size_t> dims{};  // lengths to measure, trained for or not; empty: the model's prefixes and the whole
  std::uint32_t repeats = 1;        // the time is the median of so many passes
  std::string port{}, column = "text";
};
struct StsGrid {
  std::vector<std::uint32_t> layers;  // 0: at the end of a model without exits
  std::vector<std::size_t> dims;
  std::vector<std::vector<double>> spearman;  // [layer][length]
  std::vector<double> seconds;                // [layer]: of one sentence
  double mean() const noexcept;               // over all cells
};
// Errors: as sts_scores; a layer the model has no exit at; Cancelled.
Result<StsGrid> sts_grid(const Model& model, const StsPairs& pairs, const StsGridOptions& options, Run& run);

}  // namespace quiver
