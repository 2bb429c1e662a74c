#include "quiver/core/run.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "quiver/core/file.h"
#include "quiver/core/progress.h"

namespace quiver {
namespace fs = std::filesystem;
namespace {
using Clock = std::chrono::steady_clock;

std::atomic<int> interrupts{0};
extern "C" void on_interrupt(int) {
  if (interrupts.fetch_add(1) > 0) _exit(130);  // the second one: the user means it
}

// An advisory lock on `path`, held while it lives; other processes and threads wait for it.
class FileLock {
 public:
  static Result<FileLock> take(const fs::path& path) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (descriptor < 0)
      return Error::io(fmt::format("opening lock {}: check that the folder is writable", path.string()));
    while (::flock(descriptor, LOCK_EX) != 0) {
      if (errno == EINTR) continue;
      ::close(descriptor);
      return Error::io(
          fmt::format("locking {}: the file system refuses locks; set QUIVER_CACHE elsewhere", path.string()));
    }
    return FileLock(descriptor);
  }
  FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};
}  // namespace

struct Run::State {
  explicit State(RunOptions given)
      : options(std::move(given)), threads(options.threads), screen(options.progress), started(Clock::now()) {}
  RunOptions options;
  Threads threads;
  ProgressScreen screen;
  Clock::time_point started;
  std::atomic<bool> cancelled{false};
  std::mutex mutex;
  std::vector<StageTime> times;

  bool late() const {
    return options.deadline_seconds > 0 &&
           std::chrono::duration<double>(Clock::now() - started).count() > options.deadline_seconds;
  }
};

Run::Run(RunOptions options) : state_(std::make_unique<State>(std::move(options))) {
  if (state_->options.cache.empty()) state_->options.cache = default_cache();
}
Run::~Run() = default;

std::uint64_t Run::seed() const noexcept { return state_->options.seed; }
Progress Run::progress() const noexcept { return state_->options.progress; }
std::uint32_t Run::ordinal() const noexcept { return state_->options.ordinal; }
Threads& Run::threads() const noexcept { return state_->threads; }

bool Run::stop() const noexcept {
  return state_->cancelled.load(std::memory_order_relaxed) || interrupts.load(std::memory_order_relaxed) > 0 ||
         state_->late();
}
void Run::cancel() noexcept { state_->cancelled = true; }
Error Run::stopped(std::string_view what) const {
  const bool late = state_->late() && !state_->cancelled && interrupts == 0;
  return Error::cancelled(fmt::format(
      "{} was {}; run the same command again to go on", what,
      late ? fmt::format("out of time after {} s", state_->options.deadline_seconds) : std::string("interrupted")));
}
void Run::handle_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

struct Run::Stage::State {
  Run::State* run;
  std::string name;
  std::uint64_t total;
  Clock::time_point started;
  std::atomic<std::uint64_t> done{0};
  std::mutex mutex;
  std::string note;

  StageView view() {
    const std::lock_guard lock(mutex);
    return {name, done.load(), total, std::chrono::duration<double>(Clock::now() - started).count(), note};
  }
};
Run::Stage::Stage(std::unique_ptr<State> state) : state_(std::move(state)) {}
Run::Stage::Stage(Stage&&) noexcept = default;
Run::Stage::~Stage() {
  if (!state_) return;
  const StageView view = state_->view();
  state_->run->screen.finish(view);
  const std::lock_guard lock(state_->run->mutex);
  state_->run->times.push_back({view.name, view.seconds, view.done});
}
void Run::Stage::advance(std::uint64_t count) {
  state_->done.fetch_add(count, std::memory_order_relaxed);
  if (state_->run->screen.due()) state_->run->screen.show(state_->view());
}
void Run::Stage::note(std::string_view text) {
  const std::lock_guard lock(state_->mutex);
  state_->note = text;
}

Run::Stage Run::stage(std::string_view name, std::uint64_t total) {
  auto state = std::make_unique<Stage::State>();
  state->run = state_.get();
  state->name = name;
  state->total = total;
  state->started = Clock::now();
  state_->screen.begin(state->view());
  return Stage(std::move(state));
}
std::vector<StageTime> Run::stage_times() const {
  const std::lock_guard lock(state_->mutex);
  return state_->times;
}
void Run::log(std::string_view line) { state_->screen.line(line); }

const fs::path& Run::cache() const noexcept { return state_->options.cache; }

fs::path Run::default_cache() {
  if (const char* named = std::getenv("QUIVER_CACHE"); named != nullptr && *named != '\0') return named;
  const char* home = std::getenv("HOME");
  return (home != nullptr && *home != '\0' ? fs::path(home) : fs::temp_directory_path()) / ".cache" / "quiver";
}

Result<fs::path> Run::cached(std::string_view key, const std::function<Result<void>(const fs::path&)>& make) {
  const fs::path folder = state_->options.cache / "artefacts";
  QUIVER_TRY(make_folders(folder));
  const fs::path path = folder / digest_of(key);
  fs::path lock_path = path;
  lock_path += ".lock";
  QUIVER_TRY(const FileLock lock, FileLock::take(lock_path));
  std::error_code ignored;
  if (fs::exists(path, ignored)) return path;
  fs::path making = path;
  making += ".making";
  fs::remove_all(making, ignored);  // what a killed process left behind
  if (auto made = make(making); !made.has_value()) {
    fs::remove_all(making, ignored);
    return std::move(made).error().within(fmt::format("making '{}'", key));
  }
  std::error_code failure;
  fs::rename(making, path, failure);
  if (failure) return Error::io(fmt::format("keeping '{}' in {}: {}", key, folder.string(), failure.message()));
  return path;
}

}  // namespace quiver
