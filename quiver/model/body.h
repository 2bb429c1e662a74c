// ModelBody: the computation behind a Model. One class per architecture, made from a config and weights; Model around
// it picks the port, cuts prefixes and names spaces, so a body only maps whole inputs to whole outputs.
//
// The table in body.cc is a closed list on purpose: these names are on users' disks. A new body is one class and one
// row. A body this build lacks is an Error that says which build has it.
// Thread-safety: encode() and map() are const and may run on many threads at once.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "quiver/core/result.h"
#include "quiver/core/rows.h"
#include "quiver/core/run.h"
#include "quiver/data/items.h"
#include "quiver/model/model.h"

namespace quiver {

class ModelBody {
 public:
  virtual ~ModelBody() = default;
  // Requires: the port is one of the model's and has this ability, at the exit that is asked for: `layers` is at most
  // its layers and 0 where it has none; its space is that of the exit (exit_of in port.h).
  virtual Result<Encoded> encode(const Port& port, const Items& items, std::uint32_t layers, Run& run) const;
  virtual Result<Encoded> map(const Port& port, const Rows& rows, const Items& given, Run& run) const;
};

using MakeBody = Result<std::unique_ptr<const ModelBody>> (*)(std::string_view config, std::span<const Port> ports,
                                                              const Weights& weights);
Result<std::unique_ptr<const ModelBody>> make_body(std::string_view name, std::string_view config,
                                                   std::span<const Port> ports, const Weights& weights);

}  // namespace quiver
