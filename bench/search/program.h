// Program: another program that is spoken to by lines, and ended when it is no longer needed.
//
//   QUIVER_TRY(Program peer, Program::start({"bin/hnswlib_driver", "--base", ...}, {.log = "hnswlib.log"}));
//   QUIVER_TRY(std::string ready, peer.read_line(run, 600));
//   QUIVER_TRY(std::string answer, peer.ask("40 3", run, 60));
//
// It runs at a lower priority in a process group of its own, so that Ctrl-C stops the bench and not the peers in the
// middle of an answer; one thread of mathematics libraries is asked for by environment. What it says on stderr is
// appended to the log. Errors: NotFound and Io (it cannot start), Unavailable (it ended: how, and where its log is; or
// it said nothing for the seconds given), Cancelled.
// Thread-safety: one owner.
#pragma once
#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/core/run.h"

namespace quiver::bench {

struct ProgramOptions {
  std::filesystem::path log = "/dev/null";
  int nice = 5;
};

class Program {
 public:
  static Result<Program> start(const std::vector<std::string>& words, const ProgramOptions& options);
  Program(Program&& other) noexcept;
  Program& operator=(Program&&) = delete;
  ~Program();  // closes its input, gives it a moment to end, then ends it

  Result<std::string> read_line(Run& run, double seconds);  // without its end
  Result<std::string> ask(std::string_view line, Run& run, double seconds);
  void keep_to(int processor);  // from now on

 private:
  Program() = default;
  Error ended();
  pid_t process_ = -1;
  int input_ = -1, output_ = -1;
  std::string pending_, name_, log_;
};

}  // namespace quiver::bench
