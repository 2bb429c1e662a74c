// Catalogue: the public data sets Quiver's examples, recipes and tests use: facts only (where, which commit, what
// licence, how many bytes, which sha256), one table in catalogue.cc. `quiver data list` prints it, `quiver data fetch`
// follows it.
//
//   QUIVER_TRY(const PublicSet* set, find_set("mnist"));
//   QUIVER_TRY(auto folder, data_folder());                   // $QUIVER_DATA, else ~/.cache/quiver/data
//   QUIVER_TRY(auto file, find_file("mnist", "train-images-idx3-ubyte.gz"));   // the Error says how to fetch it
//
// What a set holds packed, a tar or a zip in its folder, is found as if it were unpacked there: the first look unpacks
// it into the cache ($QUIVER_CACHE), once for every process.
//
// A set can be fetched only if the sha256 of the very file at the public address is known; others say why not and how
// to get them.
//
// Thread-safety: constant data.
#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "quiver/core/result.h"

namespace quiver {

struct PublicFile {
  std::string_view name;        // in the set's folder
  std::string_view repository;  // "owner/name" of a public GitHub repository
  std::string_view commit, path;
  std::uint64_t bytes = 0;
  std::string_view sha256;
};

struct PublicSet {
  std::string_view name, what, licence, address;
  std::span<const PublicFile> files;  // empty: cannot be fetched
  std::string_view instead;           // then: why, and how to get it
  bool fetchable() const noexcept { return !files.empty(); }
};

std::span<const PublicSet> catalogue() noexcept;           // by name
Result<const PublicSet*> find_set(std::string_view name);  // the Error has the nearest name
Result<std::filesystem::path> data_folder();
// A file or folder of a set inside data_folder(), or of an archive there. Error NotFound with the command that fetches
// it; Corruption for a damaged archive.
Result<std::filesystem::path> find_file(std::string_view set, std::string_view file);

}  // namespace quiver
