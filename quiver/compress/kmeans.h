// k-means: `clusters` centroids that keep the mean squared distance from rows to the nearest of them small. What
// product and residual codes take their codebooks from, and what an inverted file partitions by.
//
//   QUIVER_TRY(const Kmeans learned, fit_kmeans(rows, {.clusters = 256, .seed = run.seed()}, run));
//   std::vector<float> scratch(256);
//   std::size_t code = nearest_centroid(row, learned.centroids.view(), scratch);
//
// Method: a sample of the rows is seeded by k-means++ (Arthur, Vassilvitskii, "k-means++: the advantages of careful
// seeding", SODA 2007: each seed is drawn in proportion to the squared distance to the seeds before it), then Lloyd's
// iteration (Lloyd 1957, published 1982) assigns rows to the nearest centroid and moves centroids to the mean of theirs
// until the error falls by less than a ten-thousandth. Assignment is one matrix product a block,
//
//   argmin_j |x - c_j|^2 = argmin_j |c_j|^2 - 2 <x, c_j>,
//
// on rows less their mean, so that data far from zero lose no precision. A centroid that no row is nearest to moves to
// the row that is worst off.
//
// Invariants: the result depends on rows, options and seed alone, not on how many threads there are. There are always
// `clusters` centroids: if the sample has fewer different rows, each of them is a centroid, bit for bit, and the others
// repeat the first. Rows that are all there (no sampling) are never further from their centroids, in the mean, than
// from their mean. nearest_centroid depends on the row alone; of equals the first is chosen. Thread-safety: pure
// functions. Cost: 2 * sample * clusters * dims operations an iteration, on all threads; the sample, at most clusters *
// sample_per_cluster rows, is copied.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "quiver/core/matrix.h"
#include "quiver/core/result.h"
#include "quiver/core/run.h"

namespace quiver {

struct KmeansOptions {
  std::size_t clusters = 256;
  std::size_t iterations = 16;           // at most; 0: the seeds themselves
  std::size_t sample_per_cluster = 128;  // rows that are looked at; 0: all
  std::uint64_t seed = 1;
};

struct Kmeans {
  Matrix centroids;
  double error = 0;            // mean squared distance of the sample to its centroids, before their last move
  std::size_t iterations = 0;  // done
};

// Requires: clusters > 0, finite rows. No rows: centroids are zeros. Errors: Cancelled.
Result<Kmeans> fit_kmeans(MatrixView rows, const KmeansOptions& options, Run& run);

// Requires: centroids.rows > 0; scratch has room for a number per centroid.
std::size_t nearest_centroid(std::span<const float> row, MatrixView centroids, std::span<float> scratch) noexcept;

// nearest[i] for every row, by matrix products over fixed blocks on the threads: for many rows. `squared`, if not
// empty, receives the squared distances. Within float rounding of nearest_centroid: near ties may fall otherwise.
void assign_to_centroids(MatrixView rows, MatrixView centroids, std::span<std::uint32_t> nearest,
                         std::span<float> squared, Threads& threads);

}  // namespace quiver
