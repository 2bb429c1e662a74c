// Ports as JSON: the "ports" section of a model file (docs/reference/formats/model.md).
//
//   Json array = ports_to_json(ports);                       // defaults are written too: one port, one spelling
//   QUIVER_TRY(std::vector<Port> ports, ports_of_json(array));
//
// What a reader meets in a file is not trusted: unknown modalities, forms or metrics are Corruption and named.
#pragma once
#include <span>
#include <vector>

#include "quiver/core/json.h"
#include "quiver/core/result.h"
#include "quiver/model/port.h"

namespace quiver::internal {

Json ports_to_json(std::span<const Port> ports);
Result<std::vector<Port>> ports_of_json(const Json& array);

}  // namespace quiver::internal
