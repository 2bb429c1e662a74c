#include "quiver/model/transformer.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <numeric>
#include <optional>

#include "quiver/core/json.h"
#include "quiver/core/linalg.h"
#include "quiver/data/instructed_text.h"
#include "quiver/data/tokenizer.h"
#include "quiver/model/latent_attention.h"
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
template <class Length>
std::vector<Block> cut_into_blocks(std::span<const std::uint32_t> order, const Length& length, std::size_t wanted) {
  std::vector<Block> blocks;
  std::size_t tokens = 0;
  for (std::size_t place = 0; place < order.size(); ++place) {
    const std::size_t own = length(order[place]);
    if (blocks.empty() || tokens + own > wanted) {
      blocks.push_back({place, 0});
      tokens = 0;
    }
    ++blocks.back().count;
    tokens += own;
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
  Transformer(TransformerBodyConfig config, TransformerStack stack, std::optional<LatentAttention> latent,
              Tokenizer tokenizer, Layers steps)
      : config_(std::move(config)),
        stack_(std::move(stack)),
        latent_(std::move(latent)),
        instructed_(tokenizer, config_.stack.context),
        tokenizer_(std::move(tokenizer)),
        steps_(std::move(steps)) {
    for (const auto& [name, port] : config_.ports) {
      skips_.emplace(name, config_.pool_prefix ? 0 : tokens_of_prefix(tokenizer_, port.prefix));
    }
  }

  Result<Encoded> encode(const Port& port, const Items& items, std::uint32_t layers, Run& run) const override {
    QUIVER_TRY(const Source source, source_of(port, items));
    Matrix out(items.size(), port.space.dims);
    std::vector<double> dropped(items.size(), 0);
    std::vector<Scratch> scratch(run.threads().count());
    auto stage = run.stage("encode", items.size());
    for (std::size_t first = 0; first < items.size() && !run.stop(); first += kTextsPerWindow) {
      const std::size_t count = std::min(kTextsPerWindow, items.size() - first);
      QUIVER_TRY(const std::vector<Told> texts, tokenize(source, first, count, run));
      for (std::size_t i = 0; i < count; ++i) dropped[first + i] = static_cast<double>(texts[i].tokens.dropped);
      encode_window(texts, layers, run, scratch, stage, out, first);
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
    LatentAttention::Scratch latent;
    TokenBatch batch;
  };
  // What a port reads of some items.
  struct Source {
    const TransformerPort* port = nullptr;
    std::size_t skip = 0;  // tokens of its prefix that are not pooled
    TextColumn texts{};
    std::optional<TextColumn> instructions{};
    std::map<std::string_view, InstructionHead> heads{};  // of every instruction there is
  };
  // A text as tokens, the first `skip` of which are not pooled.
  struct Told {
    Tokens tokens{};
    std::size_t skip = 0;
  };

  Result<Source> source_of(const Port& port, const Items& items) const {
    Source out{.port = &config_.ports.find(port.name)->second, .skip = skips_.find(port.name)->second};
    QUIVER_TRY(out.texts, items.text(out.port->column));
    if (out.port->instruction.empty() || !items.has(out.port->instruction)) return out;
    QUIVER_TRY(out.instructions, items.text(out.port->instruction));
    for (std::size_t i = 0; i < items.size(); ++i) {
      const std::string_view task = (*out.instructions)[i];
      if (task.empty() || out.heads.contains(task)) continue;
      QUIVER_TRY(const std::string filled, fill_instruction(out.port->form, task));
      QUIVER_TRY(InstructionHead head, instructed_.head(filled).within(fmt::format("row {}", i)));
      out.heads.emplace(task, std::move(head));
    }
    return out;
  }

  Result<Told> told(const Source& source, std::size_t row) const {
    if (source.texts.missing(row)) return Told{};  // no tokens, so the zero vector: found by nobody
    const std::string_view task = source.instructions ? (*source.instructions)[row] : std::string_view();
    if (!task.empty()) {
      const InstructionHead& head = source.heads.find(task)->second;
      QUIVER_TRY(Tokens tokens, instructed_.encode(head, source.texts[row]).within(fmt::format("row {}", row)));
      return Told{std::move(tokens), head.ids.size()};
    }
    const std::string text = source.port->prefix + std::string(source.texts[row]);
    return Told{tokenizer_.encode(text, {.longest = config_.stack.context}), source.skip};
  }

  Result<std::vector<Told>> tokenize(const Source& source, std::size_t first, std::size_t count, Run& run) const {
    std::vector<Told> out(count);
    std::optional<Error> failed;  // that of the first row
    std::size_t failed_row = count;
    std::mutex mutex;
    run.threads().parallel_for(count, kTextsPerPiece, [&](std::size_t begin, std::size_t end, unsigned) {
      for (std::size_t i = begin; i < end; ++i) {
        auto text = told(source, first + i);
        if (text.has_value()) {
          out[i] = *std::move(text);
          continue;
        }
        const std::scoped_lock lock(mutex);
        if (i < failed_row) failed = std::move(text).error();
        failed_row = std::min(failed_row, i);
      }
    });
    if (failed) return *std::move(failed);
    return out;
  }

  void encode_window(std::span<const Told> texts, std::uint32_t layers, Run& run, std::vector<Scratch>& scratch,
                     Run::Stage& stage, Matrix& out, std::size_t first) const {
    const auto length = [&](std::uint32_t text) { return texts[text].tokens.ids.size(); };
    std::vector<std::uint32_t> order(texts.size());
    std::iota(order.begin(), order.end(), 0U);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return length(a) > length(b); });
    std::size_t total = 0;
    for (const Told& text : texts) total += text.tokens.ids.size();
    Threads& threads = run.threads();
    const std::size_t share = (total + threads.count() - 1) / threads.count();  // few texts: some for every thread
    const auto blocks = cut_into_blocks(order, length, std::min(kTokensPerBlock, share));
    const BlasThreads blas(blocks.size() == 1 ? threads.count() : 1);  // each worker multiplies its own block
    threads.parallel_for(blocks.size(), 1, [&](std::size_t begin, std::size_t end, unsigned worker) {
      for (std::size_t b = begin; b < end && !run.stop(); ++b) {
        const auto places = std::span(order).subspan(blocks[b].first, blocks[b].count);
        encode_block(texts, places, layers, scratch[worker], out, first);
        stage.advance(places.size());
      }
    });
  }

  void encode_block(std::span<const Told> texts, std::span<const std::uint32_t> places, std::uint32_t layers,
                    Scratch& scratch, Matrix& out, std::size_t first) const {
    scratch.batch.clear();
    for (const std::uint32_t place : places) scratch.batch.add(texts[place].tokens.ids, texts[place].tokens.types);
    MatrixView states = stack_.run(scratch.batch, layers, scratch.stack);  // (tokens, dim)
    if (latent_) states = latent_->mix(states, scratch.latent);
    const std::size_t dim = config_.stack.dim;
    Matrix pooled(places.size(), config_.pooling.size() * dim);  // (texts, pools * dim)
    for (std::size_t i = 0; i < places.size(); ++i) {
      const std::size_t from = scratch.batch.offsets[i], to = scratch.batch.offsets[i + 1];
      for (std::size_t p = 0; p < config_.pooling.size(); ++p) {
        pool(config_.pooling[p], states.slice(from, to - from), texts[places[i]].skip,
             pooled.row(i).subspan(p * dim, dim));
      }
    }
    const Matrix vectors = steps_.apply(std::move(pooled));  // (texts, space.dims)
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (texts[places[i]].tokens.ids.empty()) continue;  // stays zero
      std::copy_n(vectors.row(i).data(), vectors.cols(), out.row(first + places[i]).data());
    }
  }

  TransformerBodyConfig config_;
  TransformerStack stack_;
  std::optional<LatentAttention> latent_;
  InstructedTokenizer instructed_;
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
  for (const auto& [name, port] : ports) {
    all[name] = {{"column", port.column}, {"prefix", port.prefix}};
    if (!port.instruction.empty()) all[name]["instruction"] = {{"column", port.instruction}, {"form", port.form}};
  }
  for (const Pool pool : pooling) pools.push_back(std::string(name_of(pool)));
  Json json{{"stack", embed(stack.to_json())}, {"pooling", std::move(pools)}, {"pool_prefix", pool_prefix}};
  if (latent_heads > 0) json["latent_heads"] = latent_heads;
  json["steps"] = embed(steps);
  json["ports"] = std::move(all);
  return dump_json(json, -1);
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
  QUIVER_TRY(config.latent_heads, get_or<std::size_t>(object, "latent_heads", 0));
  QUIVER_TRY(const Json steps, get<Json>(object, "steps"));
  config.steps = dump_json(steps, -1);
  QUIVER_TRY(const Json all, get<Json>(object, "ports"));
  for (const auto& [name, entry] : all.items()) {
    TransformerPort port;
    QUIVER_TRY(port.column, get<std::string>(entry, "column"));
    QUIVER_TRY(port.prefix, get<std::string>(entry, "prefix"));
    if (entry.contains("instruction")) {
      QUIVER_TRY(const Json instruction, get<Json>(entry, "instruction"));
      QUIVER_TRY(port.instruction, get<std::string>(instruction, "column"));
      QUIVER_TRY(port.form, get<std::string>(instruction, "form"));
      QUIVER_TRY(fill_instruction(port.form, "").within(fmt::format("port '{}'", name)));
    }
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
  std::optional<LatentAttention> latent;
  if (config.latent_heads > 0) {
    QUIVER_TRY(latent, LatentAttention::open(config.latent_heads, config.stack.dim, weights));
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
    const Field instruction{.name = entry->second.instruction, .optional = true};
    if (!instruction.name.empty() && std::find(port.reads.begin(), port.reads.end(), instruction) == port.reads.end()) {
      return Error::invalid_argument(
          fmt::format("port '{}' takes instructions from column '{}', which is no optional text it reads", port.name,
                      instruction.name));
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
  return std::unique_ptr<const ModelBody>(std::make_unique<Transformer>(
      std::move(config), std::move(stack), std::move(latent), std::move(tokenizer), std::move(steps)));
}

}  // namespace quiver
