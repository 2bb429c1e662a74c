#include "quiver/core/result.h"

#include <cstdio>
#include <cstdlib>

namespace quiver {
namespace {
struct CodeRow {
  std::string_view name;
  int exit_status;
};
constexpr CodeRow kCodes[] = {
    {"invalid argument", 2},    {"unsupported", 2},  {"not found", 3},          {"already exists", 4},
    {"failed precondition", 5}, {"cancelled", 130},  {"resource exhausted", 6}, {"unavailable", 7},
    {"corruption", 8},          {"input/output", 9}, {"internal", 70},
};
}  // namespace

std::string_view name_of(Code code) noexcept { return kCodes[static_cast<std::size_t>(code)].name; }
int exit_status(Code code) noexcept { return kCodes[static_cast<std::size_t>(code)].exit_status; }

namespace internal {
void check_failed(const char* file, int line, const char* condition) noexcept {
  std::fprintf(stderr, "%s:%d: broken promise: %s\n", file, line, condition);
  std::abort();
}
}  // namespace internal
}  // namespace quiver
