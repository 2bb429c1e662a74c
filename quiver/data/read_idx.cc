#include "quiver/data/read_idx.h"

#include <fmt/format.h>

#include "quiver/data/internal/array.h"

namespace quiver {
namespace {
using internal::Array;
using internal::ArrayType;

Result<ArrayType> type_of(unsigned code) {
  switch (code) {
    case 0x08:
      return ArrayType::U8;
    case 0x09:
      return ArrayType::I8;
    case 0x0B:
      return ArrayType::I16;
    case 0x0C:
      return ArrayType::I32;
    case 0x0D:
      return ArrayType::F32;
    case 0x0E:
      return ArrayType::F64;
    default:
      return Error::corruption(fmt::format("its idx type is 0x{:02X}; 08, 09 and 0B to 0E exist", code));
  }
}
}  // namespace

Result<Items> read_idx(const Source& source, const ReadOptions& options) {
  const auto bytes = source.bytes();
  if (bytes.size() < 4) return Error::corruption("the file ends inside its idx header");
  const auto byte = [&](std::size_t at) { return std::to_integer<unsigned>(bytes[at]); };
  if (byte(0) != 0 || byte(1) != 0) return Error::corruption("it does not begin like an idx file (wrong magic)");
  Array array;
  QUIVER_TRY(array.type, type_of(byte(2)));
  array.big_endian = true;
  const std::size_t dims = byte(3);
  if (bytes.size() < 4 + 4 * dims) return Error::corruption("the file ends inside its idx header");
  for (std::size_t i = 0; i < dims; ++i) {
    std::uint64_t size = 0;
    for (std::size_t j = 0; j < 4; ++j) size = size << 8 | byte(4 + 4 * i + j);
    array.shape.push_back(size);
  }
  array.bytes = bytes.subspan(4 + 4 * dims);
  QUIVER_TRY(internal::check_shape(array));
  if (internal::size_of(array.type) == 1) array.big_endian = false;  // no order to undo
  return internal::array_items(array, "label", options.metric.value_or(Metric::L2));
}

}  // namespace quiver
