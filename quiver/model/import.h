// Import: a folder of a published text encoder becomes a Model, whose vectors are those of the libraries that made it.
//
//   QUIVER_TRY(Imported imported, import_folder("all-MiniLM-L6-v2"));
//   imported.model.save("minilm.qvm");
//   for (const std::string& note : imported.notes) ...            // "no modules.json: the mean of the tokens is taken"
//
// The folder holds config.json, model.safetensors (or model.safetensors.index.json and its files) and tokenizer.json; a
// sentence-transformers folder also modules.json and what it names. Read: BERT, RoBERTa, XLM-RoBERTa, CamemBERT,
// DistilBERT and MPNet; poolings cls, mean, max, last token, weighted, by root of length; dense layers; unit length;
// prompts. docs/how-to/import-a-model.md shows it; import_test.cc compares every layer and the vectors with the
// reference libraries.
//
// The model has one port, "text", or, where prompts differ, "query" and "item"; each can be asked for the vectors after
// fewer layers. Errors name what is missing, what was found, and how to make it. Not read: pickled weights (they can
// run code), ONNX, GGUF. Thread-safety: a function. Cost: the size of the weights, mapped, not copied.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/model/model.h"

namespace quiver {

struct ImportOptions {
  std::string column = "text";  // that the model will read
  std::string licence{};        // of the weights; empty: what the folder's README.md says
  std::string name{};           // that its card keeps; empty: the folder's
};

struct Imported {
  Model model;
  std::vector<std::string> notes;  // what was assumed or left out
};

Result<Imported> import_folder(const std::filesystem::path& folder, const ImportOptions& options = {});

}  // namespace quiver
