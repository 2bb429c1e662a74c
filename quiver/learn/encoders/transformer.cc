#include "quiver/learn/encoders/transformer.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "quiver/core/check.h"
#include "quiver/core/random.h"
#include "quiver/learn/parameters.h"
#include "quiver/model/attention.h"
#include "quiver/model/transformer_stack.h"

namespace quiver::learn {
namespace {
// Added to the scores of keys that must not be seen. Finite: a text without tokens must not become 0 / 0, nor the sum
// of two of these infinite.
constexpr float kUnseen = -1e30F;

enum class Role : std::uint8_t { Product, Added, Bias, Scale, Shift, Relative };  // Added: what a block's half gives

// Every tensor that the config asks for, biases and shifts among them.
template <class Visit>
void each_parameter(const TransformerConfig& config, Visit visit) {
  using Shape = std::vector<std::int64_t>;
  const auto extent = [](std::size_t n) { return static_cast<std::int64_t>(n); };
  const std::int64_t dim = extent(config.dim), hidden = extent(config.hidden);
  const std::int64_t inner = extent(config.heads * config.head_width());
  const std::int64_t columns = inner + 2 * extent(config.key_heads_or_all() * config.head_width());
  const auto norm = [&](const std::string& name) {
    visit(name, Shape{dim}, Role::Scale);
    visit(name + "_shift", Shape{dim}, Role::Shift);
  };
  const auto product = [&](const std::string& name, std::int64_t out, std::int64_t in, Role role) {
    visit(name, Shape{out, in}, role);
    visit(name + "_bias", Shape{out}, Role::Bias);
  };
  visit("embedding/tokens", Shape{extent(config.vocabulary), dim}, Role::Product);
  if (config.types > 0) visit("embedding/types", Shape{extent(config.types), dim}, Role::Product);
  if (config.positions.kind == PositionKind::Learned) {
    visit("embedding/positions", Shape{extent(config.positions.first + config.context), dim}, Role::Product);
  }
  if (config.embedding_norm) norm("embedding/norm");
  if (config.relative.buckets > 0) {
    visit("relative", Shape{extent(config.relative.buckets), extent(config.heads)}, Role::Relative);
  }
  for (std::size_t n = 0; n < config.layers; ++n) {
    const std::string layer = fmt::format("layers/{}/", n);
    product(layer + "attention/in", columns, dim, Role::Product);
    product(layer + "attention/out", dim, inner, Role::Added);
    norm(layer + "attention/norm");
    product(layer + "feed/in", (config.gated ? 2 : 1) * hidden, dim, Role::Product);
    product(layer + "feed/out", dim, hidden, Role::Added);
    norm(layer + "feed/norm");
  }
  if (config.norm_first) norm("norm");
}

Tensor first_value(const TransformerConfig& config, const std::string& name, const std::vector<std::int64_t>& shape,
                   Role role, std::uint64_t seed) {
  switch (role) {
    case Role::Product:
      return random_parameter(name, shape, deviation_of(shape.back()), seed);
    case Role::Added: {
      const float blocks = config.norm_first ? std::sqrt(2 * static_cast<float>(config.layers)) : 1;
      return random_parameter(name, shape, deviation_of(shape.back()) / blocks, seed);
    }
    case Role::Scale:
      return torch::ones(shape);
    case Role::Bias:
    case Role::Shift:
    case Role::Relative:
      break;
  }
  return torch::zeros(shape);
}

Tensor activated(simd::Activation how, const Tensor& x) {
  switch (how) {
    case simd::Activation::Gelu:
      return torch::gelu(x);
    case simd::Activation::GeluTanh:
      return torch::gelu(x, "tanh");
    case simd::Activation::Relu:
      return torch::relu(x);
    case simd::Activation::Silu:
      return torch::silu(x);
    case simd::Activation::Tanh:
      break;
  }
  return torch::tanh(x);
}

// Row of the table of positions of every token, as TransformerStack counts them.
Tensor position_rows(const TransformerPositions& positions, const TokenBatch& batch) {
  Tensor out = torch::empty({static_cast<std::int64_t>(batch.tokens())}, torch::kInt64);
  std::int64_t* row = out.data_ptr<std::int64_t>();
  for (std::size_t text = 0; text < batch.texts(); ++text) {
    auto position = static_cast<std::int64_t>(positions.first);
    for (std::size_t i = batch.offsets[text]; i < batch.offsets[text + 1]; ++i) {
      const bool padding = positions.padding == batch.ids[i];
      *row++ = padding ? static_cast<std::int64_t>(positions.first) - 1 : position++;
    }
  }
  return out;
}
}  // namespace

// What a training step forgets, drawn in the order of the forward pass.
class Transformer::Dropout {
 public:
  Dropout(double rate, std::optional<std::uint64_t> seed) : rate_(rate) {
    if (seed && rate > 0) generator_ = at::detail::createCPUGenerator(*seed);
  }
  Tensor operator()(const Tensor& x) {
    if (!generator_.defined()) return x;
    return x * torch::empty_like(x).bernoulli_(1 - rate_, generator_).div_(1 - rate_);
  }

 private:
  double rate_;
  at::Generator generator_;
};

Transformer::Transformer(const TransformerConfig& config, double dropout) : config_(config), dropout_(dropout) {
  QUIVER_CHECK(config.check().has_value());
  QUIVER_CHECK(dropout >= 0 && dropout < 1);
  if (config.positions.kind != PositionKind::Rotary) return;
  const auto width = static_cast<std::int64_t>(config.head_width());
  const Tensor pairs = torch::arange(0, width, 2, torch::kFloat64) / static_cast<double>(width);  // (head_dim / 2)
  const Tensor speeds = torch::pow(config.positions.base, -pairs);
  const Tensor angles = torch::outer(torch::arange(static_cast<std::int64_t>(config.context), torch::kFloat64), speeds);
  cosines_ = angles.cos().to(torch::kFloat32);  // (context, head_dim / 2)
  sines_ = angles.sin().to(torch::kFloat32);
}

Transformer::Transformer(const TransformerConfig& config, const TransformerOptions& options, std::uint64_t seed)
    : Transformer(config, options.dropout) {
  const bool shifts = options.biases && config.norm == NormKind::Layer;
  each_parameter(config, [&](const std::string& name, const std::vector<std::int64_t>& shape, Role role) {
    if ((role == Role::Bias && !options.biases) || (role == Role::Shift && !shifts)) return;
    parameters_.emplace(name, first_value(config, name, shape, role, seed).requires_grad_());
  });
  assemble();
}

Result<Transformer> Transformer::open(const TransformerConfig& config, const Weights& stored, double dropout) {
  QUIVER_TRY(const TransformerStack checked, TransformerStack::open(config, stored));
  const Weights weights = stored.widened();
  Transformer out(checked.config(), dropout);
  each_parameter(config, [&](const std::string& name, const std::vector<std::int64_t>&, Role) {
    const auto found = weights.tensors().find(name);
    if (found == weights.tensors().end()) return;  // a bias that this model does without
    const quiver::Tensor& tensor = found->second;
    Tensor copy = torch::empty(std::vector<std::int64_t>(tensor.shape.begin(), tensor.shape.end()));
    std::memcpy(copy.data_ptr<float>(), tensor.bytes.data(), tensor.bytes.size());
    out.parameters_.emplace(name, copy.requires_grad_());
  });
  out.assemble();
  return out;
}

Tensor Transformer::find(const std::string& name) const {
  const auto found = parameters_.find(name);
  return found == parameters_.end() ? Tensor() : found->second;
}

void Transformer::assemble() {
  const auto norm = [&](const std::string& name) { return Norm{find(name), find(name + "_shift")}; };
  const auto linear = [&](const std::string& name) { return Linear{find(name), find(name + "_bias")}; };
  tokens_ = find("embedding/tokens");
  positions_ = find("embedding/positions");
  types_ = find("embedding/types");
  relative_ = find("relative");
  embedding_norm_ = norm("embedding/norm");
  last_norm_ = norm("norm");
  for (std::size_t n = 0; n < config_.layers; ++n) {
    const std::string name = fmt::format("layers/{}/", n);
    layers_.push_back({linear(name + "attention/in"), linear(name + "attention/out"), linear(name + "feed/in"),
                       linear(name + "feed/out"), norm(name + "attention/norm"), norm(name + "feed/norm")});
  }
}

std::vector<Tensor> Transformer::parameters() const {
  std::vector<Tensor> out;
  for (const auto& [name, parameter] : parameters_) out.push_back(parameter);
  return out;
}

Tensor Transformer::normalize(const Norm& norm, const Tensor& x) const {
  if (config_.norm == NormKind::Layer) {
    return torch::layer_norm(x, {x.size(-1)}, norm.scale, norm.shift, config_.epsilon);
  }
  const Tensor unit = x * torch::rsqrt(x.square().mean(-1, true) + config_.epsilon);
  return norm.shift.defined() ? unit * norm.scale + norm.shift : unit * norm.scale;
}

Tensor Transformer::words(const PackedTokens& tokens) const {
  for (const std::uint32_t id : tokens.batch().ids) QUIVER_CHECK(id < config_.vocabulary);
  return torch::embedding(tokens_, tokens.ids());
}

Tensor Transformer::embed(const Tensor& words, const PackedTokens& tokens) const {
  Tensor x = words;  // (tokens, dim)
  if (types_.defined()) {
    const Tensor known = tokens.types() * (tokens.types() < types_.size(0));  // others count as type 0
    x = x + torch::embedding(types_, known);
  }
  if (positions_.defined()) x = x + torch::embedding(positions_, position_rows(config_.positions, tokens.batch()));
  return config_.embedding_norm ? normalize(embedding_norm_, x) : x;
}

// (texts or 1, heads or 1, longest or 1, longest), or undefined where nothing is to be added.
Tensor Transformer::biases_of_scores(const PackedTokens& tokens, bool causal) const {
  const std::int64_t longest = tokens.longest();
  Tensor sum;
  const auto add = [&sum](const Tensor& part) { sum = sum.defined() ? sum + part : part; };
  if (relative_.defined()) {
    Tensor buckets = torch::empty({longest * longest}, torch::kInt64);
    std::int64_t* bucket = buckets.data_ptr<std::int64_t>();
    for (std::int64_t query = 0; query < longest; ++query) {
      for (std::int64_t key = 0; key < longest; ++key) {
        *bucket++ = static_cast<std::int64_t>(
            relative_bucket(key - query, config_.relative.buckets, config_.relative.farthest));
      }
    }
    add(torch::embedding(relative_, buckets).view({1, longest, longest, -1}).permute({0, 3, 1, 2}));
  }
  if (causal) add(torch::full({longest, longest}, kUnseen).triu_(1).view({1, 1, longest, longest}));
  if (!tokens.even()) add(tokens.absent(kUnseen).view({tokens.texts(), 1, 1, longest}));
  return sum;
}

// Turns the halves of every head by the token's position. heads: (texts, heads, longest, head_dim)
Tensor Transformer::turn(const Tensor& heads) const {
  const std::int64_t pairs = cosines_.size(1);
  const Tensor cosine = cosines_.narrow(0, 0, heads.size(2)), sine = sines_.narrow(0, 0, heads.size(2));
  const Tensor low = heads.narrow(-1, 0, pairs), high = heads.narrow(-1, pairs, pairs);
  return torch::cat({low * cosine - high * sine, high * cosine + low * sine}, -1);
}

Tensor Transformer::attend(const Layer& layer, const Tensor& x, const PackedTokens& tokens, const Tensor& biases,
                           Dropout& dropout, const std::function<void(const Tensor&)>& watch) const {
  const auto width = static_cast<std::int64_t>(config_.head_width()), heads = static_cast<std::int64_t>(config_.heads);
  const auto key_heads = static_cast<std::int64_t>(config_.key_heads_or_all());
  const Tensor grid = tokens.to_grid(layer.attention_in(x));  // (texts, longest, queries | keys | values)
  const Tensor by_head = grid.view({tokens.texts(), tokens.longest(), heads + 2 * key_heads, width}).transpose(1, 2);
  Tensor queries = by_head.narrow(1, 0, heads), keys = by_head.narrow(1, heads, key_heads);
  Tensor values = by_head.narrow(1, heads + key_heads, key_heads);  // (texts, key_heads, longest, head_dim)
  if (cosines_.defined()) {
    queries = turn(queries);
    keys = turn(keys);
  }
  if (key_heads < heads) {
    keys = keys.repeat_interleave(heads / key_heads, 1);
    values = values.repeat_interleave(heads / key_heads, 1);
  }
  queries = queries / std::sqrt(static_cast<double>(width));     // fewer numbers than the scores
  Tensor scores = torch::matmul(queries, keys.transpose(2, 3));  // (texts, heads, longest, longest)
  if (biases.defined()) scores.add_(biases);
  const Tensor weights = torch::softmax(scores, -1);
  if (watch) watch(weights);
  const Tensor context = torch::matmul(dropout(weights), values).transpose(1, 2);  // (texts, longest, heads, head_dim)
  return layer.attention_out(tokens.from_grid(context.reshape({tokens.texts(), tokens.longest(), heads * width})));
}

Tensor Transformer::feed(const Layer& layer, const Tensor& x) const {
  const Tensor inner = layer.feed_in(x);  // (tokens, hidden), gated (tokens, gate | value)
  if (!config_.gated) return layer.feed_out(activated(config_.activation, inner));
  const auto hidden = static_cast<std::int64_t>(config_.hidden);
  const Tensor gate = activated(config_.activation, inner.narrow(1, 0, hidden));
  return layer.feed_out(gate * inner.narrow(1, hidden, hidden));
}

std::vector<Tensor> Transformer::forward(const PackedTokens& tokens, const TransformerPass& pass) const {
  return forward_words(words(tokens), tokens, pass);
}

std::vector<Tensor> Transformer::forward_words(const Tensor& words, const PackedTokens& tokens,
                                               const TransformerPass& pass) const {
  QUIVER_CHECK(pass.layers <= config_.layers);
  QUIVER_CHECK(tokens.longest() <= static_cast<std::int64_t>(config_.context));
  const std::size_t last = pass.layers == 0 ? config_.layers : pass.layers;
  Dropout dropout(dropout_, pass.dropout);
  const Tensor biases = biases_of_scores(tokens, pass.causal.value_or(config_.causal));
  std::vector<Tensor> states{dropout(embed(words, tokens))};
  for (std::size_t n = 0; n < last; ++n) {
    const Layer& layer = layers_[n];
    std::function<void(const Tensor&)> watch;
    if (pass.watch) watch = [&](const Tensor& weights) { pass.watch(n + 1, weights); };
    Tensor x = states.back();  // (tokens, dim)
    if (config_.norm_first) {
      x = x + dropout(attend(layer, normalize(layer.attention_norm, x), tokens, biases, dropout, watch));
      x = x + dropout(feed(layer, normalize(layer.feed_norm, x)));
    } else {
      x = normalize(layer.attention_norm, x + dropout(attend(layer, x, tokens, biases, dropout, watch)));
      x = normalize(layer.feed_norm, x + dropout(feed(layer, x)));
    }
    states.push_back(std::move(x));
  }
  return states;
}

Tensor Transformer::exit(const Tensor& states) const {
  return config_.norm_first ? normalize(last_norm_, states) : states;
}

}  // namespace quiver::learn
