#include "quiver/inspect/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <regex>

#include "quiver/core/file.h"
#include "quiver/core/random.h"

namespace quiver {
namespace {
using testing::HasSubstr;
using testing::Not;

TEST(HtmlReport, EscapesAllText) {
  HtmlReport page("<a> & \"b\"");
  page.heading("<script>alert(1)</script>");
  page.paragraph("1 < 2");
  page.code("$ quiver search 'x'");
  page.table({.columns = {"name", "<n>"}, .rows = {{"a & b", "1"}}, .caption = "it's"});
  page.bars({.title = "<bars>", .bars = {{"<bar>", 0.5, 0.4, 0.6}}});
  const std::string html = page.html();
  EXPECT_THAT(html, HasSubstr("&lt;a&gt; &amp; &quot;b&quot;"));
  EXPECT_THAT(html, HasSubstr("a &amp; b"));
  for (const char* raw : {"<script>alert", "<bar>", "<bars>", "<n>", "it's"}) EXPECT_THAT(html, Not(HasSubstr(raw)));
}

TEST(HtmlReport, NeedsNothingFromAnywhere) {
  HtmlReport page("Offline");
  Matrix points(3, 2);
  points.row(1)[0] = 1;
  ASSERT_TRUE(page.map({.title = "map", .points = points.view(), .labels = {"a", "b", "c"}}).has_value());
  page.lines({.title = "loss", .x_label = "step", .y_label = "loss", .lines = {{"train", {0, 1, 2}, {3, 2, NAN}}}});
  page.figure("<svg id=drawn></svg>");
  const std::string html = page.html();
  EXPECT_THAT(html, HasSubstr("<figure><svg id=drawn></svg></figure>"));
  EXPECT_FALSE(std::regex_search(html, std::regex("(https?:|src=|@import|url\\()")));
  EXPECT_THAT(html, HasSubstr("<!DOCTYPE html>"));
  EXPECT_THAT(html, HasSubstr("prefers-color-scheme: dark"));
  EXPECT_THAT(html, Not(HasSubstr("nan")));
}

TEST(HtmlReport, ALabelCannotEndTheScript) {
  HtmlReport page("x");
  const Matrix point(1, 2);
  ASSERT_TRUE(page.map({.title = "map", .points = point.view(), .labels = {"</script><b>"}}).has_value());
  EXPECT_THAT(page.html(), Not(HasSubstr("</script><b>")));
  EXPECT_THAT(page.html(), HasSubstr("\\u003c/script>"));
}

TEST(HtmlReport, TenThousandLabelledPointsFit) {
  HtmlReport page("x");
  Matrix points(10000, 2);
  std::vector<std::string> labels;
  std::vector<std::uint32_t> groups;
  for (std::size_t i = 0; i < 10000; ++i) {
    Random random(1, i);
    for (float& x : points.row(i)) x = random.normal();
    labels.push_back("entry " + std::to_string(i) + std::string(80, 'x'));
    groups.push_back(static_cast<std::uint32_t>(i % 4));
  }
  ASSERT_TRUE(page.map({.title = "m",
                        .points = points.view(),
                        .labels = labels,
                        .groups = groups,
                        .group_names = {"noun", "verb", "adj", "adv"},
                        .caption = "drag, zoom, point"})
                  .has_value());
  const std::filesystem::path path = std::filesystem::path(testing::TempDir()) / "quiver_report.html";
  ASSERT_TRUE(page.save(path).has_value());
  EXPECT_EQ(read_file(path).value_or(""), page.html());
  EXPECT_LT(page.html().size(), std::size_t{3} << 20);
  std::filesystem::remove(path);
}

TEST(HtmlReport, SaysWhatIsWrong) {
  HtmlReport page("x");
  Matrix points(2, 2), three(2, 3);
  EXPECT_THAT(page.map({.title = "m", .points = three.view(), .labels = {}}).error().message(),
              HasSubstr("3 coordinates"));
  EXPECT_THAT(page.map({.title = "m", .points = points.view(), .labels = {"a"}}).error().message(),
              HasSubstr("1 labels"));
  EXPECT_THAT(page.map({.title = "m", .points = points.view(), .labels = {}, .groups = {0, 1}, .group_names = {"a"}})
                  .error()
                  .message(),
              HasSubstr("group 1 has no name"));
  points.row(1)[1] = INFINITY;
  EXPECT_THAT(page.map({.title = "m", .points = points.view(), .labels = {}}).error().message(),
              HasSubstr("row 1, column 1"));
  page.paragraph(std::string(HtmlReport::kMaxBytes, 'x'));
  EXPECT_THAT(page.save("never-written.html").error().message(), HasSubstr("fewer points"));
  EXPECT_FALSE(std::filesystem::exists("never-written.html"));
}

}  // namespace
}  // namespace quiver
