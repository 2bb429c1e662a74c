// Neighbours: what recipes that shorten or code vectors are judged by: does the short form keep the neighbours of the
// long one?
//
//   QUIVER_TRY(const Hits truth, exact_hits(base, queries, Metric::L2, 10, run));
//   QUIVER_TRY(const Hits found, exact_hits(short_base, short_queries, Metric::L2, 100, run));
//   std::vector<double> recall = overlap(truth, found, 50);      // after scoring 50 candidates by their full rows
//
// Thread-safety: pure functions.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "quiver/core/rows.h"
#include "quiver/index/index.h"

namespace quiver::recipes {

Result<Matrix> float_rows(const Rows& rows);  // dense rows of any element type, as floats
Matrix rows_at(MatrixView rows, std::span<const std::uint32_t> which);
// `count` rows drawn by the seed, in their order; all of them if there are no more.
Matrix drawn_rows(MatrixView rows, std::uint32_t count, std::uint64_t seed, std::string_view purpose);

// The k nearest of every query, by scan.
Result<Hits> exact_hits(MatrixView base, MatrixView queries, Metric metric, std::uint32_t k, Run& run);
// Per query: the part of the true hits that is among the first `among` found.
std::vector<double> overlap(const Hits& truth, const Hits& found, std::size_t among);

}  // namespace quiver::recipes
