// Weights: the named tensors of a model, borrowed from its mapped file or owned. Packed row-major: element (i, j) of a
// (rows, cols) tensor is at i * cols + j; every tensor begins on a 64-byte boundary.
//
//   Weights weights;
//   QUIVER_TRY(weights.add("table", matrix.view()));            // (rows, cols) f32, copied
//   QUIVER_TRY(MatrixView table, weights.matrix("table"));       // a view; no copy
//   QUIVER_TRY(auto bias, weights.vector("bias", 256));          // with its expected length checked
//
// Invariants: names are unique; bytes == product(shape) elements; float tensors hold no NaN and no infinity (checked
// when added and when a file is opened), so no body has to ask again. Thread-safety: a value; copies share the memory,
// which never changes once inside.
#pragma once
#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/matrix.h"
#include "quiver/core/result.h"

namespace quiver {

struct Tensor {
  Element element = Element::F32;
  std::vector<std::size_t> shape{};
  std::span<const std::byte> bytes{};
  std::shared_ptr<const void> owner{};  // what keeps `bytes` alive
  std::size_t count() const noexcept;   // elements
  std::string shape_text() const;       // "f32 (98765, 256)"
};

class Weights {
 public:
  // Each copies. Error InvalidArgument for a name in use, an empty name, or a float that is not finite.
  Result<void> add(std::string name, MatrixView matrix);              // (rows, cols) f32
  Result<void> add(std::string name, std::span<const float> vector);  // (count) f32
  Result<void> add(std::string name, std::string_view text);          // (count) u8, such as a vocabulary
  Result<void> add(std::string name, Tensor tensor);                  // borrowed: the owner must keep it

  bool has(std::string_view name) const noexcept { return tensors_.contains(name); }
  const std::map<std::string, Tensor, std::less<>>& tensors() const noexcept { return tensors_; }  // by name, sorted
  std::size_t bytes() const noexcept;                                                              // of all tensors
  std::string digest() const;  // of names, shapes and numbers
  Weights widened() const;     // f16 and bf16 as f32 copies, for bodies that compute in f32; all others shared

  // Errors: Corruption names the tensor that is missing or has another shape or element, and what it is instead.
  Result<const Tensor*> tensor(std::string_view name) const;
  Result<MatrixView> matrix(std::string_view name) const;  // any rows, cols
  Result<MatrixView> matrix(std::string_view name, std::size_t rows, std::size_t cols) const;
  Result<std::span<const float>> vector(std::string_view name, std::size_t count) const;
  Result<std::string_view> text(std::string_view name) const;

 private:
  std::map<std::string, Tensor, std::less<>> tensors_;
};

}  // namespace quiver
