// Safetensors: named tensors in the file format that most published weights come in. Read mapped, without a copy where
// the file's alignment allows; written so that other programs read them.
//
//   QUIVER_TRY(auto file, Safetensors::open("model.safetensors"));    // or "model.safetensors.index.json": many files
//   QUIVER_TRY(Tensor weight, file.tensor("encoder.layer.0.output.dense.weight"));   // f32, f16, bf16, i8 or u8
//   QUIVER_TRY(write_safetensors("copy.safetensors", model.weights(), {{"format", "pt"}}));
//
// Layout: u64 n, little-endian; n bytes of JSON; the numbers. The JSON is an object: name -> {"dtype": "F32", "shape":
// [rows, cols], "data_offsets": [begin, end]}, offsets counted from the end of the JSON, and optionally "__metadata__":
// an object of texts. Row-major, little-endian, without padding.
//
// Invariants, checked by open() before any number is read: the header fits in the file; every name occurs once; the
// offsets of all tensors cover the bytes behind the header without gap or overlap; a shape times its type is what its
// offsets span. What breaks one is Corruption and names the tensor. tensor() also refuses NaN and infinity.
// What stays outside: 8-bit floats and complex numbers are Unsupported when asked for; others beside them are read.
// Thread-safety: immutable once open; copies share the mapping. Cost: open() reads the header alone.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/model/weights.h"

namespace quiver {

class Safetensors {
 public:
  struct Entry {
    std::string type{};  // as the file spells it: "F32", "I64"
    std::vector<std::size_t> shape{};
    std::span<const std::byte> bytes{};
    std::shared_ptr<const void> owner{};  // keeps `bytes` alive
    std::string text() const;             // "F32 (768, 384)"
  };
  using Entries = std::map<std::string, Entry, std::less<>>;
  using Metadata = std::map<std::string, std::string>;

  // One file, or an index (a name that ends in .json) and the files beside it that it names.
  static Result<Safetensors> open(const std::filesystem::path& path);

  const Entries& entries() const noexcept { return entries_; }  // by name
  const Metadata& metadata() const noexcept { return metadata_; }
  bool has(std::string_view name) const noexcept { return entries_.contains(name); }

  // F32, F16, BF16, I8 and U8 as they are, borrowed from the mapping unless misaligned; F64 rounded to f32; BOOL as u8.
  // Errors: NotFound, with the nearest name; Unsupported for a type that Weights does not keep; Corruption for NaN.
  Result<Tensor> tensor(std::string_view name) const;
  // I64, I32, I16 and U8, such as a table of positions.
  Result<std::vector<std::int64_t>> integers(std::string_view name) const;

 private:
  static Result<Safetensors> open_file(const std::filesystem::path& path);
  static Result<Safetensors> open_index(const std::filesystem::path& path);
  Result<const Entry*> entry(std::string_view name) const;

  Entries entries_;
  Metadata metadata_;
};

// Written aside and renamed into place. Tensors of wide elements first, then by name, so that all are aligned.
Result<void> write_safetensors(const std::filesystem::path& path, const Weights& weights,
                               const Safetensors::Metadata& metadata = {{"format", "pt"}});

}  // namespace quiver
