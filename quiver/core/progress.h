// ProgressScreen: how Run shows progress on stderr. One live line on a terminal, a plain line every few seconds
// elsewhere, JSON lines for programs, or nothing. Run is the only user; others hold a Run::Stage.
//
//   encode       12,032 / 117,659  10 %   41,200/s   ETA 3 s   loss 1.234
//
// Thread-safety: all functions. Cost: due() is one clock read; at most ten lines a second are drawn.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace quiver {

// Auto: a live line on a terminal; elsewhere Lines, without those of stages that took less than a second.
enum class Progress : std::uint8_t { Auto, None, Lines, JsonLines };

struct StageView {
  std::string name;
  std::uint64_t done = 0, total = 0;  // total 0: unknown
  double seconds = 0;
  std::string note;
};

class ProgressScreen {
 public:
  explicit ProgressScreen(Progress kind);
  bool due() noexcept;  // time to draw again; true for one caller only
  void begin(const StageView& stage);
  void show(const StageView& stage);
  void finish(const StageView& stage);
  void line(std::string_view text);  // a log line, above the live one

 private:
  void write(std::string_view text, bool keep);
  Progress kind_;
  bool live_ = false, brief_ = false;  // brief: short stages leave no line
  std::size_t drawn_ = 0;              // columns of the live line now on screen
  std::mutex mutex_;
  std::atomic<std::int64_t> next_{0};
  std::int64_t interval_;  // nanoseconds between two draws
};

// The texts, for tests: "12,032 / 117,659  10 %  41,200/s  ETA 3 s".
std::string progress_text(const StageView& stage);
std::string progress_json(const StageView& stage, bool finished);
std::string duration_text(double seconds);  // "0.4 s", "1 min 20 s", "2 h 3 min"
std::string grouped(std::uint64_t number);  // "117,659"

}  // namespace quiver
