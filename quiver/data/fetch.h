// Fetch: a public data set into data_folder(), each file verified before it gets its name.
//
//   Run run({.progress = Progress::Auto});
//   QUIVER_TRY(const PublicSet* set, find_set("stsb"));
//   QUIVER_TRY(Fetched fetched, fetch_set(*set, run));        // files already there and right are kept
//
// A file arrives as NAME.part; an interrupted one is continued from its last byte. Its sha256 is compared with the
// catalogue's before the rename; if they differ nothing is kept. The address is that of the public repository, at its
// commit; QUIVER_DATA_MIRROR replaces the base address (a mirror, or a test's own server).
//
// Errors: Unavailable (no connection, HTTP status, fetched by another process), Corruption (sha256), ResourceExhausted
// (disk full), Cancelled.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/core/run.h"
#include "quiver/data/catalogue.h"

namespace quiver {

struct Fetched {
  std::filesystem::path folder;
  std::size_t files = 0, kept = 0;  // kept: were there already
  std::uint64_t bytes = 0;          // that came over the network
};

Result<Fetched> fetch_set(const PublicSet& set, Run& run);
// 64 hex digits.
Result<std::string> sha256_of_file(const std::filesystem::path& path);

}  // namespace quiver
