// quiver index add, remove, compact: the rows of an index file change. The file is written anew beside the old one and
// renamed into its place, so whoever opens it sees all of a change or nothing.
#include <fmt/format.h>

#include <limits>

#include "quiver/cli/inputs.h"
#include "quiver/cli/row_list.h"
#include "quiver/cli/table.h"
#include "quiver/cli/verbs.h"
#include "quiver/core/progress.h"
#include "quiver/data/read_vectors.h"
#include "quiver/index/spec.h"

namespace quiver::cli {
namespace {

constexpr std::string_view kOutHelp = "write the changed index here; empty: in the place of INDEX";

struct AddFlags {
  std::string index, vectors, column, out;
  std::size_t rows = 0;
  template <class V>
  void visit(V& v) {
    v("index", index, "the index file");
    v("vectors", vectors, "the vectors to add: .qvr, .npy, .fvecs, .hdf5, ... or a data set spec");
    v("column", column, "the column that holds them; empty: the only one");
    v("rows", rows, "how many there must be; 0: any");
    v("out", out, kOutHelp);
  }
};

struct RemoveFlags {
  std::string index, out;
  std::vector<std::string> rows;
  template <class V>
  void visit(V& v) {
    v("index", index, "the index file");
    v("rows", rows, "row numbers, ranges such as 10-19, and @FILE with a list of them");
    v("out", out, kOutHelp);
  }
};

struct CompactFlags {
  std::string index, map, out;
  template <class V>
  void visit(V& v) {
    v("index", index, "the index file");
    v("map", map, "write what each row was called before: .ivecs or .npy, one number a row");
    v("out", out, kOutHelp);
  }
};

Result<std::string> target(const std::string& index, const std::string& out) {
  const std::string path = out.empty() ? index : out;
  QUIVER_TRY(check_writable(path));
  return path;
}

Json counts_of(const Index& index, const std::string& path) {
  return {{"out", path}, {"rows", index.size()}, {"live", index.live()}, {"bytes", index.bytes()}};
}

Result<Answer> run_add(const AddFlags& options, Run&) {
  QUIVER_TRY(const std::string out, target(options.index, options.out));
  QUIVER_TRY(const auto index, open_index(options.index));
  QUIVER_TRY(const Rows rows, read_rows(options.vectors, options.column, options.rows));
  const std::string what = fmt::format("adding {} to {}", options.vectors, options.index);
  QUIVER_TRY(const RowsView view, queries_for(*index, rows).within(what));
  const std::size_t first = index->size();
  QUIVER_TRY(index->add(view).within(what));
  QUIVER_TRY(index->save(out));
  Json json = counts_of(*index, out);
  json["added"] = rows.size();
  json["first"] = first;
  return Answer{std::move(json),
                fmt::format("{}: {} rows added, numbers {} .. {}; {} live rows, {}\n", out, grouped(rows.size()), first,
                            index->size() - 1, grouped(index->live()), human_bytes(index->bytes()))};
}

Result<Answer> run_remove(const RemoveFlags& options, Run&) {
  QUIVER_TRY(const std::string out, target(options.index, options.out));
  QUIVER_TRY(const auto index, open_index(options.index));
  QUIVER_TRY(const std::vector<std::uint32_t> rows,
             parse_rows(options.rows, index->size()).within(fmt::format("removing from {}", options.index)));
  QUIVER_TRY(index->remove(rows).within(options.index));
  QUIVER_TRY(index->save(out));
  Json json = counts_of(*index, out);
  json["removed"] = rows.size();
  return Answer{std::move(json),
                fmt::format("{}: {} rows removed; {} live rows, {}\n"
                            "Next: quiver index compact {} gives back their room and numbers the others anew\n",
                            out, grouped(rows.size()), grouped(index->live()), human_bytes(index->bytes()), out)};
}

// Former row numbers, one a row.
Result<void> write_map(const std::string& path, std::span<const std::uint32_t> numbers) {
  constexpr std::uint32_t kLargest = std::numeric_limits<std::int32_t>::max();
  if (!numbers.empty() && numbers.back() > kLargest) {
    return Error::unsupported(
        fmt::format("{}: numbers of 32 bits with a sign cannot name row {}; leave out --map, or "
                    "build the index again",
                    path, numbers.back()));
  }
  const std::vector<std::int32_t> values(numbers.begin(), numbers.end());
  return write_integers(path, {values.data(), values.size(), 1, 1});
}

Result<Answer> run_compact(const CompactFlags& options, Run& run) {
  QUIVER_TRY(const std::string out, target(options.index, options.out));
  if (!options.map.empty()) {
    QUIVER_TRY(check_writable(options.map));
  }
  QUIVER_TRY(const auto index, open_index(options.index));
  const std::size_t rows = index->size(), bytes = index->bytes();
  QUIVER_TRY(const std::vector<std::uint32_t> numbers, index->compact(run).within(options.index));
  if (!options.map.empty()) {  // first: without it nobody could tell what the rows of the new file are
    QUIVER_TRY(write_map(options.map, numbers));
  }
  QUIVER_TRY(index->save(out));
  Json json = counts_of(*index, out);
  json["rows_before"] = rows;
  json["bytes_before"] = bytes;
  if (!options.map.empty()) json["map"] = options.map;
  std::string text = fmt::format("{}: {} rows, {} before; {}, {} before\n", out, grouped(index->size()), grouped(rows),
                                 human_bytes(index->bytes()), human_bytes(bytes));
  if (!options.map.empty()) text += fmt::format("What row i was called before is number i of {}\n", options.map);
  return Answer{std::move(json), std::move(text)};
}

}  // namespace

std::vector<Verb> index_update_verbs() {
  return {
      make_verb<AddFlags>(
          {.name = "index add",
           .summary = "add vectors to an index",
           .details = "New rows are numbered on from the last one. They must be of the index's space and length; of "
                      "vectors whose beginning the index holds, it takes that.\n\nThe file is replaced when all is "
                      "written: a search that has it open goes on with what it was. What an index learned from its "
                      "first rows stays: build it again when the new ones are of another kind.",
           .positional = {"index", "vectors"},
           .required = {"index", "vectors"},
           .examples = {{"quiver index add notes.qvi today.qvr", "in place"},
                        {"quiver index add base.qvi more.fvecs --out larger.qvi", "beside the old file"}}},
          run_add),
      make_verb<RemoveFlags>(
          {.name = "index remove",
           .summary = "take rows out of an index",
           .details = "A removed row is never a hit again, and the others keep their numbers until `quiver index "
                      "compact`. If one of the rows is not there, nothing is removed.",
           .positional = {"index", "rows"},
           .required = {"index", "rows"},
           .examples = {{"quiver index remove notes.qvi 7 100-199", "by number"},
                        {"quiver index remove notes.qvi @gone.txt", "as a file lists them"}}},
          run_remove),
      make_verb<CompactFlags>(
          {.name = "index compact",
           .summary = "give back the room of removed rows and number the others anew",
           .details = "The rows that are left keep their order and become 0, 1, 2, and so on. Whatever else knows rows "
                      "by number, such as labels, must be numbered anew as --map says.",
           .positional = {"index"},
           .required = {"index"},
           .examples = {{"quiver index compact notes.qvi --map former.ivecs",
                         "in place; number i was row i's before"}}},
          run_compact)};
}

}  // namespace quiver::cli
