// Model: a value handle to an immutable model: ports, weights, a card, and the body that computes. What is learned in
// Quiver is a Model, saved as one .qvm file (docs/reference/formats/model.md).
//
//   QUIVER_TRY(Model model, Model::open("encoder.qvm"));
//   QUIVER_TRY(Encoded out, model.encode(items, {.role = "query", .dims = 128}, run));
//   index.search(out.rows, ...);                              // rows know their space: comparing spaces is checked
//
// id() is a digest of everything that decides the model's answers (body, config, ports, tensors), not of its card. A
// space whose id is empty in make() is founded by this model and takes that id. encode(dims = k) gives the first k
// coordinates, of unit length again when the metric is cosine, in a space declared a prefix of the whole.
// Thread-safety: everything is const; share one Model between threads. Cost: open() maps the file, verifies its
// checksums (about 10 GB/s) and builds what the body needs; a copy is one shared pointer.
#pragma once
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/core/rows.h"
#include "quiver/core/run.h"
#include "quiver/data/items.h"
#include "quiver/model/card.h"
#include "quiver/model/port.h"
#include "quiver/model/weights.h"

namespace quiver {

struct Encoded {
  Rows rows;
  Items side;  // one row per vector: boxes, masks, attention, source row; no columns when there is nothing to say
};

class Model {
 public:
  // `body` names a row of the table in body.cc, `config` is its JSON object. Errors: Unsupported for a body this build
  // lacks, InvalidArgument for a card, port or config that is not whole, Corruption for weights that do not fit.
  static Result<Model> make(std::string_view body, const std::string& config, std::vector<Port> ports, Weights weights,
                            Card card);
  static Result<Model> open(const std::filesystem::path& path);
  Result<void> save(const std::filesystem::path& path) const;

  std::string_view id() const noexcept;      // "qv:" and 32 hex digits
  std::string_view body() const noexcept;    // "text_bag"
  std::string_view config() const noexcept;  // JSON
  const Card& card() const noexcept;
  std::span<const Port> ports() const noexcept;
  const Weights& weights() const noexcept;

  Result<Model> with_card(Card card) const;  // the same model, told differently: same id

  // Items -> vectors. Error InvalidArgument when no port reads these columns in this role.
  Result<Encoded> encode(const Items& items, const ApplyOptions& options, Run& run) const;
  // Vectors -> vectors, such as a projection. `given` holds what the map is conditioned on, one row per vector or none.
  Result<Encoded> map(const Rows& rows, const Items& given, const ApplyOptions& options, Run& run) const;

 private:
  struct State;
  explicit Model(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

}  // namespace quiver
