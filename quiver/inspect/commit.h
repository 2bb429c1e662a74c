// The commit of the source tree that a program runs in, so that a result says what it was made from.
//
//   commit_here()      // "5950214f...", "+changes" behind it if the sources differ; empty outside of a repository
//
// Cost: two runs of git. Thread-safety: yes.
#pragma once
#include <string>

namespace quiver {

std::string commit_here();

}  // namespace quiver
