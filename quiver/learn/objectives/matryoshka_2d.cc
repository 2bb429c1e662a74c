#include "quiver/learn/objectives/matryoshka_2d.h"

#include <algorithm>
#include <tuple>

#include "quiver/core/random.h"

namespace quiver::learn {

std::vector<std::int64_t> geometric_dims(std::int64_t whole) {
  constexpr std::int64_t kFirst = 8;
  std::vector<std::int64_t> dims;
  for (std::int64_t m = kFirst; m < whole; m *= 2) dims.push_back(m);
  return dims;
}

Tensor compressed_by_svd(const Tensor& vectors, std::int64_t k) {
  QUIVER_CHECK(vectors.dim() == 2 && k > 0 && k <= vectors.size(1));
  const torch::NoGradGuard without_gradient;
  const auto width = static_cast<double>(vectors.size(1));
  const Tensor relations = torch::softmax(torch::mm(vectors.t(), vectors) / std::sqrt(width), 1);  // (D, D)
  const auto [left, singular, right] = torch::linalg_svd(relations, false);  // (D, D), (D) falling
  const Tensor axes = left.narrow(1, 0, k);                                  // (D, k)
  const Tensor largest = axes.gather(0, axes.abs().argmax(0, true));         // (1, k)
  const Tensor signs = torch::where(largest.lt(0), -torch::ones({}), torch::ones({}));
  return torch::mm(vectors, axes * signs * singular.narrow(0, 0, k));  // (texts, k)
}

namespace internal {

Draw2D draw_2d(const Matryoshka2DOptions& options, std::uint64_t step) {
  Random random(options.seed, mix(stream_of("matryoshka-2d"), step));
  const std::vector<std::int64_t>& dims = options.dims;
  Draw2D draw{.layer = 1 + random.below(options.layers - 1), .dims = 0, .others = 0};
  // v1 never draws the whole length, which has a term of its own; the adaptive layers do.
  const std::size_t lengths = dims.size() + (options.variant == Variant2D::AdaptiveLayer ? 1 : 0);
  const auto length = [&]() {
    const std::size_t i = random.below(lengths);
    return i < dims.size() ? dims[i] : options.whole;
  };
  draw.dims = length();
  draw.others = length();
  return draw;
}

Matryoshka2DOptions checked_2d(Matryoshka2DOptions options) {
  if (options.dims.empty()) options.dims = geometric_dims(options.whole);
  if (options.compressed == 0) options.compressed = options.whole / 2;
  QUIVER_CHECK(options.layers >= 2 && !options.dims.empty());
  QUIVER_CHECK(options.dims.front() > 0 && options.dims.back() < options.whole);
  QUIVER_CHECK(std::ranges::is_sorted(options.dims));
  QUIVER_CHECK(options.compressed > 0 && options.compressed <= options.whole);
  QUIVER_CHECK(options.temperature > 0);
  return options;
}

Tensor vectors_2d(const Tensors& out, std::int64_t whole) {
  std::vector<Tensor> sides;
  for (const auto& [name, tensor] : out) {
    if (tensor.dim() == 2 && tensor.size(1) == whole) sides.push_back(tensor);
  }
  QUIVER_CHECK(!sides.empty());
  return torch::cat(sides);
}

}  // namespace internal
}  // namespace quiver::learn
