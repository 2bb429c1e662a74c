#include "quiver/core/space_json.h"

#include "quiver/core/metric.h"

namespace quiver {

Json space_to_json(const Space& space) {
  Json object = {{"id", space.id}, {"dims", space.dims}, {"metric", std::string(name_of(space.metric))}};
  if (!space.prefix_of.empty()) object["prefix_of"] = space.prefix_of;
  if (space.prefix_dims > 0) object["prefix_dims"] = space.prefix_dims;
  return object;
}

Result<Space> space_from_json(const Json& object) {
  Space space;
  QUIVER_TRY(space.id, get<std::string>(object, "id"));
  QUIVER_TRY(space.dims, get<std::size_t>(object, "dims"));
  QUIVER_TRY(std::string metric, get<std::string>(object, "metric"));
  QUIVER_TRY(space.metric, parse_metric(metric));
  QUIVER_TRY(space.prefix_of, get_or<std::string>(object, "prefix_of", ""));
  QUIVER_TRY(space.prefix_dims, get_or<std::size_t>(object, "prefix_dims", 0));
  return space;
}

}  // namespace quiver
