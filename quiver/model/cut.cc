#include "quiver/model/cut.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "quiver/core/json.h"
#include "quiver/model/transformer.h"

namespace quiver {
namespace {
constexpr std::string_view kLayers = "layers/";

// Whether a tensor belongs to a layer from `first` on: "layers/3/feed/in" does, if first is 3.
bool is_above(std::string_view name, std::uint32_t first) {
  if (!name.starts_with(kLayers)) return false;
  name.remove_prefix(kLayers.size());
  std::uint32_t layer = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), layer);
  return error == std::errc() && end != name.data() + name.size() && *end == '/' && layer >= first;
}

Result<Weights> kept(const Weights& weights, std::uint32_t layers) {
  Weights out;
  for (const auto& [name, tensor] : weights.tensors()) {
    if (!is_above(name, layers)) QUIVER_TRY(out.add(name, tensor));
  }
  return out;
}

// The steps, and then the first coordinates made unit length again, in the order in which Model::encode cuts.
Result<std::string> shortened_steps(const std::string& steps, std::size_t dims, Metric metric) {
  QUIVER_TRY(Json array, parse_json(steps));
  array.push_back({{"step", "first"}, {"dims", dims}});
  if (metric == Metric::Cosine) array.push_back({{"step", "unit"}});
  return dump_json(array, -1);
}

// The port of the cut model. Its space is the one that the whole model gives there, if it gives any.
Result<Port> cut_port(Port port, const CutOptions& options, std::vector<std::string>& warnings) {
  if (options.dims >= port.space.dims) {
    return Error::invalid_argument(fmt::format("keeping {} coordinates: port '{}' gives {}; choose fewer", options.dims,
                                               port.name, port.space.dims));
  }
  const auto untrained = [&](const std::string& what, const std::string& instead) {
    warnings.push_back(fmt::format(
        "port '{}' was not trained to give {}; it is for {}. Measure what is left: quiver inspect matryoshka2d",
        port.name, what, instead));
  };
  bool known = true;
  if (options.layers > 0 && options.layers > port.layers) {
    known = false;
    untrained(fmt::format("vectors after {} layers", options.layers), "all of its layers");
  }
  if (options.dims > 0 && std::ranges::find(port.dims, options.dims) == port.dims.end()) {
    known = false;
    untrained(fmt::format("prefixes of {}", options.dims),
              port.dims.empty() ? "whole vectors alone" : fmt::format("prefixes of {}", fmt::join(port.dims, ", ")));
  }
  if (known) {
    QUIVER_TRY(port, exit_of(port, options.layers));
    QUIVER_TRY(port.space, space_of_prefix(port, options.dims));
  } else {
    port.space.id.clear();
    port.space.prefix_of.clear();
    port.space.prefix_dims = 0;
    if (options.dims > 0) port.space.dims = options.dims;
  }
  if (options.layers > 0) port.layers = std::min(port.layers, options.layers);
  std::erase_if(port.dims, [&](std::size_t prefix) { return prefix >= port.space.dims; });
  return port;
}
}  // namespace

Result<CutModel> cut_model(const Model& model, const CutOptions& options) {
  if (model.body() != "transformer") {
    return Error::unsupported(
        fmt::format("only a model of body 'transformer' is cut; this one's is '{}'. Its vectors can be shortened when "
                    "they are made: quiver encode --dims",
                    model.body()));
  }
  QUIVER_TRY(TransformerBodyConfig config, TransformerBodyConfig::parse(model.config()));
  CutOptions asked = options;
  if (asked.layers > config.stack.layers) {
    return Error::invalid_argument(
        fmt::format("keeping {} layers: the model has {}", asked.layers, config.stack.layers));
  }
  if (asked.layers == config.stack.layers) asked.layers = 0;
  if (asked.layers == 0 && asked.dims == 0) {
    return Error::invalid_argument(
        fmt::format("nothing is to be cut; name fewer than {} layers, or a length", config.stack.layers));
  }
  std::vector<std::string> warnings;
  std::vector<Port> ports;
  for (const Port& port : model.ports()) {
    QUIVER_TRY(Port cut, cut_port(port, asked, warnings));
    ports.push_back(std::move(cut));
  }
  if (model.card().recipe == "import" && asked.layers > 0) {
    warnings.emplace_back(
        "the model was imported: its file does not say whether it was trained to be cut. Measure what is left: quiver "
        "inspect matryoshka2d");
  }
  Weights weights = model.weights();
  if (asked.layers > 0) {
    config.stack.layers = asked.layers;
    QUIVER_TRY(weights, kept(weights, asked.layers));
  }
  if (asked.dims > 0) {
    QUIVER_TRY(config.steps, shortened_steps(config.steps, asked.dims, ports.front().space.metric));
  }
  Card card = model.card();
  card.parents = {std::string(model.id())};
  card.measured.clear();  // of the whole model
  card.created.clear();
  card.quiver.clear();
  QUIVER_TRY(Model made,
             Model::make("transformer", config.to_json(), std::move(ports), std::move(weights), std::move(card)));
  return CutModel{std::move(made), std::move(warnings)};
}

}  // namespace quiver
