#include "quiver/learn/export.h"

#include <fmt/format.h>

#include <algorithm>

#include "quiver/learn/guard.h"

namespace quiver::learn {
namespace {
// A matrix with the element type it is stored in.
Result<quiver::Tensor> stored_matrix(const Tensor& matrix, Element element) {
  auto packed = std::make_shared<TypedMatrix>();
  QUIVER_TRY(*packed, to_element(rows_of(matrix), element));
  const std::size_t width = bytes_of(element, packed->dims());
  auto bytes = std::make_shared<std::vector<std::byte>>(packed->rows() * width);  // rows without their padding
  for (std::size_t row = 0; row < packed->rows(); ++row)
    std::copy_n(packed->row(row), width, bytes->data() + row * width);
  return quiver::Tensor{element, {packed->rows(), packed->dims()}, std::span<const std::byte>(*bytes), bytes};
}

Port port_of(const BagPort& bag, const std::vector<std::size_t>& prefixes, std::size_t dim) {
  Port port;
  port.name = bag.name;
  port.role = bag.role;
  for (const TextBagInput& input : bag.inputs) {
    const bool many = std::ranges::find(bag.many, input.column) != bag.many.end();
    port.reads.push_back({.name = input.column, .modality = Modality::Text, .many = many});
  }
  port.space = {.dims = dim, .metric = Metric::Cosine};
  port.dims = prefixes;
  return port;
}

Port port_of(const TextPort& text, const TransformerExport& as, std::size_t dim) {
  Port port;
  port.name = text.name;
  port.role = text.role;
  port.reads = {{.name = text.column, .modality = Modality::Text}};
  if (!text.instruction.empty()) port.reads.push_back({.name = text.instruction, .optional = true});
  port.space = {.dims = as.pooling.size() * dim, .metric = Metric::Cosine};
  port.dims = as.prefixes;
  port.layers = as.layers;
  return port;
}
}  // namespace

Result<Model> freeze(const TextBag& encoder, const std::vector<BagPort>& ports, std::vector<std::size_t> prefixes,
                     Card card, Element stored) {
  return guarded("freezing a text bag", [&]() -> Result<Model> {
    Weights weights;
    QUIVER_TRY(encoder.features().save(weights));
    QUIVER_TRY(quiver::Tensor table, stored_matrix(encoder.table().value(), stored));
    QUIVER_TRY(weights.add(encoder.table().name(), std::move(table)));
    for (const Table& each : encoder.weights())
      QUIVER_TRY(weights.add(each.name(), std::span<const float>(values_of(each.value()))));
    TextBagConfig config{.features = encoder.features().config(), .ports = {}};
    std::vector<Port> doors;
    for (const BagPort& bag : ports) {
      config.ports.emplace(bag.name, TextBagPort{.inputs = bag.inputs});
      doors.push_back(port_of(bag, prefixes, static_cast<std::size_t>(encoder.table().dim())));
    }
    return Model::make("text_bag", config.to_json(), std::move(doors), std::move(weights), std::move(card));
  });
}

Result<Model> freeze(const Transformer& encoder, const Tokenizer& tokenizer, const TransformerExport& as, Card card) {
  return guarded("freezing a transformer", [&]() -> Result<Model> {
    Weights weights;
    QUIVER_TRY(weights.add("tokenizer", std::string_view(tokenizer.to_json())));
    const auto add = [&](const std::string& name, const Tensor& parameter) -> Result<void> {
      if (parameter.dim() == 1) return weights.add(name, std::span<const float>(values_of(parameter)));
      QUIVER_TRY(quiver::Tensor matrix, stored_matrix(parameter, as.stored));
      return weights.add(name, std::move(matrix));
    };
    for (const auto& [name, parameter] : encoder.named()) QUIVER_TRY(add(name, parameter));
    for (const auto& [name, parameter] : as.tensors) QUIVER_TRY(add(name, parameter));
    if (as.latent != nullptr) {
      for (const auto& [name, parameter] : as.latent->named()) QUIVER_TRY(add("latent/" + name, parameter));
    }
    TransformerBodyConfig config{.stack = encoder.config(),
                                 .pooling = as.pooling,
                                 .pool_prefix = as.pool_prefix,
                                 .latent_heads = as.latent == nullptr ? 0 : as.latent->heads(),
                                 .steps = as.steps};
    config.stack.causal = as.causal.value_or(config.stack.causal);
    std::vector<Port> doors;
    for (const TextPort& text : as.ports) {
      config.ports.emplace(
          text.name,
          TransformerPort{
              .column = text.column, .prefix = text.prefix, .instruction = text.instruction, .form = text.form});
      doors.push_back(port_of(text, as, config.stack.dim));
    }
    return Model::make("transformer", config.to_json(), std::move(doors), std::move(weights), std::move(card));
  });
}

Result<Thawed> thaw(const Model& model, double dropout) {
  if (model.body() != "transformer") {
    return Error::invalid_argument(
        fmt::format("only a model of body 'transformer' becomes a trainable one; this one's is '{}'", model.body()));
  }
  return guarded("thawing a transformer", [&]() -> Result<Thawed> {
    QUIVER_TRY(TransformerBodyConfig config, TransformerBodyConfig::parse(model.config()));
    QUIVER_TRY(const std::string_view text, model.weights().text("tokenizer"));
    QUIVER_TRY(Tokenizer tokenizer, Tokenizer::parse(text));
    QUIVER_TRY(Transformer encoder, Transformer::open(config.stack, model.weights(), dropout));
    std::optional<LatentAttention> latent;
    if (config.latent_heads > 0) {
      QUIVER_TRY(latent, LatentAttention::open(config.latent_heads, config.stack.dim, model.weights()));
    }
    return Thawed{std::move(encoder), std::move(tokenizer), std::move(config), std::move(latent)};
  });
}

}  // namespace quiver::learn
