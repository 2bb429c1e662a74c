#include "quiver/learn/gradient_cache.h"

#include <algorithm>
#include <vector>

#include "quiver/core/check.h"

namespace quiver::learn {

Tensor encode_in_chunks(std::int64_t rows, std::int64_t chunk, EncodeChunk encode) {
  QUIVER_CHECK(rows > 0 && chunk > 0);
  const auto each_chunk = [rows, chunk](auto&& use) {
    for (std::int64_t first = 0; first < rows; first += chunk) use(first, std::min(chunk, rows - first));
  };
  const bool learning = torch::GradMode::is_enabled();
  Tensor vectors;
  {
    const torch::NoGradGuard off;
    std::vector<Tensor> parts;
    each_chunk([&](std::int64_t first, std::int64_t count) { parts.push_back(encode(first, count)); });
    vectors = torch::cat(parts);  // (rows, dim)
  }
  if (!learning) return vectors;
  // A leaf as far as the objective knows; its gradient, once whole, is carried on chunk by chunk.
  vectors.requires_grad_();
  vectors.register_hook([each_chunk, encode = std::move(encode)](const Tensor& gradient) {
    const torch::AutoGradMode on(true);
    each_chunk([&](std::int64_t first, std::int64_t count) {
      encode(first, count).backward(gradient.slice(0, first, first + count));
    });
  });
  return vectors;
}

}  // namespace quiver::learn
