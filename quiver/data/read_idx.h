// idx: the format of MNIST and its successors.
//
//   00 00 type dims | dims sizes as big-endian u32 | values, big-endian
//   type: 08 u8, 09 i8, 0B i16, 0C i32, 0D f32, 0E f64
//
//   00 00 08 03 | 00 00 EA 60  00 00 00 1C  00 00 00 1C | 47,040,000 bytes        60,000 images of 28 x 28
//
// One size gives numbers "label", more give "vectors": a row is everything behind the first size, so an image is one
// row of 784. u8 and i8 keep their type, the others become f32.
#pragma once
#include "quiver/core/result.h"
#include "quiver/data/reader.h"

namespace quiver {

Result<Items> read_idx(const Source& source, const ReadOptions& options);

}  // namespace quiver
