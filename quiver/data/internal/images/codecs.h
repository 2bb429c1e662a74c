// The three picture formats, one file each. `bytes` begin with the format's mark (read_images.cc has looked); decoders
// are given the size their own header function found, and have the pixel limit behind them. Private to quiver/data.
#pragma once
#include <cstddef>
#include <span>

#include "quiver/core/result.h"
#include "quiver/data/image.h"
#include "quiver/data/read_images.h"

namespace quiver::internal {

using Bytes = std::span<const std::byte>;

Result<ImageInfo> png_info(Bytes bytes);
Result<Image> decode_png(Bytes bytes, const ImageInfo& info);

Result<ImageInfo> jpeg_info(Bytes bytes);
Result<Image> decode_jpeg(Bytes bytes);

Result<ImageInfo> webp_info(Bytes bytes);
Result<Image> decode_webp(Bytes bytes, const ImageInfo& info);

}  // namespace quiver::internal
