// IndexSpec: the text that names an index and what it stores, and the two ways to get one: build and open.
//
//   flat                             exact search over the rows as given
//   flat + lvq(8)                    exact search over 8-bit codes
//   flat + lvq(4) + rerank(f32)      4-bit codes choose candidates, float rows order them
//   flat + lvq(4,8)                  the same by codes of two levels: nothing is stored twice
//   flat + f16 + rerank(f32)         ... any number of rerank(...), each of what the one before it left
//   flat + pca(96) + lvq(4) + rerank(f16)   codes of short vectors choose (compress/shortened.h)
//   funnel(64,128) + lvq(8)          short for flat + prefix(64) + lvq(8) + rerank(prefix(128) + lvq(8)) +
//   rerank(lvq(8)) hnsw(16,128) + lvq(8)            a graph to walk, over any codes (hnsw.h) sparse inverted lists over
//   sparse rows (sparse.h)
//
//   QUIVER_TRY(IndexSpec spec, IndexSpec::parse("flat + lvq(8)"));
//   QUIVER_TRY(auto index, build_index(spec, rows, {}, run));
//   QUIVER_TRY(index->save("words.qvi"));
//   QUIVER_TRY(auto again, open_index("words.qvi"));        // mapped; again->spec() == "flat + lvq(8)"
//
// A structure may take whole numbers, "hnsw(32)" is "hnsw(32,128)": those left out have defaults. Blanks do not matter.
// The table in spec.cc has one row per structure: a new index adds its row there.
#pragma once
#include <optional>

#include "quiver/compress/spec.h"
#include "quiver/index/index.h"

namespace quiver {

struct IndexSpec {
  std::string structure = "flat";
  std::vector<unsigned> arguments = {};     // of the structure; parse() completes them with its defaults
  std::optional<QuantizerSpec> codes;       // empty: the rows as given
  std::vector<QuantizerSpec> between = {};  // every rerank(...) but the last, in order
  std::optional<QuantizerSpec> rerank;      // the last: what orders the hits

  // Errors: InvalidArgument that points at the part that is wrong and guesses what was meant.
  static Result<IndexSpec> parse(std::string_view text);
  std::string text() const;
  // True if an index of spec `built` may come from this one: what was left open (arguments of 0, a graph's rerank
  // codes) was chosen while it was built.
  bool allows(const IndexSpec& built) const;
  bool operator==(const IndexSpec&) const = default;
};

// space.dims may be 0: taken from the rows. `sample_queries` may be empty; quantizers that adapt to queries use them.
// Errors: InvalidArgument (a form the structure does not take, dims 0, NaN or infinity, more than 2^32 - 1 rows),
// Cancelled.
Result<std::unique_ptr<Index>> build_index(const IndexSpec& spec, const RowsView& base, const Space& space,
                                           MatrixView sample_queries, Run& run);
Result<std::unique_ptr<Index>> build_index(const IndexSpec& spec, const Rows& base, MatrixView sample_queries,
                                           Run& run);

// Maps what save() wrote. Errors: NotFound, Corruption, Unsupported (a newer version, an unknown structure or
// quantizer).
Result<std::unique_ptr<Index>> open_index(const std::filesystem::path& path);

std::vector<std::string> index_help();  // one line per structure

}  // namespace quiver
