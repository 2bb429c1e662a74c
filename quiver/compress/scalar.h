// Rows stored coordinate by coordinate in an element type: f32 as they are, f16 and bf16 rounded to nearest even, i8,
// u8 and bit as they are (values that do not fit are refused; a bit is 1 where the value is above zero).
//
//   QUIVER_TRY(auto quantizer, make_stored(Element::F16, space));     // what QuantizerSpec "f16" makes
//   QUIVER_TRY(auto codes, quantizer->encode(base, run));             // nothing is learned: no fit
//
// Row layout: the coordinates, then, for cosine over f16, 1 / |decoded row| as f32 (0 for a zero row); padded to 64
// bytes where that costs at most a sixteenth, else to 4. See docs/reference/formats/codes.md.
//
// Distances: a float query meets f32 and f16 rows directly. Otherwise a query that loses nothing in the rows' element
// type is brought to it, so that i8, u8 and bit rows are compared exactly; any other query is compared in floats, which
// costs about one more pass over the row.
//
// Error of a coordinate: f16 2^-11 of it (2^-25 absolute below 2^-14), bf16 2^-8 of it, integers 1/2.
#pragma once
#include "quiver/compress/spec.h"

namespace quiver {

Result<std::unique_ptr<Quantizer>> make_stored(Element element, const Space& space);
std::size_t stored_bytes_per_row(Element element, const Space& space) noexcept;
Result<std::unique_ptr<Codes>> load_stored(Element element, const Space& space, const Container& file,
                                           std::string_view prefix);

}  // namespace quiver
