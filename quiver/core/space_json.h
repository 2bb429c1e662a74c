// A Space as a JSON object, the same in every file that holds rows, codes, an index or a model's port:
//   {"id": "qv:3f2a", "dims": 256, "metric": "cosine"}, with "prefix_of" and "prefix_dims" only where they are set.
#pragma once
#include "quiver/core/json.h"
#include "quiver/core/space.h"

namespace quiver {

Json space_to_json(const Space& space);
Result<Space> space_from_json(const Json& object);  // Errors: a key that is missing, of another type or out of range

}  // namespace quiver
