#include "quiver/model/cut.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/core/temporary_folder.h"
#include "quiver/model/import.h"

namespace quiver {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// The encoder of the fixture, three layers and 16 coordinates, with exits and prefixes.
Model whole_encoder(std::uint32_t exits = 3, std::vector<std::size_t> prefixes = {4, 8}) {
  const Model model = import_folder("tests/data/import/bert")->model;
  std::vector<Port> ports(model.ports().begin(), model.ports().end());
  for (Port& port : ports) {
    port.space = {.dims = 16, .metric = Metric::Cosine};
    port.layers = exits;
    port.dims = prefixes;
  }
  return *Model::make("transformer", std::string(model.config()), std::move(ports), model.weights(),
                      {.recipe = "sentences", .data_licence = "none", .measured = {{"sts", 0.7}}});
}
Rows encode(const Model& model, const ApplyOptions& options = {}) {
  const std::vector<std::string> texts{"red bicycle", "ein Fluss", "", "the lion and the river"};
  quiver::Run run({.threads = 1});
  const auto encoded = model.encode(Items::of("text", texts), options, run);
  EXPECT_TRUE(encoded.has_value()) << encoded.error().message();
  return encoded->rows;
}
void expect_same(const Rows& cut, const Rows& whole) {
  EXPECT_EQ(cut.space(), whole.space());
  const MatrixView a = *cut.dense(), b = *whole.dense();
  ASSERT_EQ(a.rows, b.rows);
  ASSERT_EQ(a.cols, b.cols);
  for (std::size_t i = 0; i < a.rows; ++i) EXPECT_THAT(a.row(i), testing::ElementsAreArray(b.row(i))) << i;
}

TEST(CutModel, GivesWhatTheWholeGivesAtThatExitAndPrefix) {
  const Model whole = whole_encoder();
  for (const CutOptions& options : {CutOptions{.layers = 1}, {.layers = 2}, {.dims = 8}, {.layers = 2, .dims = 4}}) {
    const auto cut = cut_model(whole, options);
    ASSERT_TRUE(cut.has_value()) << cut.error().message();
    EXPECT_THAT(cut->warnings, IsEmpty());
    expect_same(encode(cut->model), encode(whole, {.dims = options.dims, .layers = options.layers}));
  }
}

TEST(CutModel, KeepsNothingOfWhatWasCut) {
  const Model whole = whole_encoder();
  const Model cut = cut_model(whole, {.layers = 1, .dims = 8})->model;
  EXPECT_TRUE(cut.weights().has("layers/0/feed/in"));
  for (const auto& [name, tensor] : cut.weights().tensors()) {
    EXPECT_FALSE(name.starts_with("layers/1/") || name.starts_with("layers/2/")) << name;
  }
  EXPECT_LT(cut.weights().bytes(), whole.weights().bytes());
  EXPECT_THAT(cut.ports()[0].dims, ElementsAre(4U));
  EXPECT_EQ(cut.ports()[0].layers, 1U);
  EXPECT_THAT(cut.card().parents, ElementsAre(std::string(whole.id())));
  EXPECT_TRUE(cut.card().measured.empty());  // those numbers were the whole model's
  EXPECT_NE(cut.id(), whole.id());
}

TEST(CutModel, OpensFromItsFile) {
  const TemporaryFolder folder;
  const Model cut = cut_model(whole_encoder(), {.layers = 2, .dims = 8})->model;
  ASSERT_TRUE(cut.save(folder.path() / "small.qvm").has_value());
  const auto again = Model::open(folder.path() / "small.qvm");
  ASSERT_TRUE(again.has_value()) << again.error().message();
  EXPECT_EQ(again->id(), cut.id());
  expect_same(encode(*again), encode(cut));
  const auto smaller = cut_model(*again, {.layers = 1});  // and can be cut again
  ASSERT_TRUE(smaller.has_value()) << smaller.error().message();
  EXPECT_EQ(smaller->model.ports()[0].space.dims, 8U);
}

TEST(CutModel, WarnsWhereTheModelWasNotTrainedForIt) {
  const auto without_exits = cut_model(whole_encoder(0, {}), {.layers = 2, .dims = 8});
  ASSERT_TRUE(without_exits.has_value()) << without_exits.error().message();
  EXPECT_THAT(without_exits->warnings,
              ElementsAre(HasSubstr("not trained to give vectors after 2 layers"),
                          HasSubstr("not trained to give prefixes of 8; it is for whole vectors alone")));
  EXPECT_EQ(without_exits->model.ports()[0].space.id, without_exits->model.id());  // a space nobody else gives
  const auto other_length = cut_model(whole_encoder(), {.layers = 2, .dims = 6});
  EXPECT_THAT(other_length->warnings, ElementsAre(HasSubstr("it is for prefixes of 4, 8")));
  EXPECT_EQ(other_length->model.ports()[0].space.dims, 6U);
}

TEST(CutModel, WarnsOfImportedModels) {
  const auto cut = cut_model(import_folder("tests/data/import/bert")->model, {.layers = 2});
  ASSERT_TRUE(cut.has_value()) << cut.error().message();
  EXPECT_THAT(cut->warnings, ElementsAre(HasSubstr("the model was imported")));
}

TEST(CutModel, SaysWhatCannotBeCut) {
  const Model whole = whole_encoder();
  const auto message = [&](const CutOptions& options) { return cut_model(whole, options).error().message(); };
  EXPECT_THAT(message({}), HasSubstr("nothing is to be cut"));
  EXPECT_THAT(message({.layers = 3}), HasSubstr("name fewer than 3 layers"));
  EXPECT_THAT(message({.layers = 4}), HasSubstr("keeping 4 layers: the model has 3"));
  EXPECT_THAT(message({.dims = 16}), HasSubstr("port 'text' gives 16; choose fewer"));
}

}  // namespace
}  // namespace quiver
