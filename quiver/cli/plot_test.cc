#include "quiver/cli/plot.h"

#include <gmock/gmock.h>

namespace quiver::cli {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(Plot, MarksAreRoundNumbersOfTheScale) {
  EXPECT_THAT(axis_marks(Scale::Linear, 0, 6), ElementsAre(0, 1, 2, 3, 4, 5, 6));
  EXPECT_THAT(axis_marks(Scale::Linear, 3, 3), ElementsAre(3));
  EXPECT_THAT(axis_marks(Scale::Log, 900, 30'000), ElementsAre(1000, 2000, 5000, 10'000, 20'000));
  EXPECT_THAT(axis_marks(Scale::Log, 1, 1e6), ElementsAre(1, 10, 100, 1000, 1e4, 1e5, 1e6));
  EXPECT_THAT(axis_marks(Scale::Nines, 0.85, 0.995), ElementsAre(0.9, 0.95, 0.98, 0.99, 0.995));
}

TEST(Plot, EveryPointIsDrawnOnceAndCarriesItsNote) {
  const Plot plot{.title = "a < b",
                  .x_label = "recall",
                  .y_label = "rate",
                  .x = Scale::Nines,
                  .y = Scale::Log,
                  .series = {{.label = "us", .x = {0.9, 1}, .y = {10, 5}, .notes = {"ef 10", "ef & 20"}, .ours = true},
                             {.label = "them", .x = {0.8}, .y = {3}, .joined = false}}};
  const std::string svg = plot_svg(plot);
  EXPECT_THAT(svg, HasSubstr("a &lt; b"));
  EXPECT_THAT(svg, HasSubstr("us: 0.9, 10 · ef 10"));
  EXPECT_THAT(svg, HasSubstr("us: 1, 5 · ef &amp; 20"));
  EXPECT_THAT(svg, HasSubstr("prefers-color-scheme:dark"));
  EXPECT_LT(svg.find("them: 0.8, 3"), svg.find("us: 0.9, 10")) << "ours is drawn in front";
}

TEST(Plot, WhatAnAxisCannotShowIsLeftOut) {
  const Plot plot{.y = Scale::Log,
                  .series = {{.label = "s", .x = {1, 2, std::numeric_limits<double>::quiet_NaN()}, .y = {0, 7, 9}},
                             {.label = "t"}}};
  const std::string svg = plot_svg(plot);
  EXPECT_THAT(svg, HasSubstr("s: 2, 7"));
  EXPECT_THAT(svg, Not(HasSubstr("s: 1, 0")));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_THAT(plot_svg({}), HasSubstr("</svg>")) << "a plot of nothing is still a picture";
}

}  // namespace
}  // namespace quiver::cli
