#include "quiver/model/port.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/model/internal/port_json.h"

namespace quiver {
namespace {
using testing::HasSubstr;

const Field kText{.name = "text"}, kLemmas{.name = "lemmas", .many = true}, kDefinition{.name = "definition"};

std::vector<Port> towers() {
  const Space space{.id = "qv:a", .dims = 256, .metric = Metric::Cosine};
  return {
      {.name = "query", .role = "query", .reads = {kText}, .space = space, .dims = {64, 128}},
      {.name = "plain", .role = "item", .reads = {kText}, .space = space},
      {.name = "synset", .role = "item", .reads = {kLemmas, {.name = "definition", .optional = true}}, .space = space},
      {.name = "turn", .ability = Ability::Map, .space = space}};
}
std::string chosen(std::vector<Field> fields, ApplyOptions options, Ability ability = Ability::Encode) {
  const std::vector<Port> ports = towers();
  const auto port = choose_port(ports, ability, fields, options);
  return port.has_value() ? (*port)->name : port.error().message();
}

TEST(Port, IsChosenByColumnsAndRole) {
  EXPECT_EQ(chosen({kText}, {}), "plain");
  EXPECT_EQ(chosen({kText}, {.role = "query"}), "query");
  EXPECT_EQ(chosen({kText, kLemmas, kDefinition}, {}), "synset");  // reads most of what is there
  EXPECT_EQ(chosen({kText, kLemmas}, {}), "plain");                // as many: the first
  EXPECT_EQ(chosen({{.name = "lemmas"}}, {}), "synset");           // one value is a list of one
  EXPECT_EQ(chosen({kText, kLemmas}, {.port = "synset"}), "synset");
  EXPECT_EQ(chosen({}, {}, Ability::Map), "turn");
}

TEST(Port, RefusalsNameWhatThereIs) {
  EXPECT_THAT(chosen({{.name = "title"}}, {}), HasSubstr("no port can encode items with title (text)"));
  EXPECT_THAT(chosen({{.name = "title"}}, {}), HasSubstr("plain (encode item reads text (text))"));
  EXPECT_THAT(chosen({}, {}), HasSubstr("no columns"));
  EXPECT_THAT(chosen({kText}, {.role = "song"}), HasSubstr("role 'song'"));
  EXPECT_THAT(chosen({{.name = "text", .many = true}}, {}), HasSubstr("no port"));  // a list is not one text
  EXPECT_THAT(chosen({{.name = "text", .modality = Modality::Number}}, {}), HasSubstr("no port"));
  EXPECT_THAT(chosen({kDefinition}, {}), HasSubstr("no port"));  // the required column is missing
  EXPECT_THAT(chosen({kText}, {.port = "nobody"}), HasSubstr("no port is named 'nobody'"));
  EXPECT_THAT(chosen({kText}, {.port = "turn"}), HasSubstr("port 'turn' can map, not encode"));
  EXPECT_THAT(chosen({kText}, {.port = "synset"}), HasSubstr("cannot read items with text (text)"));
  EXPECT_THAT(chosen({}, {}, Ability::Score), HasSubstr("no port can score"));
}

TEST(Port, PrefixesAreSpacesOfTheirOwnThatCompareWithTheWhole) {
  const Port query = towers()[0];
  const Space whole = *space_of_prefix(query, 0), half = *space_of_prefix(query, 128),
              quarter = *space_of_prefix(query, 64);
  EXPECT_EQ(whole, query.space);
  EXPECT_EQ(*space_of_prefix(query, 256), query.space);
  EXPECT_EQ(half.dims, 128u);
  EXPECT_EQ(half.prefix_of, "qv:a");
  EXPECT_EQ(*comparable(half, whole), 128u);
  EXPECT_EQ(*comparable(half, quarter), 64u);
  EXPECT_FALSE(comparable(half, {.id = "qv:b", .dims = 128}));
  EXPECT_THAT(space_of_prefix(query, 100).error().message(),
              HasSubstr("gives 256 dims or a prefix of 64, 128; 100 is no"));
  EXPECT_THAT(space_of_prefix(towers()[1], 64).error().message(), HasSubstr("no shorter prefixes"));
}

TEST(Port, AnOlderSpaceAtTheBeginningStaysReachable) {
  Port longer = towers()[0];
  longer.space.prefix_of = "qv:old";
  longer.space.prefix_dims = 128;
  const Space old{.id = "qv:old", .dims = 128};
  EXPECT_EQ(*comparable(*space_of_prefix(longer, 64), old), 64u);
  EXPECT_EQ(*comparable(*space_of_prefix(longer, 128), old), 128u);
}

TEST(Port, AnExitIsASpaceOfItsOwn) {
  const Port port{
      .name = "text", .space = {.id = "qv:1", .dims = 8, .prefix_of = "qv:0", .prefix_dims = 4}, .layers = 6};
  for (const std::uint32_t all : {0u, 6u}) EXPECT_EQ(exit_of(port, all)->space, port.space);
  const auto exit = exit_of(port, 2);
  ASSERT_TRUE(exit) << exit.error().message();
  EXPECT_EQ(exit->space, (Space{.id = "qv:1/layer2", .dims = 8}));
  EXPECT_FALSE(comparable(exit->space, port.space));
  EXPECT_THAT(exit_of(port, 7).error().message(), HasSubstr("port 'text' has 6 layers; 7 layers cannot be asked for"));
  EXPECT_THAT(exit_of({.name = "bag"}, 1).error().message(), HasSubstr("port 'bag' gives its vectors only at the end"));
}

TEST(Port, SurvivesJson) {
  std::vector<Port> ports = towers();
  ports[0].layers = 3;
  ports[0].labels = {"warm", "cold"};
  ports[0].form = Form::Ragged;
  ports[0].gives = {{.name = "box", .modality = Modality::Number, .many = true}};
  const auto read = internal::ports_of_json(internal::ports_to_json(ports));
  ASSERT_TRUE(read) << read.error().message();
  ASSERT_EQ(read->size(), ports.size());
  EXPECT_EQ(internal::ports_to_json(*read), internal::ports_to_json(ports));
  EXPECT_EQ((*read)[0].gives, ports[0].gives);
  EXPECT_EQ((*read)[2].reads, ports[2].reads);
  EXPECT_EQ((*read)[0].space, ports[0].space);
}

TEST(Port, JsonOfAnotherBuildIsRefusedByName) {
  Json array = internal::ports_to_json(towers());
  array[1]["form"] = "spiral";
  EXPECT_THAT(internal::ports_of_json(array).error().message(), HasSubstr("port 1: form 'spiral' is unknown"));
  array = internal::ports_to_json(towers());
  array[0]["reads"][0]["modality"] = "smell";
  EXPECT_THAT(internal::ports_of_json(array).error().message(), HasSubstr("port 0: modality 'smell'"));
  array = internal::ports_to_json(towers());
  array[0]["ability"] = "fly";
  EXPECT_THAT(internal::ports_of_json(array).error().message(), HasSubstr("'fly' is no ability"));
  EXPECT_FALSE(internal::ports_of_json(Json::object()));
}

TEST(Port, AbilitiesHaveNames) {
  for (const Ability ability : {Ability::Encode, Ability::Decode, Ability::Map, Ability::Score, Ability::Explain}) {
    EXPECT_EQ(*parse_ability(name_of(ability)), ability);
  }
}

}  // namespace
}  // namespace quiver
