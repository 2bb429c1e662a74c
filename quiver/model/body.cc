#include "quiver/model/body.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "quiver/model/linear.h"
#include "quiver/model/rcnn.h"
#include "quiver/model/residual_net.h"
#include "quiver/model/text_bag.h"
#include "quiver/model/transformer.h"

namespace quiver {
namespace {
struct BodyKind {
  std::string_view name;
  MakeBody make;
};
constexpr std::array kBodies{BodyKind{"linear", make_linear}, BodyKind{"rcnn", make_rcnn},
                             BodyKind{"residual_net", make_residual_net}, BodyKind{"text_bag", make_text_bag},
                             BodyKind{"transformer", make_transformer}};
}  // namespace

Result<Encoded> ModelBody::encode(const Port& port, const Items&, std::uint32_t, Run&) const {
  return Error::unsupported(fmt::format("port '{}': this body does not encode items", port.name));
}
Result<Encoded> ModelBody::map(const Port& port, const Rows&, const Items&, Run&) const {
  return Error::unsupported(fmt::format("port '{}': this body does not map vectors", port.name));
}

Result<std::unique_ptr<const ModelBody>> make_body(std::string_view name, std::string_view config,
                                                   std::span<const Port> ports, const Weights& weights) {
  std::vector<std::string_view> names;
  for (const BodyKind& kind : kBodies) {
    if (kind.name == name) return kind.make(config, ports, weights);
    names.push_back(kind.name);
  }
  return Error::unsupported(
      fmt::format("this build has no body '{}', only {}; bodies with layers of their own need a build with training "
                  "(cmake -D QUIVER_LEARN=ON), newer ones a newer Quiver than {}",
                  name, fmt::join(names, ", "), quiver_version()));
}

}  // namespace quiver
