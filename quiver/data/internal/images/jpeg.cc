// JPEG by TurboJPEG, and what that does not tell: size, inks and orientation, from the segments before the pixels.
#include <fmt/format.h>
#include <turbojpeg.h>

#include <cstring>
#include <memory>
#include <string_view>

#include "quiver/data/internal/images/codecs.h"

namespace quiver {
namespace {
using internal::Bytes;

struct JpegHeader {
  std::size_t height = 0, width = 0, components = 0;
  bool adobe = false;  // its inks count from paper: 255 is none
  unsigned orientation = 1;
};

// Numbers of either byte order; what lies outside reads as 0, which no caller takes for a value.
struct ByteReader {
  Bytes bytes;
  bool little = false;
  std::size_t operator()(std::size_t at, std::size_t count) const {
    if (at > bytes.size() || count > bytes.size() - at) return 0;
    std::size_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      value = value << 8 | std::to_integer<std::size_t>(bytes[little ? at + count - 1 - i : at + i]);
    }
    return value;
  }
};

bool begins_with(Bytes bytes, std::string_view mark) {
  return bytes.size() >= mark.size() && std::memcmp(bytes.data(), mark.data(), mark.size()) == 0;
}

// Exif: a TIFF header, then its first directory: a count and entries of 12 bytes: tag, type, count, value.
// 1 where nothing is said, or nothing that can be understood: many cameras' Exif is slightly wrong.
unsigned exif_orientation(Bytes exif) {
  constexpr std::size_t kOrientation = 0x0112, kShort = 3, kEntry = 12;
  if (!begins_with(exif, "II") && !begins_with(exif, "MM")) return 1;
  const ByteReader read{exif, begins_with(exif, "II")};
  const std::size_t directory = read(4, 4), entries = read(directory, 2);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t entry = directory + 2 + kEntry * i;
    if (read(entry, 2) != kOrientation || read(entry + 2, 2) != kShort) continue;
    const std::size_t value = read(entry + 8, 2);
    return value >= 1 && value <= 8 ? static_cast<unsigned>(value) : 1;
  }
  return 1;
}

// FF D8, then segments: FF, kind, two bytes of length (with themselves), content. The pixels follow FF DA.
Result<JpegHeader> header_of(Bytes bytes) {
  constexpr std::string_view kExif("Exif\0\0", 6);
  JpegHeader header;
  const ByteReader read{bytes};
  std::size_t at = 2;
  while (at + 4 <= bytes.size()) {
    if (read(at, 1) != 0xFF) return Error::corruption(fmt::format("damaged JPEG: byte {} begins no segment", at));
    const std::size_t kind = read(at + 1, 1);
    if (kind == 0xFF) {  // fill
      ++at;
      continue;
    }
    const std::size_t length = read(at + 2, 2);
    if (length < 2 || length > bytes.size() - at - 2) break;
    const Bytes content = bytes.subspan(at + 4, length - 2);
    const bool frame = kind >= 0xC0 && kind <= 0xCF && kind != 0xC4 && kind != 0xC8 && kind != 0xCC;
    if (frame && header.components == 0) {
      const ByteReader field{content};
      header.height = field(1, 2);
      header.width = field(3, 2);
      header.components = field(5, 1);
    } else if (kind == 0xE1 && begins_with(content, kExif)) {
      header.orientation = exif_orientation(content.subspan(kExif.size()));
    } else if (kind == 0xEE && begins_with(content, "Adobe")) {
      header.adobe = true;
    } else if (kind == 0xDA) {
      if (header.components == 0) break;
      return header;
    }
    at += 2 + length;
  }
  return Error::corruption("damaged JPEG: it ends before its pixels begin");
}

// (height, width, 4) of inks -> RGB.
Image without_ink(const Image& inks, bool adobe) {
  constexpr unsigned kPaper = 255;
  Image out(inks.height, inks.width, 3);
  for (std::size_t i = 0; i < inks.height * inks.width; ++i) {
    const std::uint8_t* ink = inks.pixels.data() + 4 * i;
    const auto paper = [&](std::size_t c) { return adobe ? unsigned{ink[c]} : kPaper - ink[c]; };
    for (std::size_t c = 0; c < 3; ++c) {
      out.pixels[3 * i + c] = static_cast<std::uint8_t>((paper(c) * paper(3) + kPaper / 2) / kPaper);
    }
  }
  return out;
}

}  // namespace

Result<ImageInfo> internal::jpeg_info(Bytes bytes) {
  QUIVER_TRY(const JpegHeader header, header_of(bytes));
  const bool turned = header.orientation >= 5;
  return ImageInfo{.format = ImageFormat::Jpeg,
                   .height = turned ? header.width : header.height,
                   .width = turned ? header.height : header.width};
}

Result<Image> internal::decode_jpeg(Bytes bytes) {
  QUIVER_TRY(const JpegHeader header, header_of(bytes));
  if (header.components != 1 && header.components != 3 && header.components != 4) {
    return Error::unsupported(
        fmt::format("this JPEG has {} components a pixel; 1, 3 and 4 are read", header.components));
  }
  const std::unique_ptr<void, int (*)(tjhandle)> jpeg(tjInitDecompress(), tjDestroy);
  if (jpeg == nullptr) return Error::resource_exhausted("decoding a JPEG: out of memory");
  const int format = header.components == 1 ? TJPF_GRAY : header.components == 3 ? TJPF_RGB : TJPF_CMYK;
  Image image(header.height, header.width, header.components);
  const int width = static_cast<int>(header.width), height = static_cast<int>(header.height);
  // The size is this file's own, so TurboJPEG neither scales nor writes past it, whatever it reads in the header. A
  // progressive file of more than 500 scans is refused: it costs much time for few bytes.
  if (tjDecompress2(jpeg.get(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), image.pixels.data(),
                    width, width * tjPixelSize[format], height, format,
                    TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS) != 0) {
    return Error::corruption(fmt::format("damaged JPEG: {}", tjGetErrorStr2(jpeg.get())));
  }
  if (header.components == 4) image = without_ink(image, header.adobe);
  return oriented(image, header.orientation);
}

}  // namespace quiver
