// Run: what everything that takes long is handed by reference: seed, threads, deadline, cancellation, progress, log and
// the cache of artefacts. One Run per command, request or repeated seed.
//
//   Run run({.seed = 7, .threads = 4});
//   auto stage = run.stage("encode", rows);          // progress line with rate and ETA on stderr
//   for (...) { if (run.stop()) return run.stopped("encoding"); ...; stage.advance(256); }
//
// Progress is a line that rewrites itself on a terminal, a line every few seconds elsewhere, JSON lines ({"stage",
// "done", "total", "seconds", "eta"}) or nothing. Ctrl-C (after handle_interrupts()) sets the flag that stop() reads; a
// second one ends the process at once.
// Thread-safety: stop(), seed(), log() and Stage::advance() from any thread; the rest from the owner.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/progress.h"
#include "quiver/core/result.h"
#include "quiver/core/threads.h"

namespace quiver {

struct RunOptions {
  std::uint64_t seed = 1;
  std::uint32_t ordinal = 0;    // which of the repeated seeds this is
  unsigned threads = 0;         // 0: all
  double deadline_seconds = 0;  // 0: none
  Progress progress = Progress::None;
  std::filesystem::path cache{};  // empty: default_cache()
};

struct StageTime {
  std::string name;
  double seconds = 0;
  std::uint64_t done = 0;
};

class Run {
 public:
  explicit Run(RunOptions options = {});
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  std::uint64_t seed() const noexcept;
  Progress progress() const noexcept;  // as asked for: what a Run inside this one should show
  std::uint32_t ordinal() const noexcept;
  Threads& threads() const noexcept;

  bool stop() const noexcept;  // cancelled or out of time
  void cancel() noexcept;
  Error stopped(std::string_view what) const;  // the Cancelled error to return: interrupted, or out of time
  static void handle_interrupts();             // SIGINT and SIGTERM cancel every Run of the process

  // A part of the work with progress; ends when destroyed. total 0: unknown.
  class Stage {
   public:
    ~Stage();
    Stage(Stage&&) noexcept;
    void advance(std::uint64_t count = 1);
    void note(std::string_view text);  // shown behind the numbers: "loss 1.234"
   private:
    friend class Run;
    struct State;
    explicit Stage(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
  };
  Stage stage(std::string_view name, std::uint64_t total = 0);
  std::vector<StageTime> stage_times() const;  // finished stages, in order

  void log(std::string_view line);  // one line on stderr, never through a progress line

  // A file made once and shared: returns the path of `key` in the cache, calling `make(temporary path)` if it is not
  // there. One process makes, others wait for it; a failed or interrupted make leaves nothing behind.
  Result<std::filesystem::path> cached(std::string_view key,
                                       const std::function<Result<void>(const std::filesystem::path&)>& make);
  const std::filesystem::path& cache() const noexcept;  // the folder, for files that are not artefacts: checkpoints
  static std::filesystem::path default_cache();         // $QUIVER_CACHE, else ~/.cache/quiver

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace quiver
