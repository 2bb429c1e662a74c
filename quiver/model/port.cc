#include "quiver/model/port.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>

#include "quiver/core/check.h"

namespace quiver {
namespace {
constexpr std::array<std::string_view, 5> kAbilities{"encode", "decode", "map", "score", "explain"};

std::string describe(const Port& port) {
  std::vector<std::string> columns;
  for (const Field& field : port.reads) columns.push_back(describe(field));
  return fmt::format("{} ({}{}{} reads {})", port.name, name_of(port.ability), port.role.empty() ? "" : " ", port.role,
                     columns.empty() ? "vectors" : fmt::format("{}", fmt::join(columns, ", ")));
}

std::string describe(std::span<const Port> ports) {
  std::vector<std::string> all;
  for (const Port& port : ports) all.push_back(describe(port));
  return all.empty() ? "none" : fmt::format("{}", fmt::join(all, "; "));
}

std::string describe(std::span<const Field> fields) {
  std::vector<std::string> all;
  for (const Field& field : fields) all.push_back(describe(field));
  return all.empty() ? "no columns" : fmt::format("{}", fmt::join(all, ", "));
}

bool serves(const Field& wanted, const Field& given) {
  return wanted.name == given.name && wanted.modality == given.modality && (wanted.many || !given.many);
}

// How many of the port's columns are there; nothing if a required one is not.
std::optional<std::size_t> columns_found(const Port& port, std::span<const Field> fields) {
  std::size_t found = 0;
  for (const Field& wanted : port.reads) {
    const bool there =
        std::any_of(fields.begin(), fields.end(), [&](const Field& given) { return serves(wanted, given); });
    if (!there && !wanted.optional) return std::nullopt;
    found += there;
  }
  if (!port.reads.empty() && found == 0) return std::nullopt;  // all optional, none there: nothing to read
  return found;
}

Result<const Port*> named_port(std::span<const Port> ports, Ability ability, std::span<const Field> fields,
                               std::string_view name) {
  const auto port = std::find_if(ports.begin(), ports.end(), [&](const Port& p) { return p.name == name; });
  if (port == ports.end()) {
    return Error::invalid_argument(fmt::format("no port is named '{}'; the ports are: {}", name, describe(ports)));
  }
  if (port->ability != ability) {
    return Error::invalid_argument(fmt::format("port '{}' can {}, not {}; the ports are: {}", name,
                                               name_of(port->ability), name_of(ability), describe(ports)));
  }
  if (!columns_found(*port, fields)) {
    return Error::invalid_argument(
        fmt::format("port {} cannot read items with {}; rename or add a column", describe(*port), describe(fields)));
  }
  return &*port;
}
}  // namespace

std::string_view name_of(Ability ability) noexcept { return kAbilities[static_cast<std::size_t>(ability)]; }

Result<Ability> parse_ability(std::string_view text) {
  for (std::size_t i = 0; i < kAbilities.size(); ++i) {
    if (kAbilities[i] == text) return static_cast<Ability>(i);
  }
  return Error::invalid_argument(fmt::format("'{}' is no ability; there are {}", text, fmt::join(kAbilities, ", ")));
}

Result<const Port*> choose_port(std::span<const Port> ports, Ability ability, std::span<const Field> fields,
                                const ApplyOptions& options) {
  if (!options.port.empty()) return named_port(ports, ability, fields, options.port);
  const Port* best = nullptr;
  std::size_t most = 0;
  for (const Port& port : ports) {
    if (port.ability != ability || !(port.role.empty() || port.role == options.role)) continue;
    const auto found = columns_found(port, fields);
    if (found && (best == nullptr || *found > most)) {
      best = &port;
      most = *found;
    }
  }
  if (best != nullptr) return best;
  return Error::invalid_argument(fmt::format(
      "no port can {} items with {} in the role '{}'; the ports are: {}; rename a column, or choose another "
      "role or port",
      name_of(ability), describe(fields), options.role, describe(ports)));
}

Result<Port> exit_of(const Port& port, std::uint32_t layers) {
  if (layers > port.layers) {
    return Error::invalid_argument(fmt::format(
        "port '{}' {}; {} layers cannot be asked for", port.name,
        port.layers == 0 ? "gives its vectors only at the end" : fmt::format("has {} layers", port.layers), layers));
  }
  Port exit = port;
  if (layers == 0 || layers == port.layers) return exit;
  exit.space.id = fmt::format("{}/layer{}", port.space.id, layers);
  exit.space.prefix_of.clear();
  exit.space.prefix_dims = 0;
  return exit;
}

Result<Space> space_of_prefix(const Port& port, std::size_t dims) {
  const Space& space = port.space;
  if (dims == 0 || dims == space.dims) return space;
  if (std::find(port.dims.begin(), port.dims.end(), dims) == port.dims.end()) {
    return Error::invalid_argument(
        fmt::format("port '{}' gives {} dims{}; {} is no usable prefix", port.name, space.dims,
                    port.dims.empty() ? " and has no shorter prefixes"
                                      : fmt::format(" or a prefix of {}", fmt::join(port.dims, ", ")),
                    dims));
  }
  return prefix_space(space, dims);
}

Space prefix_space(const Space& whole, std::size_t dims) {
  QUIVER_CHECK(dims > 0 && dims < whole.dims);
  // A prefix of a space that itself begins with an older one is a prefix of that one as far as the older one reaches.
  const bool within_older = !whole.prefix_of.empty() && dims <= whole.prefix_dims;
  return Space{.id = fmt::format("{}/{}", whole.id, dims),
               .dims = dims,
               .metric = whole.metric,
               .prefix_of = within_older ? whole.prefix_of : whole.id,
               .prefix_dims = dims};
}

Result<Rows> cut_rows(const Rows& rows, Space space) {
  QUIVER_TRY(const MatrixView whole, rows.dense());
  Matrix cut = Matrix::copy_of(whole.prefix(space.dims));
  if (space.metric == Metric::Cosine) normalize_rows(cut);
  return Rows::dense(std::move(cut), std::move(space));
}

}  // namespace quiver
