// Pictures: PNG, JPEG and WebP as 8-bit pixels. The format is told by content; a file's name says nothing.
//
//   QUIVER_TRY(Image image, read_image("lion.jpg"));
//   QUIVER_TRY(Image image, decode_image(bytes, {.max_pixels = 1 << 20}));
//   QUIVER_TRY(ImageInfo info, image_info(bytes));               // from the header alone: {Jpeg, 480, 640}
//   QUIVER_TRY(std::string png, encode_png(image));
//
//   PNG    every bit depth and colour type, interlaced or not. Palettes become RGB, fewer bits are stretched to 8 and
//          16 are rounded; grey stays grey; with transparency (alpha, tRNS) RGBA. gAMA and profiles are not applied.
//          Of an animated PNG the still picture.
//   JPEG   baseline and progressive, by TurboJPEG; turned upright as EXIF says. CMYK and YCCK become RGB without a
//          profile: R = C * K / 255, of inks counted as Adobe does.
//   WebP   lossy and lossless, RGB, with transparency RGBA. An animated WebP is Unsupported: no frame of it is *the*
//          picture.
//
// Pixels are counted from the header and compared with `max_pixels` before memory is taken, so a small file cannot ask
// for much of it. Other damage is Corruption in the library's own words: a file that ends early gives no half picture,
// and what a library warns of (a bad checksum of pixels, bytes that do not belong there) is an error too.
//
// Errors: Unsupported (another format, by name where it is known; animation), Corruption, ResourceExhausted (too many
// pixels: names max_pixels; memory), NotFound. Thread-safety: pure functions. Cost: one pass by the library.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "quiver/core/result.h"
#include "quiver/data/image.h"

namespace quiver {

enum class ImageFormat : std::uint8_t { Png, Jpeg, WebP };
std::string_view name_of(ImageFormat format) noexcept;  // "PNG"

// As decode_image() will give it: upright.
struct ImageInfo {
  ImageFormat format = ImageFormat::Png;
  std::size_t height = 0, width = 0;
  bool operator==(const ImageInfo&) const = default;
};

struct ImageOptions {
  std::uint64_t max_pixels = std::uint64_t{1} << 26;  // 67 million: height times width
};

Result<ImageInfo> image_info(std::span<const std::byte> bytes);
Result<Image> decode_image(std::span<const std::byte> bytes, const ImageOptions& options = {});
Result<Image> read_image(const std::filesystem::path& path, const ImageOptions& options = {});

// 8 bits a channel, grey, RGB or RGBA, losslessly packed. Error InvalidArgument: no pixels, or other channels.
Result<std::string> encode_png(const Image& image);

}  // namespace quiver
