// Readers: the closed list of file formats a Dataset can be. A format is told by its first bytes where it has a mark,
// else by its suffix, or by `?format=`. Adding one is a row in reader.cc and a function from a Source to Items.
//
//   name     suffixes        columns
//   fvecs    .fvecs          vectors (f32)
//   bvecs    .bvecs          vectors (u8)
//   ivecs    .ivecs          neighbors (Number, many)
//   npy      .npy            vectors; of a one-dimensional array: value (Number)
//   idx      .idx *-ubyte    vectors (u8); of a one-dimensional file: label (Number)
//   hdf5     .hdf5 .h5       vectors, with ?part=test also neighbors and distances (ann-benchmarks)
//   rows     .qvr            vectors, mapped
//   jsonl    .jsonl .ndjson  one column a key
//   csv      .csv            one column a header
//   tsv      .tsv
//   text     .txt            text, one row a line
//
//   QUIVER_TRY(Items items, read_items("base.fvecs.gz", "", {}));
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "quiver/core/metric.h"
#include "quiver/core/result.h"
#include "quiver/data/items.h"
#include "quiver/data/source.h"

namespace quiver {

struct ReadOptions {
  std::string part = {};              // matrix of an HDF5 file
  std::optional<Metric> metric = {};  // of vectors; nullopt: what the file says, else L2
  bool header = true;                 // of CSV and TSV
};

struct Reader {
  std::string_view name, what;
  std::span<const std::string_view> suffixes;
  bool (*recognises)(std::string_view bytes);  // by a mark at the start; nullptr: the format has none
  Result<Items> (*read)(const Source& source, const ReadOptions& options);
};
std::span<const Reader> readers() noexcept;
// format: the name of a reader, or empty to tell from the contents and the name.
Result<const Reader*> find_reader(const Source& source, std::string_view format);
// Opens, finds the reader, reads. Every Error begins with the path; nothing is thrown, not even for want of memory.
Result<Items> read_items(const std::filesystem::path& path, std::string_view format, const ReadOptions& options);

}  // namespace quiver
