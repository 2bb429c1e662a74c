// Files: mapped for reading, replaced whole when written. A reader sees the old file or the new one, never half of one,
// whatever crashes or fills up in between.
//
//   QUIVER_TRY(auto file, MappedFile::open("base.fvecs"));
//   QUIVER_TRY(write_file("report.json", text));                       // temporary name, fsync, rename, fsync of the
//   folder
//
//   QUIVER_TRY(auto out, FileWriter::create("base.qvm"));              // the same for what is written piece by piece
//   QUIVER_TRY(out.write(bytes));
//   QUIVER_TRY(out.commit());                                          // without commit() the old file stays
//
// Errors name the path and the system's reason: NotFound, Io, ResourceExhausted for a full disk or quota.
// Thread-safety: a MappedFile may be read from many threads; a FileWriter has one owner.
#pragma once
#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "quiver/core/result.h"

namespace quiver {

// A read-only mapping. The file must not be truncated while it is mapped: Quiver itself only ever renames over files.
class MappedFile {
 public:
  static Result<MappedFile> open(const std::filesystem::path& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();
  std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }
  std::string_view text() const noexcept { return {reinterpret_cast<const char*>(data_), size_}; }
  std::size_t size() const noexcept { return size_; }

 private:
  MappedFile() = default;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

// Asks the system to read mapped bytes that will soon be looked at, and returns at once. A hint: may do nothing.
void read_ahead(std::span<const std::byte> mapped) noexcept;
// Whether so many mapped bytes cannot be counted on to stay in memory: more than half of what the machine has.
bool outgrows_memory(std::size_t bytes) noexcept;

class FileWriter {
 public:
  static Result<FileWriter> create(const std::filesystem::path& path);
  FileWriter(FileWriter&& other) noexcept;
  FileWriter& operator=(FileWriter&&) = delete;
  ~FileWriter();  // without commit(): removes the temporary file, leaves the old one
  Result<void> write(std::span<const std::byte> bytes);
  Result<void> write(std::string_view text);
  Result<void> write_at(std::uint64_t offset, std::span<const std::byte> bytes);  // for headers known last
  std::uint64_t position() const noexcept { return position_; }
  Result<void> commit();

 private:
  FileWriter() = default;
  Result<void> flush();
  int descriptor_ = -1;
  std::filesystem::path target_, temporary_;
  std::string buffer_;
  std::uint64_t position_ = 0;
};

Result<std::string> read_file(const std::filesystem::path& path);
Result<void> write_file(const std::filesystem::path& path, std::string_view text);
Result<void> make_folders(const std::filesystem::path& path);
// XXH3-128 as 32 hex digits: names artefacts and data by what they are.
std::string digest_of(std::span<const std::byte> bytes);
std::string digest_of(std::string_view text);
Result<std::string> digest_of_file(const std::filesystem::path& path);

}  // namespace quiver
