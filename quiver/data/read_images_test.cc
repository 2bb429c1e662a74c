#include "quiver/data/read_images.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/data/internal/images/fixtures.h"
#include "quiver/data/internal/testing.h"

namespace quiver {
namespace {
using internal::error_of;
using internal::expected_image;
using internal::farthest;
using internal::image_bytes;
using internal::kImageFolder;
using internal::same_shape;
using internal::TestFolder;
using ::testing::HasSubstr;

Result<Image> decode_text(const std::string& bytes, const ImageOptions& options = {}) {
  return decode_image(std::as_bytes(std::span(bytes)), options);
}
std::string message_of(const std::string& bytes) { return error_of(decode_text(bytes)); }

struct Picture {
  const char* name;
  ImageFormat format;
  int within;  // of the reference: 0 where the format is lossless
};
// Lossy formats leave an encoder's decoder some freedom; 2 of 255 is what rounding may cost.
constexpr Picture kPictures[] = {
    {"rgb.png", ImageFormat::Png, 0},
    {"rgba.png", ImageFormat::Png, 0},
    {"grey.png", ImageFormat::Png, 0},
    {"grey-alpha.png", ImageFormat::Png, 0},
    {"bits-1.png", ImageFormat::Png, 0},
    {"bits-16.png", ImageFormat::Png, 0},
    {"bits-4-interlaced.png", ImageFormat::Png, 0},
    {"interlaced.png", ImageFormat::Png, 0},
    {"palette.png", ImageFormat::Png, 0},
    {"palette-transparent.png", ImageFormat::Png, 0},
    {"grey.jpg", ImageFormat::Jpeg, 2},
    {"rgb-420.jpg", ImageFormat::Jpeg, 2},
    {"progressive.jpg", ImageFormat::Jpeg, 2},
    {"cmyk.jpg", ImageFormat::Jpeg, 2},
    {"orientation-2.jpg", ImageFormat::Jpeg, 2},
    {"orientation-3.jpg", ImageFormat::Jpeg, 2},
    {"orientation-4.jpg", ImageFormat::Jpeg, 2},
    {"orientation-5.jpg", ImageFormat::Jpeg, 2},
    {"orientation-6.jpg", ImageFormat::Jpeg, 2},
    {"orientation-7.jpg", ImageFormat::Jpeg, 2},
    {"orientation-8.jpg", ImageFormat::Jpeg, 2},
    {"lossless.webp", ImageFormat::WebP, 0},
    {"lossless-alpha.webp", ImageFormat::WebP, 0},
    {"lossy.webp", ImageFormat::WebP, 2},
};

TEST(ReadImages, GivesThePixelsOfTheReference) {
  for (const Picture& picture : kPictures) {
    const auto image = read_image(kImageFolder + picture.name);
    ASSERT_TRUE(image.has_value()) << image.error().message();
    const Image expected = expected_image(picture.name);
    ASSERT_TRUE(same_shape(*image, expected))
        << picture.name << ": " << image->width << " x " << image->height << " x " << image->channels;
    EXPECT_LE(farthest(*image, expected), picture.within) << picture.name;
    const std::string bytes = image_bytes(picture.name);
    const ImageInfo info{.format = picture.format, .height = expected.height, .width = expected.width};
    EXPECT_EQ(*image_info(std::as_bytes(std::span(bytes))), info) << picture.name;
  }
}

TEST(ReadImages, TellsFormatsByContent) {
  const TestFolder folder;
  const auto path = folder.write("lion.jpg", image_bytes("rgb.png"));
  EXPECT_EQ(*read_image(path), expected_image("rgb.png"));
  EXPECT_EQ(name_of(ImageFormat::Png), "PNG");
  EXPECT_EQ(name_of(ImageFormat::Jpeg), "JPEG");
  EXPECT_EQ(name_of(ImageFormat::WebP), "WebP");
  const auto other = folder.write("lion.png", "GIF89a....");
  EXPECT_EQ(error_of(read_image(other)), "reading " + other.string() + ": it is GIF; PNG, JPEG and WebP are read");
  EXPECT_EQ(read_image(folder / "none.png").error().code(), Code::NotFound);
}

TEST(ReadImages, OtherFormatsAreNamed) {
  EXPECT_THAT(message_of(""), HasSubstr("it is empty"));
  EXPECT_THAT(message_of("BM......"), HasSubstr("it is BMP"));
  EXPECT_THAT(message_of(std::string("II*\0....", 8)), HasSubstr("it is TIFF"));
  EXPECT_THAT(message_of("<svg xmlns"), HasSubstr("it is SVG"));
  EXPECT_THAT(message_of(std::string("\0\0\0\x1C"
                                     "ftypavif....",
                                     16)),
              HasSubstr("AVIF or HEIF"));
  EXPECT_THAT(message_of("RIFF....WAVE"), HasSubstr("does not begin like a picture; PNG, JPEG and WebP are read"));
  EXPECT_THAT(message_of(image_bytes("animated.webp")), HasSubstr("animated"));
}

TEST(ReadImages, RefusesBombsBeforeTakingMemory) {
  const auto refused = decode_text(image_bytes("rgb.png"), {.max_pixels = 9 * 13 - 1});
  EXPECT_EQ(error_of(refused),
            "its header asks for 13 x 9 pixels, more than max_pixels = 116; raise max_pixels if that is meant");
  EXPECT_EQ(refused.error().code(), Code::ResourceExhausted);
  EXPECT_TRUE(decode_text(image_bytes("rgb.png"), {.max_pixels = 9 * 13}).has_value());
  std::string png = image_bytes("rgb.png");
  png.replace(16, 8, "\x7F\xFF\xFF\xFF\x7F\xFF\xFF\xFF");
  EXPECT_THAT(message_of(png), HasSubstr("2147483647 x 2147483647 pixels, more than max_pixels = 67108864"));
  std::string jpeg = image_bytes("grey.jpg");
  const std::size_t frame = jpeg.find("\xFF\xC0");
  ASSERT_NE(frame, std::string::npos);
  jpeg.replace(frame + 5, 4, "\xFF\xFF\xFF\xFF");
  EXPECT_THAT(message_of(jpeg), HasSubstr("65535 x 65535 pixels"));
}

TEST(ReadImages, DamageIsSaidInWords) {
  std::string png = image_bytes("rgb.png");
  EXPECT_THAT(message_of(png.substr(0, 20)), HasSubstr("damaged PNG: it does not begin with an image header"));
  EXPECT_THAT(message_of(png.substr(0, png.size() - 20)), HasSubstr("damaged PNG: "));
  png[png.size() - 14] = static_cast<char>(png[png.size() - 14] ^ 1);  // the checksum of the pixels
  EXPECT_THAT(message_of(png), HasSubstr("damaged PNG: IDAT: CRC error"));
  png = image_bytes("rgb.png");
  png.replace(16, 4, std::string(4, '\0'));
  EXPECT_THAT(message_of(png), HasSubstr("damaged PNG: it has 0 x 9 pixels"));
  std::string jpeg = image_bytes("rgb-420.jpg");
  EXPECT_THAT(message_of(jpeg.substr(0, 100)), HasSubstr("damaged JPEG: it ends before its pixels begin"));
  EXPECT_THAT(message_of(jpeg.substr(0, jpeg.size() - 30)), HasSubstr("damaged JPEG: "));
  jpeg[2] = 'x';
  EXPECT_THAT(message_of(jpeg), HasSubstr("does not begin like a picture"));
  jpeg = image_bytes("rgb-420.jpg");
  jpeg[20] = 'x';  // behind the first segment
  EXPECT_THAT(message_of(jpeg), HasSubstr("damaged JPEG: byte 20 begins no segment"));
  jpeg = image_bytes("rgb-420.jpg");
  jpeg[jpeg.find("\xFF\xC0") + 9] = 2;
  EXPECT_THAT(message_of(jpeg), HasSubstr("this JPEG has 2 components a pixel; 1, 3 and 4 are read"));
  const std::string webp = image_bytes("lossless.webp");
  EXPECT_THAT(message_of(webp.substr(0, 25)), HasSubstr("damaged WebP: the file ends early"));
}

TEST(ReadImages, EveryByteMayBeDamaged) {
  const auto read = [](const std::string& damaged) -> Result<std::vector<std::uint8_t>> {
    QUIVER_TRY(Image image, decode_text(damaged, {.max_pixels = 1 << 16}));
    return std::move(image.pixels);
  };
  std::uint64_t seed = 11;
  for (const Picture& picture : kPictures) {
    const std::string bytes = image_bytes(picture.name);
    const int refused = internal::read_damaged(bytes, read, seed++, 400);
    EXPECT_GE(refused, static_cast<int>(bytes.size())) << picture.name << ": every cut file must be refused";
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      for (const int flip : {0x01, 0x80, 0xFF}) {
        std::string damaged = bytes;
        damaged[i] = static_cast<char>(damaged[i] ^ flip);
        const auto result = read(damaged);
        if (result.has_value()) continue;  // another picture: what carries no checksum cannot tell
        EXPECT_FALSE(result.error().message().empty()) << picture.name << ", byte " << i;
      }
    }
  }
}

TEST(ReadImages, PngsAreWrittenAndReadAgain) {
  for (const char* name : {"grey.png", "rgb.png", "rgba.png", "resized-20x31"}) {
    const Image image = expected_image(name);
    const auto png = encode_png(image);
    ASSERT_TRUE(png.has_value());
    EXPECT_EQ(*decode_text(*png), image) << name;
  }
  const Image one(1, 1, 3);
  EXPECT_EQ(*decode_text(*encode_png(one)), one);
  EXPECT_EQ(error_of(encode_png(Image(2, 3, 2))),
            "writing a PNG of 3 x 2 pixels with 2 channels: 1, 3 or 4 channels and at least a pixel are needed; see "
            "with_channels()");
  EXPECT_THAT(error_of(encode_png(Image())), HasSubstr("at least a pixel"));
}

}  // namespace
}  // namespace quiver
