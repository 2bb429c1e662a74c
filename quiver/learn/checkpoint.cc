#include "quiver/learn/checkpoint.h"

#include <fmt/format.h>

#include <cstring>
#include <vector>

#include "quiver/core/container.h"
#include "quiver/core/json.h"

namespace quiver::learn {
namespace {
constexpr std::string_view kCheckpoint = "checkpoint";

std::string type_of(const Tensor& tensor) { return std::string(c10::toString(tensor.scalar_type())); }
std::vector<std::int64_t> shape_of(const Tensor& tensor) { return tensor.sizes().vec(); }
std::string section_of(std::string_view name) { return fmt::format("tensors/{}", name); }

Error other_training(std::string reason) {
  return Error::failed_precondition(fmt::format("the checkpoint belongs to another training: {}", reason));
}

// That the stored tensors are those of `state`, by name, type, shape and size.
Result<void> check_fits(const Container& file, const Json& stored, const Tensors& state) {
  if (stored.size() != state.size()) {
    return other_training(fmt::format("it has {} tensors, this training {}", stored.size(), state.size()));
  }
  for (const auto& [name, tensor] : state) {
    const auto entry = stored.find(name);
    if (entry == stored.end()) return other_training(fmt::format("it has no tensor '{}'", name));
    QUIVER_TRY(const auto type, get<std::string>(*entry, "type"));
    QUIVER_TRY(const auto shape, get<std::vector<std::int64_t>>(*entry, "shape"));
    if (type != type_of(tensor) || shape != shape_of(tensor))
      return other_training(fmt::format("tensor '{}' has another type or shape", name));
    QUIVER_TRY(const auto bytes, file.section(section_of(name)));
    if (bytes.size() != tensor.nbytes())
      return Error::corruption(
          fmt::format("tensor '{}' has {} bytes, its shape needs {}", name, bytes.size(), tensor.nbytes()));
  }
  return {};
}
}  // namespace

Result<void> save_checkpoint(const std::filesystem::path& path, const CheckpointHead& head, const Tensors& state) {
  ContainerWriter writer{std::string(kCheckpoint)};
  Json tensors = Json::object();
  std::vector<Tensor> kept;  // packed copies live until the file is written
  for (const auto& [name, tensor] : state) {
    tensors[name] = {{"type", type_of(tensor)}, {"shape", shape_of(tensor)}};
    kept.push_back(tensor.detach().contiguous());
  }
  writer.add(
      "head",
      dump_json(Json{{"step", head.step}, {"fingerprint", head.fingerprint}, {"tensors", std::move(tensors)}}, -1));
  auto packed = kept.begin();
  for (const auto& [name, tensor] : state) {
    writer.add(section_of(name), std::span(static_cast<const std::byte*>(packed->data_ptr()), packed->nbytes()));
    ++packed;
  }
  return writer.save(path).within("saving a checkpoint");
}

Result<CheckpointHead> load_checkpoint(const std::filesystem::path& path, std::string_view fingerprint,
                                       Tensors& state) {
  const std::string doing = fmt::format("reading checkpoint {}", path.string());
  const auto load = [&]() -> Result<CheckpointHead> {
    QUIVER_TRY(const Container file, Container::open(path, kCheckpoint));
    QUIVER_TRY(const std::string_view text, file.text("head"));
    QUIVER_TRY(const Json json, parse_json(text));
    CheckpointHead head;
    QUIVER_TRY(head.step, get<std::uint64_t>(json, "step"));
    QUIVER_TRY(head.fingerprint, get<std::string>(json, "fingerprint"));
    if (head.fingerprint != fingerprint) return other_training("its data, options, seed or version differ");
    QUIVER_TRY(const Json tensors, get<Json>(json, "tensors"));
    QUIVER_TRY(check_fits(file, tensors, state));
    const torch::NoGradGuard no_grad;
    for (auto& [name, tensor] : state) {
      QUIVER_TRY(const auto bytes, file.section(section_of(name)));
      Tensor stored = torch::empty_like(tensor, torch::MemoryFormat::Contiguous);
      if (!bytes.empty()) std::memcpy(stored.data_ptr(), bytes.data(), bytes.size());
      tensor.copy_(stored);
    }
    return head;
  };
  return load().within(doing);
}

}  // namespace quiver::learn
