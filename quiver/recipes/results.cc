#include "quiver/recipes/results.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

namespace quiver {
namespace {
std::string number_text(double value) { return fmt::format("{:.4g}", value); }
std::string values_text(const Json& values) {
  std::vector<std::string> all;
  for (const Json& value : values) all.push_back(value.is_number() ? number_text(value.get<double>()) : "-");
  return all.empty() ? "-" : fmt::format("{}", fmt::join(all, ", "));
}
double mean_of_present(const Json& values, std::size_t& count) {
  double sum = 0;
  count = 0;
  for (const Json& value : values) {
    if (value.is_number()) sum += value.get<double>(), ++count;
  }
  return count > 0 ? sum / static_cast<double>(count) : 0;
}

Result<std::string> bars_table(const Json& bars) {
  std::string text = "| bar | verdict | left | right | 95 % of the difference |\n|---|---|---|---|---|\n";
  for (const Json& bar : bars) {
    QUIVER_TRY(const std::string id, get<std::string>(bar, "id"));
    QUIVER_TRY(std::string what, get<std::string>(bar, "text"));
    QUIVER_TRY(const std::string verdict, get<std::string>(bar, "verdict"));
    QUIVER_TRY(const std::string why, get<std::string>(bar, "why"));
    QUIVER_TRY(const Json left, get<Json>(bar, "left"));
    QUIVER_TRY(const Json right, get<Json>(bar, "right"));
    for (std::size_t at = 0; (at = what.find('|', at)) != std::string::npos; at += 2) what.insert(at, 1, '\\');
    std::string interval = "-";
    if (bar.contains("interval") && bar["interval"].is_object()) {
      QUIVER_TRY(const double low, get<double>(bar["interval"], "low"));
      QUIVER_TRY(const double high, get<double>(bar["interval"], "high"));
      interval = fmt::format("{} to {}", number_text(low), number_text(high));
    }
    text += fmt::format("| {}: `{}` | {}{} | {} | {} | {} |\n", id, what, verdict, why.empty() ? "" : ": " + why,
                        values_text(left), values_text(right), interval);
  }
  return text;
}

Result<std::string> arms_table(const Json& arms) {
  std::string text = "| arm | metric | mean | per seed |\n|---|---|---|---|\n";
  for (const Json& arm : arms) {
    QUIVER_TRY(const std::string name, get<std::string>(arm, "arm"));
    QUIVER_TRY(const Json metrics, get<Json>(arm, "metrics"));
    for (const Json& metric : metrics) {
      QUIVER_TRY(const std::string what, get<std::string>(metric, "metric"));
      QUIVER_TRY(const Json values, get<Json>(metric, "values"));
      std::size_t count = 0;
      const double mean = mean_of_present(values, count);
      text +=
          fmt::format("| {} | {} | {} | {} |\n", name, what, count > 0 ? number_text(mean) : "-", values_text(values));
    }
  }
  return text;
}
}  // namespace

Json bars_json(std::span<const Bar> bars, std::span<const Judged> judged) {
  QUIVER_CHECK(bars.size() == judged.size());
  Json array = Json::array();
  for (std::size_t i = 0; i < bars.size(); ++i) {
    Json bar{{"id", bars[i].id},     {"text", bars[i].text},   {"verdict", std::string(name_of(judged[i].verdict))},
             {"why", judged[i].why}, {"left", judged[i].left}, {"right", judged[i].right}};
    if (const auto& interval = judged[i].interval) {
      bar["interval"] = {{"mean", interval->mean}, {"low", interval->low}, {"high", interval->high}};
    }
    array.push_back(std::move(bar));
  }
  return array;
}

Json arms_json(std::span<const SeedMeasured> seeds) {
  struct Row {
    std::string metric;
    std::vector<Json> values;
  };
  std::vector<std::pair<std::string, std::vector<Row>>> arms;
  for (std::size_t s = 0; s < seeds.size(); ++s) {
    for (const Measured& m : seeds[s].values) {
      auto arm = std::find_if(arms.begin(), arms.end(), [&](const auto& a) { return a.first == m.arm; });
      if (arm == arms.end()) arm = arms.insert(arms.end(), {m.arm, {}});
      auto row =
          std::find_if(arm->second.begin(), arm->second.end(), [&](const Row& r) { return r.metric == m.metric; });
      if (row == arm->second.end()) row = arm->second.insert(row, {m.metric, std::vector<Json>(seeds.size())});
      row->values[s] = m.value;
    }
  }
  Json array = Json::array();
  for (const auto& [arm, rows] : arms) {
    Json metrics = Json::array();
    for (const Row& row : rows) metrics.push_back({{"metric", row.metric}, {"values", row.values}});
    array.push_back({{"arm", arm}, {"metrics", std::move(metrics)}});
  }
  return array;
}

Result<std::string> results_markdown(const Json& results) {
  QUIVER_TRY(const std::string recipe, get<std::string>(results, "recipe"));
  QUIVER_TRY(const std::string verdict, get<std::string>(results, "verdict"));
  QUIVER_TRY(const std::string why, get<std::string>(results, "why"));
  QUIVER_TRY(const std::string created, get<std::string>(results, "created"));
  QUIVER_TRY(const std::string commit, get<std::string>(results, "commit"));
  QUIVER_TRY(const double minutes, get<double>(results, "minutes"));
  QUIVER_TRY(const Json seeds, get<Json>(results, "seeds"));
  QUIVER_TRY(const Json machine, get<Json>(results, "machine"));
  QUIVER_TRY(const std::string cpu, get<std::string>(machine, "cpu"));
  QUIVER_TRY(const unsigned threads, get<unsigned>(machine, "threads"));
  QUIVER_TRY(const Json bars, get<Json>(results, "bars"));
  QUIVER_TRY(const Json arms, get<Json>(results, "arms"));
  QUIVER_TRY(const std::string bar_rows, bars_table(bars));
  QUIVER_TRY(const std::string arm_rows, arms_table(arms));
  return fmt::format(
      "# Results of {}\n\nVerdict: **{}**{}. {} seed{}, {:.1f} minutes on {} threads of {}, {}, commit {}.\n\n{}\n{}\n"
      "Written by `quiver reproduce {}`.\n",
      recipe, verdict, why.empty() ? "" : " (" + why + ")", seeds.size(), seeds.size() == 1 ? "" : "s", minutes,
      threads, cpu, created, commit.empty() ? "unknown" : commit, bar_rows, arm_rows, recipe);
}

}  // namespace quiver
