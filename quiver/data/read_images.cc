#include "quiver/data/read_images.h"

#include <fmt/format.h>

#include <array>
#include <new>

#include "quiver/core/file.h"
#include "quiver/data/internal/images/codecs.h"

namespace quiver {
namespace {

// Formats that people have and Quiver does not read, so that the Error can name them.
struct OtherFormat {
  std::string_view mark, name;
};
constexpr std::array kOtherFormats{OtherFormat{"GIF8", "GIF"}, OtherFormat{"BM", "BMP"},
                                   OtherFormat{std::string_view("II*\0", 4), "TIFF"},
                                   OtherFormat{std::string_view("MM\0*", 4), "TIFF"}, OtherFormat{"<svg", "SVG"}};

Result<ImageFormat> format_of(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.starts_with("\x89PNG\r\n\x1A\n")) return ImageFormat::Png;
  if (text.starts_with("\xFF\xD8\xFF")) return ImageFormat::Jpeg;
  if (text.starts_with("RIFF") && text.substr(std::min<std::size_t>(text.size(), 8)).starts_with("WEBP"))
    return ImageFormat::WebP;
  constexpr std::string_view kRead = "PNG, JPEG and WebP are read";
  if (text.empty()) return Error::corruption("it is empty, so it holds no picture");
  if (text.size() > 12 && text.substr(4, 4) == "ftyp") {
    return Error::unsupported(fmt::format("it is a film, or a picture in AVIF or HEIF; {}", kRead));
  }
  for (const OtherFormat& other : kOtherFormats) {
    if (text.starts_with(other.mark)) return Error::unsupported(fmt::format("it is {}; {}", other.name, kRead));
  }
  return Error::unsupported(fmt::format("it does not begin like a picture; {}", kRead));
}

}  // namespace

std::string_view name_of(ImageFormat format) noexcept {
  constexpr std::string_view kNames[] = {"PNG", "JPEG", "WebP"};
  return kNames[static_cast<std::size_t>(format)];
}

Result<ImageInfo> image_info(std::span<const std::byte> bytes) {
  QUIVER_TRY(const ImageFormat format, format_of(bytes));
  Result<ImageInfo> info = format == ImageFormat::Png    ? internal::png_info(bytes)
                           : format == ImageFormat::Jpeg ? internal::jpeg_info(bytes)
                                                         : internal::webp_info(bytes);
  if (info.has_value() && (info->height == 0 || info->width == 0)) {
    return Error::corruption(
        fmt::format("damaged {}: it has {} x {} pixels", name_of(format), info->width, info->height));
  }
  return info;
}

Result<Image> decode_image(std::span<const std::byte> bytes, const ImageOptions& options) {
  QUIVER_TRY(const ImageInfo info, image_info(bytes));
  if (info.width > options.max_pixels / info.height) {
    return Error::resource_exhausted(
        fmt::format("its header asks for {} x {} pixels, more than max_pixels = {}; raise max_pixels if that is meant",
                    info.width, info.height, options.max_pixels));
  }
  try {
    switch (info.format) {
      case ImageFormat::Png:
        return internal::decode_png(bytes, info);
      case ImageFormat::Jpeg:
        return internal::decode_jpeg(bytes);
      case ImageFormat::WebP:
        return internal::decode_webp(bytes, info);
    }
  } catch (const std::bad_alloc&) {
    return Error::resource_exhausted(fmt::format(
        "{} x {} pixels do not fit into memory; max_pixels refuses such pictures", info.width, info.height));
  }
  return Error::internal("decoding a picture of no known format");
}

Result<Image> read_image(const std::filesystem::path& path, const ImageOptions& options) {
  QUIVER_TRY(const MappedFile file, MappedFile::open(path));
  return decode_image(file.bytes(), options).within("reading " + path.string());
}

}  // namespace quiver
