// QUIVER_CHECK(condition): the programmer's promises, always on. A broken one prints file, line and condition, then
// aborts: going on with a wrong state could store a wrong byte. QUIVER_DCHECK is the same in builds without NDEBUG.
//
//   QUIVER_CHECK(row < rows);
//
// For the user's or the world's fault use Result (result.h) instead.
#pragma once

namespace quiver::internal {
[[noreturn]] void check_failed(const char* file, int line, const char* condition) noexcept;
}

#define QUIVER_CHECK(...) \
  (static_cast<bool>(__VA_ARGS__) ? void(0) : ::quiver::internal::check_failed(__FILE__, __LINE__, #__VA_ARGS__))
#ifdef NDEBUG
#define QUIVER_DCHECK(...) void(sizeof(static_cast<bool>(__VA_ARGS__)))
#else
#define QUIVER_DCHECK(...) QUIVER_CHECK(__VA_ARGS__)
#endif
