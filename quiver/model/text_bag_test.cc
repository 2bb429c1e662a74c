#include "quiver/model/text_bag.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "quiver/core/metric.h"
#include "quiver/core/random.h"
#include "quiver/core/temporary_folder.h"
#include "quiver/data/items_builder.h"

namespace quiver {
namespace {
using testing::HasSubstr;

constexpr std::uint64_t kSeed = 17;
constexpr std::size_t kDim = 20, kHidden = 9;
const std::vector<std::string_view> kTexts{"lion, king of beasts: large gregarious predatory feline",
                                           "to run away from something", "a large wild cat with a mane",
                                           "move fast on foot"};

Matrix random_matrix(std::size_t rows, std::size_t cols, std::string_view name) {
  Random random(kSeed, stream_of(name));
  Matrix out(rows, cols);
  for (std::size_t i = 0; i < rows; ++i) {
    for (float& x : out.row(i)) x = random.normal() / std::sqrt(static_cast<float>(cols));
  }
  return out;
}

// A bag as training would freeze it: two towers over one table, one space.
struct Bag {
  TextFeatures features = *TextFeatures::fit(
      kTexts, {.kinds = {{.of = FeatureKind::Stem, .least = 1, .buckets = 16}, {.of = FeatureKind::Word, .least = 1}}});
  Matrix table = random_matrix(features.rows(), kDim, "table");
  std::vector<float> query = weighting("query"), head = weighting("head"), body = weighting("body");
  Matrix in = random_matrix(kHidden, kDim, "in"), out = random_matrix(kDim, kHidden, "out");
  std::vector<Port> ports{
      {.name = "query", .role = "query", .reads = {{.name = "text"}}, .space = {.dims = kDim}, .dims = {8}},
      {.name = "item",
       .role = "item",
       .reads = {{.name = "lemmas", .many = true}, {.name = "definition", .optional = true}},
       .space = {.dims = kDim}}};
  TextBagConfig config{
      .features = features.config(),
      .ports = {{"query", {{{"text", "query"}}, R"([{"step":"unit"},{"step":"residual","name":"query/0"}])"}},
                {"item", {{{"lemmas", "head"}, {"definition", "body"}}}}}};
  Element element = Element::F32;

  std::vector<float> weighting(std::string_view name) const {
    std::vector<float> w(features.rows());
    Random random(kSeed, stream_of(name));
    for (float& x : w) x = static_cast<float>(random.uniform());
    return w;
  }
  Result<Weights> weights() const {
    Weights all;
    QUIVER_TRY(features.save(all));
    if (element == Element::F32) {
      QUIVER_TRY(all.add("table", table.view()));
    } else {
      QUIVER_TRY(TypedMatrix half, to_element(table.view(), element));
      auto packed = std::make_shared<std::vector<std::byte>>();
      for (std::size_t i = 0; i < half.rows(); ++i)
        packed->insert(packed->end(), half.row(i), half.row(i) + bytes_of(element, kDim));
      QUIVER_TRY(all.add("table", Tensor{element, {half.rows(), kDim}, *packed, packed}));
    }
    QUIVER_TRY(all.add("weights/query", std::span<const float>(query)));
    QUIVER_TRY(all.add("weights/head", std::span<const float>(head)));
    QUIVER_TRY(all.add("weights/body", std::span<const float>(body)));
    QUIVER_TRY(all.add("query/0/in", in.view()));
    QUIVER_TRY(all.add("query/0/out", out.view()));
    return all;
  }
  Result<Model> model() const {
    QUIVER_TRY(Weights all, weights());
    return Model::make("text_bag", config.to_json(), ports, std::move(all), {.recipe = "test", .data_licence = "none"});
  }

  // The reference: one text at a time, double precision, loops.
  using Row = std::vector<double>;
  static void unit(Row& x) {
    double norm = 0;
    for (const double v : x) norm += v * v;
    for (double& v : x) v /= norm > 0 ? std::sqrt(norm) : 1;
  }
  void pool(std::string_view text, const std::vector<float>& w, Row& sum) const {
    TextFeatures::Scratch scratch;
    std::vector<std::uint32_t> ids;
    features.append(text, scratch, ids);
    for (const std::uint32_t id : ids) {
      for (std::size_t j = 0; j < kDim; ++j) sum[j] += static_cast<double>(w[id]) * table.row(id)[j];
    }
  }
  Row query_vector(std::string_view text) const {
    Row x(kDim);
    pool(text, query, x);
    unit(x);
    Row h(kHidden);
    for (std::size_t i = 0; i < kHidden; ++i) {
      for (std::size_t j = 0; j < kDim; ++j) h[i] += static_cast<double>(in.row(i)[j]) * x[j];
      h[i] = 0.5 * h[i] * (1 + std::erf(h[i] / std::sqrt(2.0)));
    }
    for (std::size_t j = 0; j < kDim; ++j) {
      for (std::size_t i = 0; i < kHidden; ++i) x[j] += static_cast<double>(out.row(j)[i]) * h[i];
    }
    unit(x);
    return x;
  }
  Row item_vector(std::span<const std::string_view> lemmas, std::string_view definition) const {
    Row x(kDim);
    for (const std::string_view lemma : lemmas) pool(lemma, head, x);
    pool(definition, body, x);
    unit(x);
    return x;
  }
};

Items queries(const std::vector<std::string>& texts) { return Items::of("text", texts); }
void expect_row(std::span<const float> row, const Bag::Row& expected) {
  ASSERT_EQ(row.size(), expected.size());
  for (std::size_t j = 0; j < row.size(); ++j)
    EXPECT_NEAR(row[j], expected[j], 1e-4) << "seed " << kSeed << ", column " << j;
}

TEST(TextBag, AgreesWithTheLoopsForBatchesOfAnySize) {
  const Bag bag;
  const auto model = bag.model();
  ASSERT_TRUE(model) << model.error().message();
  for (const std::size_t count : {0, 1, 3, 600}) {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < count; ++i)
      texts.push_back(std::string(kTexts[i % kTexts.size()]) + " word" + std::to_string(i % 31));
    quiver::Run run({.threads = 2});
    const auto encoded = model->encode(queries(texts), {.role = "query"}, run);
    ASSERT_TRUE(encoded) << encoded.error().message();
    EXPECT_EQ(encoded->rows.space().id, model->id());
    const MatrixView rows = *encoded->rows.dense();
    ASSERT_EQ(rows.rows, count);
    for (std::size_t i = 0; i < count; ++i) expect_row(rows.row(i), bag.query_vector(texts[i]));
  }
}

TEST(TextBag, PoolsEveryColumnWithItsOwnWeights) {
  const Bag bag;
  const auto model = bag.model();
  ASSERT_TRUE(model);
  ItemsBuilder builder({{.name = "lemmas", .many = true}, {.name = "definition"}});
  const std::vector<std::string_view> lemmas{"lion", "king of beasts"};
  for (const std::string_view lemma : lemmas) builder.text(0, lemma);
  builder.text(1, "large feline");
  builder.end_row();
  builder.text(0, "run");  // no definition
  builder.end_row();
  const Items items = std::move(builder).build();
  quiver::Run run;
  const auto encoded = model->encode(items, {}, run);
  ASSERT_TRUE(encoded) << encoded.error().message();
  const MatrixView rows = *encoded->rows.dense();
  expect_row(rows.row(0), bag.item_vector(lemmas, "large feline"));
  expect_row(rows.row(1), bag.item_vector(std::vector<std::string_view>{"run"}, ""));
  const std::vector<std::string_view> only{"lemmas"};
  const auto without = model->encode(*items.select(only), {}, run);
  ASSERT_TRUE(without) << without.error().message();
  expect_row(without->rows.dense()->row(0), bag.item_vector(lemmas, ""));
}

TEST(TextBag, TextWithoutFeaturesIsTheZeroVectorFoundByNobody) {
  Bag bag;
  bag.config.features = bag.features.config();
  const auto model = bag.model();
  ASSERT_TRUE(model);
  quiver::Run run;
  const auto encoded = model->encode(queries({"", " ?! ", "lion", "\xff\xfe"}), {.role = "query"}, run);
  ASSERT_TRUE(encoded) << encoded.error().message();
  const MatrixView rows = *encoded->rows.dense();
  for (const std::size_t i : {0, 1, 3}) {
    for (const float x : rows.row(i)) EXPECT_EQ(x, 0.0f);
    EXPECT_EQ(distance(Metric::Cosine, rows.row(i), rows.row(2)), 1.0);
  }
}

TEST(TextBag, PrefixesAreOfUnitLength) {
  const Bag bag;
  const auto model = bag.model();
  ASSERT_TRUE(model);
  quiver::Run run;
  const auto whole = model->encode(queries({"large wild cat", ""}), {.role = "query"}, run);
  const auto cut = model->encode(queries({"large wild cat", ""}), {.role = "query", .dims = 8}, run);
  ASSERT_TRUE(whole);
  ASSERT_TRUE(cut) << cut.error().message();
  const std::span<const float> row = cut->rows.dense()->row(0), longer = whole->rows.dense()->row(0);
  ASSERT_EQ(row.size(), 8u);
  double norm = 0;
  for (const float x : row) norm += static_cast<double>(x) * x;
  EXPECT_NEAR(norm, 1, 1e-6);
  EXPECT_NEAR(row[0] / row[1], longer[0] / longer[1], 1e-4);
  EXPECT_EQ(*comparable(cut->rows.space(), whole->rows.space()), 8u);
  EXPECT_THAT(model->encode(queries({"x"}), {.role = "query", .dims = 9}, run).error().message(),
              HasSubstr("9 is no usable prefix"));
}

TEST(TextBag, AnswersAlikeWhateverTheThreads) {
  const Bag bag;
  const auto model = bag.model();
  ASSERT_TRUE(model);
  std::vector<std::string> texts;
  for (int i = 0; i < 700; ++i) texts.push_back("word" + std::to_string(i * i % 97) + " lion");
  quiver::Run one({.threads = 1}), three({.threads = 3});
  const auto a = model->encode(queries(texts), {.role = "query"}, one),
             b = model->encode(queries(texts), {.role = "query"}, three);
  ASSERT_TRUE(a);
  ASSERT_TRUE(b);
  for (std::size_t i = 0; i < texts.size(); ++i)
    EXPECT_THAT(a->rows.dense()->row(i), testing::ElementsAreArray(b->rows.dense()->row(i)));
}

TEST(TextBag, KeepsItsAnswersThroughAFileAndInHalfTheBytes) {
  const TemporaryFolder folder;
  quiver::Run run;
  for (const Element element : {Element::F32, Element::F16}) {
    Bag bag;
    bag.element = element;
    const auto model = bag.model();
    ASSERT_TRUE(model) << model.error().message();
    const auto path = folder.path() / "bag.qvm";
    ASSERT_TRUE(model->save(path));
    const auto opened = Model::open(path);
    ASSERT_TRUE(opened) << opened.error().message();
    EXPECT_EQ(opened->id(), model->id());
    const auto a = model->encode(queries({"a large cat"}), {.role = "query"}, run),
               b = opened->encode(queries({"a large cat"}), {.role = "query"}, run);
    ASSERT_TRUE(a);
    ASSERT_TRUE(b);
    EXPECT_THAT(a->rows.dense()->row(0), testing::ElementsAreArray(b->rows.dense()->row(0)));
    const Bag::Row exact = bag.query_vector("a large cat");
    for (std::size_t j = 0; j < kDim; ++j)
      EXPECT_NEAR(b->rows.dense()->row(0)[j], exact[j], element == Element::F32 ? 1e-4 : 2e-3);
  }
}

TEST(TextBag, StopsWhenAsked) {
  const auto model = Bag().model();
  ASSERT_TRUE(model);
  quiver::Run run;
  run.cancel();
  EXPECT_EQ(model->encode(queries({"lion"}), {.role = "query"}, run).error().code(), Code::Cancelled);
}

TEST(TextBag, ConfigSurvivesJson) {
  const Bag bag;
  const auto read = TextBagConfig::parse(bag.config.to_json());
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->to_json(), bag.config.to_json());
  EXPECT_EQ(read->ports.at("item").inputs.at(1).weighting, "body");
}

TEST(TextBag, SaysWhatDoesNotFit) {
  const auto message = [](auto&& change) {
    Bag bag;
    change(bag);
    return bag.model().error().message();
  };
  EXPECT_THAT(message([](Bag& b) { b.config.ports.erase("item"); }),
              HasSubstr("does not say what port 'item' (encode) pools"));
  EXPECT_THAT(message([](Bag& b) { b.ports[0].ability = Ability::Score; }), HasSubstr("port 'query' (score)"));
  EXPECT_THAT(message([](Bag& b) { b.config.ports.at("query").inputs[0].column = "title"; }),
              HasSubstr("column 'title', which is no text it reads"));
  EXPECT_THAT(message([](Bag& b) { b.config.ports.at("query").inputs[0].weighting = "tail"; }),
              HasSubstr("'weights/tail' is missing"));
  EXPECT_THAT(message([](Bag& b) { b.ports[1].space.dims = 7; }), HasSubstr("promises 7 dims, its tower gives 20"));
  EXPECT_THAT(message([](Bag& b) { b.config.ports.at("item").steps = R"([{"step":"linear","name":"gone"}])"; }),
              HasSubstr("port 'item'"));
  EXPECT_THAT(message([](Bag& b) { b.table = random_matrix(3, kDim, "table"); }),
              HasSubstr("'table' has 3 rows, the features number"));
  EXPECT_THAT(message([](Bag& b) { b.config.features = "{}"; }), HasSubstr("language"));
  EXPECT_THAT(TextBagConfig::parse("{}").error().message(), HasSubstr("features"));
}

}  // namespace
}  // namespace quiver
