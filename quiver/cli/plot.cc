#include "quiver/cli/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>

#include "quiver/inspect/escaped.h"

namespace quiver::cli {
namespace {

constexpr double kLeft = 76, kTop = 62, kPlotWidth = 560, kHeight = 380, kLegend = kLeft + kPlotWidth + 22;
constexpr double kRightmost = 1e-5;  // 1 - x of Nines at the edge
constexpr std::size_t kColours = 8;

// Okabe and Ito's colours, told apart by most readers, lightened where the ground is dark.
constexpr std::string_view kPlotStyle =
    "svg{--ground:#fff;--ink:#1b1f24;--faint:#667;--grid:#e4e7eb;--c0:#0072b2;--c1:#d55e00;--c2:#009e73;--c3:#cc79a7;"
    "--c4:#b8860b;--c5:#56b4e9;--c6:#7a5195;--c7:#666;font:13px system-ui,sans-serif}"
    "@media(prefers-color-scheme:dark){svg{--ground:#14171a;--ink:#e8eaed;--faint:#9aa3ad;--grid:#2a2f35;--c0:#4fa8e0;"
    "--c1:#ff8a3d;--c2:#2fd0a0;--c3:#e6a3c8;--c4:#e3b341;--c5:#8fd0ff;--c6:#b48ede;--c7:#aaa}}"
    "text{fill:var(--ink)}.faint{fill:var(--faint)}.title{font-size:17px;font-weight:600}.grid{stroke:var(--grid)}"
    ".series path{fill:none;stroke-width:1.6}.ours path{stroke-width:3.2}.ours text{font-weight:600}"
    "circle{stroke:var(--ground);stroke-width:1}";

bool shown(Scale scale, double value) {
  if (!std::isfinite(value)) return false;
  return scale == Scale::Linear || (scale == Scale::Log ? value > 0 : value >= 0 && value <= 1);
}
// Where the scale is even.
double stretched(Scale scale, double value) {
  if (scale == Scale::Log) return std::log10(value);
  return scale == Scale::Nines ? -std::log10(std::max(1 - value, kRightmost)) : value;
}

struct Axis {
  Scale scale;
  double low = std::numeric_limits<double>::infinity(), high = -low;
  void include(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  double part(double value) const {
    const double from = stretched(scale, low), to = stretched(scale, high);
    return to > from ? (stretched(scale, value) - from) / (to - from) : 0.5;
  }
};

std::string mark_text(double value) {
  if (value >= 1e6) return fmt::format("{:g}M", value / 1e6);
  if (value >= 1e4) return fmt::format("{:g}k", value / 1e3);
  return fmt::format("{:.6g}", value);
}

double across(const Axis& axis, double x) { return kLeft + kPlotWidth * axis.part(x); }
double down(const Axis& axis, double y) { return kTop + kHeight * (1 - axis.part(y)); }

std::string grid_of(const Axis& x, const Axis& y) {
  std::string out;
  for (const double mark : axis_marks(x.scale, x.low, x.high)) {
    out += fmt::format("<line class=\"grid\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/>", across(x, mark),
                       kTop, kTop + kHeight);
    out += fmt::format("<text class=\"faint\" x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n",
                       across(x, mark), kTop + kHeight + 20, mark_text(mark));
  }
  for (const double mark : axis_marks(y.scale, y.low, y.high)) {
    out += fmt::format("<line class=\"grid\" x1=\"{0}\" x2=\"{1}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\"/>", kLeft,
                       kLeft + kPlotWidth, down(y, mark));
    out += fmt::format("<text class=\"faint\" x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n", kLeft - 8,
                       down(y, mark) + 4, mark_text(mark));
  }
  return out;
}

std::string series_svg(const PlotSeries& series, std::size_t number, const Axis& x, const Axis& y) {
  const std::string colour = fmt::format("var(--c{})", number % kColours);
  std::string path, dots;
  for (std::size_t i = 0; i < std::min(series.x.size(), series.y.size()); ++i) {
    if (!shown(x.scale, series.x[i]) || !shown(y.scale, series.y[i])) continue;
    const double left = across(x, series.x[i]), top = down(y, series.y[i]);
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? 'M' : 'L', left, top);
    const std::string note = i < series.notes.size() ? " · " + series.notes[i] : "";
    dots += fmt::format(
        "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\" fill=\"{}\"><title>{}: {:.4g}, {:.4g}{}</title></"
        "circle>\n",
        left, top, series.ours ? 4.5 : 3.2, colour, escaped(series.label), series.x[i], series.y[i], escaped(note));
  }
  std::string out = fmt::format("<g class=\"series{}\">", series.ours ? " ours" : "");
  if (series.joined && !path.empty()) out += fmt::format("<path d=\"{}\" style=\"stroke:{}\"/>\n", path, colour);
  const double row = kTop + 12 + 21 * static_cast<double>(number);
  out += fmt::format("<circle cx=\"{}\" cy=\"{}\" r=\"5\" fill=\"{}\"/><text x=\"{}\" y=\"{}\">{}</text>", kLegend,
                     row - 4, colour, kLegend + 13, row, escaped(series.label));
  return out + dots + "</g>\n";
}

}  // namespace

std::vector<double> axis_marks(Scale scale, double low, double high) {
  std::vector<double> marks;
  const auto add = [&](double mark) {
    const double slack = 1e-9 * std::max(std::abs(low), std::abs(high));
    if (mark >= low - slack && mark <= high + slack) marks.push_back(mark);
  };
  if (scale == Scale::Nines) {
    for (const double mark : {0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999}) add(mark);
  } else if (scale == Scale::Log) {
    const double decades = std::log10(high / low);
    for (double power = std::pow(10, std::floor(std::log10(low))); power <= high; power *= 10) {
      add(power);
      if (decades < 3) add(2 * power), add(5 * power);
    }
  } else {
    const double rough = std::max((high - low) / 6, 1e-300), power = std::pow(10, std::floor(std::log10(rough)));
    const double step = power * (rough / power < 1.5 ? 1 : rough / power < 3.5 ? 2 : rough / power < 7.5 ? 5 : 10);
    for (double mark = std::ceil(low / step) * step; mark <= high + step / 1000 && marks.size() < 12; mark += step) {
      add(mark);
    }
    if (high == low) marks = {low};
  }
  return marks;
}

std::string plot_svg(const Plot& plot) {
  Axis x{plot.x}, y{plot.y};
  for (const PlotSeries& series : plot.series) {
    for (std::size_t i = 0; i < std::min(series.x.size(), series.y.size()); ++i) {
      if (!shown(plot.x, series.x[i]) || !shown(plot.y, series.y[i])) continue;
      x.include(series.x[i]);
      y.include(series.y[i]);
    }
  }
  const double height = std::max(kTop + kHeight + 62, kTop + 30 + 21 * static_cast<double>(plot.series.size()));
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 900 {:.0f}\" role=\"img\" aria-label=\"{}\">\n"
      "<style>{}</style>\n<rect width=\"900\" height=\"{:.0f}\" style=\"fill:var(--ground)\"/>\n"
      "<text class=\"title\" x=\"{}\" y=\"28\">{}</text><text class=\"faint\" x=\"{}\" y=\"48\">{}</text>\n",
      height, escaped(plot.title), kPlotStyle, height, kLeft, escaped(plot.title), kLeft, escaped(plot.subtitle));
  if (x.low <= x.high) out += grid_of(x, y);
  out += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>", kLeft + kPlotWidth / 2,
                     kTop + kHeight + 46, escaped(plot.x_label));
  out += fmt::format("<text x=\"18\" y=\"{0}\" text-anchor=\"middle\" transform=\"rotate(-90 18 {0})\">{1}</text>\n",
                     kTop + kHeight / 2, escaped(plot.y_label));
  for (const bool ours : {false, true}) {  // ours last, so in front
    for (std::size_t i = 0; i < plot.series.size(); ++i) {
      if (plot.series[i].ours == ours) out += series_svg(plot.series[i], i, x, y);
    }
  }
  return out + "</svg>\n";
}

}  // namespace quiver::cli
