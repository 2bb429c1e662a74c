// quiver data: the public data sets that recipes and examples use, and what a data set spec may be.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "quiver/cli/show.h"
#include "quiver/cli/table.h"
#include "quiver/cli/verbs.h"
#include "quiver/core/progress.h"
#include "quiver/data/catalogue.h"
#include "quiver/data/dataset.h"
#include "quiver/data/fetch.h"
#include "quiver/data/reader.h"

namespace quiver::cli {
namespace {

struct NoOptions {
  template <class V>
  void visit(V&) {}
};
struct SetOptions {
  std::string set;
  template <class V>
  void visit(V& v) {
    v("set", set, "the data set's name, as `quiver data list` prints it");
  }
};
struct ShowOptions {
  std::string spec;
  std::size_t head = 3;
  template <class V>
  void visit(V& v) {
    v("spec", spec, "a file, a folder of pictures, or a spec such as wordnet:/usr/share/wordnet?split=test");
    v("head", head, "how many rows to show", 0, 1000);
  }
};

Result<Answer> run_list(const NoOptions&, Run&) {
  QUIVER_TRY(auto folder, data_folder());
  Table table({"name", "here", "licence", "what"});
  Json list = Json::array();
  for (const PublicSet& set : catalogue()) {
    std::error_code failed;
    const bool here = std::filesystem::is_directory(folder / set.name, failed);
    table.add({std::string(set.name),
               here              ? "yes"
               : set.fetchable() ? "fetch"
                                 : "no",
               shorten(set.licence, 28), shorten(set.what, 60)});
    Json entry{{"name", set.name},       {"what", set.what}, {"licence", set.licence},
               {"address", set.address}, {"here", here},     {"fetchable", set.fetchable()}};
    if (!set.instead.empty()) entry["instead"] = set.instead;
    Json files = Json::array();
    for (const PublicFile& file : set.files) {
      files.push_back({{"name", file.name},
                       {"repository", file.repository},
                       {"commit", file.commit},
                       {"path", file.path},
                       {"bytes", file.bytes},
                       {"sha256", file.sha256}});
    }
    entry["files"] = std::move(files);
    list.push_back(std::move(entry));
  }
  return Answer{
      {{"folder", folder.string()}, {"sets", std::move(list)}},
      fmt::format("Data folder: {} (QUIVER_DATA changes it)\n\n{}\n"
                  "here: yes, fetch (`quiver data fetch NAME` gets it), no (`quiver data fetch NAME` says how)\n",
                  folder.string(), table.text(0))};
}

Result<Answer> run_fetch(const SetOptions& options, Run& run) {
  QUIVER_TRY(const PublicSet* set, find_set(options.set));
  QUIVER_TRY(Fetched fetched, fetch_set(*set, run));
  return Answer{
      {{"folder", fetched.folder.string()},
       {"files", fetched.files},
       {"kept", fetched.kept},
       {"bytes", fetched.bytes},
       {"licence", set->licence}},
      fmt::format("{}: {} files, {} of them were here already, {} fetched\nLicence: {}\n", fetched.folder.string(),
                  fetched.files, fetched.kept, human_bytes(fetched.bytes), set->licence)};
}

Result<Answer> run_formats(const NoOptions&, Run&) {
  Table table({"format", "suffixes", "holds"});
  Json list = Json::array();
  for (const Reader& reader : readers()) {
    table.add({std::string(reader.name), fmt::format("{}", fmt::join(reader.suffixes, " ")), std::string(reader.what)});
    list.push_back({{"name", reader.name}, {"suffixes", reader.suffixes}, {"what", reader.what}});
  }
  std::string text = table.text(0) + "\nOptions of a spec, as in reviews.jsonl?split=test&limit=100\n";
  Json options = Json::array();
  Table behind({"option", "meaning"});
  for (const OptionSpec& spec : describe<DatasetOptions>()) {
    behind.add({spec.name, spec.help});
    options.push_back({{"name", spec.name}, {"help", spec.help}});
  }
  return Answer{{{"formats", std::move(list)}, {"options", std::move(options)}}, text + behind.text()};
}

Result<Answer> run_show(const ShowOptions& options, Run&) {
  QUIVER_TRY(Dataset data, Dataset::open(options.spec));
  QUIVER_TRY(std::string digest, data.digest());
  QUIVER_TRY(Json head, items_json(data.items(), options.head));
  Json fields = Json::array();
  std::string text = fmt::format("{}: {} rows\nDigest {}\n\n", data.spec(), grouped(data.size()), digest);
  for (const Field& field : data.fields()) {
    fields.push_back({{"name", field.name},
                      {"modality", name_of(field.modality)},
                      {"many", field.many},
                      {"optional", field.optional}});
    text += fmt::format("  {}\n", describe(field));
  }
  Table table({"row", "column", "value"});  // a line for each cell: rows of many long texts stay readable
  for (std::size_t row = 0; row < std::min(options.head, data.size()); ++row) {
    for (const Field& field : data.fields()) {
      QUIVER_TRY(std::string value, cell_text(data.items(), field, row));
      table.add({std::to_string(row), field.name, shorten(value, 80)});
    }
  }
  if (options.head > 0) text += "\n" + table.text();
  if (!data.notice().empty()) text += "\n" + data.notice() + "\n";
  return Answer{{{"spec", data.spec()},
                 {"rows", data.size()},
                 {"digest", digest},
                 {"fields", std::move(fields)},
                 {"head", std::move(head)}},
                text};
}

}  // namespace

std::vector<Verb> data_verbs() {
  return {
      make_verb<NoOptions>({.name = "data list",
                            .summary = "list the public data sets that recipes and examples use",
                            .examples = {{"quiver data list --json", "with addresses, commits and sha256"}}},
                           run_list),
      make_verb<SetOptions>(
          {.name = "data fetch",
           .summary = "download a public data set and verify it",
           .details = "Every file comes from a fixed commit of a public address and is compared with its "
                      "known sha256; an interrupted download is continued.",
           .positional = {"set"},
           .required = {"set"},
           .examples = {{"quiver data fetch mnist", "into the data folder"}}},
          run_fetch),
      make_verb<ShowOptions>({.name = "data show",
                              .summary = "say what a file or data set holds: columns, rows, the first of them",
                              .positional = {"spec"},
                              .required = {"spec"},
                              .examples = {{"quiver data show wordnet:/usr/share/wordnet", "synsets and their columns"},
                                           {"quiver data show base.fvecs", "vectors"},
                                           {"quiver data show photos/", "pictures, a class in each sub-folder"}}},
                             run_show),
      make_verb<NoOptions>(
          {.name = "data formats", .summary = "list the file formats and the options of a data set spec"}, run_formats),
  };
}

}  // namespace quiver::cli
