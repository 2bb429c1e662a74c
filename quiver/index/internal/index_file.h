// The sections that every index file has, whatever its structure:
//   index      JSON {"spec": "flat + lvq(8)", "space": {...}, "rows": 117659, "live": 117650}
//   removed    one bit a row, in u64 words, only if a row was removed
#pragma once
#include <string>

#include "quiver/core/container.h"
#include "quiver/core/space.h"
#include "quiver/index/internal/eligible.h"

namespace quiver::internal {

inline constexpr const char* kIndexKind = "index";
inline constexpr std::uint32_t kIndexVersion = 1;   // of a file without anything newer in it
inline constexpr std::uint32_t kSlotsVersion = 2;   // with a table of slots
inline constexpr std::uint32_t kBlocksVersion = 3;  // with codes in blocks
inline constexpr std::uint32_t kNewestVersion = kBlocksVersion;

struct IndexHeader {
  std::string spec;
  Space space;
  std::size_t rows = 0, live = 0;
};

void save_index_header(ContainerWriter& writer, const IndexHeader& header, const Removed& removed);
// Errors: Corruption (a header that does not parse, or does not agree with `removed`).
Result<IndexHeader> read_index_header(const Container& file);
Result<Removed> read_removed(const Container& file, const IndexHeader& header);

}  // namespace quiver::internal
