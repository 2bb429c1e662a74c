// Prefix quality: what the first m coordinates of vectors are worth alone, at several lengths m. Vectors of a model
// trained for it (Matryoshka representation learning, Kusupati et al. 2022, arXiv:2205.13147) keep nearly all of their
// quality; of others the first coordinates are as good as any, and cutting them is a loss that only measuring shows.
//
//   QUIVER_TRY(PrefixReport report, prefix_quality(rows, labels, {.dims = {16, 64}}, run));
//   report.lengths[0].agreement.mean       // of the k nearest by 16 coordinates, the part among the k nearest by all
//   report.lengths[0].accuracy             // of the nearest row's label, if there are labels
//   report.ordered                         // the first coordinates mean more than others: made to be cut
//
// Every prefix is compared by the metric of the rows; cosine therefore normalises each prefix anew. Rows are asked for
// their nearest others, exactly. Yardsticks at every length: as many coordinates drawn at random, and the projection on
// the directions of most variance, which is what to do instead.
// `ordered`: at most of the lengths below the whole, agreement is above that of the random coordinates by more than the
// noise of the queries. Vectors turned by PCA are ordered too, rightly.
// Thread-safety: one Run at a time. Cost: three exact searches of `sample` queries a length, and an eigendecomposition
// of (dims, dims).
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/core/rows.h"
#include "quiver/core/run.h"
#include "quiver/core/statistics.h"

namespace quiver {

struct PrefixOptions {
  std::vector<std::size_t> dims{};  // lengths, rising, below the whole; empty: halves of it, down to 4
  std::uint32_t k = 10;             // nearest others that are compared
  std::uint32_t sample = 1000;      // rows that are asked, drawn by the seed; 0: all
  double keep = 0.95;               // of the whole's quality: what is enough
};

struct PrefixQuality {
  std::size_t dims = 0;
  Interval agreement{}, random{},
      directions{};                    // with the whole: of the prefix, random coordinates, directions of variance
  Interval nearest{};                  // agreement at k = 1
  Interval over_random{};              // agreement - random, paired
  std::optional<Interval> accuracy{};  // of the nearest row's label
};

struct PrefixReport {
  std::size_t dims = 0, rows = 0, asked = 0;
  std::uint32_t k = 0;
  std::vector<PrefixQuality> lengths{};      // as asked for
  std::optional<Interval> whole_accuracy{};  // with labels
  bool ordered = false;
  std::size_t enough = 0;  // the shortest length that keeps `keep` of the accuracy (without labels: agrees so much); 0
  std::string advice{};    // one sentence
};

// `labels`: one a row, or empty. Errors: InvalidArgument for lengths that do not rise, are 0 or not below the whole,
// for fewer rows than k + 2, another number of labels than rows, a metric of bits; Cancelled.
Result<PrefixReport> prefix_quality(const Rows& rows, std::span<const std::uint32_t> labels,
                                    const PrefixOptions& options, Run& run);

}  // namespace quiver
