#include "quiver/model/rcnn.h"

#include <fmt/format.h>

#include <algorithm>

#include "quiver/core/json.h"
#include "quiver/core/linalg.h"
#include "quiver/data/tokenizer.h"
#include "quiver/model/layers.h"
#include "quiver/model/pooling.h"
#include "quiver/model/transformer.h"
#include "quiver/simd/kernels.h"

namespace quiver {
namespace {
constexpr std::size_t kTextsPerPiece = 16;                    // computed by one thread before it asks for more
constexpr std::size_t kLargestExtent = std::size_t{1} << 31;  // what BLAS counts in

// The words of a text that a piece works on, grown as needed.
struct TextScratch {
  Matrix words, drive, contexts,
      hidden;                   // (tokens, word), (tokens, context), (tokens, 2 context + word), (tokens, hidden)
  std::vector<float> products;  // (context)
  void reserve(std::size_t tokens, const RcnnConfig& config) {
    if (words.rows() >= tokens) return;
    words = Matrix(tokens, config.word);
    drive = Matrix(tokens, config.context);
    contexts = Matrix(tokens, 2 * config.context + config.word);
    hidden = Matrix(tokens, config.hidden);
    products.resize(config.context);
  }
};

class Rcnn final : public ModelBody {
 public:
  Rcnn(RcnnConfig config, Tokenizer tokenizer, const Weights& weights)
      : config_(std::move(config)), tokenizer_(std::move(tokenizer)), weights_(weights.widened()) {}

  Result<void> open() {
    const auto& [vocabulary, word, context, hidden, longest, ports] = config_;
    QUIVER_TRY(words_, weights_.matrix("words", vocabulary, word));
    QUIVER_TRY(left_, open_side("left"));
    QUIVER_TRY(right_, open_side("right"));
    QUIVER_TRY(hidden_, weights_.matrix("hidden", hidden, 2 * context + word));
    QUIVER_TRY(hidden_bias_, weights_.vector("hidden_bias", hidden));
    return {};
  }

  Result<void> open_port(const Port& port) {
    const auto entry = config_.ports.find(port.name);
    if (port.ability != Ability::Encode || entry == config_.ports.end()) {
      return Error::invalid_argument(fmt::format("the config of an RCNN does not say what port '{}' ({}) reads",
                                                 port.name, name_of(port.ability)));
    }
    const Field wanted{.name = entry->second.column};
    if (std::find(port.reads.begin(), port.reads.end(), wanted) == port.reads.end()) {
      return Error::invalid_argument(
          fmt::format("port '{}' encodes column '{}', which is no text it reads", port.name, entry->second.column));
    }
    QUIVER_TRY(
        Layers steps,
        Layers::parse(entry->second.steps, config_.hidden, weights_).within(fmt::format("port '{}'", port.name)));
    if (steps.out() != port.space.dims) {
      return Error::invalid_argument(
          fmt::format("port '{}' promises {} dims, its steps give {}", port.name, port.space.dims, steps.out()));
    }
    steps_.emplace(port.name, std::move(steps));
    return {};
  }

  Result<Encoded> encode(const Port& port, const Items& items, std::uint32_t, Run& run) const override {
    QUIVER_TRY(const TextColumn texts, items.text(config_.ports.find(port.name)->second.column));
    const Layers& steps = steps_.find(port.name)->second;
    Matrix out(items.size(), port.space.dims);
    std::vector<double> dropped(items.size(), 0);
    Threads& threads = run.threads();
    std::vector<TextScratch> scratch(threads.count());
    auto stage = run.stage("encode", items.size());
    const BlasThreads one(1);  // each worker multiplies its own texts
    threads.parallel_for(items.size(), kTextsPerPiece, [&](std::size_t begin, std::size_t end, unsigned worker) {
      for (; begin < end && !run.stop(); begin += kTextsPerPiece) {
        const std::size_t count = std::min(kTextsPerPiece, end - begin);
        Matrix largest(count, config_.hidden);
        for (std::size_t i = 0; i < count; ++i) {
          if (texts.missing(begin + i)) continue;
          const Tokens tokens = tokenizer_.encode(texts[begin + i], {.longest = config_.longest});
          dropped[begin + i] = static_cast<double>(tokens.dropped);
          describe(tokens.ids, scratch[worker], largest.row(i));
        }
        const Matrix vectors = steps.apply(std::move(largest));  // (count, space.dims)
        for (std::size_t i = 0; i < count; ++i) std::ranges::copy(vectors.row(i), out.row(begin + i).begin());
        stage.advance(count);
      }
    });
    if (run.stop()) return run.stopped("encoding texts");
    Encoded encoded{Rows::dense(std::move(out), port.space), {}};
    const bool cut = std::any_of(dropped.begin(), dropped.end(), [](double tokens) { return tokens > 0; });
    if (cut) encoded.side = Items::of(std::string(kDroppedColumn), std::move(dropped));
    return encoded;
  }

 private:
  struct Side {
    std::span<const float> start;  // (context)
    MatrixView context, word;      // (context, context), (context, word)
  };

  Result<Side> open_side(const std::string& name) const {
    Side side;
    QUIVER_TRY(side.start, weights_.vector(name + "/start", config_.context));
    QUIVER_TRY(side.context, weights_.matrix(name + "/context", config_.context, config_.context));
    QUIVER_TRY(side.word, weights_.matrix(name + "/word", config_.context, config_.word));
    return side;
  }

  // y of one text. Zeros for no words.
  void describe(std::span<const std::uint32_t> ids, TextScratch& scratch, std::span<float> y) const {
    const std::size_t tokens = ids.size(), context = config_.context, word = config_.word;
    if (tokens == 0) return;
    scratch.reserve(tokens, config_);
    for (std::size_t i = 0; i < tokens; ++i) {
      QUIVER_CHECK(ids[i] < words_.rows);
      const auto vector = words_.row(ids[i]);
      std::ranges::copy(vector, scratch.words.row(i).begin());
      std::ranges::copy(vector, scratch.contexts.row(i).subspan(context).begin());
    }
    const auto at = [&](std::size_t i, std::size_t column) { return scratch.contexts.row(i).subspan(column, context); };
    carry_words(left_, tokens, scratch);
    std::ranges::copy(left_.start, at(0, 0).begin());
    for (std::size_t i = 1; i < tokens; ++i) carry(left_, at(i - 1, 0), i - 1, scratch, at(i, 0));
    const std::size_t right = context + word;
    carry_words(right_, tokens, scratch);
    std::ranges::copy(right_.start, at(tokens - 1, right).begin());
    for (std::size_t i = tokens - 1; i > 0; --i) carry(right_, at(i, right), i, scratch, at(i - 1, right));

    const auto activate = simd::kernels().activate(simd::Activation::Tanh);
    gemm_nt(scratch.contexts.view().slice(0, tokens), hidden_, scratch.hidden.data(), scratch.hidden.stride());
    for (std::size_t i = 0; i < tokens; ++i) activate(scratch.hidden.row(i).data(), hidden_bias_.data(), y.size());
    pool(Pool::Max, scratch.hidden.view().slice(0, tokens), 0, y);
  }

  // What every word adds to the context of its neighbour, before it is bent: (tokens, context).
  static void carry_words(const Side& side, std::size_t tokens, TextScratch& scratch) {
    gemm_nt(scratch.words.view().slice(0, tokens), side.word, scratch.drive.data(), scratch.drive.stride());
  }
  // to = tanh(W from + drive of the word that stands there). Products are negated, as distances are.
  static void carry(const Side& side, std::span<const float> from, std::size_t word, TextScratch& scratch,
                    std::span<float> to) {
    const simd::Kernels& kernels = simd::kernels();
    const MatrixView& square = side.context;
    kernels.distance(Metric::Dot, Element::F32)(from.data(), reinterpret_cast<const std::byte*>(square.data),
                                                square.stride * sizeof(float), nullptr, square.rows, square.cols,
                                                scratch.products.data());
    const auto drive = scratch.drive.row(word);
    for (std::size_t j = 0; j < to.size(); ++j) to[j] = drive[j] - scratch.products[j];
    kernels.activate(simd::Activation::Tanh)(to.data(), nullptr, to.size());
  }

  RcnnConfig config_;
  Tokenizer tokenizer_;
  Weights weights_;  // as f32: what the views below point into
  MatrixView words_, hidden_;
  std::span<const float> hidden_bias_;
  Side left_, right_;
  std::map<std::string, Layers, std::less<>> steps_;  // by port
};
}  // namespace

std::string RcnnConfig::to_json() const {
  Json all = Json::object();
  for (const auto& [name, port] : ports) {
    auto steps = parse_json(port.steps);  // what does not parse is refused by make_rcnn
    all[name] = {{"column", port.column}, {"steps", steps.has_value() ? *std::move(steps) : Json()}};
  }
  return dump_json(Json{{"vocabulary", vocabulary},
                        {"word", word},
                        {"context", context},
                        {"hidden", hidden},
                        {"longest", longest},
                        {"ports", std::move(all)}},
                   -1);
}

Result<RcnnConfig> RcnnConfig::parse(std::string_view json) {
  QUIVER_TRY(const Json object, parse_json(json));
  RcnnConfig config;
  const auto extent = [&](std::string_view key, std::size_t& value) -> Result<void> {
    QUIVER_TRY(value, get<std::size_t>(object, key));
    if (value > 0 && value < kLargestExtent) return {};
    return Error::invalid_argument(
        fmt::format("its '{}' is {}; it must be above 0 and below {}", key, value, kLargestExtent));
  };
  QUIVER_TRY(extent("vocabulary", config.vocabulary));
  QUIVER_TRY(extent("word", config.word));
  QUIVER_TRY(extent("context", config.context));
  QUIVER_TRY(extent("hidden", config.hidden));
  QUIVER_TRY(extent("longest", config.longest));
  QUIVER_TRY(const Json all, get<Json>(object, "ports"));
  for (const auto& [name, entry] : all.items()) {
    RcnnPort port;
    QUIVER_TRY(port.column, get<std::string>(entry, "column"));
    QUIVER_TRY(const Json steps, get<Json>(entry, "steps"));
    port.steps = dump_json(steps, -1);
    config.ports.emplace(name, std::move(port));
  }
  return config;
}

Result<std::unique_ptr<const ModelBody>> make_rcnn(std::string_view config_text, std::span<const Port> ports,
                                                   const Weights& weights) {
  QUIVER_TRY(RcnnConfig config, RcnnConfig::parse(config_text).within("the config of an RCNN"));
  QUIVER_TRY(const std::string_view tokenizer_text, weights.text("tokenizer"));
  QUIVER_TRY(Tokenizer tokenizer, Tokenizer::parse(tokenizer_text).within("tensor 'tokenizer'"));
  if (tokenizer.size() > config.vocabulary) {
    return Error::corruption(fmt::format("the tokenizer has ids up to {}, the model has vectors for {} words",
                                         tokenizer.size() - 1, config.vocabulary));
  }
  if (config.longest <= tokenizer.special_tokens()) {
    return Error::invalid_argument(
        fmt::format("at most {} tokens leave none to a text: the tokenizer puts {} around it", config.longest,
                    tokenizer.special_tokens()));
  }
  auto body = std::make_unique<Rcnn>(std::move(config), std::move(tokenizer), weights);
  QUIVER_TRY(body->open());
  for (const Port& port : ports) QUIVER_TRY(body->open_port(port));
  return std::unique_ptr<const ModelBody>(std::move(body));
}

}  // namespace quiver
