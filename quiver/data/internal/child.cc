#include "quiver/data/internal/child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

namespace quiver::internal {
namespace {
constexpr std::size_t kBuffer = std::size_t{1} << 20;

[[noreturn]] void run_child(const std::function<void(ChildSink&)>& body, int pipe) {
  // Neither words nor a core file for a crash that the parent reports.
  if (const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC); nowhere >= 0) ::dup2(nowhere, STDERR_FILENO);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  for (const int signal : {SIGINT, SIGTERM, SIGPIPE}) ::signal(signal, SIG_DFL);
  ChildSink sink(pipe);
  try {
    body(sink);
  } catch (...) {
    ::_exit(1);
  }
  ::_exit(0);
}
}  // namespace

void ChildSink::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(pipe_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) ::_exit(1);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

Child::Child(pid_t process, int pipe, std::chrono::milliseconds silence)
    : process_(process), pipe_(pipe), silence_(silence), buffer_(kBuffer) {}
Child::Child(Child&& other) noexcept
    : process_(std::exchange(other.process_, -1)),
      pipe_(std::exchange(other.pipe_, -1)),
      silence_(other.silence_),
      buffer_(std::move(other.buffer_)),
      first_(other.first_),
      last_(other.last_) {}

Child::~Child() {
  if (pipe_ >= 0) ::close(pipe_);
  if (process_ > 0) {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
}

Result<Child> Child::start(const std::function<void(ChildSink&)>& body, std::chrono::milliseconds silence) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return Error::io(fmt::format("making a pipe: {}", std::strerror(errno)));
  ::fcntl(ends[0], F_SETPIPE_SZ, static_cast<int>(kBuffer));  // a hint: fewer switches between the two
  const pid_t process = ::fork();
  if (process == 0) {
    ::close(ends[0]);
    run_child(body, ends[1]);
  }
  const int failed = errno;
  ::close(ends[1]);
  if (process < 0) {
    ::close(ends[0]);
    return Error::resource_exhausted(fmt::format("starting a process: {}", std::strerror(failed)));
  }
  return Child(process, ends[0], silence);
}

std::string Child::how_it_ended() {
  int status = 0;
  ::kill(process_, SIGKILL);  // it has closed its pipe: whatever it still does is of no use
  const pid_t ended = ::waitpid(std::exchange(process_, -1), &status, 0);
  if (ended > 0 && WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL) {
    return fmt::format("the reading process crashed ({}): the file is damaged", strsignal(WTERMSIG(status)));
  }
  return "the reading process ended early: the file is damaged";
}

// Requires: nothing is left in the buffer.
Result<void> Child::fill() {
  first_ = last_ = 0;
  for (;;) {
    pollfd waiting{pipe_, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(silence_.count()));
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) {
      return Error::corruption(
          fmt::format("the reading process made no progress for {:.1f} seconds: the file is damaged",
                      static_cast<double>(silence_.count()) / 1000));
    }
    const ssize_t count = ::read(pipe_, buffer_.data(), buffer_.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return Error::corruption(how_it_ended());
    last_ = static_cast<std::size_t>(count);
    return {};
  }
}

Result<void> Child::read(std::span<std::byte> out) {
  while (!out.empty()) {
    if (first_ == last_) QUIVER_TRY(fill());
    const std::size_t count = std::min(out.size(), last_ - first_);
    std::memcpy(out.data(), buffer_.data() + first_, count);
    first_ += count;
    out = out.subspan(count);
  }
  return {};
}

}  // namespace quiver::internal
