// cut_model: a smaller model out of a larger one: the layers above an exit and the coordinates behind a prefix are gone
// from the file, from memory and from the time a text takes.
//
//   QUIVER_TRY(const CutModel small, cut_model(model, {.layers = 3, .dims = 64}));
//   small.model.encode(items, {}, run);      // what model.encode(items, {.dims = 64, .layers = 3}, run) gives
//   for (const std::string& warning : small.warnings) ...;
//
// Vectors of the cut model are bit for bit those of the whole one at that exit and prefix, and live in that space: an
// index built with either takes queries of both. A prefix needs no projection: its coordinates are the first ones.
// A model can be cut where it was never trained to be (no such exit or prefix among its ports): its vectors then live
// in a space of their own and a warning says what to measure; so it does for imported models, which do not say. Errors:
// InvalidArgument for nothing to cut, more layers than there are, a length that is not shorter; Unsupported for bodies
// other than the transformer. Thread-safety: a function. Cost: tensors are shared, not copied.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/model/model.h"

namespace quiver {

struct CutOptions {
  std::uint32_t layers = 0;  // keep so many; 0: all
  std::size_t dims = 0;      // keep so many coordinates; 0: all
};
struct CutModel {
  Model model;
  std::vector<std::string> warnings{};
};
Result<CutModel> cut_model(const Model& model, const CutOptions& options);

}  // namespace quiver
