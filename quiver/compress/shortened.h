// Vectors made shorter before they are coded: a step of a quantizer's spec, in front of any codes.
//
//   prefix(64) + lvq(8)     the first 64 coordinates: a Matryoshka prefix (Kusupati et al., NeurIPS 2022)
//   pca(96) + lvq(8)        the 96 directions of most variance; random(96): an orthonormal basis drawn by the seed
//   es(96) + lvq(8)         directions for rows and queries that differ, from a sample of the queries (leanvec.h);
//                           fw(96), leanvec(96) (es, then fw), sphering(96): other maps for queries than for rows
//   pca(96)                 alone: floats, as pca(96) + f32
//
//   QUIVER_TRY(auto quantizer, make_quantizer(*QuantizerSpec::parse("pca(96) + lvq(8)"), space));
//   flat + pca(96) + lvq(4) + rerank(f16)        short codes choose candidates, full rows order them: LeanVec's storage
//
// The codes behind the step hold the short vectors, so their bytes and kernels are those of a space of 96 dims. Vectors
// and queries come, and decode() gives them, at full length.
//
//   prefix     decoded: the prefix, then zeros. Distances are those of the metric between the prefixes of query and row
//              - cosine normalises them again -, so they are comparable with those of a shorter model.
//   the rest   y = B (x - mean), z = A (q - mean) or A q (projection.h). decoded = mean + A^T y, and distances are
//   those
//              to decoded: L2 |z - y|^2 + |q - mean|^2 - |z|^2, Dot -<q, mean> - <z, y>, Cosine the same of unit
//              vectors, and 1 more: decoded is near the unit row.
//
// A map for queries of their own keeps products, not lengths, so fw, leanvec and sphering refuse L2, and error_bound()
// promises nothing for them. prefix learns nothing and takes every metric of its codes.
// Thread-safety: as Quantizer. Cost: prefix nothing; else dims * D products a row or query, D * (dims + 1) shared
// floats.
#pragma once
#include "quiver/compress/spec.h"

namespace quiver {

bool is_shortening(std::string_view name) noexcept;  // "prefix", "pca", ...
std::vector<std::string> shortening_names();
std::vector<std::string> shortening_help();  // lines as quantizer_help() gives them

// Of a step as it is written, whatever the space. Errors: InvalidArgument (not one length, or 0).
Result<void> check_shortening(const SpecText& step);
// The space of the vectors that are coded. Requires: a step that check_shortening takes.
Space short_space(const SpecText& step, const Space& space);

// `spec` has a step. Errors: InvalidArgument (more dims than the space has, a metric that the step cannot keep), those
// of make_quantizer for the codes.
Result<std::unique_ptr<Quantizer>> make_shortened(const QuantizerSpec& spec, const Space& space);
// Errors: Corruption, those of the codes.
Result<std::unique_ptr<Codes>> load_shortened(const QuantizerSpec& spec, const Space& space, const Container& file,
                                              std::string_view prefix);
Result<std::unique_ptr<Quantizer>> load_shortened_quantizer(const QuantizerSpec& spec, const Space& space,
                                                            const Container& file, std::string_view prefix);

}  // namespace quiver
