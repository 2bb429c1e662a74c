#include "quiver/inspect/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "quiver/core/file.h"
#include "quiver/inspect/escaped.h"
#include "quiver/inspect/internal/html.h"

namespace quiver {
namespace {
using internal::colour;
using internal::short_number;

struct Range {
  double low = std::numeric_limits<double>::infinity(), high = -std::numeric_limits<double>::infinity();
  void include(double x) {
    if (!std::isfinite(x)) return;
    low = std::min(low, x);
    high = std::max(high, x);
  }
  // Where x lies between 0 and 1; the middle when there is no extent.
  double part(double x) const { return high > low ? (x - low) / (high - low) : 0.5; }
};

std::string axis_numbers(const Range& range, double left, double width, double y) {
  std::string out;
  for (const double part : {0.0, 0.5, 1.0}) {
    out += fmt::format("<text class=faint x={:.1f} y={:.1f} text-anchor=middle>{}</text>", left + part * width, y,
                       short_number(range.low + part * (range.high - range.low)));
  }
  return out;
}
}  // namespace

HtmlReport::HtmlReport(std::string title) : title_(std::move(title)) {}

void HtmlReport::heading(std::string_view text) { body_ += fmt::format("<h2>{}</h2>\n", escaped(text)); }
void HtmlReport::paragraph(std::string_view text) { body_ += fmt::format("<p>{}</p>\n", escaped(text)); }
void HtmlReport::figure(std::string_view svg) { body_ += fmt::format("<figure>{}</figure>\n", svg); }
void HtmlReport::code(std::string_view text) { body_ += fmt::format("<pre>{}</pre>\n", escaped(text)); }

void HtmlReport::table(const ReportTable& table) {
  body_ += "<div class=wide><table>";
  if (!table.caption.empty()) body_ += fmt::format("<caption>{}</caption>", escaped(table.caption));
  body_ += "<thead><tr>";
  for (const std::string& column : table.columns) body_ += fmt::format("<th>{}</th>", escaped(column));
  body_ += "</tr></thead><tbody>\n";
  for (const std::vector<std::string>& row : table.rows) {
    body_ += "<tr>";
    for (const std::string& cell : row) body_ += fmt::format("<td>{}</td>", escaped(cell));
    body_ += "</tr>\n";
  }
  body_ += "</tbody></table></div>\n";
}

void HtmlReport::bars(const ReportBars& bars) {
  constexpr double kLeft = 180, kWidth = 440, kStep = 28;
  Range range{0, 0};
  for (const ReportBar& bar : bars.bars) {
    range.include(bar.value);
    range.include(bar.high.value_or(bar.value));
    range.include(bar.low.value_or(bar.value));
  }
  const double height = kStep * static_cast<double>(bars.bars.size()) + 24;
  const auto at = [&](double value) { return kLeft + range.part(value) * kWidth; };
  body_ += fmt::format(
      "<figure><figcaption>{}</figcaption><svg viewBox=\"0 0 720 {:.0f}\" width=720 role=img aria-label=\"{}\">",
      escaped(bars.title), height, escaped(bars.title));
  for (std::size_t i = 0; i < bars.bars.size(); ++i) {
    const ReportBar& bar = bars.bars[i];
    const double y = kStep * static_cast<double>(i), x = at(std::min(bar.value, 0.0)),
                 end = at(std::max(bar.value, 0.0));
    body_ += fmt::format("<text x={:.1f} y={:.1f} text-anchor=end>{}</text>", kLeft - 10, y + 18, escaped(bar.label));
    body_ += fmt::format("<rect x={:.1f} y={:.1f} width={:.1f} height=20 fill=\"{}\"/>", x, y + 4,
                         std::max(end - x, 0.5), colour(static_cast<unsigned>(i)));
    double text_at = end;
    if (bar.low && bar.high) {
      body_ += fmt::format("<line class=range x1={:.1f} x2={:.1f} y1={:.1f} y2={:.1f} />", at(*bar.low), at(*bar.high),
                           y + 14, y + 14);
      text_at = std::max(end, at(*bar.high));
    }
    body_ += fmt::format("<text x={:.1f} y={:.1f}>{}{}</text>\n", text_at + 8, y + 18, short_number(bar.value),
                         escaped(bars.unit));
  }
  body_ += axis_numbers(range, kLeft, kWidth, height - 6) + "</svg></figure>\n";
}

void HtmlReport::lines(const ReportLines& lines) {
  constexpr double kLeft = 70, kTop = 10, kWidth = 560, kHeight = 260;
  Range across, up;
  for (const ReportLine& line : lines.lines) {
    for (const double x : line.x) across.include(x);
    for (const double y : line.y) up.include(y);
  }
  body_ += fmt::format(
      "<figure><figcaption>{}</figcaption><svg viewBox=\"0 0 720 330\" width=720 role=img aria-label=\"{}\">",
      escaped(lines.title), escaped(lines.title));
  body_ +=
      fmt::format("<path class=axis fill=none d=\"M{0} {1}V{2}H{3}\"/>", kLeft, kTop, kTop + kHeight, kLeft + kWidth);
  if (across.low <= across.high && up.low <= up.high) {
    for (const double part : {0.0, 0.5, 1.0}) {
      body_ += fmt::format("<text class=faint x={} y={:.1f} text-anchor=end>{}</text>", kLeft - 8,
                           kTop + kHeight * (1 - part) + 4, short_number(up.low + part * (up.high - up.low)));
    }
    body_ += axis_numbers(across, kLeft, kWidth, kTop + kHeight + 18);
  }
  body_ += fmt::format("<text x={} y={} text-anchor=middle>{}</text>", kLeft + kWidth / 2, kTop + kHeight + 40,
                       escaped(lines.x_label));
  body_ += fmt::format("<text x=14 y={0} text-anchor=middle transform=\"rotate(-90 14 {0})\">{1}</text>",
                       kTop + kHeight / 2, escaped(lines.y_label));
  for (std::size_t i = 0; i < lines.lines.size(); ++i) {
    const ReportLine& line = lines.lines[i];
    std::string points;
    for (std::size_t j = 0; j < std::min(line.x.size(), line.y.size()); ++j) {
      if (!std::isfinite(line.x[j]) || !std::isfinite(line.y[j])) continue;
      points += fmt::format("{:.1f},{:.1f} ", kLeft + across.part(line.x[j]) * kWidth,
                            kTop + (1 - up.part(line.y[j])) * kHeight);
    }
    const std::string stroke = colour(static_cast<unsigned>(i));
    body_ += fmt::format("<polyline points=\"{}\" fill=none stroke=\"{}\" stroke-width=2 />", points, stroke);
    body_ += fmt::format("<text x={} y={} style=\"fill:{}\">{}</text>\n", kLeft + kWidth + 10,
                         kTop + 14 + 18 * static_cast<double>(i), stroke, escaped(line.label));
  }
  body_ += "</svg></figure>\n";
}

std::string HtmlReport::html() const {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8><meta name=viewport content=\"width=device-width, "
      "initial-scale=1\">\n<title>{0}</title>\n<style>{1}</style>\n{2}</head>\n<body><main>\n<h1>{0}</h1>\n{3}</main></"
      "body>"
      "</html>\n",
      escaped(title_), internal::kStyle, maps_ > 0 ? fmt::format("<script>{}</script>\n", internal::kMapScript) : "",
      body_);
}

Result<void> HtmlReport::save(const std::filesystem::path& path) const {
  const std::string page = html();
  if (page.size() > kMaxBytes) {
    return Error::invalid_argument(
        fmt::format("writing report {}: {} bytes, a page that opens everywhere has at most {}; "
                    "give the map fewer points or shorter labels",
                    path.string(), page.size(), kMaxBytes));
  }
  return write_file(path, page).within("writing report");
}

}  // namespace quiver
