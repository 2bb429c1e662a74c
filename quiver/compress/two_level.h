// Two-level LVQ: LVQ codes (lvq.h) and, apart from them, codes of what they round away. A search reads the first level
// alone, as fast and as small as lvq(B1); what it found is ordered by both, with B1 + B2 bits a coordinate (Aguerrebere
// et al., VLDB 2023, LVQ-B1xB2).
//
//   lvq(4,8)   4 bits to search by, 12 to order by;   also lvq(4,4), lvq(8,8), lvq(8,4)
//
//   first    r_i ~ low + scale * c_i                            c_i in 0 .. 2^B1 - 1, off by at most scale / 2
//   finer    r_i ~ low + scale * c_i + (step * d_i - scale / 2) step = scale / (2^B2 - 1), off by at most step / 2
//
// Nothing is stored twice: the finer level has its own codes, one constant a row, and takes scale and low from the
// first. Codes::first_level() are the first level's codes; every index searches by them and orders by the whole
// (index/internal/code_pair.h), so `flat + lvq(4,8)` and `hnsw + lvq(4,8)` need no rerank(...). As codes by themselves
// they decode and score by both levels:
//
//   <q, r> = (low - scale / 2) * sum(q) + scale * <q, c> + step * <q, d>          into the formulas of lvq.h
//
// Row layout: the first level is that of lvq(B1). Finer, a row in an array of its own: |decoded - mean|^2 (L2) or
// 1 / |decoded| (Cosine) f32, absent for Dot, then the codes d. Cost: encode and a distance are twice lvq's.
#pragma once
#include "quiver/compress/quantizer.h"

namespace quiver {

// Errors: InvalidArgument for bits other than 4 and 8, or a metric other than L2, Dot and Cosine.
Result<std::unique_ptr<Quantizer>> make_two_level_lvq(unsigned bits, unsigned finer_bits, const Space& space);
// Of both levels. Requires: bits that make_two_level_lvq takes.
std::size_t two_level_lvq_bytes_per_row(unsigned bits, unsigned finer_bits, const Space& space) noexcept;
Result<std::unique_ptr<Codes>> load_two_level_lvq(unsigned bits, unsigned finer_bits, const Space& space,
                                                  const Container& file, std::string_view prefix);
Result<std::unique_ptr<Quantizer>> load_two_level_lvq_quantizer(unsigned bits, unsigned finer_bits, const Space& space,
                                                                const Container& file, std::string_view prefix);

}  // namespace quiver
