// Names of the activations (simd/activations.h), as configs and towers spell them.
//
//   QUIVER_TRY(simd::Activation f, parse_activation("gelu_tanh"));
//
// Thread-safety: functions.
#pragma once
#include <string_view>

#include "quiver/core/result.h"
#include "quiver/simd/activations.h"

namespace quiver {

std::string_view name_of(simd::Activation activation) noexcept;    // "gelu", "gelu_tanh", "relu", "silu", "tanh"
Result<simd::Activation> parse_activation(std::string_view text);  // the Error lists them

}  // namespace quiver
