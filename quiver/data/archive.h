// Archives: data sets are passed around packed, and read as files. A tar in any compression or a zip is unpacked once.
//
//   QUIVER_TRY(unpack("20news-bydate.tar.xz", "out"));                     // out/20news-bydate/...
//   is_archive("20news-bydate.tar.xz")                                     // true: by its name
//
// Only regular files and folders come out, below `folder`: absolute names, "..", and links to places outside are
// refused, so that an archive can write nowhere else. Owners, times and permissions of the archive are not kept.
// Errors: NotFound, Corruption for an archive that is damaged or lies about its sizes (naming the entry), Io for a full
// disk; what was written stays, so unpack into a folder of its own. Thread-safety: functions.
// Cost: decompression, one thread. Done by libarchive.
#pragma once
#include <filesystem>

#include "quiver/core/result.h"

namespace quiver {

// Whether the name is that of an archive: .tar, .tar.gz, .tgz, .tar.xz, .txz, .tar.bz2, .tar.zst, .zip.
bool is_archive(const std::filesystem::path& path);
Result<void> unpack(const std::filesystem::path& archive, const std::filesystem::path& folder);

}  // namespace quiver
