// Dataset: Items by name. One text, the spec, says where they are and which of them are wanted.
//
//   QUIVER_TRY(auto data, Dataset::open("reviews.jsonl?split=train&columns=text,stars"));
//   QUIVER_TRY(Items items, data.items({}));                        // {}: all columns
//   QUIVER_TRY(auto test, data.split("test", "author"));            // all rows of one author on one side
//
//   spec     := place [ "?" option "=" value { "&" option "=" value } ]
//   place    := path of a file              its format is told by content, then by suffix; .gz is read as it is
//             | path of a folder            of pictures, see read_image_folder.h
//             | generator ":" arguments     wordnet:/usr/share/wordnet
//   options  := split together columns limit rows       (SelectOptions: of every place)
//             | part metric format header images        (DatasetOptions: of files alone)
//
// The formats are listed in reader.h. A Dataset is read when it is opened, except .qvr files, which are mapped, and
// pictures, which are decoded when they are looked at.
// Errors name the spec and the cause: an absent file, an unknown format or option (with the nearest known one), a
// damaged file (with the line, or the row and column), an empty set, a row count other than the declared `rows`.
// Thread-safety: immutable, so share freely. Cost: copies share the columns.
#pragma once
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "quiver/core/result.h"
#include "quiver/data/items.h"
#include "quiver/data/split.h"

namespace quiver {

// Which of the rows and columns.
struct SelectOptions {
  std::string split = "all", together, columns;
  std::size_t limit = 0, rows = 0;
  template <class V>
  void visit(V& v) {
    v.choice("split", split, "rows of one side of the split", {"all", "train", "validation", "test"});
    v("together", together, "column whose equal values stay on one side of the split");
    v("columns", columns, "columns to keep, separated by commas; empty: all");
    v("limit", limit, "keep this many rows at most; 0: all");
    v("rows", rows, "the row count there must be; 0: unknown");
  }
};

// And how a file is read.
struct DatasetOptions : SelectOptions {
  std::string part, metric, format, images;
  bool header = true;
  template <class V>
  void visit(V& v) {
    SelectOptions::visit(v);
    v("part", part, "matrix of an HDF5 file: train | test; empty: train");
    v("metric", metric,
      "metric of vectors from a plain file: l2 | dot | cosine | ...; empty: what the file says, else l2");
    v("format", format, "format of the file where its name does not tell, see `quiver data formats`");
    v("header", header, "the first line of a CSV or TSV file names its columns");
    v("images", images, "columns that name pictures, by their paths from the file's folder; separated by commas");
  }
};

class Dataset {
 public:
  static Result<Dataset> open(std::string_view spec);
  // Items of the caller's own; `together` is the column split() uses when it is given none.
  static Dataset of(Items items, std::string name = "items", std::string together = {});

  const std::string& spec() const noexcept { return spec_; }
  const std::string& together() const noexcept { return together_; }
  std::size_t size() const noexcept { return items_.size(); }
  std::span<const Field> fields() const noexcept { return items_.fields(); }
  // A licence notice that must go with results made from this data; empty for files.
  const std::string& notice() const noexcept { return notice_; }
  // 32 hex digits that change when any row does: what caches and model cards record.
  Result<std::string> digest() const;

  Result<Items> items(std::span<const std::string_view> columns) const;
  const Items& items() const noexcept { return items_; }
  // name: all | train | validation | test. Error FailedPrecondition when the side is empty.
  Result<Dataset> split(std::string_view name, std::string_view together = {}) const;

 private:
  Items items_;
  std::string spec_, together_, notice_;
};

}  // namespace quiver
