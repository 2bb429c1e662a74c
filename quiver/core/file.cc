#include "quiver/core/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

namespace quiver {
namespace fs = std::filesystem;
namespace {
constexpr std::size_t kBuffer = std::size_t{1} << 20;

Error system_error(std::string_view doing, const fs::path& path, int number) {
  const std::string text = fmt::format("{} {}: {}", doing, path.string(), std::strerror(number));
  switch (number) {
    case ENOENT:
      return Error::not_found(text + "; check the path");
    case ENOSPC:
    case EDQUOT:
      return Error::resource_exhausted(text + "; free some space and run it again, nothing was replaced");
    case EEXIST:
      return Error::already_exists(text);
    default:
      return Error::io(text);
  }
}
Result<void> sync_folder(const fs::path& file) {
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return system_error("opening folder", folder, errno);
  const int failed = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  if (failed != 0 && failed != EINVAL)
    return system_error("syncing folder", folder, failed);  // EINVAL: cannot be synced
  return {};
}
Result<void> write_fully(int descriptor, const char* data, std::size_t size, const fs::path& path) {
  while (size > 0) {
    const ssize_t written = ::write(descriptor, data, size);
    if (written < 0) {
      if (errno == EINTR) continue;
      return system_error("writing", path, errno);
    }
    data += written;
    size -= static_cast<std::size_t>(written);
  }
  return {};
}
}  // namespace

void read_ahead(std::span<const std::byte> mapped) noexcept {
  static const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto first = reinterpret_cast<std::uintptr_t>(mapped.data()) / page * page;
  const auto end = reinterpret_cast<std::uintptr_t>(mapped.data()) + mapped.size();
  if (!mapped.empty()) (void)::madvise(reinterpret_cast<void*>(first), end - first, MADV_WILLNEED);
}
bool outgrows_memory(std::size_t bytes) noexcept {
  static const auto memory =
      static_cast<std::size_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return bytes > memory / 2;
}

Result<MappedFile> MappedFile::open(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return system_error("opening", path, errno);
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) {
    const int number = errno;
    ::close(descriptor);
    return system_error("reading the size of", path, number);
  }
  if (!S_ISREG(status.st_mode)) {
    ::close(descriptor);
    return Error::invalid_argument(fmt::format("opening {}: it is not a regular file; name a file", path.string()));
  }
  MappedFile file;
  file.size_ = static_cast<std::size_t>(status.st_size);
  if (file.size_ > 0) {
    void* memory = ::mmap(nullptr, file.size_, PROT_READ, MAP_SHARED, descriptor, 0);
    if (memory == MAP_FAILED) {
      const int number = errno;
      ::close(descriptor);
      return system_error("mapping", path, number);
    }
    file.data_ = static_cast<const std::byte*>(memory);
  }
  ::close(descriptor);
  return file;
}
MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}
MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

Result<FileWriter> FileWriter::create(const fs::path& path) {
  static std::atomic<unsigned> serial{0};
  FileWriter writer;
  writer.target_ = path;
  // Beside the target, so that the rename never crosses file systems; the name is ours alone.
  writer.temporary_ = path;
  writer.temporary_ += fmt::format(".{}-{}.tmp", ::getpid(), serial.fetch_add(1));
  writer.descriptor_ = ::open(writer.temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (writer.descriptor_ < 0) return system_error("creating", path, errno);
  writer.buffer_.reserve(kBuffer);
  return writer;
}
FileWriter::FileWriter(FileWriter&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      target_(std::move(other.target_)),
      temporary_(std::move(other.temporary_)),
      buffer_(std::move(other.buffer_)),
      position_(other.position_) {}
FileWriter::~FileWriter() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_.c_str());
}

Result<void> FileWriter::flush() {
  QUIVER_TRY(write_fully(descriptor_, buffer_.data(), buffer_.size(), target_));
  buffer_.clear();
  return {};
}
Result<void> FileWriter::write(std::span<const std::byte> bytes) {
  return write(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}
Result<void> FileWriter::write(std::string_view text) {
  QUIVER_CHECK(descriptor_ >= 0);
  position_ += text.size();
  if (buffer_.size() + text.size() > kBuffer) QUIVER_TRY(flush());
  if (text.size() >= kBuffer) return write_fully(descriptor_, text.data(), text.size(), target_);
  buffer_.append(text);
  return {};
}
Result<void> FileWriter::write_at(std::uint64_t offset, std::span<const std::byte> bytes) {
  QUIVER_CHECK(descriptor_ >= 0 && offset + bytes.size() <= position_);
  QUIVER_TRY(flush());
  const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
  if (written != static_cast<ssize_t>(bytes.size())) return system_error("writing", target_, written < 0 ? errno : EIO);
  return {};
}
Result<void> FileWriter::commit() {
  QUIVER_CHECK(descriptor_ >= 0);
  QUIVER_TRY(flush());
  if (::fsync(descriptor_) != 0) return system_error("syncing", target_, errno);
  const int closed = ::close(std::exchange(descriptor_, -1));
  if (closed != 0 || ::rename(temporary_.c_str(), target_.c_str()) != 0) {
    const int number = errno;
    ::unlink(temporary_.c_str());
    return system_error("replacing", target_, number);
  }
  return sync_folder(target_);
}

Result<std::string> read_file(const fs::path& path) {
  QUIVER_TRY(auto file, MappedFile::open(path));
  return std::string(file.text());
}
Result<void> write_file(const fs::path& path, std::string_view text) {
  QUIVER_TRY(auto writer, FileWriter::create(path));
  QUIVER_TRY(writer.write(text));
  return writer.commit();
}
Result<void> make_folders(const fs::path& path) {
  std::error_code failure;
  fs::create_directories(path, failure);
  if (failure) return system_error("making folder", path, failure.value());
  return {};
}

std::string digest_of(std::span<const std::byte> bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}
std::string digest_of(std::string_view text) { return digest_of(std::as_bytes(std::span(text))); }
Result<std::string> digest_of_file(const fs::path& path) {
  QUIVER_TRY(auto file, MappedFile::open(path));
  return digest_of(file.bytes());
}

}  // namespace quiver
