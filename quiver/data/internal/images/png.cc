// PNG by libpng. Its errors leave by longjmp, so whatever may fail runs in functions that hold nothing a destructor
// would have to free; buffers belong to their callers.
#include <fmt/format.h>
#include <png.h>

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstring>
#include <string>
#include <vector>

#include "quiver/data/internal/images/codecs.h"

namespace quiver {
namespace {
using internal::Bytes;

struct PngState {
  png_structp png = nullptr;
  png_infop info = nullptr;
  Bytes rest;              // of the input
  std::string* out;        // of the output
  char failure[160] = {};  // libpng's words
};

void png_failed(png_structp png, png_const_charp message) {
  auto& state = *static_cast<PngState*>(png_get_error_ptr(png));
  const std::size_t size = std::min(std::strlen(message), sizeof state.failure - 1);
  std::memcpy(state.failure, message, size);
  state.failure[size] = '\0';
  png_longjmp(png, 1);
}
void png_warned(png_structp, png_const_charp) {}  // of chunks that do not change a pixel

void give_bytes(png_structp png, png_bytep to, std::size_t count) {
  auto& state = *static_cast<PngState*>(png_get_io_ptr(png));
  if (count > state.rest.size()) png_error(png, "the file ends early");
  std::memcpy(to, state.rest.data(), count);
  state.rest = state.rest.subspan(count);
}

// Up to the rows: how they will come. False: state.failure says why.
bool start_reading(PngState& state, std::size_t& channels, std::size_t& row_bytes) {
  if (setjmp(png_jmpbuf(state.png)) != 0) return false;
  png_set_read_fn(state.png, &state, give_bytes);
  png_set_crc_action(state.png, PNG_CRC_ERROR_QUIT, PNG_CRC_WARN_DISCARD);
  png_read_info(state.png, state.info);
  const bool transparent = png_get_valid(state.png, state.info, PNG_INFO_tRNS) != 0;
  png_set_expand(state.png);    // palettes, fewer bits, tRNS
  png_set_scale_16(state.png);  // rounds
  const auto type = png_get_color_type(state.png, state.info);
  if (type == PNG_COLOR_TYPE_GRAY_ALPHA || (type == PNG_COLOR_TYPE_GRAY && transparent)) {
    png_set_gray_to_rgb(state.png);
  }
  png_set_interlace_handling(state.png);
  png_read_update_info(state.png, state.info);
  channels = png_get_channels(state.png, state.info);
  row_bytes = png_get_rowbytes(state.png, state.info);
  return true;
}
bool read_rows(PngState& state, png_bytepp rows) {
  if (setjmp(png_jmpbuf(state.png)) != 0) return false;
  png_read_image(state.png, rows);
  png_read_end(state.png, nullptr);
  return true;
}

void take_bytes(png_structp png, png_bytep from, std::size_t count) {
  auto& state = *static_cast<PngState*>(png_get_io_ptr(png));
  bool full = false;
  try {
    state.out->append(reinterpret_cast<const char*>(from), count);
  } catch (const std::bad_alloc&) {
    full = true;
  }
  if (full) png_error(png, "out of memory");
}
bool write_rows(PngState& state, const Image& image, int type, png_bytepp rows) {
  if (setjmp(png_jmpbuf(state.png)) != 0) return false;
  png_set_write_fn(state.png, &state, take_bytes, nullptr);
  png_set_IHDR(state.png, state.info, static_cast<png_uint_32>(image.width), static_cast<png_uint_32>(image.height), 8,
               type, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(state.png, state.info);
  png_write_image(state.png, rows);
  png_write_end(state.png, nullptr);
  return true;
}

std::vector<png_bytep> rows_of(Image& image) {
  std::vector<png_bytep> rows;
  for (std::size_t y = 0; y < image.height; ++y) {
    rows.push_back(image.pixels.data() + y * image.width * image.channels);
  }
  return rows;
}
Error png_error_of(const PngState& state) { return Error::corruption(fmt::format("damaged PNG: {}", state.failure)); }

struct PngReading : PngState {
  PngReading() : PngState{} {
    png = png_create_read_struct(PNG_LIBPNG_VER_STRING, static_cast<PngState*>(this), png_failed, png_warned);
    if (png != nullptr) info = png_create_info_struct(png);
  }
  ~PngReading() { png_destroy_read_struct(&png, &info, nullptr); }
  PngReading(const PngReading&) = delete;
  PngReading& operator=(const PngReading&) = delete;
};
struct PngWriting : PngState {
  PngWriting() : PngState{} {
    png = png_create_write_struct(PNG_LIBPNG_VER_STRING, static_cast<PngState*>(this), png_failed, png_warned);
    if (png != nullptr) info = png_create_info_struct(png);
  }
  ~PngWriting() { png_destroy_write_struct(&png, &info); }
  PngWriting(const PngWriting&) = delete;
  PngWriting& operator=(const PngWriting&) = delete;
};

}  // namespace

// signature (8) | length of IHDR (4) "IHDR" | width (4) height (4) ..., big-endian
Result<ImageInfo> internal::png_info(Bytes bytes) {
  constexpr std::size_t kHeader = 33;  // with the checksum
  if (bytes.size() < kHeader || std::memcmp(bytes.data() + 12, "IHDR", 4) != 0) {
    return Error::corruption("damaged PNG: it does not begin with an image header");
  }
  const auto number_at = [&](std::size_t at) {
    std::size_t value = 0;
    for (std::size_t i = at; i < at + 4; ++i) value = value << 8 | std::to_integer<std::size_t>(bytes[i]);
    return value;
  };
  return ImageInfo{.format = ImageFormat::Png, .height = number_at(20), .width = number_at(16)};
}

Result<Image> internal::decode_png(Bytes bytes, const ImageInfo& info) {
  PngReading state;
  if (state.info == nullptr) return Error::resource_exhausted("decoding a PNG: out of memory");
  state.rest = bytes;
  std::size_t channels = 0, row_bytes = 0;
  if (!start_reading(state, channels, row_bytes)) return png_error_of(state);
  if (png_get_image_width(state.png, state.info) != info.width ||
      png_get_image_height(state.png, state.info) != info.height || row_bytes != info.width * channels) {
    return Error::corruption("damaged PNG: its header is there twice");
  }
  Image image(info.height, info.width, channels);
  std::vector<png_bytep> rows = rows_of(image);
  if (!read_rows(state, rows.data())) return png_error_of(state);
  return image;
}

Result<std::string> encode_png(const Image& image) {
  if (image.pixels.empty() || (image.channels != 1 && image.channels != 3 && image.channels != 4)) {
    return Error::invalid_argument(
        fmt::format("writing a PNG of {} x {} pixels with {} channels: 1, 3 or 4 channels and at least a pixel are "
                    "needed; see with_channels()",
                    image.width, image.height, image.channels));
  }
  PngWriting state;
  if (state.info == nullptr) return Error::resource_exhausted("writing a PNG: out of memory");
  std::string out;
  state.out = &out;
  const int type = image.channels == 1   ? PNG_COLOR_TYPE_GRAY
                   : image.channels == 3 ? PNG_COLOR_TYPE_RGB
                                         : PNG_COLOR_TYPE_RGB_ALPHA;
  Image copy = image;  // libpng's rows are not const
  std::vector<png_bytep> rows = rows_of(copy);
  if (!write_rows(state, image, type, rows.data())) {
    return Error::resource_exhausted(fmt::format("writing a PNG of {} x {} pixels: {}", image.width, image.height,
                                                 static_cast<const char*>(state.failure)));
  }
  return out;
}

}  // namespace quiver
