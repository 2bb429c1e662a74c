#include "quiver/data/read_image_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "quiver/data/internal/array.h"
#include "quiver/data/items_builder.h"
#include "quiver/data/text.h"

namespace quiver {
namespace {
namespace fs = std::filesystem;

constexpr std::array<std::string_view, 4> kPictureSuffixes{".png", ".jpg", ".jpeg", ".webp"};

bool is_picture(const fs::path& path) {
  std::string suffix = path.extension().string();
  for (char& c : suffix) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return std::ranges::find(kPictureSuffixes, suffix) != kPictureSuffixes.end();
}

// The pictures' paths from the folder, in order.
Result<std::vector<std::string>> pictures_in(const fs::path& folder) {
  std::vector<std::string> files;
  std::error_code failed;
  fs::recursive_directory_iterator entry(folder, failed);
  for (; !failed && entry != fs::recursive_directory_iterator(); entry.increment(failed)) {
    std::error_code gone;  // a broken link is no picture
    if (entry->path().filename().string().starts_with('.')) {
      entry.disable_recursion_pending();
    } else if (is_picture(entry->path()) && entry->is_regular_file(gone)) {
      files.push_back(entry->path().lexically_relative(folder).generic_string());
    }
  }
  if (failed) return Error::io(fmt::format("listing its files: {}", failed.message()));
  std::ranges::sort(files);
  return files;
}

std::string_view folder_of(std::string_view file) {
  const std::size_t slash = file.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : file.substr(0, slash);
}

Result<Items> read_pictures(const fs::path& folder) {
  std::error_code failed;
  if (!fs::is_directory(folder, failed)) return Error::not_found("there is no such folder");
  QUIVER_TRY(const std::vector<std::string> files, pictures_in(folder));
  if (files.empty()) {
    return Error::not_found(
        fmt::format("there are no pictures in it or below: no file ends in {}", fmt::join(kPictureSuffixes, ", ")));
  }
  QUIVER_TRY(internal::check_counts(files.size(), 1));
  const bool labelled = std::ranges::any_of(files, [](const std::string& file) { return !folder_of(file).empty(); });
  std::vector<Field> fields{{.name = "image", .modality = Modality::Image}, {.name = "file"}};
  if (labelled) fields.push_back({.name = "label", .modality = Modality::Category});
  ItemsBuilder builder(fields);
  for (const std::string& file : files) {
    QUIVER_TRY(check_utf8(file).within("the names of its files"));
    builder.image(0, (folder / file).string());
    builder.text(1, file);
    if (const std::string_view label = folder_of(file); !label.empty()) builder.category(2, label);
    builder.end_row();
  }
  return std::move(builder).build();
}

}  // namespace

Result<Items> read_image_folder(const fs::path& folder) {
  return read_pictures(folder).within("reading the pictures in " + folder.string());
}

}  // namespace quiver
