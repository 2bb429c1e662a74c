#include "quiver/model/latent_attention.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "quiver/core/linalg.h"
#include "quiver/simd/kernels.h"

namespace quiver {
namespace {
constexpr float kLatentNormEpsilon = 1e-5F;

void grow(Matrix& matrix, std::size_t rows, std::size_t cols) {
  if (matrix.rows() < rows || matrix.cols() != cols) matrix = Matrix(rows, cols);
}
MatrixView columns(MatrixView all, std::size_t first, std::size_t count) {
  return {all.data + first, all.rows, count, all.stride};
}
void norm_rows(MatrixView from, std::span<const float> scale, std::span<const float> shift, Matrix& to) {
  const auto kernel = simd::kernels().layer_norm;
  for (std::size_t i = 0; i < from.rows; ++i) {
    kernel(from.row(i).data(), scale.data(), shift.data(), from.cols, kLatentNormEpsilon, to.row(i).data());
  }
}

// What a published tensor is called here. Two spellings of the gated layer are in use.
struct Renamed {
  std::string_view published, ours;
};
constexpr std::array kPublishedNames{
    Renamed{"latents", "latents"},
    Renamed{"cross_attend_blocks.0.norm.weight", "norm"},
    Renamed{"cross_attend_blocks.0.norm.bias", "norm_shift"},
    Renamed{"cross_attend_blocks.0.norm_context.weight", "latents_norm"},
    Renamed{"cross_attend_blocks.0.norm_context.bias", "latents_norm_shift"},
    Renamed{"cross_attend_blocks.0.fn.to_q.weight", "query"},
    Renamed{"cross_attend_blocks.0.fn.to_kv.weight", "key_value"},
    Renamed{"cross_attend_blocks.0.fn.to_out.weight", "out"},
    Renamed{"cross_attend_blocks.1.norm.weight", "feed/norm"},
    Renamed{"cross_attend_blocks.1.norm.bias", "feed/norm_shift"},
    Renamed{"cross_attend_blocks.1.fn.net.0.proj.weight", "feed/in"},
    Renamed{"cross_attend_blocks.1.fn.net.0.weight", "feed/in"},
    Renamed{"cross_attend_blocks.1.fn.net.0.proj.bias", "feed/in_bias"},
    Renamed{"cross_attend_blocks.1.fn.net.0.bias", "feed/in_bias"},
    Renamed{"cross_attend_blocks.1.fn.net.2.weight", "feed/out"},
    Renamed{"cross_attend_blocks.1.fn.net.2.bias", "feed/out_bias"},
};
}  // namespace

Result<LatentAttention> LatentAttention::open(std::size_t heads, std::size_t dim, const Weights& weights) {
  LatentAttention out;
  out.heads_ = heads;
  out.dim_ = dim;
  out.weights_ = weights.widened();
  const Weights& own = out.weights_;
  const auto norm = [&](const std::string& name) -> Result<Norm> {
    Norm read;
    QUIVER_TRY(read.scale, own.vector(name, dim));
    QUIVER_TRY(read.shift, own.vector(name + "_shift", dim));
    return read;
  };
  QUIVER_TRY(out.query_, own.matrix("latent/query"));
  const std::size_t inner = out.query_.rows;
  if (heads == 0 || inner == 0 || inner % heads != 0) {
    return Error::corruption(
        fmt::format("tensor 'latent/query' has {} rows, which {} heads do not share equally", inner, heads));
  }
  QUIVER_TRY(out.query_, own.matrix("latent/query", inner, dim));
  QUIVER_TRY(const MatrixView key_value, own.matrix("latent/key_value", 2 * inner, dim));
  QUIVER_TRY(out.out_, own.matrix("latent/out", dim, inner));
  QUIVER_TRY(out.feed_out_, own.matrix("latent/feed/out"));
  const std::size_t wide = out.feed_out_.cols;
  QUIVER_TRY(out.feed_out_, own.matrix("latent/feed/out", dim, wide));
  QUIVER_TRY(out.feed_out_bias_, own.vector("latent/feed/out_bias", dim));
  QUIVER_TRY(out.feed_in_, own.matrix("latent/feed/in", 2 * wide, dim));
  QUIVER_TRY(out.feed_in_bias_, own.vector("latent/feed/in_bias", 2 * wide));
  QUIVER_TRY(out.norm_, norm("latent/norm"));
  QUIVER_TRY(out.feed_norm_, norm("latent/feed/norm"));
  QUIVER_TRY(const Norm latents_norm, norm("latent/latents_norm"));
  QUIVER_TRY(MatrixView latents, own.matrix("latent/latents"));
  QUIVER_TRY(latents, own.matrix("latent/latents", latents.rows, dim));
  if (latents.rows == 0) return Error::corruption("tensor 'latent/latents' has no rows");

  Matrix normed(latents.rows, dim);
  norm_rows(latents, latents_norm.scale, latents_norm.shift, normed);
  out.keys_ = Matrix(latents.rows, inner);
  out.values_ = Matrix(latents.rows, inner);
  gemm_nt(normed.view(), key_value.slice(0, inner), out.keys_);
  gemm_nt(normed.view(), key_value.slice(inner, inner), out.values_);
  return out;
}

// scratch.mixed <- O.  (tokens, dim)
void LatentAttention::answer(MatrixView states, Scratch& scratch) const {
  const std::size_t inner = query_.rows, width = inner / heads_;
  const auto softmax = simd::kernels().softmax;
  norm_rows(states, norm_.scale, norm_.shift, scratch.normed);
  gemm_nt(scratch.normed.view().slice(0, states.rows), query_, scratch.queries.data(), scratch.queries.stride());
  const MatrixView queries = scratch.queries.view().slice(0, states.rows);  // (tokens, inner)
  for (std::size_t head = 0; head < heads_; ++head) {
    const std::size_t first = head * width;
    gemm_nt(columns(queries, first, width), columns(keys_.view(), first, width), scratch.scores.data(),
            scratch.scores.stride(), 1 / std::sqrt(static_cast<float>(width)));  // (tokens, latents)
    for (std::size_t i = 0; i < states.rows; ++i) softmax(scratch.scores.row(i).data(), latents());
    gemm(scratch.scores.view().slice(0, states.rows), columns(values_.view(), first, width),
         scratch.answers.data() + first, scratch.answers.stride());  // (tokens, width)
  }
  for (std::size_t i = 0; i < states.rows; ++i) std::copy_n(states.row(i).data(), dim_, scratch.mixed.row(i).data());
  gemm_nt(scratch.answers.view().slice(0, states.rows), out_, scratch.mixed.data(), scratch.mixed.stride(), 1, 1);
}

// scratch.mixed <- O'.  (tokens, dim)
void LatentAttention::feed(std::size_t tokens, Scratch& scratch) const {
  const simd::Kernels& kernels = simd::kernels();
  const auto gelu = kernels.activate(simd::Activation::Gelu);
  const std::size_t wide = feed_out_.cols;
  norm_rows(scratch.mixed.view().slice(0, tokens), feed_norm_.scale, feed_norm_.shift, scratch.normed);
  gemm_nt(scratch.normed.view().slice(0, tokens), feed_in_, scratch.inner.data(), scratch.inner.stride());
  for (std::size_t i = 0; i < tokens; ++i) {
    float* const row = scratch.inner.row(i).data();  // (values | gates)
    kernels.add(row, feed_in_bias_.data(), wide);
    gelu(row + wide, feed_in_bias_.data() + wide, wide);
    kernels.multiply(row, row + wide, wide);
  }
  gemm_nt(scratch.inner.view().slice(0, tokens).prefix(wide), feed_out_, scratch.mixed.data(), scratch.mixed.stride(),
          1, 1);
  for (std::size_t i = 0; i < tokens; ++i) kernels.add(scratch.mixed.row(i).data(), feed_out_bias_.data(), dim_);
}

MatrixView LatentAttention::mix(MatrixView states, Scratch& scratch) const {
  QUIVER_CHECK(states.cols == dim_);
  const std::size_t tokens = states.rows, inner = query_.rows;
  grow(scratch.normed, tokens, dim_);
  grow(scratch.queries, tokens, inner);
  grow(scratch.scores, tokens, latents());
  grow(scratch.answers, tokens, inner);
  grow(scratch.mixed, tokens, dim_);
  grow(scratch.inner, tokens, 2 * feed_out_.cols);
  if (tokens > 0) {
    answer(states, scratch);
    feed(tokens, scratch);
  }
  return scratch.mixed.view().slice(0, tokens);
}

Result<Weights> read_latent_attention(const Safetensors& file) {
  constexpr std::string_view kMark = "cross_attend_blocks.0.fn.to_q.weight";
  const auto marked =
      std::ranges::find_if(file.entries(), [&](const auto& entry) { return entry.first.ends_with(kMark); });
  if (marked == file.entries().end()) {
    return Error::not_found(fmt::format("the file has no latent attention: no tensor's name ends in {}", kMark));
  }
  const std::string prefix = marked->first.substr(0, marked->first.size() - kMark.size());
  Weights weights;
  for (const Renamed& name : kPublishedNames) {
    const std::string published = prefix + std::string(name.published);
    if (!file.has(published)) continue;  // the other spelling, or missing: open() names it
    QUIVER_TRY(Tensor tensor, file.tensor(published));
    QUIVER_TRY(weights.add(fmt::format("latent/{}", name.ours), std::move(tensor)));
  }
  return weights;
}

}  // namespace quiver
