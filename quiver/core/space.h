// Space: where a vector lives. Two vectors may be compared only if they come from the same space, or if one space is a
// declared prefix of the other; everything else is an Error that names both models and the cure.
//
//   Space clip{.id = "qv:3f2a...", .dims = 512, .metric = Metric::Cosine};
//   QUIVER_TRY(std::size_t dims, comparable(query_space, gallery_space));   // 512, or the shorter prefix
//
// The id of a space is the digest of the model that founded it; rows read from a plain file have an empty id
// ("unknown"), which compares with anything of equal dims: the user vouches for it.
#pragma once
#include <cstddef>
#include <string>

#include "quiver/core/result.h"
#include "quiver/simd/element.h"

namespace quiver {

struct Space {
  std::string id{};  // digest of the founding model; empty: unknown
  std::size_t dims = 0;
  Metric metric = Metric::Cosine;
  std::string prefix_of{};      // id of the longer space whose first coordinates these are
  std::size_t prefix_dims = 0;  // how many of its coordinates
  bool operator==(const Space&) const = default;
};

// The number of leading coordinates to compare on. Errors: InvalidArgument for different dims of unknown spaces,
// FailedPrecondition for two known spaces that differ.
Result<std::size_t> comparable(const Space& query, const Space& rows);

}  // namespace quiver
