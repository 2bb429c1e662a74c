#include "quiver/model/transformer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/core/json.h"
#include "quiver/core/random.h"
#include "quiver/data/items_builder.h"
#include "quiver/model/import.h"

namespace quiver {
namespace {
using testing::Each;
using testing::ElementsAreArray;
using testing::HasSubstr;

// A whole model to take apart: that of the fixture, which import_test.cc compares with the reference.
const Model& bert() {
  static const Model model = import_folder("tests/data/import/bert")->model;
  return model;
}
Card card() { return {.recipe = "import", .data_licence = "none"}; }
std::string remade(const std::function<void(Json& config, std::vector<Port>& ports)>& change) {
  Json config = *parse_json(bert().config());
  std::vector<Port> ports(bert().ports().begin(), bert().ports().end());
  change(config, ports);
  const auto model = Model::make("transformer", dump_json(config), ports, bert().weights(), card());
  return model.has_value() ? std::string("made") : model.error().message();
}
Matrix encode(const std::vector<std::string>& texts, unsigned threads = 2) {
  quiver::Run run({.threads = threads});
  const auto encoded = bert().encode(Items::of("text", texts), {}, run);
  EXPECT_TRUE(encoded.has_value()) << encoded.error().message();
  return Matrix::copy_of(*encoded->rows.dense());
}

TEST(Transformer, ConfigReadsWhatItWrites) {
  const auto config = TransformerBodyConfig::parse(bert().config());
  ASSERT_TRUE(config.has_value()) << config.error().message();
  const auto again = TransformerBodyConfig::parse(config->to_json());
  ASSERT_TRUE(again.has_value()) << again.error().message();
  EXPECT_EQ(again->to_json(), config->to_json());
  EXPECT_EQ(again->stack, config->stack);
}

TEST(Transformer, AVectorDependsOnItsTextAlone) {
  Random random(31);
  std::vector<std::string> texts;
  for (int i = 0; i < 200; ++i) {
    std::string text;
    for (std::uint64_t words = random.below(30); words > 0; --words) text += words % 3 == 0 ? " lion" : " der Fluss";
    texts.push_back(text);
  }
  const Matrix together = encode(texts), alone = encode(texts, 1);
  for (std::size_t i = 0; i < texts.size(); i += 17) {
    const Matrix one = encode({texts[i]});
    for (std::size_t j = 0; j < one.cols(); ++j) {
      EXPECT_NEAR(together.row(i)[j], one.row(0)[j], 1e-5F) << texts[i];
      EXPECT_NEAR(alone.row(i)[j], one.row(0)[j], 1e-5F) << texts[i];
    }
  }
}

TEST(Transformer, NoTextsGiveNoVectors) { EXPECT_EQ(encode({}).rows(), 0u); }

TEST(Transformer, AnEmptyTextHasAVectorAMissingOneNone) {
  ItemsBuilder builder({{.name = "text"}});
  builder.text(0, "");
  builder.end_row();
  builder.end_row();
  quiver::Run run;
  const auto encoded = bert().encode(std::move(builder).build(), {}, run);
  ASSERT_TRUE(encoded.has_value()) << encoded.error().message();
  const MatrixView rows = *encoded->rows.dense();
  EXPECT_THAT(rows.row(0), ElementsAreArray(encode({""}).row(0)));
  EXPECT_THAT(rows.row(0), testing::Not(Each(0.0F)));
  EXPECT_THAT(rows.row(1), Each(0.0F));
  EXPECT_TRUE(encoded->side.fields().empty());
}

TEST(Transformer, StopsWhenAsked) {
  quiver::Run run;
  run.cancel();
  const std::vector<std::string> texts{"lion"};
  EXPECT_EQ(bert().encode(Items::of("text", texts), {}, run).error().code(), Code::Cancelled);
}

TEST(Transformer, PartsThatDoNotFitAreRefusedByName) {
  using Ports = std::vector<Port>;
  EXPECT_EQ(remade([](Json&, Ports&) {}), "made");
  EXPECT_THAT(remade([](Json& c, Ports&) { c["pooling"] = Json::array({"cls"}); }), HasSubstr("'cls' is no pooling"));
  EXPECT_THAT(remade([](Json& c, Ports&) { c["pooling"] = Json::array(); }), HasSubstr("names no way to pool"));
  EXPECT_THAT(remade([](Json& c, Ports&) {
                c["pooling"] = Json::array({"mean", "max"});
              }),
              HasSubstr("port 'text' promises 16 dims, the steps give 32"));
  EXPECT_THAT(remade([](Json& c, Ports&) { c["ports"] = Json::object(); }),
              HasSubstr("does not say what port 'text' (encode) reads"));
  EXPECT_THAT(remade([](Json& c, Ports&) { c["ports"]["text"]["column"] = "title"; }),
              HasSubstr("port 'text' encodes column 'title', which is no text it reads"));
  EXPECT_THAT(remade([](Json& c, Ports&) { c.erase("stack"); }), HasSubstr("the config of a transformer"));
  EXPECT_THAT(remade([](Json& c, Ports&) { c["stack"]["vocabulary"] = 7; }), HasSubstr("embedding/tokens"));
  EXPECT_THAT(remade([](Json& c, Ports&) { c["stack"]["context"] = 2; }),
              HasSubstr("a context of 2 leaves no token to a text: the tokenizer puts 2 around it"));
  EXPECT_THAT(remade([](Json& c, Ports&) { c["steps"] = 3; }), HasSubstr("not a JSON array"));
  EXPECT_THAT(remade([](Json&, Ports& p) { p[0].layers = 4; }), HasSubstr("promises 4 exits, there are 3 layers"));
  EXPECT_THAT(remade([](Json&, Ports& p) { p[0].ability = Ability::Map; }), HasSubstr("(map)"));
  Weights without;
  for (const auto& [name, tensor] : bert().weights().tensors()) {
    if (name == "tokenizer") continue;
    ASSERT_TRUE(without.add(name, tensor).has_value());
  }
  const std::vector<Port> ports(bert().ports().begin(), bert().ports().end());
  const std::string config(bert().config());
  EXPECT_THAT(Model::make("transformer", config, ports, without, card()).error().message(),
              HasSubstr("'tokenizer' is missing"));
  ASSERT_TRUE(without.add("tokenizer", std::string_view("{}")).has_value());
  EXPECT_THAT(Model::make("transformer", config, ports, without, card()).error().message(),
              HasSubstr("tensor 'tokenizer'"));
}

}  // namespace
}  // namespace quiver
