// Folders as the reference libraries write them (tests/data/import, by tools/make_import_fixture), and what those make
// of the same texts: token by token, layer by layer, vector by vector.
#include "quiver/model/import.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "quiver/core/file.h"
#include "quiver/core/json.h"
#include "quiver/core/temporary_folder.h"
#include "quiver/data/tokenizer.h"
#include "quiver/model/safetensors.h"
#include "quiver/model/transformer.h"
#include "quiver/model/transformer_stack.h"

namespace quiver {
namespace {
namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
constexpr float kTolerance = 1e-4F;
const fs::path kFixture = "tests/data/import";
constexpr std::size_t kContext = 40;  // of every encoder there

struct Expected {
  Safetensors file;
  std::vector<std::string> texts;

  static Expected of(const std::string& name) {
    auto file = Safetensors::open(kFixture / (name + ".expected.safetensors"));
    EXPECT_TRUE(file.has_value()) << file.error().message();
    const Json texts = *parse_json(file->metadata().at("texts"));
    return {*std::move(file), texts.get<std::vector<std::string>>()};
  }
  MatrixView matrix(const std::string& name) const {
    const Safetensors::Entry& entry = file.entries().find(name)->second;
    return {reinterpret_cast<const float*>(entry.bytes.data()), entry.shape[0], entry.shape[1], entry.shape[1]};
  }
};

void expect_near(MatrixView found, MatrixView wanted, const std::string& what) {
  ASSERT_EQ(found.rows, wanted.rows) << what;
  ASSERT_EQ(found.cols, wanted.cols) << what;
  float largest = 0;
  for (std::size_t i = 0; i < found.rows; ++i) {
    for (std::size_t j = 0; j < found.cols; ++j) {
      ASSERT_NEAR(found.row(i)[j], wanted.row(i)[j], kTolerance) << what << ", row " << i << ", column " << j;
      largest = std::max(largest, std::abs(wanted.row(i)[j]));
    }
  }
  EXPECT_GT(largest, 0.1F) << what << " says little";
}

class ReferenceModel : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Folders, ReferenceModel,
                         testing::Values("bert", "distilbert", "mpnet", "roberta", "xlm_roberta"),
                         [](const auto& param) { return std::string(param.param); });

// Test names take no hyphen, folders are named as the architecture is.
std::string folder_of(std::string name) {
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

TEST_P(ReferenceModel, AgreesTokenByTokenAndLayerByLayer) {
  const std::string name = folder_of(GetParam());
  const Expected expected = Expected::of(name);
  const auto imported = import_folder(kFixture / name);
  ASSERT_TRUE(imported.has_value()) << imported.error().message();
  const Model& model = imported->model;

  const auto tokenizer = Tokenizer::parse(*model.weights().text("tokenizer"));
  ASSERT_TRUE(tokenizer.has_value()) << tokenizer.error().message();
  const auto ids = *expected.file.integers("ids"), offsets = *expected.file.integers("offsets");
  TokenBatch batch;
  for (std::size_t text = 0; text < expected.texts.size(); ++text) {
    const Tokens tokens = tokenizer->encode(expected.texts[text], {.longest = kContext});
    const std::vector<std::uint32_t> wanted(ids.begin() + offsets[text], ids.begin() + offsets[text + 1]);
    ASSERT_EQ(tokens.ids, wanted) << expected.texts[text];
    batch.add(tokens.ids, tokens.types);
  }
  auto config = TransformerBodyConfig::parse(model.config());
  ASSERT_TRUE(config.has_value()) << config.error().message();
  config->stack.context = kContext;  // a sentence encoder may cut texts earlier
  const auto stack = TransformerStack::open(config->stack, model.weights());
  ASSERT_TRUE(stack.has_value()) << stack.error().message();
  TransformerStack::Scratch scratch;
  std::size_t layers = 0;
  (void)stack->run(batch, 0, scratch, [&](std::size_t layer, MatrixView states) {
    expect_near(states, expected.matrix(fmt::format("states/{}", layer)), fmt::format("{}, layer {}", name, layer));
    ++layers;
  });
  EXPECT_EQ(layers, config->stack.layers + 1);
}

TEST_P(ReferenceModel, GivesTheSameVectors) {
  const std::string name = folder_of(GetParam());
  const Expected expected = Expected::of(name);
  const auto imported = import_folder(kFixture / name);
  ASSERT_TRUE(imported.has_value()) << imported.error().message();
  const TemporaryFolder folder;
  ASSERT_TRUE(imported->model.save(folder.path() / "m.qvm").has_value());
  const auto opened = Model::open(folder.path() / "m.qvm");
  ASSERT_TRUE(opened.has_value()) << opened.error().message();
  EXPECT_EQ(opened->id(), imported->model.id());
  for (const unsigned threads : {1u, 3u}) {
    quiver::Run run({.threads = threads});
    const auto encoded = opened->encode(Items::of("text", expected.texts), {}, run);
    ASSERT_TRUE(encoded.has_value()) << encoded.error().message();
    expect_near(*encoded->rows.dense(), expected.matrix("vectors"), name);
    EXPECT_EQ(encoded->rows.space().id, opened->id());
    ASSERT_TRUE(encoded->side.has(kDroppedColumn)) << "the longest text must have been cut";
    const auto dropped = *encoded->side.numbers(kDroppedColumn);
    EXPECT_EQ(dropped[0], 0);
    EXPECT_GT(dropped[6], 0);
  }
}

TEST(Import, ASentenceEncoderKeepsItsPromptsAndSteps) {
  const Expected expected = Expected::of("sentence");
  const auto imported = import_folder(kFixture / "sentence", {.licence = "ours", .name = "small"});
  ASSERT_TRUE(imported.has_value()) << imported.error().message();
  EXPECT_THAT(imported->notes, ElementsAre(HasSubstr("left out: pooler.dense.bias, pooler.dense.weight")));
  const Model& model = imported->model;
  ASSERT_EQ(model.ports().size(), 2u);
  EXPECT_EQ(model.card().recipe, "import");
  EXPECT_EQ(model.card().data_licence, "ours");
  EXPECT_EQ(model.card().options, R"({"name":"small","model_type":"bert"})");
  quiver::Run run;
  const Items items = Items::of("text", expected.texts);
  const auto queries = model.encode(items, {.role = "query"}, run), documents = model.encode(items, {}, run);
  ASSERT_TRUE(queries.has_value() && documents.has_value());
  EXPECT_EQ(queries->rows.space(), documents->rows.space());
  expect_near(*queries->rows.dense(), expected.matrix("vectors/query"), "queries");
  expect_near(*documents->rows.dense(), expected.matrix("vectors/document"), "documents");
}

// A file that an earlier version wrote, of the folder above; it stays as it is.
TEST(Import, AModelOfAnEarlierVersionAnswersTheSame) {
  const Expected expected = Expected::of("sentence");
  const auto model = Model::open("tests/data/transformer-1.qvm");
  ASSERT_TRUE(model.has_value()) << model.error().message();
  quiver::Run run;
  const auto queries = model->encode(Items::of("text", expected.texts), {.role = "query"}, run);
  ASSERT_TRUE(queries.has_value()) << queries.error().message();
  expect_near(*queries->rows.dense(), expected.matrix("vectors/query"), "queries of an earlier version");
  EXPECT_EQ(import_folder(kFixture / "sentence")->model.id(), model->id())
      << "the format has changed: raise its version";
}

TEST(Import, VectorsCanBeTakenAfterFewerLayers) {
  const Expected expected = Expected::of("bert");
  const auto imported = import_folder(kFixture / "bert");
  ASSERT_TRUE(imported.has_value()) << imported.error().message();
  EXPECT_EQ(imported->model.card().options, R"({"name":"bert","model_type":"bert"})");
  EXPECT_THAT(imported->notes, ElementsAre(HasSubstr("no modules.json"), HasSubstr("pooler"), HasSubstr("--licence")));
  quiver::Run run;
  const Items items = Items::of("text", expected.texts);
  const auto early = imported->model.encode(items, {.layers = 2}, run);
  ASSERT_TRUE(early.has_value()) << early.error().message();
  EXPECT_EQ(early->rows.space().id, std::string(imported->model.id()) + "/layer2");
  const MatrixView states = expected.matrix("states/2"), found = *early->rows.dense();
  const auto offsets = *expected.file.integers("offsets");
  std::vector<float> mean(found.cols);
  for (std::size_t text = 0; text < found.rows; ++text) {
    const auto first = static_cast<std::size_t>(offsets[text]), last = static_cast<std::size_t>(offsets[text + 1]);
    pool(Pool::Mean, states.slice(first, last - first), 0, mean);
    for (std::size_t j = 0; j < mean.size(); ++j) EXPECT_NEAR(found.row(text)[j], mean[j], kTolerance);
  }
  EXPECT_THAT(imported->model.encode(items, {.layers = 4}, run).error().message(), HasSubstr("has 3 layers"));
}

// A copy of a fixture folder that a test may break.
class BrokenFolder : public testing::Test {
 protected:
  void copy(const std::string& name) {
    path_ = folder_.path() / name;
    fs::copy(kFixture / name, path_, fs::copy_options::recursive);
  }
  void write(const std::string& name, std::string_view text) const {
    fs::create_directories((path_ / name).parent_path());
    ASSERT_TRUE(write_file(path_ / name, text).has_value());
  }
  void edit(const std::string& name, const std::function<void(Json&)>& change) const {
    Json json = *parse_json(*read_file(path_ / name));
    change(json);
    write(name, dump_json(json));
  }
  std::string message() const {
    const auto imported = import_folder(path_);
    return imported.has_value() ? std::string("imported") : imported.error().message();
  }
  Code code() const { return import_folder(path_).error().code(); }
  const fs::path& path() const { return path_; }

 private:
  TemporaryFolder folder_;
  fs::path path_;
};

TEST_F(BrokenFolder, WhatIsMissingIsNamedWithTheCure) {
  copy("bert");
  fs::remove(path() / "tokenizer.json");
  EXPECT_EQ(code(), Code::NotFound);
  EXPECT_THAT(message(), HasSubstr("there is no tokenizer.json; the folder holds config.json, model.safetensors, tok"));
  EXPECT_THAT(message(), HasSubstr("from transformers import AutoTokenizer; AutoTokenizer.from_pretrained('"));
  fs::rename(path() / "model.safetensors", path() / "pytorch_model.bin");
  EXPECT_EQ(code(), Code::Unsupported);
  EXPECT_THAT(message(), HasSubstr("pytorch_model.bin, a pickle"));
  EXPECT_THAT(message(), HasSubstr("AutoModel.from_pretrained('"));
  fs::remove(path() / "pytorch_model.bin");
  EXPECT_THAT(message(), HasSubstr("there is no model.safetensors; the folder holds config.json"));
  write("onnx/model.onnx", "x");
  EXPECT_THAT(message(), HasSubstr("onnx/model.onnx is ONNX, which is not read; take the model's folder"));
  fs::remove(path() / "config.json");
  EXPECT_THAT(message(), HasSubstr("onnx/model.onnx is ONNX"));
  fs::remove_all(path() / "onnx");
  write("model-q4.gguf", "GGUF");
  EXPECT_THAT(message(), HasSubstr("model-q4.gguf is GGUF"));
  EXPECT_EQ(code(), Code::Unsupported);
  fs::remove(path() / "model-q4.gguf");
  EXPECT_THAT(message(), HasSubstr("there is no config.json; the folder holds tokenizer_config.json"));
  fs::remove(path() / "tokenizer_config.json");
  EXPECT_THAT(message(), HasSubstr("the folder holds nothing"));
  EXPECT_EQ(import_folder(path() / "nosuch").error().code(), Code::NotFound);
  EXPECT_THAT(import_folder(path() / "x.gguf").error().message(), HasSubstr("x.gguf is GGUF"));
  EXPECT_THAT(import_folder(kFixture / "bert" / "config.json").error().message(),
              HasSubstr("it is a file; name the folder"));
}

TEST_F(BrokenFolder, AnotherArchitectureIsRefusedByName) {
  copy("bert");
  const auto with = [&](const char* key, const Json& value) {
    const std::string before = *read_file(path() / "config.json");
    edit("config.json", [&](Json& json) { json[key] = value; });
    const std::string said = message();
    write("config.json", before);
    return said;
  };
  EXPECT_THAT(
      with("model_type", "qwen3"),
      HasSubstr("model_type 'qwen3'; architectures that are read: bert, camembert, distilbert, mpnet, roberta, xlm-"));
  EXPECT_THAT(with("hidden_act", "mish"), HasSubstr("activation 'mish' is unknown; there are gelu"));
  EXPECT_THAT(with("position_embedding_type", "relative_key"), HasSubstr("only 'absolute' is read"));
  EXPECT_THAT(with("is_decoder", true), HasSubstr("only encoders are read"));
  EXPECT_THAT(with("num_attention_heads", 3), HasSubstr("dim is 16, expected a multiple of its heads, 3"));
  EXPECT_THAT(with("num_hidden_layers", 2),
              HasSubstr("tensor 'encoder.layer.2.attention.output.LayerNorm.bias' has no place in a bert of 2 layers"));
  EXPECT_THAT(with("num_hidden_layers", 4),
              HasSubstr("tensor 'encoder.layer.3.attention.self.query.weight' is missing"));
  EXPECT_THAT(with("vocab_size", 421),
              HasSubstr("'embeddings.word_embeddings.weight' is f32 (420, 16), config.json promises floats (421, 16)"));
  EXPECT_THAT(with("hidden_size", "x"), HasSubstr("config.json: reading JSON key 'hidden_size'"));
  edit("config.json", [](Json& json) { json.erase("model_type"); });
  EXPECT_THAT(message(), HasSubstr("no key 'model_type'"));
}

TEST_F(BrokenFolder, PositionsBehindThePaddingMustFit) {
  copy("roberta");
  edit("config.json", [](Json& json) { json["max_position_embeddings"] = 2; });
  EXPECT_THAT(message(), HasSubstr("max_position_embeddings is 2, which leaves none"));
}

TEST_F(BrokenFolder, ATokenizerOfAnotherModelIsRefused) {
  copy("xlm-roberta");  // 325 tokens
  fs::copy_file(kFixture / "bert" / "tokenizer.json", path() / "tokenizer.json", fs::copy_options::overwrite_existing);
  EXPECT_THAT(message(), HasSubstr("the tokenizer has ids up to 419, the model has embeddings for 325 tokens"));
}

TEST_F(BrokenFolder, ModulesThatAreNotComputedAreNamed) {
  copy("sentence");
  const auto with = [&](const std::string& file, const std::function<void(Json&)>& change) {
    const std::string before = *read_file(path() / file);
    edit(file, change);
    const std::string said = message();
    write(file, before);
    return said;
  };
  EXPECT_THAT(with("modules.json", [](Json& j) { j[2]["type"] = "sentence_transformers.models.LSTM"; }),
              HasSubstr("module 2 is sentence_transformers.models.LSTM; what is read is Transformer, Pooling"));
  EXPECT_THAT(with("modules.json", [](Json& j) { j.erase(1); }), HasSubstr("module 1 is"));
  EXPECT_THAT(with("modules.json", [](Json& j) { j = Json::array({j[0]}); }), HasSubstr("lacks a Pooling"));
  EXPECT_THAT(with("modules.json", [](Json& j) { j = 3; }), HasSubstr("not a list"));
  EXPECT_THAT(with("modules.json", [](Json& j) { j[2]["path"] = "9_Dense"; }), HasSubstr("config.json is missing"));
  EXPECT_EQ(with("modules.json", [](Json& j) { j[3]["type"] = "sentence_transformers.models.Dropout"; }), "imported");
  EXPECT_THAT(with("1_Pooling/config.json", [](Json& j) { j["pooling_mode"] = "median"; }),
              HasSubstr("pooling_mode 'median' is unknown; there are cls, max"));
  EXPECT_THAT(with("1_Pooling/config.json",
                   [](Json& j) {
                     j["pooling_mode"] = Json::array({"mean", "max"});
                   }),
              HasSubstr("a dense layer takes 16 numbers, 32 come in"));
  EXPECT_THAT(with("2_Dense/config.json", [](Json& j) { j["activation_function"] = "torch.nn.Mish"; }),
              HasSubstr("activation_function 'torch.nn.Mish' is unknown"));
  EXPECT_THAT(with("2_Dense/config.json", [](Json& j) { j["out_features"] = 11; }),
              HasSubstr("tensor 'linear.weight' is f32 (10, 16), config.json promises (11, 16)"));
  EXPECT_THAT(with("2_Dense/config.json", [](Json& j) { j["use_residual"] = true; }), HasSubstr("use_residual"));
  EXPECT_THAT(with("config_sentence_transformers.json", [](Json& j) { j["similarity_fn_name"] = "hyperbolic"; }),
              HasSubstr("there are cosine, dot, euclidean, manhattan"));
  EXPECT_THAT(with("sentence_bert_config.json", [](Json& j) { j["do_lower_case"] = true; }),
              "imported");  // it does anyway
  edit("tokenizer.json", [](Json& j) { j["normalizer"]["lowercase"] = false; });
  EXPECT_THAT(with("sentence_bert_config.json", [](Json& j) { j["do_lower_case"] = true; }),
              HasSubstr("do_lower_case"));
}

TEST_F(BrokenFolder, WaysToPoolStandSideBySide) {
  copy("xlm-roberta");
  edit("1_Pooling/config.json", [](Json& j) {
    j["pooling_mode_mean_tokens"] = true;
    j["pooling_mode_lasttoken"] = true;
  });
  edit("modules.json", [](Json& j) { j.erase(2); });
  const auto imported = import_folder(path());
  ASSERT_TRUE(imported.has_value()) << imported.error().message();
  const auto config = TransformerBodyConfig::parse(imported->model.config());
  EXPECT_THAT(config->pooling, ElementsAre(Pool::First, Pool::Mean, Pool::Last));
  EXPECT_EQ(imported->model.ports()[0].space.dims, 48u);
}

TEST_F(BrokenFolder, TheLicenceIsReadFromTheReadme) {
  copy("xlm-roberta");
  const auto licence = [&] { return import_folder(path())->model.card().data_licence; };
  EXPECT_THAT(licence(), HasSubstr("unknown"));
  write("README.md", "---\nlanguage: en\nlicense: apache-2.0\ntags:\n- x\n---\nlicense: not this one\n");
  EXPECT_EQ(licence(), "apache-2.0");
  EXPECT_THAT(import_folder(path())->notes, ElementsAre(HasSubstr("pooler")));
  write("README.md", "---\ntags:\n- x\n---\nlicense: not this one\n");
  EXPECT_THAT(licence(), HasSubstr("unknown"));
  EXPECT_EQ(import_folder(path(), {.licence = "mit"})->model.card().data_licence, "mit");
}

TEST_F(BrokenFolder, EarlyCheckpointsNameNormsOtherwise) {
  copy("bert");
  const auto file = Safetensors::open(path() / "model.safetensors");
  ASSERT_TRUE(file.has_value());
  Weights renamed;  // as a model with a head in an old file: "bert." in front, gamma and beta
  for (const auto& [name, entry] : file->entries()) {
    std::string other = "bert." + name;
    for (const auto& [now, then] :
         {std::pair{"LayerNorm.weight", "LayerNorm.gamma"}, {"LayerNorm.bias", "LayerNorm.beta"}}) {
      if (other.ends_with(now)) other = other.substr(0, other.size() - std::strlen(now)) + then;
    }
    ASSERT_TRUE(renamed.add(other, *file->tensor(name)).has_value());
  }
  const auto before = import_folder(path());
  ASSERT_TRUE(write_safetensors(path() / "renamed.safetensors", renamed).has_value());
  fs::rename(path() / "renamed.safetensors", path() / "model.safetensors");
  const auto after = import_folder(path());
  ASSERT_TRUE(before.has_value() && after.has_value()) << message();
  EXPECT_EQ(after->model.id(), before->model.id());
}

}  // namespace
}  // namespace quiver
