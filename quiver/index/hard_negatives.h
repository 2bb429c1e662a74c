// Hard negatives: texts that a teacher's vectors put near a query although they are not its answer. What contrastive
// training learns most from, as long as they are really wrong, so candidates that score almost as high as the positive
// are taken for unlabelled answers and dropped (positive-aware mining; Moreira et al., NV-Retriever, 2024,
// arXiv:2407.15831, as NV-Embed v2 uses it):
//
//   keep d if  score(q, d) < max_ratio * score(q, positive)                 score: cosine or dot product
//
//   QUIVER_TRY(const HardNegatives mined, mine_hard_negatives({.queries = &q, .texts = &t, .positives = answers},
//                                                             {.count = 7, .max_ratio = 0.95}, run));
//   mined.of(0)                                             // rows of texts, hardest first; fewer where there are none
//
// Never a negative: the positive; a text of the positive's group (replies in a thread, captions of a picture); a
// positive of an equal query; a text equal to one of these or to a negative already chosen. What was dropped is
// counted. Candidates come from an index of any spec, so millions of texts are mined by a graph.
// Thread-safety: one Run at a time. Cost: one search of options.candidates hits a query.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/core/rows.h"
#include "quiver/core/run.h"

namespace quiver {

struct PairsToMine {
  const Rows* queries = nullptr;                // borrowed, as all here; dense vectors of comparable spaces
  const Rows* texts = nullptr;                  // what negatives are sought among
  std::span<const std::uint32_t> positives{};   // row of texts that answers each query
  std::span<const std::uint32_t> groups{};      // of texts; empty: each its own
  std::span<const std::uint64_t> text_keys{};   // equal texts have equal keys; empty: all differ
  std::span<const std::uint64_t> query_keys{};  // likewise of queries
};

struct MiningOptions {
  std::uint32_t count = 7;         // negatives a query
  double max_ratio = 0.95;         // above 0, at most 1
  std::uint32_t candidates = 100;  // hits looked at a query
  std::string index = "flat";      // spec of the index that finds them
};

struct HardNegatives {
  std::vector<std::uint32_t> offsets{0}, rows;  // of query i: rows[offsets[i] .. offsets[i + 1])
  // Candidates dropped before a query had its negatives: scored too high; of the positive's group, or a positive of an
  // equal query; texts equal to the positive or to a negative.
  std::uint64_t too_close = 0, related = 0, equal = 0;
  std::uint64_t short_of = 0;  // queries with fewer negatives than asked for

  std::size_t queries() const noexcept { return offsets.size() - 1; }
  std::span<const std::uint32_t> of(std::size_t query) const {
    return std::span(rows).subspan(offsets[query], offsets[query + 1] - offsets[query]);
  }
};

// Errors: InvalidArgument for sizes that do not agree, a positive that is no row, a ratio or count out of range, L2 or
// another metric that is no similarity; those of comparable(), build_index() and search_batch().
Result<HardNegatives> mine_hard_negatives(const PairsToMine& pairs, const MiningOptions& options, Run& run);

}  // namespace quiver
