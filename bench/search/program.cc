#include "bench/search/program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

extern char** environ;

namespace quiver::bench {
namespace {

using Clock = std::chrono::steady_clock;

void close_if_open(int& file) {
  if (file >= 0) ::close(file);
  file = -1;
}

// The environment with one thread for every library of mathematics, and without a machine's choice of BLAS kernels.
std::vector<std::string> child_environment() {
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (text.starts_with("OMP_NUM_THREADS=") || text.starts_with("OPENBLAS_") || text.starts_with("MKL_NUM_THREADS="))
      continue;
    out.emplace_back(text);
  }
  for (const char* name : {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"}) {
    out.push_back(std::string(name) + "=1");
  }
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> out;
  for (std::string& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

}  // namespace

Result<Program> Program::start(const std::vector<std::string>& words, const ProgramOptions& options) {
  QUIVER_CHECK(!words.empty());
  std::array<int, 2> to{-1, -1}, from{-1, -1};
  if (::pipe2(to.data(), O_CLOEXEC) != 0 || ::pipe2(from.data(), O_CLOEXEC) != 0) {
    const Error error = Error::io(fmt::format("starting {}: no pipe: {}", words[0], std::strerror(errno)));
    for (int* file : {&to[0], &to[1], &from[0], &from[1]}) close_if_open(*file);
    return error;
  }
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, to[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, from[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, options.log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes, 0);
  std::vector<std::string> arguments = words, environment = child_environment();
  Program program;
  const int failed = ::posix_spawnp(&program.process_, words[0].c_str(), &files, &attributes,
                                    pointers(arguments).data(), pointers(environment).data());
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  close_if_open(to[0]);
  close_if_open(from[1]);
  program.input_ = to[1];
  program.output_ = from[0];
  program.name_ = words[0];
  program.log_ = options.log.string();
  if (failed != 0) {
    program.process_ = -1;
    const std::string what = fmt::format("starting {}: {}", words[0], std::strerror(failed));
    return failed == ENOENT ? Error::not_found(what) : Error::io(what);
  }
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(program.process_), options.nice);
  return program;
}

Program::Program(Program&& other) noexcept
    : process_(std::exchange(other.process_, -1)),
      input_(std::exchange(other.input_, -1)),
      output_(std::exchange(other.output_, -1)),
      pending_(std::move(other.pending_)),
      name_(std::move(other.name_)),
      log_(std::move(other.log_)) {}

Program::~Program() {
  close_if_open(input_);
  close_if_open(output_);
  if (process_ < 0) return;
  for (int i = 0; i < 20; ++i) {
    if (::waitpid(process_, nullptr, WNOHANG) != 0) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

Error Program::ended() {
  int status = 0;
  std::string how = "it closed its output";
  if (process_ >= 0 && ::waitpid(process_, &status, 0) == process_) {
    process_ = -1;
    how = WIFSIGNALED(status) ? fmt::format("it was ended by signal {}", WTERMSIG(status))
                              : fmt::format("it ended with status {}", WEXITSTATUS(status));
  }
  return Error::unavailable(fmt::format("{}: {}; what it said is in {}", name_, how, log_));
}

Result<std::string> Program::read_line(Run& run, double seconds) {
  const auto limit = Clock::now() + std::chrono::duration<double>(seconds);
  while (true) {
    if (const std::size_t end = pending_.find('\n'); end != std::string::npos) {
      std::string line = pending_.substr(0, end);
      pending_.erase(0, end + 1);
      return line;
    }
    if (run.stop()) return run.stopped(fmt::format("waiting for {}", name_));
    if (Clock::now() > limit) {
      return Error::unavailable(
          fmt::format("{}: it said nothing for {:.0f} seconds; its log is {}", name_, seconds, log_));
    }
    pollfd waiting{output_, POLLIN, 0};
    if (::poll(&waiting, 1, 200) <= 0) continue;
    std::array<char, 4096> piece{};
    const ssize_t count = ::read(output_, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return ended();
    pending_.append(piece.data(), static_cast<std::size_t>(count));
  }
}

Result<std::string> Program::ask(std::string_view line, Run& run, double seconds) {
  const std::string text = std::string(line) + "\n";
  for (std::size_t sent = 0; sent < text.size();) {
    const ssize_t count = ::write(input_, text.data() + sent, text.size() - sent);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ended();
    sent += static_cast<std::size_t>(count);
  }
  return read_line(run, seconds);
}

void Program::keep_to(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(processor), &set);
  ::sched_setaffinity(process_, sizeof set, &set);
}

}  // namespace quiver::bench
