#include "quiver/model/import.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "quiver/core/file.h"
#include "quiver/core/json.h"
#include "quiver/model/internal/foreign_encoder.h"
#include "quiver/model/internal/sentence_folder.h"
#include "quiver/model/safetensors.h"
#include "quiver/model/transformer.h"

namespace quiver {
namespace fs = std::filesystem;
namespace {
constexpr std::size_t kNamesShown = 12;  // names that a message lists

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

std::string listing(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  if (names.empty()) return "nothing";
  const std::size_t shown = std::min(names.size(), kNamesShown);
  const std::string more = names.size() > shown ? fmt::format(" and {} more", names.size() - shown) : "";
  names.resize(shown);
  return fmt::format("{}{}", fmt::join(names, ", "), more);
}

// A file of this suffix, here or one folder below; empty if there is none.
std::string file_ending_in(const fs::path& folder, std::string_view suffix) {
  std::error_code ignored;
  for (auto entry = fs::recursive_directory_iterator(folder, ignored); entry != fs::recursive_directory_iterator();
       entry.increment(ignored)) {
    if (entry.depth() > 1) entry.pop();
    if (entry->path().extension() == suffix) return fs::relative(entry->path(), folder, ignored).string();
  }
  return "";
}

Error foreign_format(std::string_view found, std::string_view kind) {
  return Error::unsupported(
      fmt::format("{} is {}, which is not read; take the model's folder with config.json, model.safetensors and "
                  "tokenizer.json instead",
                  found, kind));
}

Result<void> check_is_folder(const fs::path& folder) {
  if (folder.extension() == ".gguf") return foreign_format(folder.filename().string(), "GGUF");
  if (folder.extension() == ".onnx") return foreign_format(folder.filename().string(), "ONNX");
  std::error_code ignored;
  if (fs::is_directory(folder, ignored)) return {};
  if (!is_there(folder))
    return Error::not_found("there is no such folder; download the model first and name its folder");
  return Error::invalid_argument(
      "it is a file; name the folder that holds config.json, model.safetensors and tokenizer.json");
}

// What `from_pretrained` of the library that wrote a folder can write instead.
std::string rewrite(std::string_view what, const fs::path& folder) {
  return fmt::format("python3 -c \"from transformers import {0}; {0}.from_pretrained('{1}').save_pretrained('{1}')\"",
                     what, folder.string());
}

Result<Json> read_config(const fs::path& folder) {
  QUIVER_TRY(std::optional<Json> config, internal::read_optional_json(folder / "config.json"));
  if (config) return *std::move(config);
  for (const auto& [suffix, kind] : {std::pair{".gguf", "GGUF"}, std::pair{".onnx", "ONNX"}}) {
    const std::string found = file_ending_in(folder, suffix);
    if (!found.empty()) return foreign_format(found, kind);
  }
  return Error::not_found(fmt::format("there is no config.json; the folder holds {}", listing(folder)));
}

Result<Safetensors> open_weights(const fs::path& folder) {
  for (const char* const name : {"model.safetensors", "model.safetensors.index.json"}) {
    if (is_there(folder / name)) return Safetensors::open(folder / name);
  }
  if (is_there(folder / "pytorch_model.bin") || is_there(folder / "pytorch_model.bin.index.json")) {
    return Error::unsupported(
        fmt::format("the weights are in pytorch_model.bin, a pickle, which could run code and is not "
                    "read; convert it where you trust it: {}",
                    rewrite("AutoModel", folder)));
  }
  for (const auto& [suffix, kind] : {std::pair{".gguf", "GGUF"}, std::pair{".onnx", "ONNX"}}) {
    const std::string found = file_ending_in(folder, suffix);
    if (!found.empty()) return foreign_format(found, kind);
  }
  return Error::not_found(fmt::format("there is no model.safetensors; the folder holds {}", listing(folder)));
}

Result<std::string> read_tokenizer(const fs::path& encoder, const fs::path& folder) {
  for (const fs::path& place : {encoder, folder}) {
    if (is_there(place / "tokenizer.json")) return read_file(place / "tokenizer.json");
  }
  return Error::not_found(fmt::format("there is no tokenizer.json; the folder holds {}; write it: {}", listing(encoder),
                                      rewrite("AutoTokenizer", encoder)));
}

// "license: apache-2.0" between the first two lines of dashes of README.md.
std::string licence_in(const fs::path& folder) {
  const auto text = read_file(folder / "README.md");
  constexpr std::string_view kKey = "\nlicense:";
  if (!text.has_value() || !text->starts_with("---\n")) return "unknown: the folder's README.md names none";
  const std::string head = text->substr(0, text->find("\n---", 3));
  const std::size_t at = head.find(kKey);
  if (at == std::string::npos) return "unknown: the folder's README.md names none";
  std::string value = head.substr(at + kKey.size());
  value.resize(std::min(value.size(), value.find('\n')));
  const std::size_t first = value.find_first_not_of(" \"'"), last = value.find_last_not_of(" \"'\r");
  return first == std::string::npos ? "unknown: the folder's README.md names none"
                                    : value.substr(first, last - first + 1);
}

Port port_named(const std::string& name, const std::string& role, const std::string& column, std::size_t dims,
                Metric metric, std::size_t layers) {
  return {.name = name,
          .role = role,
          .reads = {{.name = column}},
          .space = {.dims = dims, .metric = metric},
          .layers = static_cast<std::uint32_t>(layers)};
}

// Columns of the vector behind the steps.
Result<std::size_t> dims_behind(const std::string& steps, std::size_t dims, const Weights& weights) {
  QUIVER_TRY(const Json array, parse_json(steps));
  for (const Json& step : array) {
    if (step.value("step", "") != "linear") continue;
    QUIVER_TRY(const MatrixView weight, weights.matrix(step.value("name", "") + "/weight"));
    if (weight.cols != dims) {
      return Error::corruption(fmt::format("a dense layer takes {} numbers, {} come in", weight.cols, dims));
    }
    dims = weight.rows;
  }
  return dims;
}

std::vector<std::string> notes_on(const internal::SentenceFolder& sentence, const internal::ForeignEncoder& encoder,
                                  const std::string& licence) {
  std::vector<std::string> notes;
  if (!sentence.told) {
    notes.emplace_back(
        "no modules.json: a vector is the mean of its text's tokens, compared by cosine, as sentence-transformers "
        "takes "
        "such a folder");
  }
  if (!encoder.left_out.empty()) {
    std::vector<std::string> names = encoder.left_out;
    const std::string more = names.size() > 4 ? fmt::format(" and {} more", names.size() - 4) : "";
    names.resize(std::min<std::size_t>(names.size(), 4));
    notes.push_back(fmt::format("tensors of no use for vectors were left out: {}{}", fmt::join(names, ", "), more));
  }
  if (licence.starts_with("unknown"))
    notes.emplace_back("the licence of the weights is unknown; say it with --licence");
  return notes;
}

Result<Imported> import_checked(const fs::path& folder, const ImportOptions& options) {
  QUIVER_TRY(internal::SentenceFolder sentence, internal::read_sentence_folder(folder));
  QUIVER_TRY(const Json config, read_config(sentence.encoder));
  QUIVER_TRY(const Safetensors file, open_weights(sentence.encoder));
  QUIVER_TRY(const std::string tokenizer, read_tokenizer(sentence.encoder, folder));
  QUIVER_TRY(internal::ForeignEncoder encoder, internal::read_foreign_encoder(config, file));
  if (sentence.longest && *sentence.longest > 0) {
    encoder.config.context = std::min(encoder.config.context, *sentence.longest);
  }
  Weights& weights = encoder.weights;
  for (const auto& [name, tensor] : sentence.weights.tensors()) QUIVER_TRY(weights.add(name, tensor));
  QUIVER_TRY(weights.add("tokenizer", std::string_view(tokenizer)));
  const std::size_t pooled = sentence.pooling.size() * encoder.config.dim;
  QUIVER_TRY(const std::size_t dims, dims_behind(sentence.steps, pooled, weights));

  TransformerBodyConfig body{.stack = encoder.config,
                             .pooling = sentence.pooling,
                             .pool_prefix = sentence.pool_prefix,
                             .steps = sentence.steps};
  std::vector<Port> ports;
  const auto add_port = [&](const std::string& name, const std::string& role, const std::string& prefix) {
    ports.push_back(port_named(name, role, options.column, dims, sentence.metric, encoder.config.layers));
    body.ports.emplace(name, TransformerPort{.column = options.column, .prefix = prefix});
  };
  if (sentence.query_prefix == sentence.item_prefix) {
    add_port("text", "", sentence.item_prefix);
  } else {
    add_port("query", "query", sentence.query_prefix);
    add_port("item", "item", sentence.item_prefix);
  }
  const std::string licence = options.licence.empty() ? licence_in(folder) : options.licence;
  const std::string folder_name = fs::absolute(folder / "").parent_path().filename().string();
  Card card{
      .recipe = "import",
      .data_licence = licence,
      .options = dump_json(
          Json{{"name", options.name.empty() ? folder_name : options.name}, {"model_type", encoder.model_type}}, -1)};
  std::vector<std::string> notes = notes_on(sentence, encoder, licence);
  QUIVER_TRY(Model model,
             Model::make("transformer", body.to_json(), std::move(ports), std::move(weights), std::move(card)));
  return Imported{std::move(model), std::move(notes)};
}
}  // namespace

Result<Imported> import_folder(const fs::path& folder, const ImportOptions& options) {
  const auto import = [&]() -> Result<Imported> {
    QUIVER_TRY(check_is_folder(folder));
    return import_checked(folder, options);
  };
  return import().within(fmt::format("importing {}", folder.string()));
}

}  // namespace quiver
