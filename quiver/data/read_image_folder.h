// Folders of pictures as Items: one row a picture, its class told by the folder it lies in.
//
//   train/cat/0001.jpg           QUIVER_TRY(Dataset data, Dataset::open("train"));
//   train/cat/0002.jpg           // image: decoded when it is looked at
//   train/dog/0001.png           // label: cat, cat, dog
//                                // file: cat/0001.jpg, ...
//
//   image   Image
//   label   Category: the path of the picture's folder from the one that is read, so classes may be nested
//           ("Futurama/character01"); missing for pictures that lie in no sub-folder; absent if none lies in one
//   file    Text: the picture's path from the folder that is read
//
// A file counts as a picture by its suffix (.png, .jpg, .jpeg, .webp in any case); what is in it is told by content
// when it is decoded. Other files, and files and folders whose names begin with a dot, are passed over. Rows are in the
// order of `file`, byte by byte, so labels have the same codes on every machine.
//
// Errors: NotFound for no folder and for no pictures in it; Io for a folder that may not be read; names that are not
// UTF-8. Cost: one walk over the folder's names; no file is opened.
#pragma once
#include <filesystem>

#include "quiver/core/result.h"
#include "quiver/data/items.h"

namespace quiver {

Result<Items> read_image_folder(const std::filesystem::path& folder);

}  // namespace quiver
