#include "quiver/model/transformer_stack.h"

#include <fmt/format.h>

#include <algorithm>

#include "quiver/core/linalg.h"
#include "quiver/simd/kernels.h"

namespace quiver {
namespace {
// A matrix of at least this shape; its numbers are not kept. Zeroing a new one is the larger part of its cost.
void reserve(Matrix& matrix, std::size_t rows, std::size_t cols) {
  if (matrix.rows() < rows || matrix.cols() != cols) matrix = Matrix(rows, cols);
}
void add_to_rows(std::span<const float> bias, std::size_t rows, Matrix& x) {
  const auto add = simd::kernels().add;
  for (std::size_t i = 0; i < rows && !bias.empty(); ++i) add(x.row(i).data(), bias.data(), bias.size());
}
const float* or_null(std::span<const float> values) { return values.empty() ? nullptr : values.data(); }
}  // namespace

void TokenBatch::add(std::span<const std::uint32_t> text_ids, std::span<const std::uint32_t> text_types) {
  QUIVER_CHECK(text_types.empty() || text_types.size() == text_ids.size());
  ids.insert(ids.end(), text_ids.begin(), text_ids.end());
  types.insert(types.end(), text_types.begin(), text_types.end());
  types.resize(ids.size(), 0);
  offsets.push_back(static_cast<std::uint32_t>(ids.size()));
}
void TokenBatch::clear() {
  ids.clear();
  types.clear();
  offsets.assign(1, 0);
}

Result<TransformerStack> TransformerStack::open(const TransformerConfig& config, const Weights& weights) {
  QUIVER_TRY(config.check());
  TransformerStack stack(config,
                         Attention({config.heads, config.key_heads_or_all(), config.head_width(), config.causal}));
  stack.weights_ = weights.widened();
  QUIVER_TRY(stack.open_embeddings());
  for (std::size_t n = 0; n < config.layers; ++n) {
    QUIVER_TRY(Layer layer, stack.open_layer(n));
    stack.layers_.push_back(layer);
  }
  if (config.norm_first) {
    QUIVER_TRY(stack.last_norm_, stack.open_norm("norm"));
  }
  return stack;
}

Result<TransformerStack::Norm> TransformerStack::open_norm(const std::string& name) const {
  Norm norm;
  QUIVER_TRY(norm.scale, weights_.vector(name, config_.dim));
  if (weights_.has(name + "_shift")) {
    QUIVER_TRY(norm.shift, weights_.vector(name + "_shift", config_.dim));
  }
  return norm;
}
Result<TransformerStack::Linear> TransformerStack::open_linear(const std::string& name, std::size_t out,
                                                               std::size_t in) const {
  Linear linear;
  QUIVER_TRY(linear.weight, weights_.matrix(name, out, in));
  if (weights_.has(name + "_bias")) {
    QUIVER_TRY(linear.bias, weights_.vector(name + "_bias", out));
  }
  return linear;
}

Result<void> TransformerStack::open_embeddings() {
  QUIVER_TRY(tokens_, weights_.matrix("embedding/tokens", config_.vocabulary, config_.dim));
  if (config_.types > 0) {
    QUIVER_TRY(types_, weights_.matrix("embedding/types", config_.types, config_.dim));
  }
  if (config_.embedding_norm) {
    QUIVER_TRY(embedding_norm_, open_norm("embedding/norm"));
  }
  const TransformerPositions& positions = config_.positions;
  if (config_.relative.buckets > 0) {
    QUIVER_TRY(const MatrixView biases, weights_.matrix("relative", config_.relative.buckets, config_.heads));
    attention_.bias(biases, config_.relative.farthest, config_.context);
  }
  switch (positions.kind) {
    case PositionKind::None:
      break;
    case PositionKind::Rotary:
      attention_.turn(positions.base, config_.context);
      break;
    case PositionKind::Learned:
      QUIVER_TRY(positions_, weights_.matrix("embedding/positions"));
      if (positions_.cols != config_.dim || positions_.rows < positions.first + config_.context) {
        return Error::corruption(fmt::format("tensor 'embedding/positions' is f32 ({}, {}), expected ({} or more, {})",
                                             positions_.rows, positions_.cols, positions.first + config_.context,
                                             config_.dim));
      }
      break;
  }
  return {};
}

Result<TransformerStack::Layer> TransformerStack::open_layer(std::size_t number) const {
  const std::string name = fmt::format("layers/{}/", number);
  const std::size_t dim = config_.dim, inner = config_.heads * config_.head_width();
  const std::size_t columns = inner + 2 * config_.key_heads_or_all() * config_.head_width();
  Layer layer;
  QUIVER_TRY(layer.attention_in, open_linear(name + "attention/in", columns, dim));
  QUIVER_TRY(layer.attention_out, open_linear(name + "attention/out", dim, inner));
  QUIVER_TRY(layer.attention_norm, open_norm(name + "attention/norm"));
  QUIVER_TRY(layer.feed_in, open_linear(name + "feed/in", (config_.gated ? 2 : 1) * config_.hidden, dim));
  QUIVER_TRY(layer.feed_out, open_linear(name + "feed/out", dim, config_.hidden));
  QUIVER_TRY(layer.feed_norm, open_norm(name + "feed/norm"));
  return layer;
}

void TransformerStack::normalize(const Norm& norm, std::size_t tokens, const Matrix& from, Matrix& to) const {
  const simd::Kernels& kernels = simd::kernels();
  const auto kernel = config_.norm == NormKind::Layer ? kernels.layer_norm : kernels.rms_norm;
  for (std::size_t i = 0; i < tokens; ++i) {
    kernel(from.row(i).data(), norm.scale.data(), or_null(norm.shift), config_.dim, static_cast<float>(config_.epsilon),
           to.row(i).data());
  }
}

void TransformerStack::embed(const TokenBatch& batch, Matrix& states) const {
  const auto add = simd::kernels().add;
  const TransformerPositions& positions = config_.positions;
  for (std::size_t text = 0; text < batch.texts(); ++text) {
    std::size_t position = positions.first;
    for (std::size_t i = batch.offsets[text]; i < batch.offsets[text + 1]; ++i) {
      const std::uint32_t id = batch.ids[i];
      QUIVER_CHECK(id < tokens_.rows);
      float* const row = states.row(i).data();  // (dim)
      std::copy_n(tokens_.row(id).data(), config_.dim, row);
      if (types_.rows > 0) add(row, types_.row(batch.types[i] < types_.rows ? batch.types[i] : 0).data(), config_.dim);
      if (positions_.rows == 0) continue;
      const bool padding = positions.padding == id;
      add(row, positions_.row(padding ? positions.first - 1 : position).data(), config_.dim);
      if (!padding) ++position;
    }
  }
  if (config_.embedding_norm) normalize(embedding_norm_, batch.tokens(), states, states);
}

void TransformerStack::attend(const Layer& layer, const TokenBatch& batch, Scratch& scratch) const {
  const std::size_t tokens = batch.tokens();
  if (config_.norm_first) normalize(layer.attention_norm, tokens, scratch.states, scratch.normed);
  const Matrix& in = config_.norm_first ? scratch.normed : scratch.states;
  gemm_nt(in.view().slice(0, tokens), layer.attention_in.weight, scratch.qkv.data(), scratch.qkv.stride());
  add_to_rows(layer.attention_in.bias, tokens, scratch.qkv);  // (tokens, queries | keys | values)
  for (std::size_t text = 0; text < batch.texts(); ++text) {
    const std::size_t first = batch.offsets[text], count = batch.offsets[text + 1] - first;
    attention_.apply(scratch.qkv, first, count, scratch.attention,
                     scratch.context.data() + first * scratch.context.stride(), scratch.context.stride());
  }
  gemm_nt(scratch.context.view().slice(0, tokens), layer.attention_out.weight, scratch.states.data(),
          scratch.states.stride(), 1, 1);  // x += context W^T   (tokens, dim)
  add_to_rows(layer.attention_out.bias, tokens, scratch.states);
  if (!config_.norm_first) normalize(layer.attention_norm, tokens, scratch.states, scratch.states);
}

void TransformerStack::feed(const Layer& layer, std::size_t tokens, Scratch& scratch) const {
  const simd::Kernels& kernels = simd::kernels();
  const auto activate = kernels.activate(config_.activation);
  if (config_.norm_first) normalize(layer.feed_norm, tokens, scratch.states, scratch.normed);
  const Matrix& in = config_.norm_first ? scratch.normed : scratch.states;
  const std::span<const float> bias = layer.feed_in.bias;
  const std::size_t hidden = config_.hidden;
  gemm_nt(in.view().slice(0, tokens), layer.feed_in.weight, scratch.hidden.data(), scratch.hidden.stride());
  for (std::size_t i = 0; i < tokens; ++i) {
    float* const row = scratch.hidden.row(i).data();  // (hidden), gated (gate | value)
    activate(row, or_null(bias), hidden);
    if (!config_.gated) continue;
    if (!bias.empty()) kernels.add(row + hidden, bias.data() + hidden, hidden);
    kernels.multiply(row, row + hidden, hidden);
  }
  gemm_nt(scratch.hidden.view().slice(0, tokens).prefix(hidden), layer.feed_out.weight, scratch.states.data(),
          scratch.states.stride(), 1, 1);  // x += hidden W^T   (tokens, dim)
  add_to_rows(layer.feed_out.bias, tokens, scratch.states);
  if (!config_.norm_first) normalize(layer.feed_norm, tokens, scratch.states, scratch.states);
}

MatrixView TransformerStack::run(const TokenBatch& batch, std::size_t layers, Scratch& scratch,
                                 const Watch& watch) const {
  const std::size_t tokens = batch.tokens(), inner = config_.heads * config_.head_width();
  QUIVER_CHECK(layers <= config_.layers);
  for (std::size_t text = 0; text < batch.texts(); ++text) {
    QUIVER_CHECK(batch.offsets[text + 1] - batch.offsets[text] <= config_.context);
  }
  if (layers == 0) layers = config_.layers;
  reserve(scratch.states, tokens, config_.dim);
  if (config_.norm_first) reserve(scratch.normed, tokens, config_.dim);
  reserve(scratch.qkv, tokens, inner + 2 * config_.key_heads_or_all() * config_.head_width());
  reserve(scratch.context, tokens, inner);
  reserve(scratch.hidden, tokens, (config_.gated ? 2 : 1) * config_.hidden);
  const auto states = [&] { return scratch.states.view().slice(0, tokens); };
  embed(batch, scratch.states);
  if (watch) watch(0, states());
  for (std::size_t n = 0; n < layers; ++n) {
    attend(layers_[n], batch, scratch);
    feed(layers_[n], tokens, scratch);
    if (watch) watch(n + 1, states());
  }
  if (config_.norm_first) normalize(last_norm_, tokens, scratch.states, scratch.states);
  return states();
}

}  // namespace quiver
