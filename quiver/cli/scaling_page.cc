#include "quiver/cli/scaling_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "quiver/cli/table.h"
#include "quiver/core/progress.h"
#include "quiver/model/card.h"

namespace quiver::cli {
namespace {
constexpr std::size_t kLeastSizes = 3;     // two sizes give a line through both and no idea of its error
constexpr double kTooWide = 10;            // times the value, from where an interval says nothing
constexpr double kShardRows = 1e7;         // rows of a part when a set is divided
constexpr double kGb = 1e9, kHour = 3600;  // bytes, seconds

struct Walked {
  const char *what, *unit;
  double SearchCost::*cost;
};
constexpr Walked kWalked[] = {{"hops", "", &SearchCost::hops},
                              {"distances", "", &SearchCost::distances},
                              {"bytes read", "B", &SearchCost::bytes},
                              {"CPU, in a batch", "s", &SearchCost::seconds},
                              {"CPU, alone", "s", &SearchCost::alone_seconds}};
constexpr const char *kBuild = "build CPU a row", *kBytes = "bytes a row";

std::string number(double value, std::string_view unit = {}) {
  if (!std::isfinite(value)) return "-";
  if (unit == "s") return value < 1e-3 ? fmt::format("{:.3g} us", 1e6 * value) : human_seconds(value);
  if (unit == "B" && value >= 1000) return human_bytes(static_cast<unsigned long long>(std::llround(value)));
  if (value >= 1000) return grouped(static_cast<std::uint64_t>(std::llround(value)));
  return fmt::format("{:.3g}", value);
}

// A markdown table.
class Page {
 public:
  void line(std::string_view text) { text_ += fmt::format("{}\n", text); }
  void head(const std::vector<std::string>& cells) {
    text_ += "\n";
    row(cells);
    text_ += "|---";
    for (std::size_t i = 1; i < cells.size(); ++i) text_ += "|---:";
    text_ += "|\n";
  }
  void row(const std::vector<std::string>& cells) { text_ += fmt::format("| {} |\n", fmt::join(cells, " | ")); }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string interval(const Interval& value, std::string_view unit) {
  if (!(value.high <= kTooWide * value.mean)) {
    return number(value.mean, unit) + " (within no useful interval)";
  }
  return fmt::format("{} ({} to {})", number(value.mean, unit), number(value.low, unit), number(value.high, unit));
}

const FittedCost* find(std::span<const FittedCost> fits, std::string_view set, std::string_view what, double recall) {
  const auto found = std::ranges::find_if(
      fits, [&](const FittedCost& f) { return f.set == set && f.what == what && f.recall == recall; });
  return found == fits.end() ? nullptr : &*found;
}

void measured_tables(const ScalingReport& report, Page& page) {
  page.line("\n## Built");
  page.head({"set", "rows", "dims", "build CPU", "build CPU a row", "bytes a row", "floats a row", "index"});
  for (const ScalingSet& set : report.sets) {
    for (const ScalingPoint& p : set.points) {
      page.row({set.name, grouped(p.rows), std::to_string(p.dims), number(p.build_seconds, "s"),
                number(p.build_seconds / static_cast<double>(p.rows), "s"), number(p.bytes),
                number(static_cast<double>(p.dims) * sizeof(float)), fmt::format("`{}`", p.spec)});
    }
  }
  for (const double recall : report.recalls) {
    page.line(fmt::format("\n## A query at recall@{} {:g}", report.k, recall));
    page.head({"set", "rows", "hops", "distances", "part of the rows", "bytes read", "scan reads", "CPU in a batch",
               "scan in a batch", "CPU alone", "scan alone", "alone, times faster"});
    for (const ScalingSet& set : report.sets) {
      for (const ScalingPoint& p : set.points) {
        const auto at = [&](double SearchCost::*cost) { return p.walk_at(recall, cost); };
        const double distances = at(&SearchCost::distances), alone = at(&SearchCost::alone_seconds);
        page.row(
            {set.name, grouped(p.rows), number(at(&SearchCost::hops)), number(distances),
             std::isfinite(distances) ? fmt::format("{:.3f} %", 100 * distances / static_cast<double>(p.rows)) : "-",
             number(at(&SearchCost::bytes), "B"), number(p.scan.bytes, "B"), number(at(&SearchCost::seconds), "s"),
             number(p.scan.seconds, "s"), number(alone, "s"), number(p.scan.alone_seconds, "s"),
             number(p.scan.alone_seconds / alone)});
      }
    }
  }
}

void growth_table(std::span<const FittedCost> fits, Page& page) {
  page.line("\n## How it grows");
  page.line("");
  page.line(
      "Power: cost = c n^b; logarithmic: cost = a + b ln n. Error: root mean square of measured over fitted, as a "
      "part. Brackets: 95 %.");
  page.head(
      {"set", "cost", "recall", "sizes", "b of the power law", "its error", "b of the logarithmic law", "its error"});
  for (const FittedCost& fit : fits) {
    page.row({fit.set, fit.what, fit.recall > 0 ? fmt::format("{:g}", fit.recall) : "-",
              std::to_string(fit.power.sizes),
              fmt::format("{:.3f} ({:.3f} to {:.3f})", fit.power.slope.mean, fit.power.slope.low, fit.power.slope.high),
              fmt::format("{:.1f} %", 100 * fit.power.error), number(fit.logarithmic.slope.mean, fit.unit),
              fmt::format("{:.1f} %", 100 * fit.logarithmic.error)});
  }
}

// What `rows` rows of a set need, each step of the arithmetic on a line of its own.
void need_of(const ScalingReport& report, const ScalingSet& set, std::span<const FittedCost> fits, double rows,
             Page& page) {
  const FittedCost *build = find(fits, set.name, kBuild, 0), *bytes = find(fits, set.name, kBytes, 0);
  if (build == nullptr || bytes == nullptr) return;
  const ScalingPoint& largest = set.points.back();
  page.line(fmt::format("\n### {}: {:.0e} rows, {:g} times the largest measured\n", set.name, rows,
                        rows / static_cast<double>(largest.rows)));
  page.line(
      fmt::format("- Memory: {:.0f} bytes a row, as at {} rows, x {:.0e} = **{:.0f} GB**; the floats themselves "
                  "are {} x 4 x {:.0e} = {:.0f} GB.",
                  largest.bytes, grouped(largest.rows), rows, largest.bytes * rows / kGb, largest.dims, rows,
                  static_cast<double>(largest.dims) * 4 * rows / kGb));
  const Interval a_row = build->power.at(rows);
  page.line(
      fmt::format("- Build: {} of CPU a row by the power law x {:.0e} / 3600 = **{:.0f} CPU hours** ({:.0f} to "
                  "{:.0f}); {:.0f} by the logarithmic law; {:.0f} if a row cost no more than at {}.",
                  number(a_row.mean, "s"), rows, a_row.mean * rows / kHour, a_row.low * rows / kHour,
                  a_row.high * rows / kHour, build->logarithmic.at(rows).mean * rows / kHour,
                  largest.build_seconds / static_cast<double>(largest.rows) * rows / kHour, grouped(largest.rows)));
  for (const double recall : report.recalls) {
    const FittedCost *read = find(fits, set.name, kWalked[2].what, recall),
                     *seconds = find(fits, set.name, kWalked[3].what, recall),
                     *distances = find(fits, set.name, kWalked[1].what, recall);
    if (read == nullptr || seconds == nullptr || distances == nullptr) continue;
    const double scan = largest.scan.seconds * rows / static_cast<double>(largest.rows);
    page.line(fmt::format(
        "- A query at recall {:g}: {} distances by the power law, {} by the logarithmic; {} read; CPU in a batch {} by "
        "the power law, {} by the logarithmic. A scan in a batch: {} x {:g} = {}.",
        recall, interval(distances->power.at(rows), ""), number(distances->logarithmic.at(rows).mean),
        number(read->power.at(rows).mean, "B"), interval(seconds->power.at(rows), "s"),
        number(seconds->logarithmic.at(rows).mean, "s"), number(largest.scan.seconds, "s"),
        rows / static_cast<double>(largest.rows), number(scan, "s")));
    if (rows <= kShardRows) continue;
    const double shards = std::ceil(rows / kShardRows), each = seconds->power.at(kShardRows).mean;
    page.line(fmt::format(
        "  In {:.0f} parts of {:.0e} rows, all asked: {:.0f} x {} = {} of CPU, {} on each of {:.0f} "
        "machines at once.",
        shards, kShardRows, shards, number(each, "s"), number(shards * each, "s"), number(each, "s"), shards));
  }
}

Json json_of(const Growth& growth, std::span<const double> targets) {
  Json at = Json::array();
  for (const double rows : targets) {
    const Interval cost = growth.at(rows);
    at.push_back({{"rows", rows}, {"cost", cost.mean}, {"low", cost.low}, {"high", cost.high}});
  }
  return {{"intercept", growth.intercept}, {"slope", growth.slope.mean}, {"low", growth.slope.low},
          {"high", growth.slope.high},     {"error", growth.error},      {"extrapolated", std::move(at)}};
}
Json json_of(const SearchCost& cost) {
  return {{"asked", cost.asked},
          {"recall", cost.recall.mean},
          {"low", cost.recall.low},
          {"high", cost.recall.high},
          {"hops", cost.hops},
          {"distances", cost.distances},
          {"bytes_read", cost.bytes},
          {"cpu_seconds_in_batch", cost.seconds},
          {"cpu_seconds_alone", cost.alone_seconds}};
}
}  // namespace

std::vector<FittedCost> fitted_costs(const ScalingReport& report) {
  std::vector<FittedCost> fits;
  for (const ScalingSet& set : report.sets) {
    const auto fit = [&](const char* what, const char* unit, double recall, const auto& cost_of) {
      std::vector<double> rows, costs;
      for (const ScalingPoint& point : set.points) {
        const double cost = cost_of(point);
        if (!std::isfinite(cost) || cost <= 0) continue;
        rows.push_back(static_cast<double>(point.rows));
        costs.push_back(cost);
      }
      if (rows.size() < kLeastSizes) return;
      fits.push_back({set.name, what, unit, recall, fit_growth(rows, costs, GrowthLaw::Power),
                      fit_growth(rows, costs, GrowthLaw::Logarithmic)});
    };
    for (const double recall : report.recalls) {
      for (const Walked& walked : kWalked) {
        fit(walked.what, walked.unit, recall,
            [&](const ScalingPoint& point) { return point.walk_at(recall, walked.cost); });
      }
    }
    fit("scan, CPU alone", "s", 0, [](const ScalingPoint& point) { return point.scan.alone_seconds; });
    fit(kBuild, "s", 0, [](const ScalingPoint& p) { return p.build_seconds / static_cast<double>(p.rows); });
    fit(kBytes, "B", 0, [](const ScalingPoint& point) { return point.bytes; });
  }
  return fits;
}

std::string scaling_page(const ScalingReport& report) {
  const std::vector<FittedCost> fits = fitted_costs(report);
  Page page;
  page.line("# How search scales, measured\n");
  page.line(fmt::format(
      "Written by `quiver bench scaling`, {}, on {}, {} thread{}. Index `{}`, k = {}. Hops, distances and bytes are "
      "counted and the same on every machine; CPU is process time of this run, the least of several rounds. Costs at a "
      "recall lie between the efforts measured on both sides of it.{}",
      utc_now(), report.machine, report.threads, report.threads == 1 ? "" : "s", report.spec, report.k,
      report.interrupted ? " **The run was interrupted: sizes are missing.**" : ""));
  page.head({"set", "vectors", "dims", "intrinsic dimension", "rows measured"});
  for (const ScalingSet& set : report.sets) {
    if (set.points.empty()) continue;
    page.row({set.name,
              set.sphere > 0 ? fmt::format("generated, a sphere of {} dims", set.sphere) : std::string("real"),
              std::to_string(set.points[0].dims), fmt::format("{:.1f}", set.lid),
              fmt::format("{} to {}", grouped(set.points.front().rows), grouped(set.points.back().rows))});
  }
  measured_tables(report, page);
  if (fits.empty()) {
    page.line("\nNothing is fitted: that takes three sizes of one set.");
    return page.take();
  }
  growth_table(fits, page);
  page.line("\n## What more rows would need: extrapolated, not measured");
  for (const ScalingSet& set : report.sets) {
    for (const double rows : report.targets) need_of(report, set, fits, rows, page);
  }
  return page.take();
}

Plot scaling_plot(const ScalingReport& report) {
  Plot plot{.title = "Distances a query, as rows grow",
            .subtitle = fmt::format("index {}, k = {}; counted, the same on every machine", report.spec, report.k),
            .x_label = "rows",
            .y_label = "distances a query",
            .x = Scale::Log,
            .y = Scale::Log};
  for (const ScalingSet& set : report.sets) {
    for (const double recall : report.recalls) {
      PlotSeries series{.label = fmt::format("{}, recall {:g}", set.name, recall)};
      for (const ScalingPoint& point : set.points) {
        const double distances = point.walk_at(recall, &SearchCost::distances);
        if (!std::isfinite(distances)) continue;
        series.x.push_back(static_cast<double>(point.rows));
        series.y.push_back(distances);
      }
      if (!series.x.empty()) plot.series.push_back(std::move(series));
    }
  }
  return plot;
}

Json to_json(const ScalingReport& report) {
  Json sets = Json::array(), growth = Json::array();
  for (const ScalingSet& set : report.sets) {
    Json points = Json::array();
    for (const ScalingPoint& point : set.points) {
      Json walks = Json::array();
      for (const SearchCost& walk : point.walks) walks.push_back(json_of(walk));
      points.push_back({{"rows", point.rows},
                        {"dims", point.dims},
                        {"queries", point.queries},
                        {"spec", point.spec},
                        {"build_cpu_seconds", point.build_seconds},
                        {"bytes_per_row", point.bytes},
                        {"searches", std::move(walks)},
                        {"scan", json_of(point.scan)}});
    }
    sets.push_back({{"name", set.name},
                    {"generated_from_sphere_of", set.sphere},
                    {"intrinsic_dimension", set.lid},
                    {"sizes", std::move(points)}});
  }
  for (const FittedCost& fit : fitted_costs(report)) {
    growth.push_back({{"set", fit.set},
                      {"cost", fit.what},
                      {"unit", fit.unit},
                      {"recall", fit.recall},
                      {"power", json_of(fit.power, report.targets)},
                      {"logarithmic", json_of(fit.logarithmic, report.targets)}});
  }
  return {{"created", utc_now()},
          {"cpu", report.machine},
          {"threads", report.threads},
          {"spec", report.spec},
          {"k", report.k},
          {"recalls", report.recalls},
          {"interrupted", report.interrupted},
          {"sets", std::move(sets)},
          {"growth", std::move(growth)}};
}

}  // namespace quiver::cli
