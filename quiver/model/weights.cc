#include "quiver/model/weights.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <numeric>

#include "quiver/core/file.h"
#include "quiver/core/metric.h"
#include "quiver/core/options.h"
#include "quiver/simd/kernels.h"

namespace quiver {
namespace {
constexpr std::size_t kLongestName = 180;  // "tensors/" and a name must fit a container's section name

constexpr std::size_t kListed = 20;  // tensors that a message still names one by one

// A shape read from a file may be anything: a product that does not fit is larger than any file.
std::size_t bytes_needed(const Tensor& tensor) {
  if (tensor.shape.empty()) return 0;
  std::size_t bits = bits_of(tensor.element);
  for (const std::size_t extent : tensor.shape) {
    if (__builtin_mul_overflow(bits, extent, &bits)) return std::numeric_limits<std::size_t>::max();
  }
  return bits / 8;
}

// Position of the first element whose exponent is all ones, or the count.
template <class Word>
std::size_t first_not_finite(std::span<const std::byte> bytes, Word exponent) {
  const std::size_t count = bytes.size() / sizeof(Word);
  for (std::size_t i = 0; i < count; ++i) {
    Word word = 0;
    std::memcpy(&word, bytes.data() + i * sizeof(Word), sizeof(Word));
    if ((word & exponent) == exponent) return i;
  }
  return count;
}

Result<void> check_finite(const std::string& name, const Tensor& tensor) {
  std::size_t at = tensor.count();
  if (tensor.element == Element::F32) at = first_not_finite<std::uint32_t>(tensor.bytes, 0x7f800000u);
  if (tensor.element == Element::F16) at = first_not_finite<std::uint16_t>(tensor.bytes, std::uint16_t{0x7c00});
  if (tensor.element == Element::Bf16) at = first_not_finite<std::uint16_t>(tensor.bytes, std::uint16_t{0x7f80});
  if (at == tensor.count()) return {};
  const std::size_t cols = tensor.shape.back();
  return Error::invalid_argument(
      fmt::format("tensor '{}' {}: row {}, column {} is NaN or infinite; the fit that made it diverged", name,
                  tensor.shape_text(), at / cols, at % cols));
}

Tensor owned(Element element, std::vector<std::size_t> shape, std::size_t size,
             const std::function<void(std::byte*)>& fill) {
  auto memory = std::make_shared<AlignedBytes>(size);
  fill(memory->data());
  return {element, std::move(shape), {memory->data(), size}, memory};
}

// Requires: f16 or bf16.
void widen(const Tensor& tensor, float* to) {
  const auto* from = reinterpret_cast<const std::uint16_t*>(tensor.bytes.data());
  const simd::Kernels& kernels = simd::kernels();
  (tensor.element == Element::F16 ? kernels.f16_to_f32 : kernels.bf16_to_f32)(from, to, tensor.count());
}
}  // namespace

std::size_t Tensor::count() const noexcept {
  return std::accumulate(shape.begin(), shape.end(), std::size_t{1}, std::multiplies<>());
}
std::string Tensor::shape_text() const { return fmt::format("{} ({})", name_of(element), fmt::join(shape, ", ")); }

Result<void> Weights::add(std::string name, MatrixView matrix) {
  return add(
      std::move(name),
      owned(Element::F32, {matrix.rows, matrix.cols}, matrix.rows * matrix.cols * sizeof(float), [&](std::byte* out) {
        for (std::size_t i = 0; i < matrix.rows && matrix.cols > 0; ++i) {
          std::memcpy(out + i * matrix.cols * sizeof(float), matrix.row(i).data(), matrix.cols * sizeof(float));
        }
      }));
}
Result<void> Weights::add(std::string name, std::span<const float> vector) {
  return add(std::move(name), owned(Element::F32, {vector.size()}, vector.size_bytes(), [&](std::byte* out) {
               if (!vector.empty()) std::memcpy(out, vector.data(), vector.size_bytes());
             }));
}
Result<void> Weights::add(std::string name, std::string_view text) {
  return add(std::move(name), owned(Element::U8, {text.size()}, text.size(), [&](std::byte* out) {
               if (!text.empty()) std::memcpy(out, text.data(), text.size());
             }));
}
Result<void> Weights::add(std::string name, Tensor tensor) {
  if (name.empty() || name.size() > kLongestName) {
    return Error::invalid_argument(
        fmt::format("a tensor's name has 1 to {} bytes, '{}' has {}", kLongestName, name, name.size()));
  }
  if (has(name)) return Error::invalid_argument(fmt::format("two tensors are named '{}'", name));
  if (tensor.element == Element::Bit)
    return Error::unsupported(fmt::format("tensor '{}': weights are not kept as bits", name));
  if (tensor.bytes.size() != bytes_needed(tensor)) {
    return Error::invalid_argument(fmt::format("tensor '{}' {} needs {} bytes, there are {}", name, tensor.shape_text(),
                                               bytes_needed(tensor), tensor.bytes.size()));
  }
  QUIVER_TRY(check_finite(name, tensor));
  tensors_.emplace(std::move(name), std::move(tensor));
  return {};
}

std::size_t Weights::bytes() const noexcept {
  std::size_t sum = 0;
  for (const auto& [name, tensor] : tensors_) sum += tensor.bytes.size();
  return sum;
}

std::string Weights::digest() const {
  std::string lines;
  for (const auto& [name, tensor] : tensors_) {
    lines += fmt::format("{} {} {}\n", name, tensor.shape_text(), digest_of(tensor.bytes));
  }
  return digest_of(lines);
}

Weights Weights::widened() const {
  Weights out;
  for (const auto& named : tensors_) {
    const Tensor& stored = named.second;
    const bool half = stored.element == Element::F16 || stored.element == Element::Bf16;
    out.tensors_.emplace(named.first, half ? owned(Element::F32, stored.shape, stored.count() * sizeof(float),
                                                   [&](std::byte* to) { widen(stored, reinterpret_cast<float*>(to)); })
                                           : stored);
  }
  return out;
}

Result<const Tensor*> Weights::tensor(std::string_view name) const {
  const auto found = tensors_.find(name);
  if (found != tensors_.end()) return &found->second;
  std::vector<std::string> known;
  for (const auto& [other, tensor] : tensors_) known.push_back(other);
  if (known.size() > kListed) {
    const std::string near = did_you_mean(name, known);
    return Error::corruption(fmt::format("tensor '{}' is missing; the model holds {}{}", name, known.size(),
                                         near.empty() ? "" : fmt::format(", the nearest is '{}'", near)));
  }
  return Error::corruption(fmt::format("tensor '{}' is missing; the model holds {}", name,
                                       known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", "))));
}

Result<MatrixView> Weights::matrix(std::string_view name) const {
  QUIVER_TRY(const Tensor* found, tensor(name));
  if (found->element != Element::F32 || found->shape.size() != 2) {
    return Error::corruption(fmt::format("tensor '{}' is {}, expected an f32 matrix", name, found->shape_text()));
  }
  return MatrixView{reinterpret_cast<const float*>(found->bytes.data()), found->shape[0], found->shape[1],
                    found->shape[1]};
}
Result<MatrixView> Weights::matrix(std::string_view name, std::size_t rows, std::size_t cols) const {
  QUIVER_TRY(const MatrixView found, matrix(name));
  if (found.rows != rows || found.cols != cols) {
    return Error::corruption(
        fmt::format("tensor '{}' is f32 ({}, {}), expected ({}, {})", name, found.rows, found.cols, rows, cols));
  }
  return found;
}
Result<std::span<const float>> Weights::vector(std::string_view name, std::size_t count) const {
  QUIVER_TRY(const Tensor* found, tensor(name));
  if (found->element != Element::F32 || found->shape != std::vector<std::size_t>{count}) {
    return Error::corruption(fmt::format("tensor '{}' is {}, expected f32 ({})", name, found->shape_text(), count));
  }
  return std::span<const float>{reinterpret_cast<const float*>(found->bytes.data()), count};
}
Result<std::string_view> Weights::text(std::string_view name) const {
  QUIVER_TRY(const Tensor* found, tensor(name));
  if (found->element != Element::U8 || found->shape.size() != 1) {
    return Error::corruption(fmt::format("tensor '{}' is {}, expected text as u8 bytes", name, found->shape_text()));
  }
  return std::string_view{reinterpret_cast<const char*>(found->bytes.data()), found->bytes.size()};
}

}  // namespace quiver
