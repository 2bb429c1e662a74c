// ImageColumn: the pictures of Items, one a row, decoded when they are asked for. Items keep the paths alone, so that a
// set of a million pictures opens at once and takes the memory of their names.
//
//   QUIVER_TRY(Dataset data, Dataset::open("photos.csv?images=photo"));
//   QUIVER_TRY(ImageColumn photos, data.items().images("photo"));
//   QUIVER_TRY(ImageInfo info, photos.info(0));                  // format and size, from the header
//   QUIVER_TRY(Image image, photos.image(0));                    // the pixels, read anew each time
//
// Files must stay as they are while the Items are used. Whoever needs pictures again keeps them, resized, itself.
//
// Errors name the file: absent or damaged, see read_images.h; FailedPrecondition for a missing cell.
// Thread-safety: immutable; decode from as many threads as there are. Cost: info() maps the file and reads its header,
// image() decodes.
#pragma once
#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

#include "quiver/core/result.h"
#include "quiver/data/items.h"
#include "quiver/data/read_images.h"

namespace quiver {

class ImageColumn {
 public:
  std::size_t size() const noexcept { return count_; }
  bool missing(std::size_t row) const;
  std::filesystem::path path(std::size_t row) const;  // empty where missing
  Result<ImageInfo> info(std::size_t row) const;
  Result<Image> image(std::size_t row, const ImageOptions& options = {}) const;

 private:
  friend class Items;
  Result<std::filesystem::path> present(std::size_t row) const;
  std::shared_ptr<const internal::Column> column_;
  std::size_t first_ = 0, count_ = 0;
};

// These Text columns hold paths, relative to `folder`: they become columns of pictures. Errors: NotFound, naming the
// row, where there is no such file; InvalidArgument for a column of another kind.
Result<Items> with_images(const Items& items, std::span<const std::string_view> columns,
                          const std::filesystem::path& folder);

}  // namespace quiver
