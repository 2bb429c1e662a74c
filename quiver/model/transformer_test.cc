#include "quiver/model/transformer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/core/json.h"
#include "quiver/core/metric.h"
#include "quiver/core/random.h"
#include "quiver/data/items_builder.h"
#include "quiver/data/tokenizer.h"
#include "quiver/model/import.h"
#include "quiver/model/transformer_stack.h"

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

// The fixture's model with a column of instructions, behind a form that a test may break.
Result<Model> instructed_bert(const std::string& form = "{}: ", bool optional = true) {
  TransformerBodyConfig config = *TransformerBodyConfig::parse(bert().config());
  config.ports.find("text")->second.instruction = "task";
  config.ports.find("text")->second.form = form;
  std::vector<Port> ports(bert().ports().begin(), bert().ports().end());
  ports[0].reads.push_back({.name = "task", .optional = optional});
  return Model::make("transformer", config.to_json(), ports, bert().weights(), card());
}
// Rows of (text, task); a task that is empty is missing.
Result<Encoded> encode_tasks(const std::vector<std::pair<std::string, std::string>>& rows) {
  ItemsBuilder builder({{.name = "text"}, {.name = "task", .optional = true}});
  for (const auto& [text, task] : rows) {
    builder.text(0, text);
    if (!task.empty()) builder.text(1, task);
    builder.end_row();
  }
  quiver::Run run({.threads = 2});
  return instructed_bert()->encode(std::move(builder).build(), {}, run);
}

TEST(Transformer, AnInstructionIsAttendedToAndNotPooled) {
  const auto encoded = encode_tasks({{"der Fluss", ""}, {"der Fluss", "the lion"}, {"der Fluss", "Fluss"}});
  ASSERT_TRUE(encoded.has_value()) << encoded.error().message();
  const MatrixView rows = *encoded->rows.dense();
  EXPECT_THAT(rows.row(0), ElementsAreArray(encode({"der Fluss"}).row(0))) << "no instruction: as ever";
  // [CLS] the lion : | der fluss [SEP], of which the mean is over what is behind the bar.
  const auto stack = TransformerStack::open(TransformerBodyConfig::parse(bert().config())->stack, bert().weights());
  const Tokenizer tokenizer = *Tokenizer::parse(*bert().weights().text("tokenizer"));
  TokenBatch batch;
  const Tokens head = tokenizer.encode("the lion: "), text = tokenizer.encode("der Fluss");
  std::vector<std::uint32_t> ids(head.ids.begin(), head.ids.end() - 1);
  const std::size_t skip = ids.size();
  ids.insert(ids.end(), text.ids.begin() + 1, text.ids.end());
  batch.add(ids);
  TransformerStack::Scratch scratch;
  Matrix expected(1, rows.cols);
  pool(Pool::Mean, stack->run(batch, 0, scratch), skip, expected.row(0));
  for (std::size_t j = 0; j < rows.cols; ++j) EXPECT_NEAR(rows.row(1)[j], expected.row(0)[j], 1e-5F);
  EXPECT_GT(distance(Metric::L2, rows.row(1), rows.row(2)), 1e-4F);
}

TEST(Transformer, AnInstructionNeedsATextAndAForm) {
  const auto empty = encode_tasks({{"lion", "find"}, {"", "find"}, {"", "find"}});
  EXPECT_EQ(empty.error().code(), Code::InvalidArgument);
  EXPECT_THAT(empty.error().message(), HasSubstr("row 1: the text behind the instruction is empty"));
  const std::string endless = []() {
    std::string out;
    for (int i = 0; i < 600; ++i) out += "lion ";
    return out;
  }();
  EXPECT_THAT(encode_tasks({{"lion", endless}}).error().message(),
              HasSubstr("row 0: an instruction of 1201 tokens leaves no room for a text among the 40"));
  EXPECT_THAT(instructed_bert("none").error().message(), HasSubstr("must have one {}"));
  EXPECT_THAT(instructed_bert("{}", false).error().message(),
              HasSubstr("takes instructions from column 'task', which is no optional text it reads"));
  const std::string config(instructed_bert()->config());
  EXPECT_EQ(TransformerBodyConfig::parse(config)->to_json(), config);
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
  EXPECT_THAT(remade([](Json& c, Ports&) { c["latent_heads"] = 2; }), HasSubstr("'latent/query' is missing"));
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
