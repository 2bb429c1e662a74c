// What the reproduction of Matryoshka representation learning measures on vectors, without torch.
//
//   QUIVER_TRY(NearestScores s, nearest_scores(database, queries, 16, run));     // of the first 16 coordinates
//   const Cascade c = cascade(lengths, held_out, held_out_labels, test, test_labels);
//   QUIVER_TRY(FunnelScores f, funnel_scores(database, queries, "funnel(16,64) + f32", 200, run));
//
//   nearest   1-NN accuracy and mAP@10 = mean over queries of  (1/10) sum_{r <= 10} [hit r right] * (right hits <= r) /
//   r,
//             by cosine: prefixes are made unit length anew
//   cascade   adaptive classification: an item goes up the lengths until the largest probability exceeds the threshold
//   of
//             its length. Thresholds are the lowest on held-out items at which those that stop are right as often as at
//             full length
//   funnel    a scan of short prefixes, then fewer and fewer candidates by longer ones, against a scan of whole
//   vectors:
//             accuracy, multiply-adds a query (from the bytes of floats that were read), queries a second of one
//             thread, asked in turns so that both see the same machine
//
// All accuracies are in percent. Thread-safety: functions.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "quiver/core/matrix.h"
#include "quiver/core/result.h"
#include "quiver/core/run.h"

namespace quiver::recipes {

struct Labelled {  // borrowed
  MatrixView vectors;
  std::span<const std::uint32_t> labels;
};

double percent_right(std::span<const std::uint32_t> predicted, std::span<const std::uint32_t> labels);

struct NearestScores {
  double nn = 0, map_10 = 0;
};
Result<NearestScores> nearest_scores(const Labelled& database, const Labelled& queries, std::size_t dims, Run& run);

struct Cascade {
  std::vector<float> thresholds;  // of every length but the last
  double accuracy = 0;            // on the test items
  double dims = 0;                // coordinates an item needs on average
};
// probabilities: one (items, classes) a length.
Cascade cascade(std::span<const std::size_t> lengths, std::span<const Matrix> held_out,
                std::span<const std::uint32_t> held_out_labels, std::span<const Matrix> test,
                std::span<const std::uint32_t> test_labels);

struct FunnelScores {
  double nn_full = 0, nn_funnel = 0, work_full = 0, work_funnel = 0, qps_full = 0, qps_funnel = 0;
};
Result<FunnelScores> funnel_scores(const Labelled& database, const Labelled& queries, std::string_view spec,
                                   std::uint32_t shortlist, Run& run);

// Rows less the means of `base`, in the directions of most variance of `base`: (rows, dims). The Error is LAPACK's.
Result<Matrix> principal_axes(MatrixView base, std::size_t dims);  // (dims, cols)
Matrix projected(MatrixView rows, std::span<const float> means, const Matrix& axes);

}  // namespace quiver::recipes
