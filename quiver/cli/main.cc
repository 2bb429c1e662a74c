// quiver: the command line. Everything is in command.cc; this file gives it the words.
#include <string>
#include <vector>

#include "quiver/cli/command.h"

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  return quiver::cli::run_command(words);
}
