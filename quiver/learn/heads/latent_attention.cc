#include "quiver/learn/heads/latent_attention.h"

#include <cmath>
#include <cstring>
#include <string>

#include "quiver/core/check.h"
#include "quiver/learn/heads/pooling.h"
#include "quiver/learn/parameters.h"
#include "quiver/model/latent_attention.h"

namespace quiver::learn {
namespace {
constexpr double kLatentEpsilon = 1e-5;  // of its norms, as released
}

LatentAttention::LatentAttention(const LatentAttentionOptions& options, std::uint64_t seed) : options_(options) {
  auto& [dim, latents, heads, head_dim, expansion] = options_;
  QUIVER_CHECK(dim > 0 && latents > 0 && heads > 0 && head_dim >= 0 && expansion > 0);
  QUIVER_CHECK(head_dim > 0 || dim % heads == 0);
  if (head_dim == 0) head_dim = dim / heads;
  const std::int64_t inner = heads * head_dim, wide = expansion * dim;
  const auto product = [&](const std::string& name, std::int64_t out, std::int64_t in) {
    parameters_.emplace(name, random_parameter("latent_attention/" + name, {out, in}, deviation_of(in), seed));
  };
  const auto vector = [&](const std::string& name, std::int64_t count, float value) {
    parameters_.emplace(name, torch::full({count}, value));
  };
  product("latents", latents, dim);
  product("query", inner, dim);
  product("key_value", 2 * inner, dim);
  product("out", dim, inner);
  product("feed/in", 2 * wide, dim);  // value | gate
  product("feed/out", dim, wide);
  vector("feed/in_bias", 2 * wide, 0);
  vector("feed/out_bias", dim, 0);
  for (const std::string name : {"norm", "latents_norm", "feed/norm"}) {
    vector(name, dim, 1);
    vector(name + "_shift", dim, 0);
  }
  for (auto& [name, parameter] : parameters_) parameter.requires_grad_();
}

Result<LatentAttention> LatentAttention::open(std::size_t heads, std::size_t dim, const Weights& stored) {
  QUIVER_TRY([[maybe_unused]] const auto checked, quiver::LatentAttention::open(heads, dim, stored));
  const Weights weights = stored.widened();
  constexpr std::string_view kFolder = "latent/";
  LatentAttention out;
  for (const auto& [name, tensor] : weights.tensors()) {
    if (!name.starts_with(kFolder)) continue;
    Tensor copy = torch::empty(std::vector<std::int64_t>(tensor.shape.begin(), tensor.shape.end()));
    std::memcpy(copy.data_ptr<float>(), tensor.bytes.data(), tensor.bytes.size());
    out.parameters_.emplace(name.substr(kFolder.size()), copy.requires_grad_());
  }
  const std::int64_t width = out.at("latents").size(1), count = static_cast<std::int64_t>(heads);
  out.options_ = {.dim = width,
                  .latents = out.at("latents").size(0),
                  .heads = count,
                  .head_dim = out.at("query").size(0) / count,
                  .expansion = out.at("feed/out").size(1) / width};
  return out;
}

std::vector<Tensor> LatentAttention::parameters() const {
  std::vector<Tensor> out;
  for (const auto& [name, parameter] : parameters_) out.push_back(parameter);
  return out;
}

Tensor LatentAttention::normalize(const Tensor& x, const char* name) const {
  return torch::layer_norm(x, {options_.dim}, at(name), at(std::string(name) + "_shift"), kLatentEpsilon);
}

Tensor LatentAttention::mix(const Tensor& states) const {
  QUIVER_CHECK(states.dim() == 2 && states.size(1) == options_.dim);
  const std::int64_t heads = options_.heads, width = options_.head_dim, wide = options_.expansion * options_.dim;
  const auto by_head = [&](const Tensor& x) { return x.reshape({-1, heads, width}).transpose(0, 1); };
  const Tensor both = torch::linear(normalize(at("latents"), "latents_norm"), at("key_value"));  // (latents, 2 inner)
  const Tensor keys = by_head(both.narrow(1, 0, heads * width));  // (heads, latents, width)
  const Tensor values = by_head(both.narrow(1, heads * width, heads * width));
  const Tensor queries = by_head(torch::linear(normalize(states, "norm"), at("query")));  // (heads, tokens, width)
  const Tensor scores = torch::matmul(queries / std::sqrt(static_cast<double>(width)), keys.transpose(1, 2));
  const Tensor answers = torch::matmul(torch::softmax(scores, -1), values).transpose(0, 1);  // (tokens, heads, width)
  const Tensor mixed = torch::linear(answers.reshape({-1, heads * width}), at("out")) + states;  // (tokens, dim)
  const Tensor inner = torch::linear(normalize(mixed, "feed/norm"), at("feed/in"), at("feed/in_bias"));
  const Tensor gated = inner.narrow(1, 0, wide) * torch::gelu(inner.narrow(1, wide, wide));  // (tokens, wide)
  return torch::linear(gated, at("feed/out"), at("feed/out_bias")) + mixed;
}

Tensor LatentAttention::operator()(const Tensor& states, const PackedTokens& tokens,
                                   std::span<const std::uint32_t> skip) const {
  return pool(Pool::Mean, mix(states), tokens, skip);
}

}  // namespace quiver::learn
