// Choosing among candidates that were measured: who sees more rows, which points no other beats, and which one to
// recommend in which words. No measuring happens here.
//
//   std::vector<std::string> specs = survivors(advice, options, 20'000);
//   conclude(advice, options);                          // sorts, marks the front, fills best and why
//
// Thread-safety: free functions. Cost: quadratic in the points measured, some dozens.
#pragma once
#include "quiver/inspect/advise.h"

namespace quiver::internal {

// Who goes on from a round of so many rows: all that fit and come near the recall, the faster half of them and the
// fastest of each structure. When the memory or the recall leaves nobody, the two smallest go on, so that the advice
// can name what is nearest. The others are told why not (`dropped`).
std::vector<std::string> survivors(Advice& advice, const AdviseOptions& options, std::size_t round_rows);

// Picks the best and says why, or what is nearest to what was asked. Requires: a candidate that was measured.
void conclude(Advice& advice, const AdviseOptions& options);

}  // namespace quiver::internal
