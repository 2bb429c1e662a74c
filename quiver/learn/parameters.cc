#include "quiver/learn/parameters.h"

#include <cmath>

#include "quiver/core/random.h"

namespace quiver::learn {

Tensor random_parameter(std::string_view name, torch::IntArrayRef shape, float deviation, std::uint64_t seed) {
  Tensor out = torch::empty(shape);
  Random random(seed, stream_of(name));
  for (float& value : values_of(out)) value = deviation * random.normal();
  return out;
}

float deviation_of(std::int64_t in) { return 1 / std::sqrt(3 * static_cast<float>(in)); }

}  // namespace quiver::learn
