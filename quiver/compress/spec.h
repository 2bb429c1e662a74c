// QuantizerSpec: the text that names a quantizer, in flags, index specs and files.
//
//   f32, f16, bf16      floats as they are, or rounded to a half
//   i8, u8, bit         integers and bits as they are: rows of that element type
//   lvq(8), lvq(4)      locally adaptive: one scale and offset per row (lvq.h)
//   lvq(4,8), lvq(8,8)  two levels: the first to search by, both to order what was found (two_level.h)
//   sq(8), sq(4)        one range per coordinate, the same for all rows (uniform.h)
//   pq(m), pq(m,4)      m parts by the nearest of 256 or 16 centroids (product.h); opq: after a learned rotation
//   rq(n), grvq(g,n)    sums of n centroids, of all coordinates or in each of g groups (residual.h)
//   rabitq(b)           b = 1, 2, 4 or 8 bits a coordinate, unbiased distances with an error bound (rabitq.h)
//   binary, itq, itq(b) signs, plain or after a learned rotation: an order to rank again by finer codes (binary.h)
//   prefix(64) + lvq(8) a step in front of any of these makes vectors shorter: prefix, pca, es, ... (shortened.h)
//
//   QUIVER_TRY(QuantizerSpec spec, QuantizerSpec::parse("lvq(8)"));
//   spec.text() == "lvq(8)"; spec.bytes_per_row(space) == 256 + 12;
//
// Blanks do not matter. An unknown name or argument is InvalidArgument that lists what exists and guesses what was
// meant. The table in spec.cc has one row per name: a new quantizer adds its row there.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/compress/quantizer.h"
#include "quiver/core/spec_text.h"

namespace quiver {

struct QuantizerSpec {
  std::string name;                   // "lvq"
  std::vector<unsigned> arguments;    // {8}
  std::optional<SpecText> step = {};  // "prefix(64)", in front; alone it stands before f32

  static Result<QuantizerSpec> parse(std::string_view text);
  std::string text() const;
  // Exact, without encoding anything; 0 for a space that cannot be held. Requires: parsed.
  std::size_t bytes_per_row(const Space& space) const;
  bool operator==(const QuantizerSpec&) const = default;
};

// Errors: InvalidArgument when the space cannot be held (dims 0, a metric the codes cannot score).
Result<std::unique_ptr<Quantizer>> make_quantizer(const QuantizerSpec& spec, const Space& space);

// One line per quantizer, "lvq(8)  8-bit codes ...", for help and `quiver doctor`.
std::vector<std::string> quantizer_help();

}  // namespace quiver
