#include "quiver/model/internal/foreign_encoder.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <set>

namespace quiver::internal {
namespace {
// What config.json calls things, and where tensors are, relative to the encoder's prefix; BERT's words unless a row of
// the table says others. A linear layer NAME has NAME.weight and NAME.bias, and so has a norm.
struct Architecture {
  std::array<std::string_view, 3> model_types;
  bool positions_after_padding = false;  // the first token takes the row behind the padding token's id
  std::string_view dim = "hidden_size", layers = "num_hidden_layers", heads = "num_attention_heads",
                   hidden = "intermediate_size", activation = "hidden_act";
  std::string_view layer = "encoder.layer.";  // and the layer's number, and a dot
  std::string_view query = "attention.self.query", key = "attention.self.key", value = "attention.self.value",
                   attention_out = "attention.output.dense", attention_norm = "attention.output.LayerNorm",
                   feed_in = "intermediate.dense", feed_out = "output.dense", feed_norm = "output.LayerNorm";
  std::string_view relative = "";  // biases by distance; empty: none
};
constexpr std::array kArchitectures{
    Architecture{.model_types = {"bert"}},
    Architecture{.model_types = {"roberta", "xlm-roberta", "camembert"}, .positions_after_padding = true},
    Architecture{.model_types = {"distilbert"},
                 .dim = "dim",
                 .layers = "n_layers",
                 .heads = "n_heads",
                 .hidden = "hidden_dim",
                 .activation = "activation",
                 .layer = "transformer.layer.",
                 .query = "attention.q_lin",
                 .key = "attention.k_lin",
                 .value = "attention.v_lin",
                 .attention_out = "attention.out_lin",
                 .attention_norm = "sa_layer_norm",
                 .feed_in = "ffn.lin1",
                 .feed_out = "ffn.lin2",
                 .feed_norm = "output_layer_norm"},
    Architecture{.model_types = {"mpnet"},
                 .positions_after_padding = true,
                 .query = "attention.attn.q",
                 .key = "attention.attn.k",
                 .value = "attention.attn.v",
                 .attention_out = "attention.attn.o",
                 .attention_norm = "attention.LayerNorm",
                 .relative = "encoder.relative_attention_bias.weight"}};
constexpr std::string_view kTokens = "embeddings.word_embeddings.weight",
                           kTypes = "embeddings.token_type_embeddings.weight";

const Architecture* find_architecture(std::string_view model_type) {
  for (const Architecture& architecture : kArchitectures) {
    for (const std::string_view name : architecture.model_types) {
      if (!name.empty() && name == model_type) return &architecture;
    }
  }
  return nullptr;
}

Result<simd::Activation> foreign_activation(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, simd::Activation>, 8> kNames{{
      {"gelu", simd::Activation::Gelu},
      {"gelu_new", simd::Activation::GeluTanh},
      {"gelu_fast", simd::Activation::GeluTanh},
      {"gelu_pytorch_tanh", simd::Activation::GeluTanh},
      {"relu", simd::Activation::Relu},
      {"silu", simd::Activation::Silu},
      {"swish", simd::Activation::Silu},
      {"tanh", simd::Activation::Tanh},
  }};
  std::vector<std::string_view> known;
  for (const auto& [foreign, activation] : kNames) {
    if (foreign == name) return activation;
    known.push_back(foreign);
  }
  return Error::unsupported(
      fmt::format("config.json: activation '{}' is unknown; there are {}", name, fmt::join(known, ", ")));
}

// What is computed as BERT does it, or refused.
Result<void> check_variant(const Json& json) {
  QUIVER_TRY(const auto positions, get_or<std::string>(json, "position_embedding_type", "absolute"));
  if (positions != "absolute") {
    return Error::unsupported(
        fmt::format("config.json: position_embedding_type '{}'; only 'absolute' is read", positions));
  }
  QUIVER_TRY(const bool decoder, get_or<bool>(json, "is_decoder", false));
  if (decoder) return Error::unsupported("config.json: is_decoder is true; only encoders are read");
  return {};
}

Result<TransformerConfig> config_of(const Architecture& names, const Json& json) {
  QUIVER_TRY(check_variant(json));
  TransformerConfig config;
  const auto size = [&](std::string_view key) { return get<std::size_t>(json, key).within("config.json"); };
  QUIVER_TRY(config.dim, size(names.dim));
  QUIVER_TRY(config.layers, size(names.layers));
  QUIVER_TRY(config.heads, size(names.heads));
  QUIVER_TRY(config.hidden, size(names.hidden));
  QUIVER_TRY(config.vocabulary, size("vocab_size"));
  QUIVER_TRY(config.context, size("max_position_embeddings"));
  QUIVER_TRY(config.epsilon, get_or<double>(json, "layer_norm_eps", config.epsilon));
  QUIVER_TRY(const auto activation, get_or<std::string>(json, names.activation, "gelu"));
  QUIVER_TRY(config.activation, foreign_activation(activation));
  if (names.positions_after_padding) {
    QUIVER_TRY(config.positions.padding, get_or<std::uint32_t>(json, "pad_token_id", 1));
    config.positions.first = *config.positions.padding + std::size_t{1};
    if (config.context <= config.positions.first) {
      return Error::invalid_argument(
          fmt::format("config.json: max_position_embeddings is {}, which leaves none behind that of padding token {}",
                      config.context, *config.positions.padding));
    }
    config.context -= config.positions.first;
  }
  if (!names.relative.empty()) {
    QUIVER_TRY(config.relative.buckets, get_or<std::size_t>(json, "relative_attention_num_buckets", 32));
  }
  QUIVER_TRY(config.check());
  return config;
}

// Tensors by their foreign names: each is taken once, checked against the shape that config.json promises.
class Reader {
 public:
  Reader(const Safetensors& file, std::string prefix) : file_(file), prefix_(std::move(prefix)) {}

  Result<Tensor> take(const std::string& name, const std::vector<std::size_t>& shape) {
    const std::string whole = prefix_ + name;
    if (!file_.has(whole)) {
      return Error::corruption(
          fmt::format("tensor '{}' is missing; config.json promises it as ({})", whole, fmt::join(shape, ", ")));
    }
    taken_.insert(whole);
    QUIVER_TRY(Tensor tensor, file_.tensor(whole));
    if (tensor.shape != shape || bits_of(tensor.element) < 16) {
      return Error::corruption(fmt::format("tensor '{}' is {}, config.json promises floats ({})", whole,
                                           tensor.shape_text(), fmt::join(shape, ", ")));
    }
    return tensor;
  }
  bool has(const std::string& name) const { return file_.has(prefix_ + name); }

  // NAME.weight, or NAME.gamma as early checkpoints say; the bias likewise, where there is one.
  Result<void> norm(const std::string& name, std::size_t dim, const std::string& ours, Weights& to) {
    const bool early = !has(name + ".weight") && has(name + ".gamma");
    QUIVER_TRY(Tensor scale, take(name + (early ? ".gamma" : ".weight"), {dim}));
    QUIVER_TRY(to.add(ours, std::move(scale)));
    const std::string shift_name = name + (early ? ".beta" : ".bias");
    if (!has(shift_name)) return {};
    QUIVER_TRY(Tensor shift, take(shift_name, {dim}));
    return to.add(ours + "_shift", std::move(shift));
  }
  // Layers that read the same input, as one: their rows one below the other.
  Result<void> linear(const std::vector<std::string>& names, std::size_t out, std::size_t in, const std::string& ours,
                      Weights& to) {
    std::vector<Tensor> weights, biases;
    for (const std::string& name : names) {
      QUIVER_TRY(Tensor weight, take(name + ".weight", {out, in}));
      weights.push_back(std::move(weight));
      if (!has(names.front() + ".bias")) continue;
      QUIVER_TRY(Tensor bias, take(name + ".bias", {out}));
      biases.push_back(std::move(bias));
    }
    QUIVER_TRY(Tensor weight, joined(names.front(), weights));
    QUIVER_TRY(to.add(ours, std::move(weight)));
    if (biases.empty()) return {};
    QUIVER_TRY(Tensor bias, joined(names.front(), biases));
    return to.add(ours + "_bias", std::move(bias));
  }
  Result<void> table(const std::string& name, std::size_t rows, std::size_t cols, const std::string& ours,
                     Weights& to) {
    QUIVER_TRY(Tensor tensor, take(name, {rows, cols}));
    return to.add(ours, std::move(tensor));
  }

  std::vector<std::string> others() const {
    std::vector<std::string> out;
    for (const auto& [name, entry] : file_.entries()) {
      if (!taken_.contains(name)) out.push_back(name);
    }
    return out;
  }

 private:
  static Result<Tensor> joined(const std::string& name, std::span<const Tensor> parts) {
    if (parts.size() == 1) return parts.front();
    Tensor whole{parts.front().element, parts.front().shape, {}, {}};
    whole.shape.front() *= parts.size();
    auto memory = std::make_shared<AlignedBytes>(parts.front().bytes.size() * parts.size());
    std::byte* at = memory->data();
    for (const Tensor& part : parts) {
      if (part.element != whole.element) {
        return Error::unsupported(fmt::format("tensors beside '{}' are {} and {}; convert the file to one type", name,
                                              whole.shape_text(), part.shape_text()));
      }
      std::memcpy(at, part.bytes.data(), part.bytes.size());
      at += part.bytes.size();
    }
    whole.bytes = {memory->data(), memory->size()};
    whole.owner = std::move(memory);
    return whole;
  }

  const Safetensors& file_;
  std::string prefix_;
  std::set<std::string, std::less<>> taken_;
};

Result<void> read_embeddings(const Architecture& names, Reader& reader, TransformerConfig& config, Weights& weights) {
  const std::size_t rows = config.context + config.positions.first;
  QUIVER_TRY(reader.table(std::string(kTokens), config.vocabulary, config.dim, "embedding/tokens", weights));
  QUIVER_TRY(reader.table("embeddings.position_embeddings.weight", rows, config.dim, "embedding/positions", weights));
  if (config.types > 0) {
    QUIVER_TRY(reader.table(std::string(kTypes), config.types, config.dim, "embedding/types", weights));
  }
  if (config.relative.buckets > 0) {
    QUIVER_TRY(reader.table(std::string(names.relative), config.relative.buckets, config.heads, "relative", weights));
  }
  return reader.norm("embeddings.LayerNorm", config.dim, "embedding/norm", weights);
}

Result<void> read_layer(const Architecture& names, std::size_t number, Reader& reader, const TransformerConfig& config,
                        Weights& weights) {
  const auto at = [&](std::string_view name) { return fmt::format("{}{}.{}", names.layer, number, name); };
  const std::string ours = fmt::format("layers/{}/", number);
  const std::size_t dim = config.dim, hidden = config.hidden;
  QUIVER_TRY(
      reader.linear({at(names.query), at(names.key), at(names.value)}, dim, dim, ours + "attention/in", weights));
  QUIVER_TRY(reader.linear({at(names.attention_out)}, dim, dim, ours + "attention/out", weights));
  QUIVER_TRY(reader.norm(at(names.attention_norm), dim, ours + "attention/norm", weights));
  QUIVER_TRY(reader.linear({at(names.feed_in)}, hidden, dim, ours + "feed/in", weights));
  QUIVER_TRY(reader.linear({at(names.feed_out)}, dim, hidden, ours + "feed/out", weights));
  return reader.norm(at(names.feed_norm), dim, ours + "feed/norm", weights);
}

// What stands before "embeddings." in the names: nothing, or "bert." in a model with a head.
Result<std::string> prefix_in(const Safetensors& file) {
  for (const auto& [name, entry] : file.entries()) {
    if (name.ends_with(kTokens)) return name.substr(0, name.size() - kTokens.size());
  }
  return Error::corruption(fmt::format("no tensor's name ends in '{}': the file holds no encoder of text", kTokens));
}

// Tables that can be computed, and are; some writers store them.
bool is_buffer(std::string_view name) { return name.ends_with("position_ids") || name.ends_with("token_type_ids"); }
}  // namespace

std::string foreign_model_types() {
  std::vector<std::string_view> all;
  for (const Architecture& architecture : kArchitectures) {
    for (const std::string_view name : architecture.model_types) {
      if (!name.empty()) all.push_back(name);
    }
  }
  std::sort(all.begin(), all.end());
  return fmt::format("{}", fmt::join(all, ", "));
}

Result<ForeignEncoder> read_foreign_encoder(const Json& json, const Safetensors& file) {
  ForeignEncoder out;
  QUIVER_TRY(out.model_type, get<std::string>(json, "model_type").within("config.json"));
  const Architecture* names = find_architecture(out.model_type);
  if (names == nullptr) {
    return Error::unsupported(fmt::format("config.json says model_type '{}'; architectures that are read: {}",
                                          out.model_type, foreign_model_types()));
  }
  QUIVER_TRY(out.config, config_of(*names, json));
  QUIVER_TRY(const std::string prefix, prefix_in(file));
  Reader reader(file, prefix);
  if (reader.has(std::string(kTypes))) {
    QUIVER_TRY(out.config.types, get<std::size_t>(json, "type_vocab_size").within("config.json"));
  }
  QUIVER_TRY(read_embeddings(*names, reader, out.config, out.weights));
  for (std::size_t n = 0; n < out.config.layers; ++n) {
    QUIVER_TRY(read_layer(*names, n, reader, out.config, out.weights));
  }
  for (const std::string& name : reader.others()) {
    const std::string_view rest = std::string_view(name).substr(name.starts_with(prefix) ? prefix.size() : 0);
    const bool part =
        rest.starts_with("embeddings.") || rest.starts_with("encoder.") || rest.starts_with("transformer.");
    if (part && !is_buffer(rest)) {
      return Error::unsupported(
          fmt::format("tensor '{}' has no place in a {} of {} layers as it is read here; the model "
                      "is a variant that would be computed wrongly",
                      name, out.model_type, out.config.layers));
    }
    if (!is_buffer(rest)) out.left_out.push_back(name);
  }
  return out;
}

}  // namespace quiver::internal
