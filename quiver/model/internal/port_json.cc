#include "quiver/model/internal/port_json.h"

#include <fmt/format.h>

#include <array>

#include "quiver/core/space_json.h"

namespace quiver::internal {
namespace {
constexpr std::array kModalities{Modality::Text, Modality::Image, Modality::Number, Modality::Category, Modality::Rows};
constexpr std::array kForms{Form::Dense, Form::Ragged, Form::Sparse, Form::Codes};

template <class Enum, std::size_t N>
Result<Enum> by_name(const std::array<Enum, N>& known, std::string_view name, std::string_view what) {
  for (const Enum value : known) {
    if (name_of(value) == name) return value;
  }
  return Error::corruption(fmt::format("{} '{}' is unknown to this build", what, name));
}

Json fields_to_json(std::span<const quiver::Field> fields) {
  Json array = Json::array();
  for (const quiver::Field& field : fields) {
    array.push_back({{"name", field.name},
                     {"modality", std::string(name_of(field.modality))},
                     {"many", field.many},
                     {"optional", field.optional}});
  }
  return array;
}

Result<std::vector<quiver::Field>> fields_of_json(const Json& array) {
  std::vector<quiver::Field> fields;
  for (const Json& object : array) {
    quiver::Field field;
    QUIVER_TRY(field.name, get<std::string>(object, "name"));
    QUIVER_TRY(const std::string modality, get<std::string>(object, "modality"));
    QUIVER_TRY(field.modality, by_name(kModalities, modality, "modality"));
    QUIVER_TRY(field.many, get<bool>(object, "many"));
    QUIVER_TRY(field.optional, get<bool>(object, "optional"));
    fields.push_back(std::move(field));
  }
  return fields;
}

Result<Port> port_of_json(const Json& object) {
  Port port;
  QUIVER_TRY(port.name, get<std::string>(object, "name"));
  QUIVER_TRY(const std::string ability, get<std::string>(object, "ability"));
  QUIVER_TRY(port.ability, parse_ability(ability));
  QUIVER_TRY(port.role, get<std::string>(object, "role"));
  QUIVER_TRY(const Json reads, get<Json>(object, "reads"));
  QUIVER_TRY(port.reads, fields_of_json(reads));
  QUIVER_TRY(const Json gives, get<Json>(object, "gives"));
  QUIVER_TRY(port.gives, fields_of_json(gives));
  QUIVER_TRY(const std::string form, get<std::string>(object, "form"));
  QUIVER_TRY(port.form, by_name(kForms, form, "form"));
  QUIVER_TRY(const Json space, get<Json>(object, "space"));
  QUIVER_TRY(port.space, space_from_json(space));
  QUIVER_TRY(port.dims, get<std::vector<std::size_t>>(object, "dims"));
  QUIVER_TRY(port.layers, get<std::uint32_t>(object, "layers"));
  QUIVER_TRY(port.labels, get<std::vector<std::string>>(object, "labels"));
  return port;
}
}  // namespace

Json ports_to_json(std::span<const Port> ports) {
  Json array = Json::array();
  for (const Port& port : ports) {
    array.push_back({{"name", port.name},
                     {"ability", std::string(name_of(port.ability))},
                     {"role", port.role},
                     {"reads", fields_to_json(port.reads)},
                     {"gives", fields_to_json(port.gives)},
                     {"form", std::string(name_of(port.form))},
                     {"space", space_to_json(port.space)},
                     {"dims", port.dims},
                     {"layers", port.layers},
                     {"labels", port.labels}});
  }
  return array;
}

Result<std::vector<Port>> ports_of_json(const Json& array) {
  if (!array.is_array()) return Error::corruption("the ports are not a JSON array");
  std::vector<Port> ports;
  for (std::size_t i = 0; i < array.size(); ++i) {
    auto port = port_of_json(array[i]).within(fmt::format("port {}", i));
    if (!port.has_value()) return std::move(port).error();
    ports.push_back(*std::move(port));
  }
  return ports;
}

}  // namespace quiver::internal
