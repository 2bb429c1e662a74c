// InsertionOrder: in which order rows enter a graph that is built by insertion. Rows inserted early become hubs, so the
// order moves recall (Elliott & Clark, "The Impacts of Data, Ordering, and Intrinsic Dimensionality on Recall in HNSW",
// ICTIR 2024): hard rows first, by descending local intrinsic dimension, mostly gains; whole categories one after the
// other may lose. quiver inspect order-risk measures it; shuffled is the safe choice where nothing was measured.
//
//   QUIVER_TRY(auto order, insertion_order(InsertionOrder::LidDescending, {.rows = n, .lid = lid}));
//   QUIVER_TRY(auto index, HnswIndex::build(spec, base, space, {}, run, order));      // hits keep their row numbers
//
// Thread-safety: free functions.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "quiver/core/result.h"

namespace quiver {

enum class InsertionOrder : std::uint8_t { AsGiven, Shuffled, LidDescending, Custom };

struct OrderInputs {
  std::size_t rows = 0;
  std::uint64_t seed = 1;                      // Shuffled
  std::span<const double> lid = {};            // LidDescending: one number a row (inspect/intrinsic_dimension.h); a row
                                               // whose number is NaN comes last
  std::span<const std::uint32_t> custom = {};  // Custom: row custom[i] is inserted as number i
};

// Errors: InvalidArgument (another number of values than rows; a custom order that misses a row or names one twice).
Result<std::vector<std::uint32_t>> insertion_order(InsertionOrder order, const OrderInputs& inputs);

}  // namespace quiver
