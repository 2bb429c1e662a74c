#include "quiver/model/transformer.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>

#include "quiver/core/json.h"
#include "quiver/core/linalg.h"
#include "quiver/data/tokenizer.h"
#include "quiver/model/layers.h"
#include "quiver/model/transformer_stack.h"

namespace quiver {
namespace {
constexpr std::size_t kTextsPerWindow = 8192;  // tokenized and sorted together: bounds what is held as tokens
constexpr std::size_t kTextsPerPiece = 32;     // tokenized by one thread at a time
constexpr std::size_t kTokensPerBlock = 512;   // rows of one product: many enough for GEMM, few enough for the cache

// Consecutive places of the order by length, computed together.
struct Block {
  std::size_t first = 0, count = 0;
};

// Texts by length, longest first, cut into blocks of about `wanted` tokens.
std::vector<Block> cut_into_blocks(std::span<const Tokens> texts, std::span<const std::uint32_t> order,
                                   std::size_t wanted) {
  std::vector<Block> blocks;
  std::size_t tokens = 0;
  for (std::size_t place = 0; place < order.size(); ++place) {
    const std::size_t length = texts[order[place]].ids.size();
    if (blocks.empty() || tokens + length > wanted) {
      blocks.push_back({place, 0});
      tokens = 0;
    }
    ++blocks.back().count;
    tokens += length;
  }
  return blocks;
}

// How many tokens at the front of every text belong to the prefix: those of the prefix alone, less what ends a text.
std::size_t tokens_of_prefix(const Tokenizer& tokenizer, std::string_view prefix) {
  if (prefix.empty()) return 0;
  const std::vector<std::uint32_t> whole = tokenizer.encode(prefix).ids;
  const std::vector<std::uint32_t> bare = tokenizer.encode(prefix, {.special = false}).ids;
  const bool ended = !whole.empty() && (bare.empty() || whole.back() != bare.back());
  return whole.size() - (ended ? 1 : 0);
}

class Transformer final : public ModelBody {
 public:
  Transformer(TransformerBodyConfig config, TransformerStack stack, Tokenizer tokenizer, Layers steps)
      : config_(std::move(config)),
        stack_(std::move(stack)),
        tokenizer_(std::move(tokenizer)),
        steps_(std::move(steps)) {
    for (const auto& [name, port] : config_.ports) {
      skips_.emplace(name, config_.pool_prefix ? 0 : tokens_of_prefix(tokenizer_, port.prefix));
    }
  }

  Result<Encoded> encode(const Port& port, const Items& items, std::uint32_t layers, Run& run) const override {
    QUIVER_TRY(const TextColumn texts, items.text(config_.ports.find(port.name)->second.column));
    Matrix out(items.size(), port.space.dims);
    std::vector<double> dropped(items.size(), 0);
    std::vector<Scratch> scratch(run.threads().count());
    auto stage = run.stage("encode", items.size());
    for (std::size_t first = 0; first < items.size() && !run.stop(); first += kTextsPerWindow) {
      const std::size_t count = std::min(kTextsPerWindow, items.size() - first);
      const std::vector<Tokens> tokens = tokenize(port, texts, first, count, run);
      for (std::size_t i = 0; i < count; ++i) dropped[first + i] = static_cast<double>(tokens[i].dropped);
      encode_window(port, tokens, layers, run, scratch, stage, out, first);
    }
    if (run.stop()) return run.stopped("encoding texts");
    Encoded encoded{Rows::dense(std::move(out), port.space), {}};
    const bool cut = std::any_of(dropped.begin(), dropped.end(), [](double count) { return count > 0; });
    if (cut) encoded.side = Items::of(std::string(kDroppedColumn), std::move(dropped));
    return encoded;
  }

 private:
  struct Scratch {
    TransformerStack::Scratch stack;
    TokenBatch batch;
  };

  std::vector<Tokens> tokenize(const Port& port, const TextColumn& texts, std::size_t first, std::size_t count,
                               Run& run) const {
    const std::string& prefix = config_.ports.find(port.name)->second.prefix;
    std::vector<Tokens> out(count);
    run.threads().parallel_for(count, kTextsPerPiece, [&](std::size_t begin, std::size_t end, unsigned) {
      std::string text;
      for (std::size_t i = begin; i < end; ++i) {
        if (texts.missing(first + i)) continue;  // no tokens, so the zero vector: found by nobody
        text.assign(prefix).append(texts[first + i]);
        out[i] = tokenizer_.encode(text, {.longest = config_.stack.context});
      }
    });
    return out;
  }

  void encode_window(const Port& port, std::span<const Tokens> tokens, std::uint32_t layers, Run& run,
                     std::vector<Scratch>& scratch, Run::Stage& stage, Matrix& out, std::size_t first) const {
    std::vector<std::uint32_t> order(tokens.size());
    std::iota(order.begin(), order.end(), 0U);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return tokens[a].ids.size() > tokens[b].ids.size(); });
    std::size_t total = 0;
    for (const Tokens& text : tokens) total += text.ids.size();
    Threads& threads = run.threads();
    const std::size_t share = (total + threads.count() - 1) / threads.count();  // few texts: some for every thread
    const auto blocks = cut_into_blocks(tokens, order, std::min(kTokensPerBlock, share));
    const BlasThreads blas(blocks.size() == 1 ? threads.count() : 1);  // each worker multiplies its own block
    threads.parallel_for(blocks.size(), 1, [&](std::size_t begin, std::size_t end, unsigned worker) {
      for (std::size_t b = begin; b < end && !run.stop(); ++b) {
        const auto places = std::span(order).subspan(blocks[b].first, blocks[b].count);
        encode_block(port, tokens, places, layers, scratch[worker], out, first);
        stage.advance(places.size());
      }
    });
  }

  void encode_block(const Port& port, std::span<const Tokens> tokens, std::span<const std::uint32_t> places,
                    std::uint32_t layers, Scratch& scratch, Matrix& out, std::size_t first) const {
    scratch.batch.clear();
    for (const std::uint32_t place : places) scratch.batch.add(tokens[place].ids, tokens[place].types);
    const MatrixView states = stack_.run(scratch.batch, layers, scratch.stack);  // (tokens, dim)
    const std::size_t dim = config_.stack.dim, skip = skips_.find(port.name)->second;
    Matrix pooled(places.size(), config_.pooling.size() * dim);  // (texts, pools * dim)
    for (std::size_t i = 0; i < places.size(); ++i) {
      const std::size_t from = scratch.batch.offsets[i], to = scratch.batch.offsets[i + 1];
      for (std::size_t p = 0; p < config_.pooling.size(); ++p) {
        pool(config_.pooling[p], states.slice(from, to - from), skip, pooled.row(i).subspan(p * dim, dim));
      }
    }
    const Matrix vectors = steps_.apply(std::move(pooled));  // (texts, space.dims)
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (tokens[places[i]].ids.empty()) continue;  // stays zero
      std::copy_n(vectors.row(i).data(), vectors.cols(), out.row(first + places[i]).data());
    }
  }

  TransformerBodyConfig config_;
  TransformerStack stack_;
  Tokenizer tokenizer_;
  Layers steps_;
  std::map<std::string, std::size_t, std::less<>> skips_;  // tokens of the prefix, by port; 0 where they are pooled
};
}  // namespace

std::string TransformerBodyConfig::to_json() const {
  const auto embed = [](const std::string& text) {  // what does not parse is refused by make_transformer
    auto parsed = parse_json(text);
    return parsed.has_value() ? *std::move(parsed) : Json();
  };
  Json all = Json::object(), pools = Json::array();
  for (const auto& [name, port] : ports) all[name] = {{"column", port.column}, {"prefix", port.prefix}};
  for (const Pool pool : pooling) pools.push_back(std::string(name_of(pool)));
  return dump_json(Json{{"stack", embed(stack.to_json())},
                        {"pooling", std::move(pools)},
                        {"pool_prefix", pool_prefix},
                        {"steps", embed(steps)},
                        {"ports", std::move(all)}},
                   -1);
}

Result<TransformerBodyConfig> TransformerBodyConfig::parse(std::string_view json) {
  QUIVER_TRY(const Json object, parse_json(json));
  TransformerBodyConfig config;
  QUIVER_TRY(const Json stack, get<Json>(object, "stack"));
  QUIVER_TRY(config.stack, TransformerConfig::parse(dump_json(stack, -1)).within("its stack"));
  QUIVER_TRY(const auto pools, get<std::vector<std::string>>(object, "pooling"));
  if (pools.empty()) return Error::invalid_argument("its pooling names no way to pool");
  config.pooling.clear();
  for (const std::string& name : pools) {
    QUIVER_TRY(const Pool pool, parse_pool(name));
    config.pooling.push_back(pool);
  }
  QUIVER_TRY(config.pool_prefix, get<bool>(object, "pool_prefix"));
  QUIVER_TRY(const Json steps, get<Json>(object, "steps"));
  config.steps = dump_json(steps, -1);
  QUIVER_TRY(const Json all, get<Json>(object, "ports"));
  for (const auto& [name, entry] : all.items()) {
    TransformerPort port;
    QUIVER_TRY(port.column, get<std::string>(entry, "column"));
    QUIVER_TRY(port.prefix, get<std::string>(entry, "prefix"));
    config.ports.emplace(name, std::move(port));
  }
  return config;
}

Result<std::unique_ptr<const ModelBody>> make_transformer(std::string_view config_text, std::span<const Port> ports,
                                                          const Weights& weights) {
  QUIVER_TRY(TransformerBodyConfig config,
             TransformerBodyConfig::parse(config_text).within("the config of a transformer"));
  QUIVER_TRY(TransformerStack stack, TransformerStack::open(config.stack, weights));
  QUIVER_TRY(const std::string_view tokenizer_text, weights.text("tokenizer"));
  QUIVER_TRY(Tokenizer tokenizer, Tokenizer::parse(tokenizer_text).within("tensor 'tokenizer'"));
  if (tokenizer.size() > config.stack.vocabulary) {
    return Error::corruption(fmt::format("the tokenizer has ids up to {}, the model has embeddings for {} tokens",
                                         tokenizer.size() - 1, config.stack.vocabulary));
  }
  if (config.stack.context <= tokenizer.special_tokens()) {
    return Error::invalid_argument(
        fmt::format("a context of {} leaves no token to a text: the tokenizer puts {} around it", config.stack.context,
                    tokenizer.special_tokens()));
  }
  QUIVER_TRY(Layers steps, Layers::parse(config.steps, config.pooling.size() * config.stack.dim, weights));
  for (const Port& port : ports) {
    const auto entry = config.ports.find(port.name);
    if (port.ability != Ability::Encode || entry == config.ports.end()) {
      return Error::invalid_argument(fmt::format("the config of a transformer does not say what port '{}' ({}) reads",
                                                 port.name, name_of(port.ability)));
    }
    const Field wanted{.name = entry->second.column};
    if (std::find(port.reads.begin(), port.reads.end(), wanted) == port.reads.end()) {
      return Error::invalid_argument(
          fmt::format("port '{}' encodes column '{}', which is no text it reads", port.name, entry->second.column));
    }
    if (steps.out() != port.space.dims) {
      return Error::invalid_argument(
          fmt::format("port '{}' promises {} dims, the steps give {}", port.name, port.space.dims, steps.out()));
    }
    if (port.layers > config.stack.layers) {
      return Error::invalid_argument(
          fmt::format("port '{}' promises {} exits, there are {} layers", port.name, port.layers, config.stack.layers));
    }
  }
  return std::unique_ptr<const ModelBody>(
      std::make_unique<Transformer>(std::move(config), std::move(stack), std::move(tokenizer), std::move(steps)));
}

}  // namespace quiver
