// Plot: lines and points against two axes as one SVG that needs nothing else: it opens in a browser, sits in a page,
// and follows the reader's light or dark system. Pointing at a point shows what it is.
//
//   Plot plot{.title = "mnist", .x_label = "recall@10", .y_label = "queries a second", .x = Scale::Nines,
//             .y = Scale::Log};
//   plot.series.push_back({.label = "quiver", .x = recalls, .y = rates, .ours = true});
//   QUIVER_TRY(write_file("mnist.svg", plot_svg(plot)));          // or page.figure(plot_svg(plot)) in an HtmlReport
//
// Scale::Nines spreads 1 - x over a logarithm, so that .9, .99 and .999 stand equally far apart; x = 1 is drawn at the
// right edge. A point that an axis cannot show (not finite, or not above zero on Log) is left out.
// All text is escaped. Thread-safety: pure functions. Cost: one pass over the points.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace quiver::cli {

enum class Scale : std::uint8_t { Linear, Log, Nines };

struct PlotSeries {
  std::string label{};
  std::vector<double> x{}, y{};
  std::vector<std::string> notes{};  // of the points, shown under the pointer; as many as points, or none
  bool ours = false;                 // drawn thicker and in front
  bool joined = true;                // by a line, in the order given
};
struct Plot {
  std::string title{}, subtitle{}, x_label{}, y_label{};
  Scale x = Scale::Linear, y = Scale::Linear;
  std::vector<PlotSeries> series{};
};
std::string plot_svg(const Plot& plot);

// The marks of an axis from low to high, at most about ten. Requires: low <= high, both inside of the scale.
std::vector<double> axis_marks(Scale scale, double low, double high);

}  // namespace quiver::cli
