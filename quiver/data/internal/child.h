// Child: work done in a forked process that hands its bytes back through a pipe. For libraries that crash or hang on
// damaged files: then only the child dies, and the caller gets an Error. Private to quiver/data.
//
//   QUIVER_TRY(Child child, Child::start([&](ChildSink& sink) { parse(file, sink); }, std::chrono::seconds(30)));
//   QUIVER_TRY(child.read(bytes));      // Corruption if the child died, ended early, or said nothing for that long
//
// The body runs in a copy of the process with this one thread: it may use memory and files, and must not wait for a
// lock that another thread may hold. It says all it has to say through the sink; what it throws ends it.
//
// Thread-safety: one owner. Cost: a fork, then one copy of the bytes through the pipe.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "quiver/core/result.h"

namespace quiver::internal {

class ChildSink {
 public:
  explicit ChildSink(int pipe) : pipe_(pipe) {}
  void write(std::span<const std::byte> bytes);  // ends the process if nobody listens any more

 private:
  int pipe_;
};

class Child {
 public:
  static Result<Child> start(const std::function<void(ChildSink&)>& body, std::chrono::milliseconds silence);
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  ~Child();                                     // ends the child if it still runs
  Result<void> read(std::span<std::byte> out);  // exactly that many bytes

 private:
  Child(pid_t process, int pipe, std::chrono::milliseconds silence);
  Result<void> fill();
  std::string how_it_ended();
  pid_t process_;
  int pipe_;
  std::chrono::milliseconds silence_;
  std::vector<std::byte> buffer_;
  std::size_t first_ = 0, last_ = 0;  // what of the buffer is not handed out yet
};

}  // namespace quiver::internal
