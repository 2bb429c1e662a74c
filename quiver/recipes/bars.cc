#include "quiver/recipes/bars.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>

namespace quiver {
namespace {
// Student's t, two-sided 95 %, by degrees of freedom from 1.
constexpr std::array<double, 30> kStudent{12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
                                          2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
                                          2.080,  2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};

bool is_blank(char c) { return c == ' ' || c == '\t'; }
std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

class BarReader {
 public:
  explicit BarReader(std::string_view text) : text_(text) {}

  Result<std::vector<BarTerm>> side() {
    std::vector<BarTerm> terms;
    double sign = 1;
    for (;;) {
      QUIVER_TRY(BarTerm one, term());
      one.factor *= sign;
      terms.push_back(std::move(one));
      skip_blanks();
      if (take("+ "))
        sign = 1;
      else if (take("- "))
        sign = -1;
      else
        return terms;
    }
  }
  bool take(std::string_view word) {
    skip_blanks();
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  bool done() {
    skip_blanks();
    return at_ == text_.size();
  }
  std::string_view rest() const { return trimmed(text_.substr(at_)); }
  Error expected(std::string_view what) const {
    return Error::invalid_argument(
        fmt::format("bar '{}': expected {} at position {}, found '{}'", text_, what, at_ + 1, rest()));
  }

 private:
  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }
  // number | [number " * "] metric "[" arm "]"
  Result<BarTerm> term() {
    skip_blanks();
    BarTerm out;
    if (const auto number = read_number()) {
      out.factor = *number;
      if (!take("* ")) return out;
    }
    skip_blanks();
    const std::size_t open = text_.find('[', at_);
    const std::size_t blank = text_.find_first_of(" \t|", at_);
    if (open == std::string_view::npos || open == at_ || blank < open) return expected("metric[arm] or a number");
    const std::size_t close = text_.find(']', open);
    if (close == std::string_view::npos || close == open + 1) return expected("metric[arm] with its closing ']'");
    out.metric = text_.substr(at_, open - at_);
    out.arm = text_.substr(open + 1, close - open - 1);
    at_ = close + 1;
    return out;
  }
  std::optional<double> read_number() {
    double value = 0;
    const char* begin = text_.data() + at_;
    const char* end = text_.data() + text_.size();
    const auto [stop, problem] = std::from_chars(begin, end, value);
    if (problem != std::errc() || (stop != end && !is_blank(*stop) && *stop != '|'))
      return std::nullopt;  // "2nd[arm]" is a metric
    at_ += static_cast<std::size_t>(stop - begin);
    return value;
  }
  std::string_view text_;
  std::size_t at_ = 0;
};

Result<void> read_form(std::string_view form, Bar& bar) {
  constexpr std::pair<std::string_view, BarForm> kForms[] = {{"mean", BarForm::Mean},
                                                             {"every seed", BarForm::EverySeed},
                                                             {"interval", BarForm::Interval},
                                                             {"report", BarForm::Report},
                                                             {"stretch", BarForm::Stretch}};
  for (const auto& [name, value] : kForms) {
    if (form == name) {
      bar.form = value;
      return {};
    }
  }
  unsigned needed = 0, of = 0;
  const char* end = form.data() + form.size();
  auto read = std::from_chars(form.data(), end, needed);
  const std::string_view between(read.ptr, static_cast<std::size_t>(end - read.ptr));
  if (read.ec == std::errc() && between.starts_with(" of ")) {
    read = std::from_chars(read.ptr + 4, end, of);
    if (read.ec == std::errc() && std::string_view(read.ptr, static_cast<std::size_t>(end - read.ptr)) == " seeds" &&
        needed > 0 && needed <= of) {
      bar.form = BarForm::SomeSeeds;
      bar.needed = needed;
      bar.of = of;
      return {};
    }
  }
  return Error::invalid_argument(
      fmt::format("bar '{}': '{}' is no way to judge; there are mean, every seed, N of M seeds, interval, "
                  "report, stretch",
                  bar.text, form));
}

std::optional<double> find(const SeedMeasured& seed, std::string_view metric, std::string_view arm) {
  for (const Measured& m : seed.values) {
    if (m.metric == metric && m.arm == arm) return m.value;
  }
  return std::nullopt;
}
std::optional<double> value_of(std::span<const BarTerm> side, const SeedMeasured& seed, std::string& why) {
  double sum = 0;
  for (const BarTerm& term : side) {
    if (term.metric.empty()) {
      sum += term.factor;
      continue;
    }
    const auto value = find(seed, term.metric, term.arm);
    if (!value) {
      why = fmt::format("seed {} has no {}[{}]", seed.seed, term.metric, term.arm);
      return std::nullopt;
    }
    if (!std::isfinite(*value)) {
      why = fmt::format("seed {}: {}[{}] is {}", seed.seed, term.metric, term.arm, *value);
      return std::nullopt;
    }
    sum += term.factor * *value;
  }
  return sum;
}

bool holds(const Bar& bar, double difference) {
  if (bar.greater) return bar.strict ? difference > 0 : difference >= 0;
  return bar.strict ? difference < 0 : difference <= 0;
}

// The interval of left - right that the recipe itself measured over the items of each seed, if the bar compares one arm
// with another or with a number. Of several seeds: the mean of the centres, the worst ends.
std::optional<Interval> measured_interval(const Bar& bar, std::span<const SeedMeasured> seeds) {
  if (bar.left.size() != 1 || bar.left[0].factor != 1 || bar.left[0].metric.empty()) return std::nullopt;
  const BarTerm& left = bar.left[0];
  std::string arm = left.arm;
  double constant = 0;
  bool against_arm = false;
  for (const BarTerm& term : bar.right) {
    if (term.metric.empty()) {
      constant += term.factor;
    } else if (!against_arm && term.factor == 1 && term.metric == left.metric) {
      arm += " - " + term.arm;
      against_arm = true;
    } else {
      return std::nullopt;
    }
  }
  Interval all;
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    const auto low = find(seeds[i], left.metric + ".low", arm), high = find(seeds[i], left.metric + ".high", arm);
    const auto centre = find(seeds[i], left.metric, arm);
    if (!low || !high || !std::isfinite(*low) || !std::isfinite(*high)) return std::nullopt;
    all.mean += (centre.value_or((*low + *high) / 2) - constant) / static_cast<double>(seeds.size());
    all.low = i == 0 ? *low - constant : std::min(all.low, *low - constant);
    all.high = i == 0 ? *high - constant : std::max(all.high, *high - constant);
  }
  return seeds.empty() ? std::nullopt : std::optional(all);
}
}  // namespace

std::string_view name_of(Verdict verdict) noexcept {
  constexpr std::array<std::string_view, 5> kNames{"pass", "miss", "incomplete", "skipped", "shown"};
  return kNames[static_cast<std::size_t>(verdict)];
}

Result<Bar> parse_bar(std::string_view text) {
  Bar bar;
  text = trimmed(text);
  const std::size_t colon = text.find(": ");
  if (colon != std::string_view::npos && colon > 0 &&
      std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon),
                  [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; })) {
    bar.id = text.substr(0, colon);
    text = trimmed(text.substr(colon + 2));
  }
  bar.text = text;
  BarReader reader(text);
  QUIVER_TRY(bar.left, reader.side());
  bool compared = true;
  if (reader.take(">="))
    bar.greater = true;
  else if (reader.take("<="))
    bar.greater = false;
  else if (reader.take(">"))
    bar.strict = true;
  else if (reader.take("<"))
    bar.greater = false, bar.strict = true;
  else
    compared = false;
  if (compared) {
    QUIVER_TRY(bar.right, reader.side());
  }
  if (reader.take("|")) {
    QUIVER_TRY(read_form(reader.rest(), bar));
  } else if (!reader.done()) {
    return reader.expected(compared ? "'+', '-' or '|'" : "'>=', '>', '<=' or '<'");
  }
  if (!compared && bar.form != BarForm::Report)
    return reader.expected("'>=', '>', '<=' or '<' (only a report has one side)");
  return bar;
}

Interval student_interval(std::span<const double> values) {
  QUIVER_CHECK(values.size() >= 2);
  const double mean = mean_of(values);
  const std::size_t freedom = values.size() - 1;
  const double t = freedom <= kStudent.size() ? kStudent[freedom - 1] : normal_quantile(0.975);
  const double half = t * std::sqrt(variance_of(values) / static_cast<double>(values.size()));
  return {mean, mean - half, mean + half};
}

Judged judge(const Bar& bar, std::span<const SeedMeasured> seeds) {
  Judged out;
  std::vector<double> differences;
  unsigned reached = 0;
  for (const SeedMeasured& seed : seeds) {
    const auto left = value_of(bar.left, seed, out.why);
    const auto right = left ? value_of(bar.right, seed, out.why) : std::nullopt;  // of no terms: 0
    if (!left || !right) return out;
    out.left.push_back(*left);
    if (!bar.right.empty()) out.right.push_back(*right);
    differences.push_back(*left - *right);
    reached += holds(bar, differences.back());
  }
  if (seeds.empty()) {
    out.why = "no seed has finished";
    return out;
  }
  out.interval = measured_interval(bar, seeds);
  if (!out.interval && seeds.size() >= 2) out.interval = student_interval(differences);
  const auto verdict = [](bool good) { return good ? Verdict::Pass : Verdict::Miss; };
  switch (bar.form) {
    case BarForm::Mean:
    case BarForm::Stretch:
      out.verdict = verdict(holds(bar, mean_of(differences)));
      break;
    case BarForm::EverySeed:
      out.verdict = verdict(reached == seeds.size());
      break;
    case BarForm::SomeSeeds:
      if (seeds.size() < bar.of)
        out.why = fmt::format("{} of {} seeds have finished", seeds.size(), bar.of);
      else
        out.verdict = verdict(reached >= bar.needed);
      break;
    case BarForm::Interval:
      if (!out.interval)
        out.why = "one seed gives no interval, and the recipe measured none over its items";
      else
        out.verdict = verdict(holds(bar, bar.greater ? out.interval->low : out.interval->high));
      break;
    case BarForm::Report:
      out.verdict = Verdict::Shown;
      break;
  }
  return out;
}

namespace {
// left - right as {metric[arm]: factor}, with the constant under "".
std::map<std::string, double> difference_of(const Bar& bar) {
  std::map<std::string, double> sum{{"", 0.0}};
  const auto add = [&](const std::vector<BarTerm>& side, double sign) {
    for (const BarTerm& term : side) {
      const std::string name = term.metric.empty() ? "" : fmt::format("{}[{}]", term.metric, term.arm);
      sum[name] += sign * term.factor;
    }
  };
  add(bar.left, 1);
  add(bar.right, -1);
  return sum;
}
// Whether seeds judged as `form` says also satisfy what `card` says.
bool as_strong(const Bar& bar, const Bar& card) {
  const bool all_of_them = bar.form == BarForm::EverySeed || (bar.form == BarForm::SomeSeeds && bar.needed == bar.of);
  switch (card.form) {
    case BarForm::Report:
      return true;
    case BarForm::Stretch:
      return bar.form != BarForm::Report;
    case BarForm::Mean:
      return bar.form == BarForm::Mean || bar.form == BarForm::Interval || all_of_them;
    case BarForm::EverySeed:
      return all_of_them;
    case BarForm::SomeSeeds:
      return all_of_them || (bar.form == BarForm::SomeSeeds && bar.needed * card.of >= card.needed * bar.of);
    case BarForm::Interval:
      return bar.form == BarForm::Interval;
  }
  return false;
}
}  // namespace

Result<void> check_not_lowered(const Bar& bar, const Bar& card) {
  const auto lowered = [&](std::string_view how) {
    return Error::invalid_argument(
        fmt::format("bar '{}' is '{}', its card says '{}': {}; a bar may be raised, never lowered", bar.id, bar.text,
                    card.text, how));
  };
  if (!as_strong(bar, card)) return lowered("the seeds are judged less strictly");
  if (card.form == BarForm::Report) return {};
  std::map<std::string, double> own = difference_of(bar), asked = difference_of(card);
  const double own_constant = own[""], asked_constant = asked[""];
  own.erase("");
  asked.erase("");
  if (own != asked || bar.greater != card.greater) return lowered("it compares something else");
  constexpr double kRounding = 1e-9;  // sums of decimal numbers
  const double raised = bar.greater ? asked_constant - own_constant : own_constant - asked_constant;
  if (raised < -kRounding || (raised < kRounding && card.strict && !bar.strict)) return lowered("the number is weaker");
  return {};
}

Verdict overall(std::span<const Bar> bars, std::span<const Judged> judged) {
  QUIVER_CHECK(bars.size() == judged.size());
  Verdict worst = Verdict::Pass;
  for (std::size_t i = 0; i < bars.size(); ++i) {
    if (bars[i].form == BarForm::Report || bars[i].form == BarForm::Stretch) continue;
    if (judged[i].verdict == Verdict::Miss) return Verdict::Miss;
    if (judged[i].verdict == Verdict::Incomplete) worst = Verdict::Incomplete;
  }
  return worst;
}

}  // namespace quiver
