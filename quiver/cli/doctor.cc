// quiver doctor: what this machine and this build offer, and what is missing for which feature.
#include <fmt/format.h>
#include <link.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "quiver/cli/table.h"
#include "quiver/cli/verbs.h"
#include "quiver/data/catalogue.h"
#include "quiver/inspect/machine.h"
#include "quiver/model/card.h"
#include "quiver/recipes/registry.h"
#include "quiver/simd/kernels.h"

namespace quiver::cli {
namespace {

struct DoctorFlags {
  std::string wordnet = "/usr/share/wordnet";
  template <class V>
  void visit(V& v) {
    v("wordnet", wordnet, "where the demo's corpus is looked for");
  }
};

struct Library {
  std::string_view name, what_for;
  std::string path;  // of the file in memory, links resolved; empty: not loaded
};

// The shared libraries of this process are asked, not the headers it was compiled with: this is what really runs.
std::vector<Library> libraries() {
  std::vector<Library> wanted{{"libopenblas", "matrix products", ""},
                              {"liblapacke", "eigenvectors, SVD, QR", ""},
                              {"libfmt", "text", ""},
                              {"libxxhash", "checksums", ""},
                              {"libsimdjson", "JSONL", ""},
                              {"libhdf5", "HDF5 files", ""},
                              {"libz", ".gz files", ""},
                              {"libcurl", "data fetch", ""},
                              {"libcrypto", "sha256 of data", ""},
                              {"libutf8proc", "Unicode words", ""},
                              {"libstemmer", "stems, BM25", ""},
                              {"libpng16", "PNG pictures", ""},
                              {"libturbojpeg", "JPEG pictures", ""},
                              {"libwebp", "WebP pictures", ""},
                              {"libtorch_cpu", "training", ""}};
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* data) {
        const std::string file = std::filesystem::path(info->dlpi_name).filename();
        for (Library& library : *static_cast<std::vector<Library>*>(data)) {
          const bool same =
              file.starts_with(library.name) && !std::isalnum(static_cast<unsigned char>(file[library.name.size()]));
          if (!same || !library.path.empty()) continue;
          std::error_code failed;
          const auto real = std::filesystem::canonical(info->dlpi_name, failed);
          library.path = failed ? std::string(info->dlpi_name) : real.string();
        }
        return 0;
      },
      &wanted);
  return wanted;
}

constexpr const char* kCompiler =
#ifdef __clang__
    __VERSION__;
#else
    "g++ " __VERSION__;
#endif

struct Finding {
  std::string feature, missing;  // what does not work, and what to do about it
};

std::vector<Finding> findings(const std::vector<Library>& loaded, const DoctorFlags& options,
                              const std::filesystem::path& data) {
  std::vector<Finding> missing;
  const auto torch = std::ranges::find(loaded, std::string_view("libtorch_cpu"), &Library::name);
  if (torch == loaded.end() || torch->path.empty()) {
    missing.push_back({"fit, reproduce and demo of recipes that train",
                       "this build has no training; build the preset dev (QUIVER_LEARN=ON, needs libtorch-dev)"});
  }
  std::error_code failed;
  if (!std::filesystem::exists(std::filesystem::path(options.wordnet) / "data.noun", failed)) {
    missing.push_back(
        {"demo, wordnet-encoder", fmt::format("{} holds no WordNet; apt-get install wordnet-base", options.wordnet)});
  }
  std::size_t absent = 0;
  for (const PublicSet& set : catalogue()) absent += std::filesystem::is_directory(data / set.name, failed) ? 0 : 1;
  if (absent > 0) {
    missing.push_back({fmt::format("recipes on {} public data sets", absent),
                       fmt::format("not in {}; `quiver data list`, then `quiver data fetch NAME`", data.string())});
  }
  return missing;
}

Result<Answer> run_doctor(const DoctorFlags& options, Run&) {
  const Machine machine = describe_machine();
  const std::vector<Library> loaded = libraries();
  QUIVER_TRY(auto data, data_folder());
  const auto missing = findings(loaded, options, data);
  const std::size_t recipes = all_recipes().size();

  Json used = Json::object(), absent = Json::array();
  Table table({"library", "for", "file"});
  for (const Library& library : loaded) {
    used[std::string(library.name)] = library.path.empty() ? Json(nullptr) : Json(library.path);
    table.add({std::string(library.name), std::string(library.what_for),
               library.path.empty() ? "built in, or not used" : library.path});
  }
  std::string text = fmt::format(
      "quiver {}, built by {}\n\nMachine\n  cpu      {}\n  kernels  {}\n  features {}\n  threads  {}\n  memory   {}\n\n"
      "Folders\n  data     {}\n  cache    {}\n\nLibraries\n{}\n{} recipes; `quiver recipes` lists them\n\n",
      quiver_version(), kCompiler, machine.cpu, simd::level_note(), simd::feature_list(), machine.threads,
      human_bytes(machine.memory_bytes), data.string(), Run::default_cache().string(), table.text(), recipes);
  for (const Finding& finding : missing) {
    absent.push_back({{"feature", finding.feature}, {"missing", finding.missing}});
    text += fmt::format("Missing for {}:\n  {}\n", finding.feature, finding.missing);
  }
  if (missing.empty()) text += "Nothing is missing\n";
  return Answer{{{"version", quiver_version()},
                 {"compiler", kCompiler},
                 {"cpu", machine.cpu},
                 {"simd", simd::name(simd::kernels().level)},
                 {"simd_note", simd::level_note()},
                 {"features", simd::feature_list()},
                 {"threads", machine.threads},
                 {"memory_bytes", machine.memory_bytes},
                 {"data_folder", data.string()},
                 {"cache_folder", Run::default_cache().string()},
                 {"libraries", std::move(used)},
                 {"recipes", recipes},
                 {"missing", std::move(absent)}},
                text};
}

}  // namespace

Verb doctor_verb() {
  return make_verb<DoctorFlags>(
      {.name = "doctor",
       .summary = "show what this machine and build offer, and what is missing for which feature",
       .examples = {{"quiver doctor --json", "for a bug report"}}},
      run_doctor);
}

}  // namespace quiver::cli
