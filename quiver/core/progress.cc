#include "quiver/core/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>

#include "quiver/core/json.h"

namespace quiver {
namespace {
std::int64_t now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}
double eta_of(const StageView& stage) {
  if (stage.total == 0 || stage.done == 0 || stage.done >= stage.total) return 0;
  return stage.seconds * static_cast<double>(stage.total - stage.done) / static_cast<double>(stage.done);
}
}  // namespace

std::string grouped(std::uint64_t number) {
  std::string digits = fmt::format("{}", number);
  for (std::size_t i = digits.size(); i > 3;) {
    i -= 3;
    digits.insert(i, 1, ',');
  }
  return digits;
}

std::string duration_text(double seconds) {
  if (seconds < 10) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<std::uint64_t>(std::llround(seconds));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

std::string progress_text(const StageView& stage) {
  std::string text = fmt::format("{:<12} ", stage.name);
  if (stage.total > 0) {
    text += fmt::format("{} / {}  {:>3} %", grouped(stage.done), grouped(stage.total),
                        stage.done >= stage.total ? 100 : stage.done * 100 / stage.total);
  } else {
    text += grouped(stage.done);
  }
  const double rate = stage.seconds > 0 ? static_cast<double>(stage.done) / stage.seconds : 0;
  if (rate >= 10)
    text += fmt::format("  {}/s", grouped(static_cast<std::uint64_t>(rate)));
  else if (rate > 0)
    text += fmt::format("  {:.2f}/s", rate);
  const double eta = eta_of(stage);
  if (eta > 0)
    text += "  ETA " + duration_text(eta);
  else
    text += "  " + duration_text(stage.seconds);
  if (!stage.note.empty()) text += "  " + stage.note;
  return text;
}

std::string progress_json(const StageView& stage, bool finished) {
  const Json object = {{"stage", stage.name},  {"done", stage.done}, {"total", stage.total}, {"seconds", stage.seconds},
                       {"eta", eta_of(stage)}, {"note", stage.note}, {"finished", finished}};
  return dump_json(object, -1);
}

ProgressScreen::ProgressScreen(Progress kind) : kind_(kind) {
  if (kind_ == Progress::Auto) {
    live_ = ::isatty(STDERR_FILENO) == 1;
    brief_ = !live_;
    kind_ = Progress::Lines;
  }
  interval_ = live_ ? 100'000'000 : kind_ == Progress::JsonLines ? 500'000'000 : 5'000'000'000;
}

bool ProgressScreen::due() noexcept {
  if (kind_ == Progress::None) return false;
  const std::int64_t time = now();
  std::int64_t planned = next_.load(std::memory_order_relaxed);
  return time >= planned && next_.compare_exchange_strong(planned, time + interval_, std::memory_order_relaxed);
}

// A live line is rewritten in place; what is kept ends with a newline.
void ProgressScreen::write(std::string_view text, bool keep) {
  std::string out;
  if (live_) {
    out += '\r';
    out += text;
    if (text.size() < drawn_) out.append(drawn_ - text.size(), ' ');
    drawn_ = keep ? 0 : text.size();
    if (keep) out += '\n';
  } else {
    out += text;
    out += '\n';
  }
  std::fwrite(out.data(), 1, out.size(), stderr);
  std::fflush(stderr);
}

void ProgressScreen::begin(const StageView& stage) {
  next_ = now() + interval_;
  if (live_) show(stage);
}
void ProgressScreen::show(const StageView& stage) {
  if (kind_ == Progress::None) return;
  const std::lock_guard lock(mutex_);
  write(kind_ == Progress::JsonLines ? progress_json(stage, false) : progress_text(stage), false);
}
void ProgressScreen::finish(const StageView& stage) {
  if (kind_ == Progress::None || (brief_ && stage.seconds < 1)) return;
  const std::lock_guard lock(mutex_);
  write(kind_ == Progress::JsonLines ? progress_json(stage, true) : progress_text(stage), true);
}
void ProgressScreen::line(std::string_view text) {
  const std::lock_guard lock(mutex_);
  if (kind_ == Progress::JsonLines)
    write(dump_json(Json{{"log", text}}, -1), true);
  else
    write(text, true);
}

}  // namespace quiver
