#include "quiver/data/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "quiver/core/file.h"

namespace quiver {
namespace {
namespace fs = std::filesystem;

struct CloseReader {
  void operator()(archive* reader) const noexcept { archive_read_free(reader); }
};
struct CloseWriter {
  void operator()(archive* writer) const noexcept { archive_write_free(writer); }
};

std::string text_of(archive* from) {
  const char* said = archive_error_string(from);
  return said == nullptr ? "unknown trouble" : said;
}

// Where an entry goes, if it is one that may be written.
Result<fs::path> place_of(archive_entry* entry, const fs::path& folder) {
  const char* name = archive_entry_pathname(entry);
  if (name == nullptr || *name == '\0') return Error::corruption("an entry has no name");
  const fs::path inside = fs::path(name).lexically_normal();
  const bool leaves = inside.is_absolute() || std::ranges::find(inside, fs::path("..")) != inside.end();
  if (leaves) return Error::corruption(fmt::format("entry '{}' leads out of the folder it is unpacked into", name));
  const auto kind = archive_entry_filetype(entry);
  if (kind != AE_IFREG && kind != AE_IFDIR) {
    return Error::corruption(fmt::format("entry '{}' is neither a file nor a folder; only those are unpacked", name));
  }
  return folder / inside;
}

Result<void> copy_blocks(archive* reader, archive* writer) {
  for (;;) {
    const void* block = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    const int status = archive_read_data_block(reader, &block, &size, &offset);
    if (status == ARCHIVE_EOF) return {};
    if (status != ARCHIVE_OK) return Error::corruption(text_of(reader));
    if (archive_write_data_block(writer, block, size, offset) < ARCHIVE_OK) return Error::io(text_of(writer));
  }
}
}  // namespace

bool is_archive(const fs::path& path) {
  constexpr std::array<std::string_view, 8> kEndings{".tar", ".tar.gz",  ".tgz",     ".tar.xz",
                                                     ".txz", ".tar.bz2", ".tar.zst", ".zip"};
  const std::string name = path.filename().string();
  return std::ranges::any_of(kEndings, [&](std::string_view ending) { return name.ends_with(ending); });
}

Result<void> unpack(const fs::path& path, const fs::path& folder) {
  const std::string doing = fmt::format("unpacking {}", path.string());
  std::error_code failed;
  if (!fs::is_regular_file(path, failed)) return Error::not_found(fmt::format("{}: there is no such file", doing));
  const std::unique_ptr<archive, CloseReader> reader(archive_read_new());
  archive_read_support_filter_all(reader.get());
  archive_read_support_format_tar(reader.get());
  archive_read_support_format_zip(reader.get());
  constexpr std::size_t kBlock = 1U << 16U;
  if (archive_read_open_filename(reader.get(), path.c_str(), kBlock) != ARCHIVE_OK) {
    return Error::corruption(fmt::format("{}: {}; it must be a tar or a zip", doing, text_of(reader.get())));
  }
  const std::unique_ptr<archive, CloseWriter> writer(archive_write_disk_new());
  archive_write_disk_set_options(writer.get(), ARCHIVE_EXTRACT_SECURE_NODOTDOT | ARCHIVE_EXTRACT_SECURE_SYMLINKS);
  QUIVER_TRY(make_folders(folder));
  for (;;) {
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(reader.get(), &entry);
    if (status == ARCHIVE_EOF) break;
    if (status != ARCHIVE_OK && status != ARCHIVE_WARN) {
      return Error::corruption(fmt::format("{}: {}; it is damaged: get it again", doing, text_of(reader.get())));
    }
    QUIVER_TRY(const fs::path place, place_of(entry, folder).within(doing));
    const std::string name = archive_entry_pathname(entry);
    archive_entry_set_pathname(entry, place.c_str());
    archive_entry_set_perm(entry, archive_entry_filetype(entry) == AE_IFDIR ? 0755 : 0644);
    if (archive_write_header(writer.get(), entry) < ARCHIVE_OK)
      return Error::io(fmt::format("{}: writing '{}': {}", doing, name, text_of(writer.get())));
    QUIVER_TRY(copy_blocks(reader.get(), writer.get()).within(fmt::format("{}, entry '{}'", doing, name)));
    if (archive_write_finish_entry(writer.get()) < ARCHIVE_OK)
      return Error::io(fmt::format("{}: writing '{}': {}", doing, name, text_of(writer.get())));
  }
  return {};
}

}  // namespace quiver
