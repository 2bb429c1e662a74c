#include "quiver/recipes/image_sets.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <numeric>

#include "quiver/data/catalogue.h"
#include "quiver/data/dataset.h"

namespace quiver::recipes {
namespace {
namespace fs = std::filesystem;

// The column that holds the pictures. Errors: none, or several.
Result<std::string> picture_column(const Items& items) {
  std::vector<std::string> found, columns;
  for (const Field& field : items.fields()) {
    columns.push_back(describe(field));
    if ((field.modality == Modality::Image || field.modality == Modality::Rows) && !field.many) {
      found.push_back(field.name);
    }
  }
  if (found.size() == 1) return found[0];
  return Error::invalid_argument(
      fmt::format("the data needs one column of pictures (a folder of pictures has one, ?images=COLUMN makes one) or "
                  "of their bytes; "
                  "it has {}",
                  columns.empty() ? "no columns" : fmt::format("{}", fmt::join(columns, ", "))));
}

Result<LabelledPictures> open_folder(const fs::path& folder, PictureShape shape, Run& run) {
  QUIVER_TRY(const Dataset data, Dataset::open(folder.string()));
  return labelled_pictures(data.items(), "label", shape, run).within(folder.string());
}

Result<LabelledPictures> open_idx(std::string_view part, PictureShape shape, Run& run) {
  QUIVER_TRY(const fs::path images, find_file("mnist", fmt::format("{}-images-idx3-ubyte.gz", part)));
  QUIVER_TRY(const fs::path labels, find_file("mnist", fmt::format("{}-labels-idx1-ubyte.gz", part)));
  QUIVER_TRY(const Dataset pictures, Dataset::open(images.string()));
  QUIVER_TRY(const Dataset classes, Dataset::open(labels.string()));
  QUIVER_TRY(const Items both, pictures.items().beside(classes.items()));
  return labelled_pictures(both, "label", shape, run).within("mnist");
}

// White drawn on black where it was black on white.
Pictures negative(const Pictures& pictures) {
  Pictures out(pictures.shape(), pictures.size());
  Image image(pictures.shape().height, pictures.shape().width, pictures.shape().channels);
  for (std::size_t row = 0; row < pictures.size(); ++row) {
    const auto pixels = pictures[row];
    for (std::size_t i = 0; i < pixels.size(); ++i) image.pixels[i] = static_cast<std::uint8_t>(255 - pixels[i]);
    out.set(row, image);
  }
  return out;
}
}  // namespace

LabelledPictures LabelledPictures::take(std::span<const std::uint32_t> rows) const {
  LabelledPictures out{pictures.take(rows), {}, names};
  for (const std::uint32_t row : rows) out.labels.push_back(labels[row]);
  return out;
}

Result<LabelledPictures> labelled_pictures(const Items& items, std::string_view label, PictureShape shape, Run& run) {
  QUIVER_TRY(const std::string column, picture_column(items));
  QUIVER_TRY(const Field field, items.field(column));
  QUIVER_TRY(Categories classes, items.categories(label));
  for (std::size_t row = 0; row < classes.codes.size(); ++row) {
    if (classes.codes[row] == kMissingCategory) {
      return Error::invalid_argument(fmt::format("row {} has no '{}'; leave such rows out", row, label));
    }
  }
  LabelledPictures out;
  if (field.modality == Modality::Image) {
    QUIVER_TRY(const ImageColumn images, items.images(column));
    QUIVER_TRY(out.pictures, Pictures::of(images, shape, run));
  } else {
    QUIVER_TRY(const Rows rows, items.rows(column));
    QUIVER_TRY(out.pictures, Pictures::of(rows, shape, run));
  }
  // Classes by name: codes are given in order of appearance, which differs from one part of a set to the next.
  std::vector<std::uint32_t> order(classes.names.size()), code(classes.names.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order, {}, [&](std::uint32_t of) { return classes.names[of]; });
  for (std::uint32_t i = 0; i < order.size(); ++i) {
    code[order[i]] = i;
    out.names.emplace_back(classes.names[order[i]]);
  }
  for (const std::uint32_t of : classes.codes) out.labels.push_back(code[of]);
  return out;
}

Matrix pixel_rows(const Pictures& pictures) {
  Matrix rows(pictures.size(), pictures.shape().bytes());
  for (std::size_t i = 0; i < pictures.size(); ++i) std::ranges::copy(pictures[i], rows.row(i).begin());
  return rows;
}

Result<ImageTask> open_cifar10(Run& run) {
  ImageTask task;
  for (const auto& [name, part] : {std::pair{"train", &task.train}, std::pair{"test", &task.test}}) {
    QUIVER_TRY(const fs::path folder, find_file("cifar-10", fmt::format("cifar-10-images/{}", name)));
    QUIVER_TRY(*part, open_folder(folder, {32, 32, 3}, run));
  }
  if (task.train.names != task.test.names)
    return Error::corruption("cifar-10: train/ and test/ hold different classes");
  return task;
}

Result<ImageTask> open_mnist(PictureShape shape, Run& run) {
  ImageTask task;
  QUIVER_TRY(task.train, open_idx("train", shape, run));
  QUIVER_TRY(task.test, open_idx("t10k", shape, run));
  return task;
}

Result<Omniglot> open_omniglot(PictureShape shape, Run& run) {
  Omniglot letters;
  for (const auto& [name, part] : {std::pair{"images_background_small1", &letters.known},
                                   std::pair{"images_background_small2", &letters.unseen}}) {
    QUIVER_TRY(const fs::path folder, find_file("omniglot", name));
    QUIVER_TRY(*part, open_folder(folder, shape, run));
    part->pictures = negative(part->pictures);
  }
  return letters;
}

}  // namespace quiver::recipes
