// The command line as a function: parse, run the verb, print the answer or the error, return the exit status.
//
//   0 done    2 wrong argument or unsupported    3 not found    4 exists already    5 not possible now
//   6 out of memory or disk    7 unavailable     8 corrupt file  9 input/output     70 a defect of ours    130
//   interrupted
//
// A reader of our output that goes away (`quiver ... | head`) is no error: the command ends silently.
#pragma once
#include <span>
#include <string>

namespace quiver::cli {

// `words` is argv without the program's name.
int run_command(std::span<const std::string> words);

}  // namespace quiver::cli
