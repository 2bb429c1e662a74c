#include "quiver/model/rcnn.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "quiver/core/json.h"
#include "quiver/core/random.h"
#include "quiver/data/items_builder.h"
#include "quiver/data/train_words.h"
#include "quiver/model/transformer.h"

namespace quiver {
namespace {
using testing::Each;
using testing::HasSubstr;
constexpr std::uint64_t kRcnnSeed = 12;
constexpr std::size_t kWord = 5, kContext = 4, kHidden = 7, kLongest = 6;

Tokenizer words_tokenizer() {
  quiver::Run run({.threads = 1});
  const std::vector<std::string_view> texts{"one two three four five six seven eight nine ten"};
  return *train_words(texts, {.min_frequency = 1}, run);
}
Matrix random_rows(std::string_view name, std::size_t rows, std::size_t cols) {
  Random random(kRcnnSeed, stream_of(name));
  Matrix out(rows, cols);
  for (std::size_t i = 0; i < rows; ++i) {
    for (float& x : out.row(i)) x = 0.7F * random.normal();
  }
  return out;
}
Weights rcnn_weights() {
  Weights weights;
  const auto matrix = [&](const std::string& name, std::size_t rows, std::size_t cols) {
    const Matrix numbers = random_rows(name, rows, cols);
    EXPECT_TRUE(weights.add(name, numbers.view()).has_value()) << name;
  };
  const auto vector = [&](const std::string& name, std::size_t count) {
    const Matrix row = random_rows(name, 1, count);
    EXPECT_TRUE(weights.add(name, std::span<const float>(row.row(0))).has_value()) << name;
  };
  const Tokenizer tokenizer = words_tokenizer();
  EXPECT_TRUE(weights.add("tokenizer", std::string_view(tokenizer.to_json())).has_value());
  matrix("words", tokenizer.size(), kWord);
  for (const std::string side : {"left", "right"}) {
    vector(side + "/start", kContext);
    matrix(side + "/context", kContext, kContext);
    matrix(side + "/word", kContext, kWord);
  }
  matrix("hidden", kHidden, 2 * kContext + kWord);
  vector("hidden_bias", kHidden);
  matrix("classes/weight", 3, kHidden);
  vector("classes/bias", 3);
  return weights;
}
RcnnConfig rcnn_config() {
  return {.vocabulary = words_tokenizer().size(),
          .word = kWord,
          .context = kContext,
          .hidden = kHidden,
          .longest = kLongest,
          .ports = {{"document", {}}, {"classes", {.steps = R"([{"step": "linear", "name": "classes"}])"}}}};
}
std::vector<Port> rcnn_ports() {
  Port document{.name = "document", .reads = {{"text"}}, .space = {.dims = kHidden, .metric = Metric::Dot}};
  Port classes{.name = "classes", .role = "classes", .reads = {{"text"}}, .labels = {"a", "b", "c"}};
  classes.space = {.id = "scores", .dims = 3, .metric = Metric::Dot};
  return {document, classes};
}
Result<Model> rcnn_model(const RcnnConfig& config = rcnn_config(), const std::vector<Port>& ports = rcnn_ports(),
                         const Weights& weights = rcnn_weights()) {
  return Model::make("rcnn", config.to_json(), ports, weights, {.recipe = "test", .data_licence = "none"});
}

// The equations in double precision, by loops.
using Row = std::vector<double>;
Row product(const Weights& weights, const std::string& name, const Row& x) {
  const MatrixView w = *weights.matrix(name);
  Row out(w.rows, 0);
  for (std::size_t i = 0; i < w.rows; ++i) {
    for (std::size_t j = 0; j < w.cols; ++j) out[i] += static_cast<double>(w.row(i)[j]) * x[j];
  }
  return out;
}
Row described(const std::vector<std::uint32_t>& ids) {
  const Weights weights = rcnn_weights();
  const MatrixView words = *weights.matrix("words");
  const auto row = [](std::span<const float> values) { return Row(values.begin(), values.end()); };
  const std::size_t n = ids.size();
  std::vector<Row> left(n), right(n);
  const auto next = [&](const std::string& side, const Row& from, std::uint32_t word) {
    Row out = product(weights, side + "/context", from);
    const Row drive = product(weights, side + "/word", row(words.row(word)));
    for (std::size_t j = 0; j < out.size(); ++j) out[j] = std::tanh(out[j] + drive[j]);
    return out;
  };
  if (n == 0) return Row(kHidden, 0);
  left[0] = row(*weights.vector("left/start", kContext));
  right[n - 1] = row(*weights.vector("right/start", kContext));
  for (std::size_t i = 1; i < n; ++i) {
    left[i] = next("left", left[i - 1], ids[i - 1]);
    right[n - 1 - i] = next("right", right[n - i], ids[n - i]);
  }
  Row y(kHidden, -2);
  for (std::size_t i = 0; i < n; ++i) {
    Row x = left[i];
    for (const float value : words.row(ids[i])) x.push_back(static_cast<double>(value));
    x.insert(x.end(), right[i].begin(), right[i].end());
    const Row z = product(weights, "hidden", x);
    const auto bias = *weights.vector("hidden_bias", kHidden);
    for (std::size_t j = 0; j < kHidden; ++j) {
      y[j] = std::max(y[j], std::tanh(z[j] + static_cast<double>(bias[j])));
    }
  }
  return y;
}

TEST(RcnnBody, IsThePapersEquationsForTextsOfAnyLength) {
  const auto model = rcnn_model();
  ASSERT_TRUE(model.has_value()) << model.error().message();
  const Tokenizer tokenizer = words_tokenizer();
  const Weights weights = rcnn_weights();
  const auto bias = *weights.vector("classes/bias", 3);
  std::vector<std::string> texts{"", "three", "one two three four five six", "ten unheard nine", "two two"};
  for (int i = 0; i < 40; ++i) texts.push_back(i % 2 == 0 ? "seven eight" : "one");
  for (const unsigned threads : {1U, 2U}) {
    quiver::Run run({.threads = threads});
    const auto encoded = model->encode(Items::of("text", texts), {}, run);
    const auto scores = model->encode(Items::of("text", texts), {.port = "classes"}, run);
    ASSERT_TRUE(encoded.has_value() && scores.has_value());
    EXPECT_TRUE(encoded->side.fields().empty());
    const MatrixView vectors = *encoded->rows.dense(), classes = *scores->rows.dense();
    ASSERT_EQ(classes.cols, 3U);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const Row wanted = described(tokenizer.encode(texts[i]).ids);
      for (std::size_t j = 0; j < kHidden; ++j) {
        EXPECT_NEAR(static_cast<double>(vectors.row(i)[j]), wanted[j], 1e-5) << texts[i] << ", seed " << kRcnnSeed;
      }
      const Row logits = product(weights, "classes/weight", wanted);
      for (std::size_t c = 0; c < 3; ++c) {
        EXPECT_NEAR(static_cast<double>(classes.row(i)[c]), logits[c] + static_cast<double>(bias[c]), 1e-5) << texts[i];
      }
    }
  }
}

TEST(RcnnBody, LongTextsAreCutAndCounted) {
  const auto model = rcnn_model();
  ASSERT_TRUE(model.has_value()) << model.error().message();
  quiver::Run run({.threads = 1});
  const std::vector<std::string> texts{"one two three four five six seven eight", "one two three four five six"};
  const auto encoded = model->encode(Items::of("text", texts), {}, run);
  ASSERT_TRUE(encoded.has_value());
  const auto dropped = *encoded->side.numbers(kDroppedColumn);
  EXPECT_EQ(dropped[0], 2);
  EXPECT_EQ(dropped[1], 0);
  const MatrixView rows = *encoded->rows.dense();
  EXPECT_THAT(rows.row(0), testing::ElementsAreArray(rows.row(1)));
}

TEST(RcnnBody, AMissingTextIsZerosAndAnInterruptStops) {
  const auto model = rcnn_model();
  ASSERT_TRUE(model.has_value()) << model.error().message();
  ItemsBuilder builder({{.name = "text"}});
  builder.end_row();
  const Items items = std::move(builder).build();
  quiver::Run run({.threads = 1});
  const auto encoded = model->encode(items, {}, run);
  ASSERT_TRUE(encoded.has_value());
  EXPECT_THAT((*encoded->rows.dense()).row(0), Each(0.0F));
  run.cancel();
  EXPECT_EQ(model->encode(items, {}, run).error().code(), Code::Cancelled);
}

TEST(RcnnBody, PartsThatDoNotFitAreRefusedByName) {
  const auto refused = [](auto&& change) {
    RcnnConfig config = rcnn_config();
    std::vector<Port> ports = rcnn_ports();
    change(config, ports);
    const auto model = rcnn_model(config, ports);
    return model.has_value() ? std::string("made") : model.error().message();
  };
  EXPECT_EQ(refused([](RcnnConfig&, std::vector<Port>&) {}), "made");
  EXPECT_THAT(refused([](RcnnConfig& c, auto&) { c.hidden = 8; }), HasSubstr("'hidden'"));
  EXPECT_THAT(refused([](RcnnConfig& c, auto&) { c.context = 0; }),
              HasSubstr("its 'context' is 0; it must be above 0"));
  EXPECT_THAT(refused([](RcnnConfig& c, auto&) { c.vocabulary = 3; }), HasSubstr("the model has vectors for 3 words"));
  EXPECT_THAT(refused([](RcnnConfig& c, auto&) { c.vocabulary = 99; }), HasSubstr("'words'"));
  EXPECT_THAT(refused([](RcnnConfig& c, auto&) { c.ports.erase("document"); }),
              HasSubstr("does not say what port 'document' (encode) reads"));
  EXPECT_THAT(refused([](RcnnConfig& c, auto&) { c.ports["document"].column = "title"; }),
              HasSubstr("port 'document' encodes column 'title', which is no text it reads"));
  EXPECT_THAT(refused([](RcnnConfig& c, auto&) { c.ports["document"].steps = c.ports["classes"].steps; }),
              HasSubstr("port 'document' promises 7 dims, its steps give 3"));
  EXPECT_THAT(refused([](RcnnConfig& c, auto&) { c.ports["classes"].steps = R"([{"step": "leap"}])"; }),
              HasSubstr("port 'classes'"));
  EXPECT_THAT(refused([](auto&, std::vector<Port>& p) { p[0].ability = Ability::Map; }), HasSubstr("(map)"));

  Weights without;
  const Weights whole = rcnn_weights();
  for (const auto& [name, tensor] : whole.tensors()) {
    if (name == "tokenizer") continue;
    ASSERT_TRUE(without.add(name, tensor).has_value());
  }
  EXPECT_THAT(rcnn_model(rcnn_config(), rcnn_ports(), without).error().message(), HasSubstr("'tokenizer' is missing"));
  ASSERT_TRUE(without.add("tokenizer", std::string_view("{}")).has_value());
  EXPECT_THAT(rcnn_model(rcnn_config(), rcnn_ports(), without).error().message(), HasSubstr("tensor 'tokenizer'"));
}

// Written by the version that introduced the body; a newer one must give the same vectors.
TEST(RcnnBody, OpensAFileOfVersionOne) {
  const auto model = Model::open("tests/data/rcnn-1.qvm");
  ASSERT_TRUE(model.has_value()) << model.error().message();
  quiver::Run run({.threads = 1});
  const std::vector<std::string> texts{"one two three", "ten nine unheard"};
  const auto encoded = model->encode(Items::of("text", texts), {}, run);
  ASSERT_TRUE(encoded.has_value()) << encoded.error().message();
  const MatrixView vectors = *encoded->rows.dense();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const Row wanted = described(words_tokenizer().encode(texts[i]).ids);
    for (std::size_t j = 0; j < kHidden; ++j) {
      EXPECT_NEAR(static_cast<double>(vectors.row(i)[j]), wanted[j], 1e-5) << texts[i];
    }
  }
}

TEST(RcnnBody, ConfigReadsWhatItWrites) {
  const auto again = RcnnConfig::parse(rcnn_config().to_json());
  ASSERT_TRUE(again.has_value()) << again.error().message();
  EXPECT_EQ(again->to_json(), rcnn_config().to_json());
  EXPECT_THAT(RcnnConfig::parse("{}").error().message(), HasSubstr("vocabulary"));
}

}  // namespace
}  // namespace quiver
