#include "bench/search/report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "bench/search/record.h"
#include "quiver/core/file.h"

namespace quiver::bench {
namespace {
namespace fs = std::filesystem;

std::string_view stripped(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::vector<std::string> listed_in(std::string_view text) {
  std::vector<std::string> out;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t to = std::min(text.find(',', from), text.size());
    out.emplace_back(stripped(text.substr(from, to - from)));
    from = to + 1;
  }
  return out;
}

// "a{1,2}b{1,2}" -> "a1b1", "a2b2".
Result<std::vector<std::string>> without_braces(std::string_view text) {
  std::vector<std::string> out{""};
  std::size_t alternatives = 0;
  while (true) {
    const std::size_t open = text.find('{');
    for (std::string& line : out) line += text.substr(0, open);
    if (open == std::string_view::npos) return out;
    const std::size_t close = text.find('}', open);
    if (close == std::string_view::npos) return Error::invalid_argument("a brace is not closed");
    const auto all = listed_in(text.substr(open + 1, close - open - 1));
    if (alternatives == 0) out.resize(all.size(), out[0]);
    alternatives = out.size();
    if (all.size() != alternatives) {
      return Error::invalid_argument(fmt::format("braces with {} and {} alternatives", alternatives, all.size()));
    }
    for (std::size_t i = 0; i < alternatives; ++i) out[i] += all[i];
    text.remove_prefix(close + 1);
  }
}

// The entry of a run for a metric of an arm; nullptr if it measured none.
const Json* entry_of(const Json& run, const std::string& metric, const std::string& arm) {
  for (const Json& entry : run["measured"]) {
    if (entry.value("metric", "") == metric && entry.value("arm", "") == arm) return &entry;
  }
  return nullptr;
}

struct Ruled {
  Verdict verdict = Verdict::Incomplete;
  std::string why;
  std::optional<double> left, right, factor, low, high;  // factor: left over right, as the bar multiplies it
  const Json* run = nullptr;
};

// "qps@0.95/1%-region" -> "highest_recall/1%-region"; empty if the metric is not one at a recall.
std::string highest_for(const std::string& metric) {
  if (metric.find('@') == std::string::npos) return "";
  const std::size_t slash = metric.find('/');
  return "highest_recall" + (slash == std::string::npos ? "" : metric.substr(slash));
}

// Terms of a side that the run has no value for although its arm took part: it never reached that recall.
std::optional<std::string> never_reached(const Json& run, std::span<const BarTerm> side) {
  for (const BarTerm& term : side) {
    if (term.metric.empty() || entry_of(run, term.metric, term.arm) != nullptr) continue;
    if (const std::string metric = highest_for(term.metric); !metric.empty()) {
      if (const Json* highest = entry_of(run, metric, term.arm)) {
        return fmt::format("{} ends at recall {:.4f}", term.arm, highest->value("value", 0.0));
      }
    }
  }
  return std::nullopt;
}

std::set<std::string> missing_terms(const Json& run, const Bar& bar) {
  std::set<std::string> missing;
  for (const auto* side : {&bar.left, &bar.right}) {
    for (const BarTerm& term : *side) {
      if (!term.metric.empty() && entry_of(run, term.metric, term.arm) == nullptr) {
        missing.insert(fmt::format("{}[{}]", term.metric, term.arm));
      }
    }
  }
  return missing;
}

// How many times the right term the left one is, by value and over the rounds, where each side is one term.
void add_factors(const Json& run, const Bar& bar, Ruled& out) {
  if (bar.left.size() != 1 || bar.right.size() != 1 || bar.right[0].metric.empty()) return;
  const Json* left = entry_of(run, bar.left[0].metric, bar.left[0].arm);
  const Json* right = entry_of(run, bar.right[0].metric, bar.right[0].arm);
  const double below = right->value("value", 0.0);
  if (below <= 0) return;
  out.factor = left->value("value", 0.0) / below;
  const auto rounds = [](const Json* entry) {
    return get_or(*entry, "rounds", std::vector<double>{}).value_or(std::vector<double>{});
  };
  const std::vector<double> above = rounds(left), beneath = rounds(right);
  for (std::size_t i = 0; i < std::min(above.size(), beneath.size()); ++i) {
    if (beneath[i] <= 0) continue;
    const double one = above[i] / beneath[i];
    out.low = std::min(out.low.value_or(one), one);
    out.high = std::max(out.high.value_or(one), one);
  }
}

Ruled rule_by(const Json& run, const Bar& bar) {
  Ruled out;
  out.run = &run;
  if (auto ours = never_reached(run, bar.left)) {
    out.verdict = Verdict::Miss;
    out.why = *ours;
    return out;
  }
  if (auto theirs = never_reached(run, bar.right)) {
    out.verdict = Verdict::Pass;
    out.why = *theirs;
    if (const Json* entry = entry_of(run, bar.left[0].metric, bar.left[0].arm)) out.left = entry->value("value", 0.0);
    return out;
  }
  if (const auto missing = missing_terms(run, bar); !missing.empty()) {
    out.why = fmt::format("no {}", fmt::join(missing, ", no "));
    return out;
  }
  SeedMeasured values;
  for (const Json& entry : run["measured"]) {
    values.values.push_back({entry.value("arm", ""), entry.value("metric", ""), entry.value("value", 0.0)});
  }
  const Judged judged = judge(bar, std::span(&values, 1));
  out.verdict = judged.verdict;
  out.why = judged.why;
  if (!judged.left.empty()) out.left = judged.left[0];
  if (!judged.right.empty()) out.right = judged.right[0];
  add_factors(run, bar, out);
  return out;
}

// The newest run on the bar's data that decides it; runs are newest first.
Ruled rule(const SearchBar& bar, std::span<const Json* const> newest) {
  Ruled best;
  best.why = fmt::format("no run on {}", bar.data);
  for (const Json* run : newest) {
    if ((*run)["data"] != bar.data) continue;
    Ruled one = rule_by(*run, bar.bar);
    if (one.verdict != Verdict::Incomplete) return one;
    if (best.run == nullptr) best = std::move(one);
  }
  best.run = nullptr;
  return best;
}

std::string_view word_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::Pass:
      return "holds";
    case Verdict::Miss:
      return "falls short";
    case Verdict::Shown:
      return "shown";
    default:
      return "not measured";
  }
}

std::string cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, 1, '\\');
  return text;
}

std::string number(const std::optional<double>& value) {
  if (!value) return "-";
  return std::abs(*value) >= 10'000 ? fmt::format("{:.0f}", *value) : fmt::format("{:.4g}", *value);
}

std::string bar_line(const SearchBar& bar, const Ruled& ruled) {
  std::string factor = "-";
  if (ruled.factor) {
    factor = fmt::format("{:.2f}", *ruled.factor);
    if (ruled.low && *ruled.high > *ruled.low) factor += fmt::format(" ({:.2f} to {:.2f})", *ruled.low, *ruled.high);
  }
  return fmt::format("| {} | `{}` | {} | {} | {} | **{}**{} |\n", bar.data, cell(bar.bar.text), number(ruled.left),
                     number(ruled.right), factor, word_of(ruled.verdict),
                     ruled.why.empty() ? "" : ": " + cell(ruled.why));
}

Json bar_json(const SearchBar& bar, const Ruled& ruled) {
  Json out{{"row", bar.row},
           {"title", bar.title},
           {"data", bar.data},
           {"bar", bar.bar.text},
           {"verdict", word_of(ruled.verdict)},
           {"why", ruled.why}};
  const auto add = [&](const char* name, const std::optional<double>& value) {
    if (value) out[name] = *value;
  };
  add("left", ruled.left);
  add("right", ruled.right);
  add("factor", ruled.factor);
  add("factor_low", ruled.low);
  add("factor_high", ruled.high);
  if (ruled.run != nullptr) {
    out["measured"] = {{"what", ruled.run->value("what", "")},
                       {"created", ruled.run->value("created", "")},
                       {"commit", ruled.run->value("commit", "")}};
  }
  return out;
}

std::string how_measured(const Json& run) {
  const Json machine = run.value("machine", Json::object());
  const std::string commit = run.value("commit", "");
  std::string text =
      fmt::format("{} rows of {} numbers, {}; ", run.value("rows", 0), run.value("dims", 0), run.value("metric", ""));
  if (run.contains("queries") && run["queries"].is_number())
    text += fmt::format("{} queries, ", run.value("queries", 0));
  if (run.contains("rounds") && run["rounds"].is_number()) text += fmt::format("{} rounds, ", run.value("rounds", 0));
  return text + fmt::format("{}, {}, commit {}{}", run.value("created", ""), machine.value("cpu", ""),
                            commit.empty() ? "unknown" : commit.substr(0, 12) + (commit.size() > 40 ? "+changes" : ""),
                            run.value("finished", true) ? "" : "; interrupted");
}

// Whether this lane, or another one that searches the very same index, built it in this run.
bool built_here(const Json& part, const Json& lane) {
  return std::ranges::any_of(part["lanes"], [&](const Json& other) {
    return other.value("rebuilt", false) && other.value("peer", "") == lane.value("peer", "") &&
           other.value("build_cpu_seconds", 0.0) == lane.value("build_cpu_seconds", 0.0);
  });
}

// One table of speeds: a row a searcher, a column a recall.
std::string speeds(const Json& run, const Json& part) {
  const auto targets = get_or(run, "targets", std::vector<double>{}).value_or({});
  std::string head = "| searcher |", rule = "|---|";
  for (const double target : targets) head += fmt::format(" {:g} |", target), rule += "---|";
  std::string text = head + " us at .95 | build CPU s | bytes a vector |\n" + rule + "---|---|---|\n";
  for (const Json& lane : part["lanes"]) {
    const Front front = front_of_lane(lane);
    const std::string failure = lane.value("failure", "");
    if (front.points().empty()) {
      text += fmt::format("| {} | {} |\n", cell(lane.value("label", "")), cell("took no part: " + failure));
      continue;
    }
    text += fmt::format("| {} {} |", lane.value("peer", ""), cell(lane.value("config", "")));
    for (const double target : targets) {
      const Speed speed = front.at(target);
      text += speed.kind == SpeedKind::Never
                  ? fmt::format(" ends at {:.4f} |", front.highest_recall())
                  : fmt::format(" {}{:.0f} |", speed.kind == SpeedKind::AtLeast ? "> " : "", speed.qps);
    }
    text += fmt::format(" {:.1f} | {:.1f}{} | {:.0f} |\n", front.at(0.95).p50_us, lane.value("build_cpu_seconds", 0.0),
                        built_here(part, lane) ? "" : " (kept)", lane.value("bytes_per_vector", 0.0));
  }
  return text;
}

std::string measured_table(const Json& run) {
  std::string text = "| arm | metric | value |\n|---|---|---|\n";
  for (const Json& entry : run["measured"]) {
    text += fmt::format("| {} | {} | {} |\n", cell(entry.value("arm", "")), cell(entry.value("metric", "")),
                        number(entry.value("value", 0.0)));
  }
  return text;
}

std::string run_section(const Json& run) {
  const std::string data = run.value("data", ""), what = run.value("what", "");
  std::string text = fmt::format("\n### {}: {}\n\n{}.\n\n", data, what, how_measured(run));
  if (what == "search") text += fmt::format("![recall and speed on {0}](search-{0}.svg)\n\n", data);
  if (!run.contains("parts")) return text + measured_table(run);
  for (const Json& part : run["parts"]) {
    if (run["parts"].size() > 1) text += fmt::format("\n{}:\n\n", part.value("name", ""));
    text += speeds(run, part);
  }
  return text;
}

constexpr std::string_view kIntroduction =
    "Speeds are queries per CPU second of one thread at recall@k: the median of the rounds, between the two efforts "
    "around a recall on a logarithm; `>` where the least effort already finds more. All searchers of a run answered in "
    "turn on the same vectors, each in a process of its own. `/batch` took all queries in one call; then the us are "
    "CPU "
    "time a query, else the median wall time of a call. Bytes are all that a query may touch. Quiver is asked by "
    "recall "
    "(`recall=`), as each index calibrated itself on its own rows; peers by their effort. In brackets: the least and "
    "the greatest factor of any round. `(kept)`: built in an earlier run.";

}  // namespace

Result<std::vector<SearchBar>> parse_search_bars(std::string_view text) {
  std::vector<SearchBar> out;
  std::string row, title;
  std::vector<std::string> data;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = stripped(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string where = fmt::format("line {}", ++number);
    if (line.empty() || line[0] == '#') continue;
    if (line[0] == '[') {
      const std::size_t close = line.find(']');
      if (close == std::string_view::npos) return Error::invalid_argument(where + ": a row is '[id] title'");
      row = line.substr(1, close - 1);
      title = stripped(line.substr(close + 1));
      data.clear();
    } else if (line.starts_with("data:")) {
      data = listed_in(line.substr(5));
    } else if (line.starts_with("bar:")) {
      if (row.empty() || data.empty()) {
        return Error::invalid_argument(where + ": a bar follows a row '[id] title' and its 'data: a, b'");
      }
      QUIVER_TRY(const auto alternatives, without_braces(stripped(line.substr(4))).within(where));
      for (const std::string& one : data) {
        for (const std::string& bar : alternatives) {
          QUIVER_TRY(Bar parsed, parse_bar(bar).within(where));
          out.push_back({row, title, one, std::move(parsed)});
        }
      }
    } else {
      return Error::invalid_argument(fmt::format("{}: '{}' is neither '[id] title', 'data:' nor 'bar:'", where, line));
    }
  }
  return out;
}

Result<std::vector<Json>> open_runs(const std::vector<std::string>& paths) {
  std::vector<fs::path> files;
  for (const std::string& path : paths) {
    std::error_code failed;
    if (!fs::exists(path, failed)) return Error::not_found(fmt::format("there is no {}", path));
    if (!fs::is_directory(path, failed)) files.emplace_back(path);
    std::vector<fs::path> inside;
    for (fs::directory_iterator at(path, failed), end; !failed && at != end; at.increment(failed)) {
      if (at->path().extension() == ".json") inside.push_back(at->path());
    }
    std::ranges::sort(inside);
    files.insert(files.end(), inside.begin(), inside.end());
  }
  std::vector<Json> runs;
  for (const fs::path& file : files) {
    QUIVER_TRY(const std::string text, read_file(file));
    QUIVER_TRY(Json run, parse_json(text).within(file.string()));
    if (run.is_object() && run.contains("measured") && run["measured"].is_array()) runs.push_back(std::move(run));
  }
  return runs;
}

Result<SearchReport> judge_runs(std::span<const SearchBar> bars, std::span<const Json> runs) {
  std::vector<const Json*> newest;
  for (const Json& run : runs) {
    for (const char* key : {"data", "created"}) QUIVER_TRY(get<std::string>(run, key));
    newest.push_back(&run);
  }
  std::ranges::stable_sort(newest, std::greater<>{}, [](const Json* run) { return run->value("created", ""); });

  SearchReport out;
  Json judged = Json::array();
  std::map<std::string, int> counts;
  std::string rows, last;
  for (const SearchBar& bar : bars) {
    const Ruled ruled = rule(bar, newest);
    ++counts[std::string(word_of(ruled.verdict))];
    if (bar.row != last) {
      rows += fmt::format("\n### {}\n\n| data | bar | left | right | factor | verdict |\n|---|---|---|---|---|---|\n",
                          bar.title);
      last = bar.row;
    }
    rows += bar_line(bar, ruled);
    judged.push_back(bar_json(bar, ruled));
  }
  out.summary = fmt::format("{} bars: {} hold, {} fall short, {} not measured\n", bars.size(), counts["holds"],
                            counts["falls short"], counts["not measured"]);
  std::string sections;
  std::set<std::pair<std::string, std::string>> seen;  // of each data and kind the newest run
  for (const Json* run : newest) {
    if (seen.emplace(run->value("data", ""), run->value("what", "")).second) sections += run_section(*run);
  }
  out.markdown = fmt::format(
      "# Search beside other searchers\n\n{}\n{}\n\n## Bars\n{}\n## Runs\n{}\nWritten by `quiver "
      "bench report`.\n",
      out.summary, kIntroduction, rows, sections);
  Json kept = Json::array();
  for (const Json* run : newest) kept.push_back(*run);
  out.json = {{"summary", counts}, {"bars", std::move(judged)}, {"runs", std::move(kept)}};
  return out;
}

}  // namespace quiver::bench
