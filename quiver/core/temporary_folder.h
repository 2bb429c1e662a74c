// TemporaryFolder: a folder of its own for a test or an unfinished step, removed with everything in it when it goes.
//
//   const TemporaryFolder folder;
//   write_file(folder.path() / "x", "...");
//
// Thread-safety: one owner. The name is unique on the machine.
#pragma once
#include <filesystem>
#include <string>

#include "quiver/core/check.h"

namespace quiver {

class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace quiver
