#include "quiver/data/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <new>
#include <vector>

#include "quiver/core/options.h"
#include "quiver/data/read_hdf5.h"
#include "quiver/data/read_idx.h"
#include "quiver/data/read_jsonl.h"
#include "quiver/data/read_npy.h"
#include "quiver/data/read_tables.h"
#include "quiver/data/read_vecs.h"
#include "quiver/data/rows_file.h"

namespace quiver {
namespace {
using std::string_view;

Result<Items> read_rows_file(const Source& source, const ReadOptions& options) {
  if (source.in_memory()) return Error::unsupported("a .qvr file is mapped, not unpacked: unpack it first with gunzip");
  QUIVER_TRY(Rows rows, open_rows(source.path()));
  if (options.metric && *options.metric != rows.space().metric) {
    Space space = rows.space();
    space.metric = *options.metric;
    rows = rows.in_space(std::move(space));
  }
  return Items::of("vectors", std::move(rows));
}

constexpr string_view kFvecs[] = {".fvecs"}, kBvecs[] = {".bvecs"}, kIvecs[] = {".ivecs"}, kNpy[] = {".npy"},
                      kIdx[] = {".idx", "-ubyte"}, kHdf5[] = {".hdf5", ".h5"}, kRows[] = {".qvr"},
                      kJsonl[] = {".jsonl", ".ndjson"}, kCsv[] = {".csv"}, kTsv[] = {".tsv"},
                      kTextSuffixes[] = {".txt"};

constexpr std::array kReaders{
    Reader{"fvecs", "vectors (f32)", kFvecs, nullptr, read_fvecs},
    Reader{"bvecs", "vectors (u8)", kBvecs, nullptr, read_bvecs},
    Reader{"ivecs", "lists of neighbours", kIvecs, nullptr, read_ivecs},
    Reader{"npy", "vectors; of a one-dimensional array numbers", kNpy,
           [](string_view b) { return b.starts_with(kNpyMark); }, read_npy},
    Reader{"idx", "vectors (u8); of a one-dimensional file labels", kIdx, nullptr, read_idx},
    Reader{"hdf5", "vectors, neighbours and distances in the layout of ann-benchmarks", kHdf5,
           [](string_view b) { return b.starts_with(kHdf5Mark); }, read_hdf5},
    Reader{"rows", "vectors with their space, mapped", kRows, [](string_view b) { return b.starts_with("QUIVER"); },
           read_rows_file},
    Reader{"jsonl", "one column a key", kJsonl, nullptr, read_jsonl},
    Reader{"csv", "one column a header", kCsv, nullptr, read_csv},
    Reader{"tsv", "one column a header", kTsv, nullptr, read_tsv},
    Reader{"text", "one text a line", kTextSuffixes, nullptr, read_lines},
};

std::vector<std::string> names() {
  std::vector<std::string> out;
  for (const Reader& reader : kReaders) out.emplace_back(reader.name);
  return out;
}
}  // namespace

std::span<const Reader> readers() noexcept { return kReaders; }

Result<const Reader*> find_reader(const Source& source, std::string_view format) {
  if (!format.empty()) {
    const auto named = std::ranges::find(kReaders, format, &Reader::name);
    if (named != kReaders.end()) return &*named;
    const std::string near = did_you_mean(format, names());
    return Error::invalid_argument(fmt::format("there is no format '{}'{}; the formats are {}", format,
                                               near.empty() ? "" : fmt::format(", did you mean '{}'?", near),
                                               fmt::join(names(), ", ")));
  }
  for (const Reader& reader : kReaders) {
    if (reader.recognises != nullptr && reader.recognises(source.text())) return &reader;
  }
  const std::string name = source.name();
  for (const Reader& reader : kReaders) {
    if (std::ranges::any_of(reader.suffixes, [&](string_view suffix) { return name.ends_with(suffix); }))
      return &reader;
  }
  std::string suffixes;
  for (const Reader& reader : kReaders) {
    for (const string_view suffix : reader.suffixes)
      suffixes += fmt::format("{}{}", suffixes.empty() ? "" : " ", suffix);
  }
  return Error::unsupported(
      fmt::format("neither its contents nor its name tell the format of '{}'; say ?format=NAME or use a "
                  "suffix of {}, each also with .gz",
                  name, suffixes));
}

Result<Items> read_items(const std::filesystem::path& path, std::string_view format, const ReadOptions& options) {
  const std::string step = "reading " + path.string();
  try {
    QUIVER_TRY(const Source source, Source::open(path));
    QUIVER_TRY(const Reader* reader, find_reader(source, format).within(step));
    return reader->read(source, options).within(step);
  } catch (const std::bad_alloc&) {
    return Error::resource_exhausted(step + ": it does not fit into memory");
  }
}

}  // namespace quiver
