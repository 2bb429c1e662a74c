#include "quiver/inspect/commit.h"

#include <array>
#include <cstdio>
#include <memory>
#include <string_view>

namespace quiver {

std::string commit_here() {
  constexpr const char* kCommand =
      "git rev-parse HEAD 2>/dev/null && { git diff --quiet HEAD -- quiver 2>/dev/null || echo +changes; }";
  const std::unique_ptr<FILE, int (*)(FILE*)> git(popen(kCommand, "r"), pclose);
  std::string out;
  std::array<char, 64> line{};
  while (git != nullptr && std::fgets(line.data(), static_cast<int>(line.size()), git.get()) != nullptr) {
    const std::string_view text(line.data());
    out += text.substr(0, text.find('\n'));
  }
  return out;
}

}  // namespace quiver
