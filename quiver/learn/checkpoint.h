// Checkpoints: everything an exact resume needs, in one checksummed file that is replaced as a whole.
//
//   QUIVER_TRY(save_checkpoint(path, {.step = 400, .fingerprint = fingerprint}, state));
//   QUIVER_TRY(auto head, load_checkpoint(path, fingerprint, state));        // writes into the tensors of `state`
//
// Container of kind "checkpoint": "head", a JSON object {"step", "fingerprint", "tensors": {name: {"type", "shape"}}},
// and "tensors/NAME", packed row-major. The fingerprint says what is being trained (data, options, seed, version):
// another one means another training, and nothing is loaded.
// Thread-safety: functions; one writer a path. Cost: the size of the tensors, written once and synced.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "quiver/core/result.h"
#include "quiver/learn/tensor.h"

namespace quiver::learn {

struct CheckpointHead {
  std::uint64_t step = 0;  // steps that were taken
  std::string fingerprint;
};

Result<void> save_checkpoint(const std::filesystem::path& path, const CheckpointHead& head, const Tensors& state);
// Errors: NotFound; Corruption; FailedPrecondition for another fingerprint or for tensors that are not those of `state`
// (the Error says which). `state` is written only when everything fits.
Result<CheckpointHead> load_checkpoint(const std::filesystem::path& path, std::string_view fingerprint, Tensors& state);

}  // namespace quiver::learn
