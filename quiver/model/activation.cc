#include "quiver/model/activation.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

namespace quiver {
namespace {
constexpr std::array<std::string_view, simd::kActivations> kActivationNames{"gelu", "gelu_tanh", "relu", "silu",
                                                                            "tanh"};
}  // namespace

std::string_view name_of(simd::Activation activation) noexcept {
  return kActivationNames[static_cast<std::size_t>(activation)];
}

Result<simd::Activation> parse_activation(std::string_view text) {
  for (std::size_t i = 0; i < kActivationNames.size(); ++i) {
    if (kActivationNames[i] == text) return static_cast<simd::Activation>(i);
  }
  return Error::invalid_argument(
      fmt::format("'{}' is no activation; there are {}", text, fmt::join(kActivationNames, ", ")));
}

}  // namespace quiver
