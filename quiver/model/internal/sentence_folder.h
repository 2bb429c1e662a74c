// SentenceFolder: what a sentence-transformers folder says beyond the transformer itself: which folder holds it, how
// its states are pooled, the dense layers and the unit length behind that, the prompts, the metric, the longest text.
//
//   QUIVER_TRY(SentenceFolder folder, read_sentence_folder("all-MiniLM-L6-v2"));
//   folder.pooling, folder.steps, folder.query_prefix
//
// Both layouts are read: flags per way of pooling ("pooling_mode_mean_tokens": true) and one name ("pooling_mode":
// "mean"). A folder without modules.json is a plain transformer: mean pooling, as sentence-transformers itself takes
// it.
#pragma once
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "quiver/core/json.h"
#include "quiver/core/result.h"
#include "quiver/model/pooling.h"
#include "quiver/model/weights.h"

namespace quiver::internal {

struct SentenceFolder {
  bool told = false;                // there was a modules.json
  std::filesystem::path encoder{};  // the folder with config.json and the weights
  std::vector<Pool> pooling{Pool::Mean};
  bool pool_prefix = true;
  std::string steps = "[]";  // of Layers
  Weights weights{};         // of those steps
  std::string query_prefix{}, item_prefix{};
  Metric metric = Metric::Cosine;
  std::optional<std::size_t> longest{};  // tokens of a text
};

// Errors: NotFound for a module's missing file, Unsupported for a module or option that is not computed here.
Result<SentenceFolder> read_sentence_folder(const std::filesystem::path& folder);
// The JSON in this file; nothing if there is no such file.
Result<std::optional<Json>> read_optional_json(const std::filesystem::path& path);

}  // namespace quiver::internal
