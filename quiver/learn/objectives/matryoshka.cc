#include "quiver/learn/objectives/matryoshka.h"

namespace quiver::learn {

Tensors cut_to_prefix(const Tensors& out, std::int64_t whole, std::int64_t dims) {
  QUIVER_CHECK(dims > 0 && dims <= whole);
  Tensors cut;
  for (const auto& [name, tensor] : out) {
    const bool vectors = tensor.dim() == 2 && tensor.size(1) == whole;
    cut.emplace(name, vectors ? tensor.narrow(1, 0, dims) : tensor);  // (batch, dims)
  }
  return cut;
}

}  // namespace quiver::learn
