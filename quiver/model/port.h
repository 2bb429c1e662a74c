// Port: one typed door of a model: what it reads, what it gives, and the space its vectors live in.
//
//   Port query{.name = "query", .ability = Ability::Encode, .role = "query",
//              .reads = {{"text", Modality::Text}}, .space = {.dims = 256, .metric = Metric::Cosine}, .dims = {64,
//              128}};
//   QUIVER_TRY(const Port* port, choose_port(model.ports(), Ability::Encode, items.fields(), {.role = "query"}));
//
// A model is its ports: an encoder of two towers has two, a cross-modal one has a port per modality, a linear map has
// one. Ports of one model may share a space. A space id left empty means "founded by this model": Model fills it in.
// Thread-safety: plain values.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/core/rows.h"
#include "quiver/core/space.h"
#include "quiver/data/items.h"

namespace quiver {

enum class Ability : std::uint8_t { Encode, Decode, Map, Score, Explain };
std::string_view name_of(Ability ability) noexcept;  // "encode"
Result<Ability> parse_ability(std::string_view text);

struct Port {
  std::string name{};  // unique within the model
  Ability ability = Ability::Encode;
  std::string role{};                   // "item", "query"; empty: serves every role
  std::vector<Field> reads{}, gives{};  // columns; a Map reads rows and names none
  Form form = Form::Dense;
  Space space{};                    // of what it gives
  std::vector<std::size_t> dims{};  // usable prefixes below space.dims, rising
  std::uint32_t layers = 0;         // exits: vectors may be taken after 1, 2, ... this many layers; 0: only at the end
  std::vector<std::string> labels{};  // names of dimensions or classes, if they have any
};

// What a caller asks of a model. Empty or 0: the port that fits, the whole of it.
struct ApplyOptions {
  std::string_view port = {}, role = "item";
  std::size_t dims = 0;  // a prefix length the port lists
  std::uint32_t layers = 0, steps = 0;
};

// The port a call means: by name if one is given, else the one with this ability and role whose required columns are
// all among `fields`; of several, the one that reads most of them, then the first. Errors name the ports and their
// columns.
Result<const Port*> choose_port(std::span<const Port> ports, Ability ability, std::span<const Field> fields,
                                const ApplyOptions& options);
// The port as it is when asked for `layers` of its layers: its space is one of its own unless they are 0 or all. Error
// InvalidArgument for more layers than it has exits.
Result<Port> exit_of(const Port& port, std::uint32_t layers);
// The space of the first `dims` coordinates (0: all). Error InvalidArgument unless the port lists that length.
Result<Space> space_of_prefix(const Port& port, std::size_t dims);
// The same of any length, trained for or not: whoever cuts there should measure what it costs. Requires: 0 < dims <
// whole.dims.
Space prefix_space(const Space& whole, std::size_t dims);
// The first space.dims coordinates of every row, of unit length again where the metric is cosine.
Result<Rows> cut_rows(const Rows& rows, Space space);

}  // namespace quiver
