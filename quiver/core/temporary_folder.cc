#include "quiver/core/temporary_folder.h"

#include <cstdlib>
#include <system_error>

namespace quiver {

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "quiver-XXXXXX").string();
  QUIVER_CHECK(::mkdtemp(name.data()) != nullptr);
  path_ = name;
}
TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace quiver
