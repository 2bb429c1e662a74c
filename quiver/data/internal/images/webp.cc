// WebP by libwebp.
#include <fmt/format.h>
#include <webp/decode.h>

#include <string_view>

#include "quiver/data/internal/images/codecs.h"

namespace quiver {
namespace {
using internal::Bytes;

Error webp_error(VP8StatusCode status) {
  switch (status) {
    case VP8_STATUS_OUT_OF_MEMORY:
      return Error::resource_exhausted("decoding a WebP: out of memory");
    case VP8_STATUS_UNSUPPORTED_FEATURE:
      return Error::unsupported("this WebP uses a feature that libwebp does not read");
    case VP8_STATUS_SUSPENDED:
    case VP8_STATUS_NOT_ENOUGH_DATA:
      return Error::corruption("damaged WebP: the file ends early");
    default:
      return Error::corruption("damaged WebP: its data contradict each other");
  }
}

Result<WebPBitstreamFeatures> features_of(Bytes bytes) {
  WebPBitstreamFeatures features;
  const auto status = WebPGetFeatures(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(), &features);
  if (status != VP8_STATUS_OK) return webp_error(status);
  if (features.has_animation != 0) {
    return Error::unsupported(
        "this WebP is animated, so no frame of it is the picture; save the frame that counts as a file of its own");
  }
  return features;
}

}  // namespace

Result<ImageInfo> internal::webp_info(Bytes bytes) {
  QUIVER_TRY(const WebPBitstreamFeatures features, features_of(bytes));
  return ImageInfo{.format = ImageFormat::WebP,
                   .height = static_cast<std::size_t>(features.height),
                   .width = static_cast<std::size_t>(features.width)};
}

Result<Image> internal::decode_webp(Bytes bytes, const ImageInfo& info) {
  WebPDecoderConfig config;
  if (WebPInitDecoderConfig(&config) == 0) return Error::internal("decoding a WebP: libwebp is of another version");
  QUIVER_TRY(config.input, features_of(bytes));
  const bool transparent = config.input.has_alpha != 0;
  Image image(info.height, info.width, transparent ? 4 : 3);
  config.output.colorspace = transparent ? MODE_RGBA : MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA = {.rgba = image.pixels.data(),
                          .stride = static_cast<int>(image.width * image.channels),
                          .size = image.pixels.size()};
  const auto status = WebPDecode(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(), &config);
  WebPFreeDecBuffer(&config.output);
  if (status != VP8_STATUS_OK) return webp_error(status);
  return image;
}

}  // namespace quiver
