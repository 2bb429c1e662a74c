#include "quiver/model/model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "quiver/core/container.h"
#include "quiver/core/file.h"
#include "quiver/core/json.h"
#include "quiver/core/metric.h"
#include "quiver/model/body.h"
#include "quiver/model/internal/port_json.h"

namespace quiver {
namespace {
constexpr std::string_view kKind = "model";
constexpr std::uint32_t kVersion = 1;

Result<void> check_ports(std::span<const Port> ports) {
  if (ports.empty()) return Error::invalid_argument("a model needs at least one port");
  std::set<std::string_view> names;
  for (const Port& port : ports) {
    if (port.name.empty()) return Error::invalid_argument("a port has no name");
    if (!names.insert(port.name).second)
      return Error::invalid_argument(fmt::format("two ports are named '{}'", port.name));
    if (port.space.dims == 0) return Error::invalid_argument(fmt::format("port '{}' has a space of 0 dims", port.name));
    std::size_t last = 0;
    for (const std::size_t dims : port.dims) {
      if (dims <= last || dims >= port.space.dims) {
        return Error::invalid_argument(
            fmt::format("port '{}': usable prefixes must rise and stay below {}, they are {}", port.name,
                        port.space.dims, fmt::join(port.dims, ", ")));
      }
      last = dims;
    }
  }
  return {};
}

// One entry of the "tensors" directory and the section it names.
Result<void> add_tensor(const Json& entry, const Container& file, Weights& weights) {
  QUIVER_TRY(std::string name, get<std::string>(entry, "name"));
  QUIVER_TRY(const std::string element, get<std::string>(entry, "element"));
  Tensor tensor;
  QUIVER_TRY(tensor.element, parse_element(element));
  QUIVER_TRY(tensor.shape, get<std::vector<std::size_t>>(entry, "shape"));
  const std::string section = "tensors/" + name;
  if (!file.has(section)) {
    return Error::corruption(fmt::format("tensor '{}' is listed but its section is missing", name));
  }
  QUIVER_TRY(tensor.bytes, file.section(section));
  tensor.owner = file.owner();
  return weights.add(std::move(name), std::move(tensor));
}

Result<Rows> prefix_of(const Rows& rows, const Port& port, std::size_t dims) {
  QUIVER_TRY(Space space, space_of_prefix(port, dims));
  return space.dims == port.space.dims ? rows : cut_rows(rows, std::move(space));
}
}  // namespace

struct Model::State {
  std::string id, body_name, config;
  std::vector<Port> ports;
  std::vector<bool> founded;  // whose space id is the model's own
  Weights weights;
  Card card;
  std::shared_ptr<const ModelBody> body;

  // Ports as the file holds them: the id of a space founded here is left empty, since the id is made from them.
  Json portable_ports() const {
    std::vector<Port> copies = ports;
    for (std::size_t i = 0; i < copies.size(); ++i) {
      if (founded[i]) copies[i].space.id.clear();
    }
    return internal::ports_to_json(copies);
  }
};

Result<Model> Model::make(std::string_view body, const std::string& config, std::vector<Port> ports, Weights weights,
                          Card card) {
  if (card.quiver.empty()) card.quiver = quiver_version();
  if (card.created.empty()) card.created = utc_now();
  QUIVER_TRY(card.check());
  QUIVER_TRY(check_ports(ports));
  QUIVER_TRY(const Json parsed, parse_json(config).within("the model's config"));
  auto state = std::make_shared<State>();
  state->body_name = body;
  state->config = dump_json(parsed, -1);
  state->ports = std::move(ports);
  state->weights = std::move(weights);
  state->card = std::move(card);
  for (const Port& port : state->ports) state->founded.push_back(port.space.id.empty());
  state->id = "qv:" + digest_of(fmt::format("{}\n{}\n{}\n{}\n", body, state->config,
                                            dump_json(state->portable_ports(), -1), state->weights.digest()));
  for (std::size_t i = 0; i < state->ports.size(); ++i) {
    if (state->founded[i]) state->ports[i].space.id = state->id;
  }
  QUIVER_TRY(state->body, make_body(body, state->config, state->ports, state->weights));
  return Model(std::move(state));
}

Result<Model> Model::open(const std::filesystem::path& path) {
  const auto read = [&]() -> Result<Model> {
    QUIVER_TRY(const Container file, Container::open(path, kKind, kVersion));
    QUIVER_TRY(const std::string_view card_text, file.text("card"));
    QUIVER_TRY(Card card, Card::parse(card_text).within("its card"));
    QUIVER_TRY(const std::string_view ports_text, file.text("ports"));
    QUIVER_TRY(const Json ports_json, parse_json(ports_text).within("its ports"));
    QUIVER_TRY(std::vector<Port> ports, internal::ports_of_json(ports_json));
    QUIVER_TRY(const std::string_view config_text, file.text("config"));
    QUIVER_TRY(const Json config, parse_json(config_text).within("its config"));
    QUIVER_TRY(const std::string body, get<std::string>(config, "body"));
    QUIVER_TRY(const Json inner, get<Json>(config, "config"));
    QUIVER_TRY(const std::string_view directory_text, file.text("tensors"));
    QUIVER_TRY(const Json directory, parse_json(directory_text).within("its tensor directory"));
    Weights weights;
    for (const Json& entry : directory) QUIVER_TRY(add_tensor(entry, file, weights));
    return make(body, dump_json(inner, -1), std::move(ports), std::move(weights), std::move(card));
  };
  return read().within(fmt::format("opening model {}", path.string()));
}

Result<void> Model::save(const std::filesystem::path& path) const {
  ContainerWriter writer{std::string(kKind), kVersion};
  writer.add("card", state_->card.to_json());
  writer.add("ports", dump_json(state_->portable_ports()));
  QUIVER_TRY(Json inner, parse_json(state_->config));
  writer.add("config", dump_json(Json{{"body", state_->body_name}, {"config", std::move(inner)}}));
  Json directory = Json::array();
  for (const auto& [name, tensor] : weights().tensors()) {
    directory.push_back({{"name", name}, {"element", std::string(name_of(tensor.element))}, {"shape", tensor.shape}});
  }
  writer.add("tensors", dump_json(directory));
  for (const auto& [name, tensor] : weights().tensors()) writer.add("tensors/" + name, tensor.bytes);
  return writer.save(path).within(fmt::format("saving model {}", path.string()));
}

std::string_view Model::id() const noexcept { return state_->id; }
std::string_view Model::body() const noexcept { return state_->body_name; }
std::string_view Model::config() const noexcept { return state_->config; }
const Card& Model::card() const noexcept { return state_->card; }
std::span<const Port> Model::ports() const noexcept { return state_->ports; }
const Weights& Model::weights() const noexcept { return state_->weights; }

Result<Model> Model::with_card(Card card) const {
  if (card.quiver.empty()) card.quiver = quiver_version();
  if (card.created.empty()) card.created = utc_now();
  QUIVER_TRY(card.check());
  auto state = std::make_shared<State>(*state_);
  state->card = std::move(card);
  return Model(std::move(state));
}

Result<Encoded> Model::encode(const Items& items, const ApplyOptions& options, Run& run) const {
  QUIVER_TRY(const Port* port, choose_port(ports(), Ability::Encode, items.fields(), options));
  QUIVER_TRY(const Port exit, exit_of(*port, options.layers));
  QUIVER_TRY([[maybe_unused]] const Space asked, space_of_prefix(exit, options.dims));  // refused before the work
  QUIVER_TRY(Encoded out, state_->body->encode(exit, items, options.layers, run));
  QUIVER_TRY(out.rows, prefix_of(out.rows, exit, options.dims));
  return out;
}

Result<Encoded> Model::map(const Rows& rows, const Items& given, const ApplyOptions& options, Run& run) const {
  QUIVER_TRY(const Port* port, choose_port(ports(), Ability::Map, given.fields(), options));
  QUIVER_TRY([[maybe_unused]] const Port exit, exit_of(*port, options.layers));
  QUIVER_TRY([[maybe_unused]] const Space asked, space_of_prefix(*port, options.dims));
  QUIVER_TRY(Encoded out, state_->body->map(*port, rows, given, run));
  QUIVER_TRY(out.rows, prefix_of(out.rows, *port, options.dims));
  return out;
}

}  // namespace quiver
