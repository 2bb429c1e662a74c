// The sections that all codes share in a container: what they are, and their rows.
//   <prefix>quantizer   JSON {"spec": "lvq(8)", "space": {...}, "rows": 117659}; "rows" only for codes
//   <prefix>rows        rows * stride bytes, as the quantizer lays a row out; or
//   <prefix>blocks      the same with all whole blocks packed (row_blocks.h)
#pragma once
#include <string>
#include <string_view>

#include "quiver/compress/internal/row_store.h"
#include "quiver/core/container.h"
#include "quiver/core/space.h"

namespace quiver::internal {

inline constexpr const char *kRowsSection = "rows", *kBlocksSection = "blocks";

struct CodesHeader {
  std::string spec;
  Space space;
  std::size_t rows = 0;
};

void save_quantizer_header(ContainerWriter& writer, std::string_view prefix, const std::string& spec,
                           const Space& space);
void save_codes_header(ContainerWriter& writer, std::string_view prefix, const std::string& spec, const Space& space,
                       std::size_t rows);
void save_codes(ContainerWriter& writer, std::string_view prefix, const std::string& spec, const Space& space,
                const RowStore& rows, const char* name = kRowsSection);
Result<CodesHeader> read_header(const Container& file, std::string_view prefix);
// Errors: Corruption if the section does not hold exactly the header's rows.
Result<RowStore> map_rows(const Container& file, std::string_view prefix, std::size_t stride,
                          const char* name = kRowsSection);

}  // namespace quiver::internal
