// Source: the bytes of a data file. A plain file is mapped; gzip (.gz, told by its first bytes) is unpacked in memory.
//
//   QUIVER_TRY(Source source, Source::open("base.fvecs.gz"));
//   source.name();                                        // "base.fvecs": what its format is told by
//   source.bytes();                                       // valid as long as a copy of the Source (or owner()) lives
//
// Errors: NotFound; Corruption for damaged gzip; Unsupported for xz, zstd, bzip2 and zip, naming the command to unpack.
// Thread-safety: immutable; copies share the bytes.
#pragma once
#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "quiver/core/result.h"

namespace quiver {

class Source {
 public:
  static Result<Source> open(const std::filesystem::path& path);
  static Source of(std::string bytes, std::string name);  // in memory: for tests and fetched text

  const std::filesystem::path& path() const noexcept { return path_; }  // as given
  std::string name() const;                                             // the file name without .gz
  bool in_memory() const noexcept { return in_memory_; }                // not a mapping of path()
  std::span<const std::byte> bytes() const noexcept { return bytes_; }
  std::string_view text() const noexcept { return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()}; }
  std::shared_ptr<const void> owner() const noexcept { return owner_; }  // keeps the bytes

 private:
  std::filesystem::path path_;
  bool in_memory_ = false;
  std::span<const std::byte> bytes_;
  std::shared_ptr<const void> owner_;
};

}  // namespace quiver
