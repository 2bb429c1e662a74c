// hnsw-recall: an audit of small vectors has a row for every order and effort, and refuses what it cannot measure.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "quiver/core/random.h"
#include "quiver/data/items_builder.h"
#include "quiver/recipes/registry.h"

namespace quiver {
namespace {
using testing::Contains;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

constexpr std::uint64_t kSeed = 4;

Rows plane(std::size_t rows, std::uint64_t stream) {  // two dimensions within six
  Matrix out(rows, 6);
  for (std::size_t i = 0; i < rows; ++i) {
    Random random(mix(kSeed, stream), i);
    const float u = random.normal(), v = random.normal();
    for (std::size_t c = 0; c < 6; ++c) out.row(i)[c] = (c % 2 == 0 ? u : v) * static_cast<float>(1 + c);
  }
  return Rows::dense(std::move(out), {.metric = Metric::L2});
}
Dataset labelled(std::size_t rows) {
  ItemsBuilder kinds({{.name = "kind", .modality = Modality::Text}});
  for (std::size_t i = 0; i < rows; ++i) {
    kinds.text(0, i % 3 == 0 ? "a" : "b");
    kinds.end_row();
  }
  auto items = Items::of("vectors", plane(rows, 1)).beside(std::move(kinds).build());
  EXPECT_TRUE(items.has_value());
  return Dataset::of(*std::move(items));
}
Result<Fitted> audited(const Dataset& train, std::initializer_list<std::pair<const char*, const char*>> values,
                       const Rows* queries = nullptr) {
  Settings settings;
  for (const auto& [name, value] : values) settings.set(name, value);
  Inputs inputs;
  inputs.data.emplace("train", train);
  if (queries != nullptr) inputs.data.emplace("queries", Dataset::of(Items::of("vectors", *queries)));
  quiver::Run run({.seed = kSeed, .threads = 2});
  return (*find_recipe("hnsw-recall"))->fit(inputs, settings, run);
}

TEST(HnswRecallRecipe, ReportsEveryOrderAndEveryPoint) {
  const auto out = audited(labelled(600), {{"label", "kind"}, {"queries", "100"}, {"shuffles", "2"}, {"lid_k", "40"}});
  ASSERT_TRUE(out.has_value()) << out.error().message();
  EXPECT_FALSE(out->model.has_value());
  const Items& orders = out->report.tables.at("orders");
  EXPECT_EQ(orders.size(), 6U * 3);
  const auto names = *orders.text("order");
  std::set<std::string> distinct;
  for (std::size_t i = 0; i < names.size(); ++i) distinct.emplace(names[i]);
  EXPECT_THAT(distinct, UnorderedElementsAre("shuffled 1", "shuffled 2", "lid descending", "lid ascending", "category",
                                             "category reversed"));
  const auto recall = *orders.numbers("recall");
  EXPECT_GE(std::ranges::min(recall), 0.95) << "seed " << kSeed;
  const Items& lid = out->report.tables.at("lid");
  EXPECT_EQ(lid.size(), 500U);
  double sum = 0;
  const auto values = *lid.numbers("lid");
  for (const double x : values) sum += x;
  EXPECT_NEAR(sum / 500, 2, 0.3) << "seed " << kSeed;
  EXPECT_THAT(out->report.warnings, Contains(HasSubstr("insert the rows")));
}

TEST(HnswRecallRecipe, TakesQueriesOfYourOwn) {
  const Rows queries = plane(50, 2);
  const auto out = audited(labelled(300), {{"shuffles", "1"}, {"lid_k", "40"}, {"efforts", "10"}}, &queries);
  ASSERT_TRUE(out.has_value()) << out.error().message();
  EXPECT_EQ(out->report.tables.at("lid").size(), 300U);
  EXPECT_EQ(out->report.tables.at("orders").size(), 3U);
}

TEST(HnswRecallRecipe, SaysWhatIsWrong) {
  const auto refusal = [](const Result<Fitted>& out) { return out.has_value() ? "" : out.error().message(); };
  EXPECT_THAT(refusal(audited(labelled(300), {{"queries", "300"}})), HasSubstr("300 queries are to be held out"));
  EXPECT_THAT(refusal(audited(labelled(300), {{"label", "king"}})), HasSubstr("kind"));
  EXPECT_THAT(refusal(audited(labelled(300), {{"spec", "flat"}, {"queries", "20"}, {"lid_k", "40"}})),
              HasSubstr("not built by insertion"));
  EXPECT_THAT(refusal(audited(labelled(300), {{"shuffles", "0"}})), HasSubstr("shuffles"));
  EXPECT_THAT(refusal(audited(labelled(50), {{"queries", "20"}})), HasSubstr("take k from 1 to 29"));
  quiver::Run run;
  EXPECT_THAT(refusal((*find_recipe("hnsw-recall"))->fit({}, {}, run)), HasSubstr("train"));
}

}  // namespace
}  // namespace quiver
