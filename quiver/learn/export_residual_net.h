// freeze: a trained residual net becomes a Model of body "residual_net", which runs without torch.
//
//   QUIVER_TRY(Model model, freeze(encoder, {.prefixes = {8, 16, 32}}, card));
//
// Norms are folded into their convolutions by the running statistics, so the model gives what forward(images, false)
// gives, of unit length, within 1e-4. It has a port for pictures and one for rows of bytes, in one space.
// Thread-safety: a function. Cost: one copy of the parameters.
#pragma once
#include <string>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/learn/encoders/residual_net.h"
#include "quiver/model/model.h"

namespace quiver::learn {

struct ResidualNetExport {
  std::string image_column = "image", bytes_column = "vectors";  // what its ports "image" and "bytes" read
  std::vector<std::size_t> prefixes{};                           // usable shorter lengths
};
// Errors as Model::make: prefixes that do not rise or are no shorter than the vectors, a card that is not whole.
Result<Model> freeze(const ResidualNet& encoder, const ResidualNetExport& as, Card card);

}  // namespace quiver::learn
