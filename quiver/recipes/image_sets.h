// Labelled pictures for recipes: public sets read into memory, with the classes as numbers.
//
//   QUIVER_TRY(const ImageTask cifar, open_cifar10(run));            // 50,000 to learn from, 10,000 to test
//   QUIVER_TRY(const ImageTask digits, open_mnist({28, 28, 1}, run));
//   QUIVER_TRY(const Omniglot letters, open_omniglot({28, 28, 1}, run));
//   QUIVER_TRY(LabelledPictures mine, labelled_pictures(items, "label", {32, 32, 3}, run));
//
//   cifar-10   the JPEG copy: cifar-10-images/{train,test}/<class>/*.jpg
//   mnist      the four idx files
//   omniglot   the two small background sets: five alphabets each, which share no letter; ink becomes white on black,
//   as
//              in mnist, so that the edge of a picture is its background
//
// Archives are unpacked once, into the cache (catalogue.h). Errors: NotFound with what to do, those of reading
// pictures; InvalidArgument for items without pictures or bytes, and for a label that is missing. Thread-safety:
// functions. Cost: decoding, some seconds for cifar-10.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/core/run.h"
#include "quiver/data/items.h"
#include "quiver/data/pictures.h"

namespace quiver::recipes {

struct LabelledPictures {
  Pictures pictures;
  std::vector<std::uint32_t> labels;  // one a picture, below names.size()
  std::vector<std::string> names;     // of the classes, sorted: parts of one set number them alike
  std::size_t size() const noexcept { return labels.size(); }
  LabelledPictures take(std::span<const std::uint32_t> rows) const;
};
struct ImageTask {
  LabelledPictures train, test;
};
struct Omniglot {
  LabelledPictures known, unseen;  // letters of images_background_small1, of images_background_small2
};

// The one column of pictures, or of rows of bytes, and the column of labels.
Result<LabelledPictures> labelled_pictures(const Items& items, std::string_view label, PictureShape shape, Run& run);

// The pictures as vectors of their bytes: (pictures, height * width * channels).
Matrix pixel_rows(const Pictures& pictures);

Result<ImageTask> open_cifar10(Run& run);  // 32 x 32, RGB
Result<ImageTask> open_mnist(PictureShape shape, Run& run);
Result<Omniglot> open_omniglot(PictureShape shape, Run& run);

}  // namespace quiver::recipes
