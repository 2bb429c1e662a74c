#include "quiver/model/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <optional>

#include "quiver/core/container.h"
#include "quiver/core/file.h"
#include "quiver/core/json.h"
#include "quiver/core/temporary_folder.h"
#include "quiver/model/body.h"
#include "quiver/model/linear.h"

namespace quiver {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;

Card card() {
  return {.recipe = "test",
          .data = "rows.fvecs",
          .data_licence = "none",
          .seed = 3,
          .options = R"({"dims":2})",
          .measured = {{"recall@10", 0.5}}};
}
Matrix basis() {
  Matrix m(2, 3);
  for (std::size_t j = 0; j < 3; ++j) m.row(0)[j] = static_cast<float>(j), m.row(1)[j] = 1;
  return m;
}
Model small() {
  const Matrix b = basis();
  return *linear_map(b.view(), {}, {.dims = 3}, {.name = "turned", .space = {.metric = Metric::L2}}, card());
}
Port map_port(std::string name, std::size_t dims = 2) {
  return {.name = std::move(name), .ability = Ability::Map, .space = {.dims = dims}};
}
Result<Model> made(std::vector<Port> ports, Card with = card(), std::string_view body = "linear") {
  Weights weights;
  const Matrix b = basis();
  QUIVER_TRY(weights.add("w/weight", b.view()));
  return Model::make(body, R"({"in": 3, "steps": [{"step": "linear", "name": "w"}]})", std::move(ports),
                     std::move(weights), std::move(with));
}
std::vector<float> answer(const Model& model) {
  quiver::Run run;
  Matrix x(1, 3);
  x.row(0)[0] = 1, x.row(0)[1] = 2, x.row(0)[2] = 3;
  const auto out = model.map(Rows::dense(std::move(x), {}), {}, {}, run);
  EXPECT_TRUE(out);
  const auto row = out->rows.dense()->row(0);
  return {row.begin(), row.end()};
}

TEST(Model, SavedAndOpenedItIsTheSame) {
  const TemporaryFolder folder;
  const Model model = small();
  ASSERT_TRUE(model.save(folder.path() / "m.qvm"));
  const auto opened = Model::open(folder.path() / "m.qvm");
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_EQ(opened->id(), model.id());
  EXPECT_EQ(opened->body(), "linear");
  EXPECT_EQ(opened->config(), model.config());
  EXPECT_EQ(opened->card(), model.card());
  ASSERT_EQ(opened->ports().size(), 1u);
  EXPECT_EQ(opened->ports()[0].space, model.ports()[0].space);
  EXPECT_EQ(opened->ports()[0].space.id, opened->id());
  EXPECT_EQ(opened->weights().digest(), model.weights().digest());
  for (const auto& [name, tensor] : opened->weights().tensors()) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.bytes.data()) % 64, 0u) << name;
  }
  EXPECT_THAT(answer(*opened), ElementsAre(8, 6));
  EXPECT_EQ(answer(*opened), answer(model));
}

TEST(Model, OutlivesTheHandleItWasOpenedBy) {
  const TemporaryFolder folder;
  ASSERT_TRUE(small().save(folder.path() / "m.qvm"));
  std::optional<Weights> weights;
  {
    const auto opened = Model::open(folder.path() / "m.qvm");
    ASSERT_TRUE(opened);
    weights = opened->weights();
  }
  EXPECT_EQ(weights->matrix("linear/weight")->row(0)[2], 2.0f);
}

TEST(Model, IdIsOfWhatAnswersNotOfTheCard) {
  const Model model = small();
  EXPECT_THAT(std::string(model.id()), MatchesRegex("qv:[0-9a-f]{32}"));
  Card other = card();
  other.seed = 99;
  const auto renamed = model.with_card(other);
  ASSERT_TRUE(renamed);
  EXPECT_EQ(renamed->id(), model.id());
  EXPECT_EQ(renamed->card().seed, 99u);
  EXPECT_EQ(model.card().seed, 3u);
  const auto a = made({map_port("a")}), b = made({map_port("b")}), again = made({map_port("a")});
  ASSERT_TRUE(a && b && again);
  EXPECT_EQ(a->id(), again->id());
  EXPECT_NE(a->id(), b->id());
}

TEST(Model, ASpaceFoundedElsewhereKeepsItsId) {
  Port inherited = map_port("a");
  inherited.space.id = "qv:older";
  const TemporaryFolder folder;
  const auto model = made({inherited, map_port("b")});
  ASSERT_TRUE(model) << model.error().message();
  ASSERT_TRUE(model->save(folder.path() / "m.qvm"));
  const auto opened = Model::open(folder.path() / "m.qvm");
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->ports()[0].space.id, "qv:older");
  EXPECT_EQ(opened->ports()[1].space.id, opened->id());
}

TEST(Model, FillsVersionAndTimeOfItsCard) {
  const Model model = small();
  EXPECT_EQ(model.card().quiver, quiver_version());
  EXPECT_FALSE(model.card().created.empty());
  EXPECT_THAT(model.with_card({}).error().message(), HasSubstr("lacks 'recipe'"));
}

TEST(Model, MakingOneChecksItsParts) {
  EXPECT_THAT(made({}).error().message(), HasSubstr("at least one port"));
  EXPECT_THAT(made({map_port("")}).error().message(), HasSubstr("has no name"));
  EXPECT_THAT(made({map_port("a"), map_port("a")}).error().message(), HasSubstr("two ports are named 'a'"));
  EXPECT_THAT(made({map_port("a", 0)}).error().message(), HasSubstr("space of 0 dims"));
  Port falling = map_port("a");
  falling.dims = {1, 1};
  EXPECT_THAT(made({falling}).error().message(), HasSubstr("must rise and stay below 2"));
  falling.dims = {2};
  EXPECT_THAT(made({falling}).error().message(), HasSubstr("must rise"));
  EXPECT_THAT(made({map_port("a")}, {}).error().message(), HasSubstr("card lacks"));
  const auto unknown = made({map_port("a")}, card(), "transformer_xl");
  EXPECT_EQ(unknown.error().code(), Code::Unsupported);
  EXPECT_THAT(unknown.error().message(),
              HasSubstr("no body 'transformer_xl', only linear, rcnn, residual_net, text_bag"));
  EXPECT_THAT(unknown.error().message(), HasSubstr("QUIVER_LEARN=ON"));
}

// Without the sync of write_file: there are thousands.
void write_quickly(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

TEST(Model, EveryTruncationAndFlippedByteIsNoticed) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "m.qvm";
  ASSERT_TRUE(small().save(path));
  const std::string whole = *read_file(path);
  for (std::size_t size = 0; size < whole.size(); size += 1 + size / 64) {
    write_quickly(path, std::string_view(whole).substr(0, size));
    ASSERT_FALSE(Model::open(path)) << "cut at " << size;
  }
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string bad = whole;
    bad[i] = static_cast<char>(bad[i] ^ (1 << (i % 8)));
    write_quickly(path, bad);
    const auto opened = Model::open(path);
    ASSERT_FALSE(opened) << "flipped byte " << i;
    ASSERT_THAT(opened.error().message(), HasSubstr("opening model"));
  }
}

// Writes a model file by hand, so that what core's checksums cannot know about can be wrong.
struct Parts {
  std::string kind = "model", card = small().card().to_json(), config, ports, tensors;
  std::uint32_t version = 1;
  std::vector<float> numbers{0, 1, 2, 1, 1, 1};
  bool with_tensor = true;
  Parts() {
    const TemporaryFolder folder;
    EXPECT_TRUE(small().save(folder.path() / "m.qvm"));
    const auto file = Container::open(folder.path() / "m.qvm", "model");
    config = *file->text("config"), ports = *file->text("ports"), tensors = *file->text("tensors");
  }
  std::string open() const {
    const TemporaryFolder folder;
    ContainerWriter writer(kind, version);
    writer.add("card", card);
    writer.add("config", config);
    writer.add("ports", ports);
    writer.add("tensors", tensors);
    if (with_tensor) writer.add_array("tensors/linear/weight", std::span<const float>(numbers));
    EXPECT_TRUE(writer.save(folder.path() / "m.qvm"));
    const auto opened = Model::open(folder.path() / "m.qvm");
    return opened.has_value() ? "opened" : opened.error().message();
  }
};

TEST(Model, FilesThatAreNoModelOfThisBuildAreRefusedByName) {
  EXPECT_EQ(Parts().open(), "opened");
  Parts parts;
  parts.kind = "index";
  EXPECT_THAT(parts.open(), HasSubstr("index"));
  parts = Parts();
  parts.version = 2;
  EXPECT_THAT(parts.open(), HasSubstr("version"));
  parts = Parts();
  parts.with_tensor = false;
  EXPECT_THAT(parts.open(), HasSubstr("tensor 'linear/weight' is listed but its section is missing"));
  parts = Parts();
  parts.tensors = "[]";
  EXPECT_THAT(parts.open(), HasSubstr("tensor 'linear/weight' is missing"));
  parts = Parts();
  parts.tensors = R"([{"name": "linear/weight", "element": "f32", "shape": [2, 4]}])";
  EXPECT_THAT(parts.open(), HasSubstr("needs 32 bytes, there are 24"));
  parts = Parts();
  parts.tensors = R"([{"name": "linear/weight", "element": "f32", "shape": [4611686018427387904, 4]}])";
  EXPECT_THAT(parts.open(), HasSubstr("linear/weight"));
  parts = Parts();
  parts.tensors = R"([{"name": "linear/weight", "element": "f99", "shape": [2, 3]}])";
  EXPECT_THAT(parts.open(), HasSubstr("f99"));
  parts = Parts();
  parts.numbers[4] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(parts.open(), HasSubstr("row 1, column 1 is NaN"));
  parts = Parts();
  parts.config = R"({"body": "linear"})";
  EXPECT_THAT(parts.open(), HasSubstr("config"));
  parts = Parts();
  parts.config = R"({"body": "dream", "config": {}})";
  EXPECT_THAT(parts.open(), HasSubstr("no body 'dream'"));
  parts = Parts();
  parts.ports = "{}";
  EXPECT_THAT(parts.open(), HasSubstr("ports"));
  parts = Parts();
  parts.card = R"({"recipe": ""})";
  EXPECT_THAT(parts.open(), HasSubstr("its card"));
  EXPECT_EQ(Model::open("no/such/file.qvm").error().code(), Code::NotFound);
}

TEST(ModelBody, SaysWhatItCannotDo) {
  struct Idle final : ModelBody {
  } idle;
  quiver::Run run;
  const Port port = map_port("door");
  EXPECT_THAT(idle.encode(port, {}, 0, run).error().message(), HasSubstr("port 'door': this body does not encode"));
  EXPECT_THAT(idle.map(port, {}, {}, run).error().message(), HasSubstr("does not map"));
}

}  // namespace
}  // namespace quiver
