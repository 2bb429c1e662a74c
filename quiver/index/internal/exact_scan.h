// The exact k nearest rows of Codes: one query by a scan at memory speed, many by matrix products (product_scan.h) or,
// where a product does not pay, by scanning each tile of rows for all queries while it is in the cache.
//
// Whichever way is taken, a distance comes from the same Scorer, so the hits agree bit for bit, ties included. Threads
// take tiles; every thread keeps the best of its tiles per query, and the total order of hits (closer(), top_k.h) makes
// the merged result independent of who did what. Thread-safety: free functions over immutable Codes.
#pragma once
#include <span>
#include <vector>

#include "quiver/compress/dense_input.h"
#include "quiver/compress/quantizer.h"
#include "quiver/index/internal/eligible.h"

namespace quiver::internal {

// The k best of one query. Uses scratch.threads() if there are any.
TopK scan(const Codes& codes, const Scorer& scorer, std::size_t k, const Eligible& eligible, Scratch& scratch,
          SearchStats& stats);

// The k best of every query, in order. Errors: of Codes::scorer, Cancelled.
Result<std::vector<TopK>> scan_batch(const Codes& codes, const DenseInput& queries, std::size_t k,
                                     const Eligible& eligible, Run& run, SearchStats& stats);

}  // namespace quiver::internal
