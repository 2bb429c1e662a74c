#include "quiver/model/internal/sentence_folder.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "quiver/core/file.h"
#include "quiver/model/activation.h"
#include "quiver/model/safetensors.h"

namespace quiver::internal {
namespace fs = std::filesystem;
namespace {
// In the order in which several are put side by side.
struct PoolName {
  std::string_view name, flag;
  Pool pool;
};
constexpr std::array kPools{PoolName{"cls", "pooling_mode_cls_token", Pool::First},
                            PoolName{"max", "pooling_mode_max_tokens", Pool::Max},
                            PoolName{"mean", "pooling_mode_mean_tokens", Pool::Mean},
                            PoolName{"mean_sqrt_len_tokens", "pooling_mode_mean_sqrt_len_tokens", Pool::MeanSqrt},
                            PoolName{"weightedmean", "pooling_mode_weightedmean_tokens", Pool::Weighted},
                            PoolName{"lasttoken", "pooling_mode_lasttoken", Pool::Last}};

Result<Json> required_json(const fs::path& path) {
  QUIVER_TRY(std::optional<Json> json, read_optional_json(path));
  if (json) return *std::move(json);
  return Error::not_found(fmt::format("{} is missing; modules.json says that it is part of the model", path.string()));
}

// "sentence_transformers.models.Pooling" -> "Pooling"
std::string last_word(const std::string& dotted) { return dotted.substr(dotted.rfind('.') + 1); }

Result<std::vector<Pool>> pools_of(const Json& config) {
  std::vector<std::string> names;
  if (config.contains("pooling_mode")) {
    if (config["pooling_mode"].is_array()) {
      QUIVER_TRY(names, get<std::vector<std::string>>(config, "pooling_mode"));
    } else {
      QUIVER_TRY(const auto name, get<std::string>(config, "pooling_mode"));
      names.push_back(name);
    }
  } else {
    for (const PoolName& known : kPools) {
      QUIVER_TRY(const bool chosen, get_or<bool>(config, known.flag, false));
      if (chosen) names.emplace_back(known.name);
    }
    if (names.empty()) names.emplace_back("mean");
  }
  std::vector<Pool> pools;
  for (const std::string& name : names) {
    const auto known =
        std::find_if(kPools.begin(), kPools.end(), [&](const PoolName& pool) { return pool.name == name; });
    if (known == kPools.end()) {
      return Error::unsupported(
          fmt::format("pooling_mode '{}' is unknown; there are cls, max, mean, "
                      "mean_sqrt_len_tokens, weightedmean, lasttoken",
                      name));
    }
    pools.push_back(known->pool);
  }
  if (pools.empty()) return Error::invalid_argument("pooling_mode names no way to pool");
  return pools;
}

Result<void> read_pooling(const fs::path& path, SentenceFolder& out) {
  QUIVER_TRY(const Json config, required_json(path / "config.json"));
  QUIVER_TRY(out.pooling, pools_of(config).within((path / "config.json").string()));
  QUIVER_TRY(out.pool_prefix, get_or<bool>(config, "include_prompt", true).within((path / "config.json").string()));
  return {};
}

// torch.nn's names, by their last word; "" for none.
Result<std::string> step_activation(const std::string& module) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kNames{
      {{"Identity", ""}, {"Tanh", "tanh"}, {"GELU", "gelu"}, {"ReLU", "relu"}, {"SiLU", "silu"}}};
  std::vector<std::string_view> known;
  for (const auto& [name, ours] : kNames) {
    if (last_word(module) == name) return std::string(ours);
    known.push_back(name);
  }
  return Error::unsupported(
      fmt::format("activation_function '{}' is unknown; there are {}", module, fmt::join(known, ", ")));
}

Result<void> read_dense(const fs::path& path, std::size_t number, Json& steps, Weights& weights) {
  QUIVER_TRY(const Json config, required_json(path / "config.json"));
  QUIVER_TRY(const bool residual, get_or<bool>(config, "use_residual", false));
  if (residual) return Error::unsupported("use_residual is true; dense layers are read without a residual");
  QUIVER_TRY(const auto in, get<std::size_t>(config, "in_features"));
  QUIVER_TRY(const auto out, get<std::size_t>(config, "out_features"));
  QUIVER_TRY(const auto module, get_or<std::string>(config, "activation_function", "Tanh"));
  QUIVER_TRY(const std::string activation, step_activation(module));
  QUIVER_TRY(const Safetensors file, Safetensors::open(path / "model.safetensors"));
  const std::string name = fmt::format("dense/{}", number);
  for (const std::string part : {"weight", "bias"}) {
    if (part == "bias" && !file.has("linear.bias")) continue;
    QUIVER_TRY(Tensor tensor, file.tensor("linear." + part));
    const auto shape = part == "bias" ? std::vector<std::size_t>{out} : std::vector<std::size_t>{out, in};
    if (tensor.shape != shape) {
      return Error::corruption(fmt::format("tensor 'linear.{}' is {}, config.json promises ({})", part,
                                           tensor.shape_text(), fmt::join(shape, ", ")));
    }
    Weights one;
    QUIVER_TRY(one.add(name + "/" + part, std::move(tensor)));
    const Weights wide = one.widened();  // steps compute in f32
    QUIVER_TRY(weights.add(name + "/" + part, wide.tensors().begin()->second));
  }
  Json step{{"step", "linear"}, {"name", name}};
  if (!activation.empty()) step["activation"] = activation;
  steps.push_back(std::move(step));
  return {};
}

Result<void> read_modules(const fs::path& folder, const Json& modules, SentenceFolder& out) {
  if (!modules.is_array()) return Error::invalid_argument("modules.json is not a list of modules");
  Json steps = Json::array();
  std::size_t dense = 0;
  for (std::size_t i = 0; i < modules.size(); ++i) {
    QUIVER_TRY(const auto type, get<std::string>(modules[i], "type").within("modules.json"));
    QUIVER_TRY(const auto relative, get_or<std::string>(modules[i], "path", "").within("modules.json"));
    const fs::path path = relative.empty() ? folder : folder / relative;
    const std::string kind = last_word(type);
    if (i == 0 && kind == "Transformer") {
      out.encoder = path;
    } else if (i == 1 && kind == "Pooling") {
      QUIVER_TRY(read_pooling(path, out));
    } else if (i > 1 && kind == "Dense") {
      QUIVER_TRY(read_dense(path, dense++, steps, out.weights).within(path.string()));
    } else if (i > 1 && kind == "Normalize") {
      steps.push_back({{"step", "unit"}});
    } else if (i < 2 || kind != "Dropout") {
      return Error::unsupported(fmt::format(
          "modules.json: module {} is {}; what is read is Transformer, Pooling, then any of Dense, Normalize "
          "and Dropout",
          i, type));
    }
  }
  if (modules.size() < 2) return Error::unsupported("modules.json lacks a Pooling behind its Transformer");
  out.steps = dump_json(steps, -1);
  return {};
}

Result<void> read_prompts(const Json& config, SentenceFolder& out) {
  QUIVER_TRY(const Json prompts, get_or<Json>(config, "prompts", Json::object()));
  QUIVER_TRY(const Json fallback_name, get_or<Json>(config, "default_prompt_name", Json()));
  const auto named = [&](const std::vector<std::string>& names) -> Result<std::string> {
    for (const std::string& name : names) {
      if (prompts.is_object() && prompts.contains(name) && !prompts[name].is_null())
        return get<std::string>(prompts, name);
    }
    if (!fallback_name.is_string()) return std::string();
    return get<std::string>(prompts, fallback_name.get<std::string>());
  };
  QUIVER_TRY(out.query_prefix, named({"query"}));
  QUIVER_TRY(out.item_prefix, named({"document", "passage", "corpus"}));
  QUIVER_TRY(const Json similarity, get_or<Json>(config, "similarity_fn_name", Json()));
  if (similarity.is_null() || similarity == "cosine") return {};
  constexpr std::array<std::pair<std::string_view, Metric>, 4> kMetrics{{{"dot", Metric::Dot},
                                                                         {"dot_product", Metric::Dot},
                                                                         {"euclidean", Metric::L2},
                                                                         {"manhattan", Metric::Manhattan}}};
  for (const auto& [name, metric] : kMetrics) {
    if (similarity == name) {
      out.metric = metric;
      return {};
    }
  }
  return Error::unsupported(
      fmt::format("similarity_fn_name {}; there are cosine, dot, euclidean, manhattan", dump_json(similarity, -1)));
}

Result<void> read_limits(const fs::path& encoder, SentenceFolder& out) {
  QUIVER_TRY(const auto config, read_optional_json(encoder / "sentence_bert_config.json"));
  if (config) {
    QUIVER_TRY(const Json longest, get_or<Json>(*config, "max_seq_length", Json()));
    if (longest.is_number_unsigned()) out.longest = longest.get<std::size_t>();
    QUIVER_TRY(const bool lower, get_or<bool>(*config, "do_lower_case", false));
    if (lower) {
      QUIVER_TRY(const Json tokenizer, required_json(encoder / "tokenizer.json"));
      const Json normalizer = tokenizer.is_object() ? tokenizer.value("normalizer", Json()) : Json();
      if (!normalizer.is_object() || !normalizer.value("lowercase", false)) {
        return Error::unsupported(
            "sentence_bert_config.json: do_lower_case is true, and tokenizer.json does not lower the case itself");
      }
    }
  }
  if (out.longest) return {};
  QUIVER_TRY(const auto tokenizer, read_optional_json(encoder / "tokenizer_config.json"));
  if (!tokenizer) return {};
  QUIVER_TRY(const Json longest, get_or<Json>(*tokenizer, "model_max_length", Json()));
  if (longest.is_number_unsigned()) out.longest = longest.get<std::size_t>();  // no limit is written as 1e30
  return {};
}
}  // namespace

Result<std::optional<Json>> read_optional_json(const fs::path& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return std::optional<Json>();
  QUIVER_TRY(const std::string text, read_file(path));
  QUIVER_TRY(Json json, parse_json(text).within(path.string()));
  return std::optional<Json>(std::move(json));
}

Result<SentenceFolder> read_sentence_folder(const fs::path& folder) {
  SentenceFolder out;
  out.encoder = folder;
  QUIVER_TRY(const auto modules, read_optional_json(folder / "modules.json"));
  if (modules) {
    out.told = true;
    QUIVER_TRY(read_modules(folder, *modules, out));
  }
  QUIVER_TRY(const auto config, read_optional_json(folder / "config_sentence_transformers.json"));
  if (config) QUIVER_TRY(read_prompts(*config, out).within("config_sentence_transformers.json"));
  QUIVER_TRY(read_limits(out.encoder, out));
  return out;
}

}  // namespace quiver::internal
