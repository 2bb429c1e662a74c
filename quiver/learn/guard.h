// guarded: the border where exceptions end. torch throws; Quiver's public functions return Results. Everything of
// quiver/learn that a caller outside of it may call runs its torch code inside guarded().
//
//   return guarded("training the encoder", [&]() -> Result<TrainLog> { ... torch ... });
//
// The Error keeps torch's first line and drops its stack of C++ frames: the step that was under way says more.
// Thread-safety: yes.
#pragma once
#include <string_view>
#include <type_traits>
#include <utility>

#include "quiver/core/result.h"

namespace quiver::learn {

namespace internal {
// Call it inside a catch block. ResourceExhausted when memory ran out, else Internal.
Error error_of_current_exception(std::string_view doing);
}  // namespace internal

// `body` returns a Result; what it throws becomes its Error.
template <class Body>
auto guarded(std::string_view doing, Body&& body) -> std::invoke_result_t<Body> {
  try {
    return std::forward<Body>(body)();
  } catch (...) {
    return internal::error_of_current_exception(doing);
  }
}

}  // namespace quiver::learn
