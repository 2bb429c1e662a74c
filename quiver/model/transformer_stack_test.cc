// The packed, blocked computation against the equations written out in double, for every choice of the config.
#include "quiver/model/transformer_stack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "quiver/core/random.h"
#include "quiver/model/activation.h"

namespace quiver {
namespace {
using testing::HasSubstr;
constexpr std::uint64_t kSeed = 23;
using Row = std::vector<double>;
using RowsOfDoubles = std::vector<Row>;

Matrix random_numbers(std::size_t rows, std::size_t cols, std::string_view name, float scale, float centre = 0) {
  Random random(kSeed, stream_of(name));
  Matrix out(rows, cols);
  for (std::size_t i = 0; i < rows; ++i) {
    for (float& x : out.row(i)) x = centre + scale * random.normal();
  }
  return out;
}

// Every tensor that the config asks for, with random numbers; biases and shifts only if `with_bias`.
Weights random_weights(const TransformerConfig& config, bool with_bias) {
  Weights weights;
  const auto matrix = [&](const std::string& name, std::size_t rows, std::size_t cols, float scale) {
    const Matrix numbers = random_numbers(rows, cols, name, scale);
    EXPECT_TRUE(weights.add(name, numbers.view()).has_value());
  };
  const auto vector = [&](const std::string& name, std::size_t count, float centre) {
    EXPECT_TRUE(weights.add(name, random_numbers(1, count, name, 0.2F, centre).row(0)).has_value());
  };
  const auto linear = [&](const std::string& name, std::size_t out, std::size_t in) {
    matrix(name, out, in, 1.5F / std::sqrt(static_cast<float>(in)));
    if (with_bias) vector(name + "_bias", out, 0);
  };
  const auto norm = [&](const std::string& name) {
    vector(name, config.dim, 1);
    if (with_bias) vector(name + "_shift", config.dim, 0);
  };
  matrix("embedding/tokens", config.vocabulary, config.dim, 1);
  if (config.types > 0) matrix("embedding/types", config.types, config.dim, 1);
  if (config.positions.kind == PositionKind::Learned) {
    matrix("embedding/positions", config.positions.first + config.context, config.dim, 1);
  }
  if (config.relative.buckets > 0) matrix("relative", config.relative.buckets, config.heads, 1);
  if (config.embedding_norm) norm("embedding/norm");
  if (config.norm_first) norm("norm");
  const std::size_t inner = config.heads * config.head_width();
  for (std::size_t n = 0; n < config.layers; ++n) {
    const std::string layer = "layers/" + std::to_string(n) + "/";
    linear(layer + "attention/in", inner + 2 * config.key_heads_or_all() * config.head_width(), config.dim);
    linear(layer + "attention/out", config.dim, inner);
    norm(layer + "attention/norm");
    linear(layer + "feed/in", (config.gated ? 2 : 1) * config.hidden, config.dim);
    linear(layer + "feed/out", config.dim, config.hidden);
    norm(layer + "feed/norm");
  }
  return weights;
}

// One text, one token and one head at a time.
struct Reference {
  const TransformerConfig& config;
  const Weights& weights;

  Row table_row(const std::string& name, std::size_t row) const {
    const MatrixView table = *weights.matrix(name);
    return {table.row(row).begin(), table.row(row).end()};
  }
  Row linear(const std::string& name, const Row& x) const {
    const MatrixView w = *weights.matrix(name);
    Row out(w.rows);
    for (std::size_t i = 0; i < w.rows; ++i) {
      for (std::size_t j = 0; j < w.cols; ++j) out[i] += static_cast<double>(w.row(i)[j]) * x[j];
      if (weights.has(name + "_bias")) out[i] += static_cast<double>((*weights.vector(name + "_bias", w.rows))[i]);
    }
    return out;
  }
  Row norm(const std::string& name, const Row& x) const {
    const bool centred = config.norm == NormKind::Layer;
    double mean = 0, square = 0;
    for (const double v : x) mean += centred ? v / static_cast<double>(x.size()) : 0;
    for (const double v : x) square += (v - mean) * (v - mean) / static_cast<double>(x.size());
    Row out(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      out[i] = (x[i] - mean) / std::sqrt(square + config.epsilon) *
               static_cast<double>((*weights.vector(name, x.size()))[i]);
      if (weights.has(name + "_shift")) out[i] += static_cast<double>((*weights.vector(name + "_shift", x.size()))[i]);
    }
    return out;
  }
  double activate(double x) const {
    switch (config.activation) {
      case simd::Activation::Gelu:
        return 0.5 * x * (1 + std::erf(x / std::numbers::sqrt2));
      case simd::Activation::GeluTanh:
        return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
      case simd::Activation::Relu:
        return std::max(x, 0.0);
      case simd::Activation::Silu:
        return x / (1 + std::exp(-x));
      case simd::Activation::Tanh:
        return std::tanh(x);
    }
    return 0;
  }
  // Rotary: coordinates p and p + width / 2 of a head are turned together.
  void turn(double* head, std::size_t position) const {
    const std::size_t width = config.head_width(), half = width / 2;
    for (std::size_t p = 0; p < half; ++p) {
      const double angle = static_cast<double>(position) *
                           std::pow(config.positions.base, -2.0 * static_cast<double>(p) / static_cast<double>(width));
      const double low = head[p], high = head[p + half];
      head[p] = low * std::cos(angle) - high * std::sin(angle);
      head[p + half] = high * std::cos(angle) + low * std::sin(angle);
    }
  }
  RowsOfDoubles attend(const std::string& layer, const RowsOfDoubles& x) const {
    const std::size_t width = config.head_width(), keys = config.key_heads_or_all(), share = config.heads / keys;
    RowsOfDoubles qkv, out;
    for (std::size_t i = 0; i < x.size(); ++i) {
      qkv.push_back(linear(layer + "attention/in", x[i]));
      for (std::size_t h = 0; h < config.heads + keys && config.positions.kind == PositionKind::Rotary; ++h) {
        turn(qkv[i].data() + h * width, i);
      }
    }
    for (std::size_t i = 0; i < x.size(); ++i) {
      Row context(config.heads * width);
      for (std::size_t h = 0; h < config.heads; ++h) {
        const std::size_t key = (config.heads + h / share) * width, value = key + keys * width;
        Row scores;
        double sum = 0;
        for (std::size_t j = 0; j < (config.causal ? i + 1 : x.size()); ++j) {
          double score = 0;
          for (std::size_t d = 0; d < width; ++d) score += qkv[i][h * width + d] * qkv[j][key + d];
          score /= std::sqrt(static_cast<double>(width));
          if (config.relative.buckets > 0) {
            const auto ahead = static_cast<std::ptrdiff_t>(j) - static_cast<std::ptrdiff_t>(i);
            const std::size_t bucket = relative_bucket(ahead, config.relative.buckets, config.relative.farthest);
            score += static_cast<double>((*weights.matrix("relative")).row(bucket)[h]);
          }
          scores.push_back(std::exp(score));
          sum += scores.back();
        }
        for (std::size_t j = 0; j < scores.size(); ++j) {
          for (std::size_t d = 0; d < width; ++d) context[h * width + d] += scores[j] / sum * qkv[j][value + d];
        }
      }
      out.push_back(linear(layer + "attention/out", context));
    }
    return out;
  }
  Row feed(const std::string& layer, const Row& x) const {
    const Row in = linear(layer + "feed/in", x);
    Row hidden(config.hidden);
    for (std::size_t i = 0; i < hidden.size(); ++i) {
      hidden[i] = activate(in[i]) * (config.gated ? in[i + hidden.size()] : 1);
    }
    return linear(layer + "feed/out", hidden);
  }
  // The states after `layers` layers; with norm_first not yet normed at the end.
  RowsOfDoubles states(std::span<const std::uint32_t> ids, std::span<const std::uint32_t> types,
                       std::size_t layers) const {
    RowsOfDoubles x;
    std::size_t position = config.positions.first;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      Row row = table_row("embedding/tokens", ids[i]);
      if (config.types > 0) add(row, table_row("embedding/types", types[i]));
      if (config.positions.kind == PositionKind::Learned) {
        const bool padding = config.positions.padding == ids[i];
        add(row, table_row("embedding/positions", padding ? config.positions.first - 1 : position++));
      }
      x.push_back(config.embedding_norm ? norm("embedding/norm", row) : row);
    }
    for (std::size_t n = 0; n < layers; ++n) {
      const std::string layer = "layers/" + std::to_string(n) + "/";
      RowsOfDoubles in = x;
      for (Row& row : in) row = config.norm_first ? norm(layer + "attention/norm", row) : row;
      const RowsOfDoubles attended = attend(layer, in);
      for (std::size_t i = 0; i < x.size(); ++i) {
        add(x[i], attended[i]);
        if (!config.norm_first) x[i] = norm(layer + "attention/norm", x[i]);
        add(x[i], feed(layer, config.norm_first ? norm(layer + "feed/norm", x[i]) : x[i]));
        if (!config.norm_first) x[i] = norm(layer + "feed/norm", x[i]);
      }
    }
    return x;
  }
  static void add(Row& to, const Row& what) {
    for (std::size_t i = 0; i < to.size(); ++i) to[i] += what[i];
  }
};

TransformerConfig base() {
  return {.vocabulary = 50, .dim = 12, .heads = 3, .hidden = 20, .layers = 3, .context = 150, .types = 2};
}
TransformerConfig modern() {
  TransformerConfig config = base();
  config.key_heads = 1;
  config.head_dim = 6;
  config.types = 0;
  config.positions = {.kind = PositionKind::Rotary, .base = 500};
  config.norm = NormKind::Rms;
  config.epsilon = 1e-6;
  config.norm_first = config.gated = config.causal = true;
  config.embedding_norm = false;
  config.activation = simd::Activation::Silu;
  return config;
}
// Texts of these lengths, packed: one token, more than a block of queries, none.
TokenBatch random_batch(const TransformerConfig& config) {
  Random random(kSeed, stream_of("tokens"));
  TokenBatch batch;
  for (const std::size_t length : {1UL, 5UL, 0UL, 140UL, 2UL}) {
    std::vector<std::uint32_t> ids(length), types(length);
    for (std::uint32_t& id : ids) id = static_cast<std::uint32_t>(random.below(config.vocabulary));
    for (std::size_t i = 0; i < length && config.types > 0; ++i) types[i] = i * 2 > length ? 1 : 0;
    batch.add(ids, types);
  }
  return batch;
}

void expect_as_reference(const TransformerConfig& config, bool with_bias, const std::string& what) {
  const Weights weights = random_weights(config, with_bias);
  const auto stack = TransformerStack::open(config, weights);
  ASSERT_TRUE(stack.has_value()) << what << ": " << stack.error().message();
  const TokenBatch batch = random_batch(config);
  const Reference reference{config, weights};
  const auto expect_rows = [&](MatrixView found, std::size_t layers, bool last) {
    for (std::size_t text = 0; text < batch.texts(); ++text) {
      const std::size_t first = batch.offsets[text], count = batch.offsets[text + 1] - first;
      const RowsOfDoubles want = reference.states(std::span(batch.ids).subspan(first, count),
                                                  std::span(batch.types).subspan(first, count), layers);
      for (std::size_t i = 0; i < count; ++i) {
        const Row row = last && config.norm_first ? reference.norm("norm", want[i]) : want[i];
        for (std::size_t d = 0; d < config.dim; ++d) {
          ASSERT_NEAR(static_cast<double>(found.row(first + i)[d]), row[d], 1e-4)
              << what << ", seed " << kSeed << ", layer " << layers << ", text " << text << ", token " << i;
        }
      }
    }
  };
  TransformerStack::Scratch scratch;
  std::size_t seen = 0;
  const MatrixView all = stack->run(batch, 0, scratch, [&](std::size_t layer, MatrixView states) {
    EXPECT_EQ(layer, seen++);
    expect_rows(states, layer, false);
  });
  EXPECT_EQ(seen, config.layers + 1);
  expect_rows(all, config.layers, true);
  expect_rows(stack->run(batch, 2, scratch), 2, true);  // an early exit, in the same scratch
}

TEST(TransformerStack, FollowsTheEquationsInEveryShape) {
  expect_as_reference(base(), true, "norm after");
  expect_as_reference(base(), false, "without biases");
  expect_as_reference(modern(), false, "modern");
  expect_as_reference(modern(), true, "modern with biases");
  TransformerConfig shifted = base();
  shifted.positions = {.first = 2, .padding = 1};
  expect_as_reference(shifted, true, "positions after the padding's");
  TransformerConfig relative = base();
  relative.relative = {.buckets = 8, .farthest = 20};
  expect_as_reference(relative, true, "relative positions");
  relative.causal = true;
  relative.positions.kind = PositionKind::None;
  expect_as_reference(relative, true, "relative positions, causal");
  TransformerConfig none = base();
  none.positions.kind = PositionKind::None;
  none.types = 0;
  none.norm_first = true;
  expect_as_reference(none, true, "no positions, norm first");
  for (std::size_t kind = 0; kind < simd::kActivations; ++kind) {
    TransformerConfig config = base();
    config.layers = 2;
    config.gated = kind % 2 == 1;
    config.activation = static_cast<simd::Activation>(kind);
    expect_as_reference(config, true, std::string(name_of(config.activation)));
  }
}

TEST(TransformerStack, ATextIsTheSameAloneAndPacked) {
  for (const TransformerConfig& config : {base(), modern()}) {
    const Weights weights = random_weights(config, true);
    const auto stack = TransformerStack::open(config, weights);
    ASSERT_TRUE(stack.has_value()) << stack.error().message();
    const TokenBatch batch = random_batch(config);
    TransformerStack::Scratch scratch, other;
    const MatrixView packed = stack->run(batch, 0, scratch);
    for (std::size_t text = 0; text < batch.texts(); ++text) {
      const std::size_t first = batch.offsets[text], count = batch.offsets[text + 1] - first;
      TokenBatch alone;
      alone.add(std::span(batch.ids).subspan(first, count), std::span(batch.types).subspan(first, count));
      const MatrixView states = stack->run(alone, 0, other);
      for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t d = 0; d < config.dim; ++d) {
          ASSERT_NEAR(states.row(i)[d], packed.row(first + i)[d], 1e-5F) << "text " << text << ", token " << i;
        }
      }
    }
  }
}

TEST(TransformerStack, NoTextsGiveNoStates) {
  const auto stack = TransformerStack::open(base(), random_weights(base(), true));
  ASSERT_TRUE(stack.has_value());
  TransformerStack::Scratch scratch;
  EXPECT_EQ(stack->run(TokenBatch(), 0, scratch).rows, 0u);
}

TEST(TransformerStack, HalvesAreWidened) {
  const TransformerConfig config = base();
  Weights narrow, rounded;
  const Weights wide_weights = random_weights(config, true);
  for (const auto& [name, tensor] : wide_weights.tensors()) {
    const MatrixView floats{reinterpret_cast<const float*>(tensor.bytes.data()), 1, tensor.count(), tensor.count()};
    const TypedMatrix halves = *to_element(floats, Element::F16);
    const Matrix back = to_float(halves.view());
    auto memory = std::make_shared<AlignedBytes>(2 * tensor.count());
    std::copy_n(halves.row(0), memory->size(), memory->data());
    ASSERT_TRUE(
        narrow.add(name, Tensor{Element::F16, tensor.shape, {memory->data(), memory->size()}, memory}).has_value());
    auto wide = std::make_shared<AlignedBytes>(4 * tensor.count());
    std::copy_n(reinterpret_cast<const std::byte*>(back.data()), wide->size(), wide->data());
    ASSERT_TRUE(rounded.add(name, Tensor{Element::F32, tensor.shape, {wide->data(), wide->size()}, wide}).has_value());
  }
  TransformerStack::Scratch one, two;
  const TokenBatch batch = random_batch(config);
  const auto from_halves = TransformerStack::open(config, narrow),
             from_floats = TransformerStack::open(config, rounded);
  ASSERT_TRUE(from_halves.has_value() && from_floats.has_value());
  const MatrixView a = from_halves->run(batch, 0, one), b = from_floats->run(batch, 0, two);
  for (std::size_t i = 0; i < a.rows; ++i) EXPECT_TRUE(std::equal(a.row(i).begin(), a.row(i).end(), b.row(i).begin()));
}

TEST(TransformerStack, ATensorThatDoesNotFitIsNamed) {
  const auto message = [](const TransformerConfig& config, const Weights& weights) {
    const auto stack = TransformerStack::open(config, weights);
    return stack.has_value() ? std::string("accepted") : stack.error().message();
  };
  const Weights weights = random_weights(base(), true);
  TransformerConfig deeper = base(), wider = base(), longer = base(), gated = base(), first = base(), relative = base();
  deeper.layers = 4;
  wider.hidden = 21;
  longer.context = 151;
  gated.gated = true;
  first.norm_first = true;
  relative.relative.buckets = 8;
  EXPECT_THAT(message(deeper, weights), HasSubstr("tensor 'layers/3/attention/in' is missing"));
  EXPECT_THAT(message(wider, weights), HasSubstr("tensor 'layers/0/feed/in' is f32 (20, 12), expected (21, 12)"));
  EXPECT_THAT(message(longer, weights),
              HasSubstr("'embedding/positions' is f32 (150, 12), expected (151 or more, 12)"));
  EXPECT_THAT(message(gated, weights), HasSubstr("expected (40, 12)"));
  EXPECT_THAT(message(first, weights), HasSubstr("tensor 'norm' is missing"));
  EXPECT_THAT(message(relative, weights), HasSubstr("tensor 'relative' is missing"));
  EXPECT_THAT(message({}, weights), HasSubstr("vocabulary is 0"));
}

TEST(RelativeBucket, NearDistancesHaveTheirOwn) {
  // 32 buckets, farthest 128: 16 each way, 8 of them exact; then 8 ranges up to 128.
  for (std::ptrdiff_t distance = 0; distance < 8; ++distance) {
    EXPECT_EQ(relative_bucket(-distance, 32, 128), static_cast<std::size_t>(distance));
    if (distance > 0) {
      EXPECT_EQ(relative_bucket(distance, 32, 128), static_cast<std::size_t>(distance) + 16);
    }
  }
  EXPECT_EQ(relative_bucket(-8, 32, 128), 8u);
  EXPECT_EQ(relative_bucket(-16, 32, 128), 10u);  // 8 + 8 log(2) / log(16)
  EXPECT_EQ(relative_bucket(-127, 32, 128), 15u);
  EXPECT_EQ(relative_bucket(-5000, 32, 128), 15u);
  EXPECT_EQ(relative_bucket(5000, 32, 128), 31u);
}

}  // namespace
}  // namespace quiver
