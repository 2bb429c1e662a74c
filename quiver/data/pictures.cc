#include "quiver/data/pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>
#include <optional>

#include "quiver/core/check.h"
#include "quiver/core/metric.h"

namespace quiver {
namespace {
constexpr std::size_t kPicturesPerPiece = 64;

// The side of a square of so many pixels; 0 if there is none.
std::size_t side_of(std::size_t pixels) {
  auto side = static_cast<std::size_t>(std::sqrt(static_cast<double>(pixels)));
  while (side * side < pixels) ++side;
  return side * side == pixels ? side : 0;
}

// image(row) -> Result<Image> of every row, on all threads; of several errors that of the first row.
template <class ImageOf>
Result<Pictures> gather(std::size_t count, PictureShape shape, Run& run, const ImageOf& image_of) {
  Pictures out(shape, count);
  std::mutex lock;
  std::optional<Error> failed;
  std::size_t failed_row = count;
  run.threads().parallel_for(count, kPicturesPerPiece, [&](std::size_t begin, std::size_t end, unsigned) {
    for (std::size_t row = begin; row < end && !run.stop(); ++row) {
      auto image = image_of(row);
      if (image.has_value()) {
        out.set(row, *image);
        continue;
      }
      const std::lock_guard guard(lock);
      if (row < failed_row) {
        failed = std::move(image).error();
        failed_row = row;
      }
      return;
    }
  });
  if (failed) return *std::move(failed);
  if (run.stop()) return run.stopped("reading pictures");
  return out;
}
}  // namespace

Pictures::Pictures(PictureShape shape, std::size_t count)
    : shape_(shape), count_(count), pixels_(count * shape.bytes()) {
  QUIVER_CHECK(shape.height > 0 && shape.width > 0 && (shape.channels == 1 || shape.channels == 3));
}

void Pictures::set(std::size_t row, const Image& image) {
  QUIVER_CHECK(row < count_);
  const auto write = [&](const Image& fitting) {
    std::ranges::copy(fitting.pixels, pixels_.begin() + static_cast<std::ptrdiff_t>(row * shape_.bytes()));
  };
  if (image.channels != shape_.channels) return set(row, with_channels(image, shape_.channels));
  if (image.height != shape_.height || image.width != shape_.width) {
    return write(resized(image, shape_.height, shape_.width));
  }
  write(image);
}

Pictures Pictures::take(std::span<const std::uint32_t> rows) const {
  Pictures out(shape_, rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::ranges::copy((*this)[rows[i]], out.pixels_.begin() + static_cast<std::ptrdiff_t>(i * shape_.bytes()));
  }
  return out;
}

void Pictures::append(const Pictures& other) {
  QUIVER_CHECK(shape_ == other.shape_);
  pixels_.insert(pixels_.end(), other.pixels_.begin(), other.pixels_.end());
  count_ += other.count_;
}

Result<Pictures> Pictures::of(const ImageColumn& column, PictureShape shape, Run& run) {
  return gather(column.size(), shape, run, [&](std::size_t row) { return column.image(row); });
}

Result<Pictures> Pictures::of(const Rows& rows, PictureShape shape, Run& run) {
  QUIVER_TRY(const TypedView view, rows.dense_typed());
  if (view.element != Element::U8) {
    return Error::invalid_argument(
        fmt::format("reading vectors as pictures: they hold {}, pictures are bytes (u8)", name_of(view.element)));
  }
  return gather(view.rows(), shape, run, [&](std::size_t row) {
    const auto bytes = view.bytes.row(row);
    return image_of_bytes({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  });
}

Result<Image> image_of_bytes(std::span<const std::uint8_t> row) {
  const std::size_t grey = side_of(row.size()), colour = row.size() % 3 == 0 ? side_of(row.size() / 3) : 0;
  if (row.empty() || (grey == 0 && colour == 0)) {
    return Error::invalid_argument(fmt::format(
        "reading vectors as pictures: {} bytes are no square picture, grey (such as 784) or RGB (such as 3072)",
        row.size()));
  }
  Image image(grey > 0 ? grey : colour, grey > 0 ? grey : colour, grey > 0 ? 1 : 3);
  std::ranges::copy(row, image.pixels.begin());
  return image;
}

PixelScale::PixelScale(std::span<const float> mean, std::span<const float> deviation)
    : mean_(mean.begin(), mean.end()), deviation_(deviation.begin(), deviation.end()), table_(mean.size() * 256) {
  QUIVER_CHECK(mean.size() == deviation.size());
  for (std::size_t c = 0; c < mean.size(); ++c) {
    QUIVER_CHECK(deviation[c] > 0);
    for (std::size_t byte = 0; byte < 256; ++byte) {
      table_[c * 256 + byte] = (static_cast<float>(byte) / 255 - mean[c]) / deviation[c];
    }
  }
}

PixelScale PixelScale::of(const Pictures& pictures) {
  QUIVER_CHECK(pictures.size() > 0);
  const std::size_t channels = pictures.shape().channels;
  std::vector<std::array<std::uint64_t, 256>> counts(channels);
  for (std::size_t row = 0; row < pictures.size(); ++row) {
    const auto pixels = pictures[row];
    for (std::size_t i = 0; i < pixels.size(); ++i) ++counts[i % channels][pixels[i]];
  }
  std::vector<float> mean, deviation;
  for (const auto& of_channel : counts) {
    double sum = 0, square = 0, total = 0;
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const double n = static_cast<double>(of_channel[byte]), x = static_cast<double>(byte) / 255;
      total += n;
      sum += n * x;
      square += n * x * x;
    }
    const double variance = std::max(0.0, square / total - (sum / total) * (sum / total));
    mean.push_back(static_cast<float>(sum / total));
    deviation.push_back(variance > 1e-12 ? static_cast<float>(std::sqrt(variance)) : 1.0F);
  }
  return {mean, deviation};
}

void PixelScale::apply(std::span<const std::uint8_t> pixels, float* out) const {
  const std::size_t count = channels();
  QUIVER_DCHECK(pixels.size() % count == 0);
  for (std::size_t i = 0; i < pixels.size(); i += count) {
    for (std::size_t c = 0; c < count; ++c) out[i + c] = table_[c * 256 + pixels[i + c]];
  }
}

}  // namespace quiver
