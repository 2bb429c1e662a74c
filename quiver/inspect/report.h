// HtmlReport: one self-contained page of text, tables, plots and a map of vectors. Plots are inline SVG, the map is
// drawn on a canvas by a few lines of inlined script; nothing is loaded from anywhere, light and dark follow the
// reader's system.
//
//   HtmlReport page("WordNet in 256 dimensions");
//   page.heading("Quality");
//   page.table({.columns = {"", "MRR@10", "recall@10"}, .rows = {{"encoder", ".31", ".58"}, {"BM25", ".21", ".40"}}});
//   page.bars({.title = "MRR@10", .bars = {{"encoder", .31, .30, .32}, {"BM25", .21, .20, .22}}});
//   page.map({.title = "...", .points = points, .labels = labels});
//   QUIVER_TRY(page.save("report.html"));
//
// All text is escaped. A map stores a point in 4 bytes plus its label; 10,000 points with labels of 60 characters take
// about 700 kB. Errors: InvalidArgument when the page would be larger than kMaxBytes, or shapes do not agree.
// Thread-safety: one owner.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/matrix.h"
#include "quiver/core/result.h"

namespace quiver {

struct ReportTable {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;  // cells; columns after the first are aligned right
  std::string caption = {};
};
struct ReportBar {
  std::string label;
  double value = 0;
  std::optional<double> low = {}, high = {};  // drawn as an interval
};
struct ReportBars {
  std::string title;
  std::vector<ReportBar> bars;
  std::string unit = {};
};
struct ReportLine {
  std::string label;
  std::vector<double> x, y;
};
struct ReportLines {
  std::string title, x_label, y_label;
  std::vector<ReportLine> lines;
};
struct ReportMap {
  std::string title;
  MatrixView points;                       // (n, 2), such as layout_2d() gives
  std::vector<std::string> labels;         // shown under the pointer; n, or none
  std::vector<std::uint32_t> groups = {};  // colours: below group_names.size(); n, or none
  std::vector<std::string> group_names = {};
  std::string caption = {};
};

class HtmlReport {
 public:
  static constexpr std::size_t kMaxBytes = std::size_t{5} << 20;
  explicit HtmlReport(std::string title);
  void heading(std::string_view text);
  void paragraph(std::string_view text);
  void code(std::string_view text);  // a block of console text
  void table(const ReportTable& table);
  void bars(const ReportBars& bars);
  void lines(const ReportLines& lines);
  void figure(std::string_view svg);  // one drawing, put in as it is. Requires: all text in it is escaped
  Result<void> map(const ReportMap& map);
  std::string html() const;
  Result<void> save(const std::filesystem::path& path) const;

 private:
  std::string title_, body_;
  unsigned maps_ = 0;
};

}  // namespace quiver
