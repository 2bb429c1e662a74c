#include "quiver/model/text_bag.h"

#include <fmt/format.h>

#include <algorithm>

#include "quiver/core/json.h"
#include "quiver/core/linalg.h"
#include "quiver/model/layers.h"

namespace quiver {
namespace {
constexpr std::size_t kTextsPerBlock = 256;  // texts pooled together: enough rows for GEMM, small enough for the cache

// sum += weight * row, 16 floats at a time so that the compiler emits vector code at -O2.
void add_scaled(float weight, const float* __restrict row, float* __restrict sum, std::size_t dims) {
  std::size_t j = 0;
  for (; j + 16 <= dims; j += 16) {
    for (std::size_t l = 0; l < 16; ++l) sum[j + l] += weight * row[j + l];
  }
  for (; j < dims; ++j) sum[j] += weight * row[j];
}

struct Input {
  std::string column;
  std::span<const float> weights;  // per row of the table
};
struct Tower {
  std::vector<Input> inputs;
  Layers layers;
};

class TextBag final : public ModelBody {
 public:
  TextBag(TextFeatures features, Weights weights) : features_(std::move(features)), weights_(std::move(weights)) {}

  Result<void> open_table() {
    QUIVER_TRY(const Tensor* stored, weights_.tensor("table"));
    if (stored->element == Element::F16 && stored->shape.size() == 2) {  // kept small on disk, widened once here
      const std::size_t bytes = bytes_of(Element::F16, stored->shape[1]);
      wide_ = to_float({Element::F16, {stored->bytes.data(), stored->shape[0], bytes, bytes}, stored->shape[1]});
      table_ = wide_.view();
    } else {
      QUIVER_TRY(table_, weights_.matrix("table"));
    }
    if (table_.rows != features_.rows()) {
      return Error::corruption(
          fmt::format("tensor 'table' has {} rows, the features number {}", table_.rows, features_.rows()));
    }
    return {};
  }

  Result<void> open_tower(const Port& port, const TextBagPort& config) {
    Tower tower;
    for (const TextBagInput& input : config.inputs) {
      const auto field =
          std::find_if(port.reads.begin(), port.reads.end(), [&](const Field& f) { return f.name == input.column; });
      if (field == port.reads.end() || field->modality != Modality::Text) {
        return Error::invalid_argument(
            fmt::format("port '{}' pools column '{}', which is no text it reads", port.name, input.column));
      }
      QUIVER_TRY(const auto weights, weights_.vector("weights/" + input.weighting, features_.rows()));
      tower.inputs.push_back({input.column, weights});
    }
    QUIVER_TRY(tower.layers,
               Layers::parse(config.steps, table_.cols, weights_).within(fmt::format("port '{}'", port.name)));
    if (tower.layers.out() != port.space.dims) {
      return Error::invalid_argument(fmt::format("port '{}' promises {} dims, its tower gives {}", port.name,
                                                 port.space.dims, tower.layers.out()));
    }
    towers_.emplace(port.name, std::move(tower));
    return {};
  }

  Result<Encoded> encode(const Port& port, const Items& items, std::uint32_t, Run& run) const override {
    const Tower& tower = towers_.find(port.name)->second;
    std::vector<std::pair<TextLists, std::span<const float>>> columns;
    for (const Input& input : tower.inputs) {
      if (!items.has(input.column)) continue;  // optional: choose_port saw to the others
      QUIVER_TRY(TextLists texts, items.texts(input.column));
      columns.emplace_back(std::move(texts), input.weights);
    }
    Matrix out(items.size(), port.space.dims);
    Threads& threads = run.threads();
    std::vector<TextFeatures::Scratch> scratch(threads.count());
    auto stage = run.stage("encode", items.size());
    const BlasThreads one(1);  // each worker multiplies its own block
    threads.parallel_for(items.size(), kTextsPerBlock, [&](std::size_t begin, std::size_t end, unsigned worker) {
      for (; begin < end && !run.stop(); begin += kTextsPerBlock) {
        const std::size_t count = std::min(kTextsPerBlock, end - begin);
        encode_block(tower.layers, columns, begin, count, scratch[worker], out);
        stage.advance(count);
      }
    });
    if (run.stop()) return run.stopped("encoding texts");
    return Encoded{Rows::dense(std::move(out), port.space), {}};
  }

 private:
  void encode_block(const Layers& layers, std::span<const std::pair<TextLists, std::span<const float>>> columns,
                    std::size_t first, std::size_t count, TextFeatures::Scratch& scratch, Matrix& out) const {
    Matrix pooled(count, table_.cols);  // (batch, dim)
    std::vector<bool> empty(count, true);
    std::vector<std::uint32_t> ids;
    for (std::size_t i = 0; i < count; ++i) {
      const std::span<float> sum = pooled.row(i);
      for (const auto& [texts, weights] : columns) {
        ids.clear();
        for (const std::string_view text : texts[first + i]) features_.append(text, scratch, ids);
        if (!ids.empty()) empty[i] = false;
        for (const std::uint32_t id : ids) add_scaled(weights[id], table_.row(id).data(), sum.data(), sum.size());
      }
    }
    Matrix vectors = layers.apply(std::move(pooled));  // (batch, space.dims)
    normalize_rows(vectors);
    for (std::size_t i = 0; i < count; ++i) {
      if (!empty[i]) std::copy_n(vectors.row(i).data(), vectors.cols(), out.row(first + i).data());
    }
  }

  TextFeatures features_;
  Weights weights_;
  Matrix wide_;
  MatrixView table_;
  std::map<std::string, Tower, std::less<>> towers_;
};
}  // namespace

std::string TextBagConfig::to_json() const {
  const auto embed = [](const std::string& text) {  // what does not parse is refused by make_text_bag
    auto parsed = parse_json(text);
    return parsed.has_value() ? *std::move(parsed) : Json();
  };
  Json all = Json::object();
  for (const auto& [name, port] : ports) {
    Json inputs = Json::array();
    for (const TextBagInput& input : port.inputs)
      inputs.push_back({{"column", input.column}, {"weighting", input.weighting}});
    all[name] = {{"inputs", std::move(inputs)}, {"steps", embed(port.steps)}};
  }
  return dump_json(Json{{"features", embed(features)}, {"ports", std::move(all)}}, -1);
}

Result<TextBagConfig> TextBagConfig::parse(std::string_view json) {
  QUIVER_TRY(const Json object, parse_json(json));
  TextBagConfig config;
  QUIVER_TRY(const Json features, get<Json>(object, "features"));
  config.features = dump_json(features, -1);
  QUIVER_TRY(const Json all, get<Json>(object, "ports"));
  for (const auto& [name, entry] : all.items()) {
    TextBagPort port;
    QUIVER_TRY(const Json inputs, get<Json>(entry, "inputs"));
    for (const Json& input : inputs) {
      TextBagInput one;
      QUIVER_TRY(one.column, get<std::string>(input, "column"));
      QUIVER_TRY(one.weighting, get<std::string>(input, "weighting"));
      port.inputs.push_back(std::move(one));
    }
    QUIVER_TRY(const Json steps, get<Json>(entry, "steps"));
    port.steps = dump_json(steps, -1);
    config.ports.emplace(name, std::move(port));
  }
  return config;
}

Result<std::unique_ptr<const ModelBody>> make_text_bag(std::string_view config_text, std::span<const Port> ports,
                                                       const Weights& weights) {
  QUIVER_TRY(const TextBagConfig config, TextBagConfig::parse(config_text).within("the config of a text bag"));
  QUIVER_TRY(TextFeatures features, TextFeatures::open(config.features, weights));
  auto body = std::make_unique<TextBag>(std::move(features), weights);
  QUIVER_TRY(body->open_table());
  for (const Port& port : ports) {
    const auto entry = config.ports.find(port.name);
    if (port.ability != Ability::Encode || entry == config.ports.end()) {
      return Error::invalid_argument(fmt::format("the config of a text bag does not say what port '{}' ({}) pools",
                                                 port.name, name_of(port.ability)));
    }
    QUIVER_TRY(body->open_tower(port, entry->second));
  }
  return std::unique_ptr<const ModelBody>(std::move(body));
}

}  // namespace quiver
