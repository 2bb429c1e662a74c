// Arguments: the words behind a verb become Settings (text by option name), checked against the declared options.
//
//   --dims 64   --dims=64   --no_normalize   --json        flags; dashes inside a name may be written as underscores
//   -k 10       -k10                                       a one-letter option
//   base.npy base.fvecs                                    words without a flag fill the verb's positional options
//   --data a.jsonl --data queries=q.jsonl                  a list may be repeated
//   --                                                     ends the flags
//
// Every mistake names the word, the nearest flag that exists, and the page of help.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "quiver/cli/verb.h"

namespace quiver::cli {

struct Arguments {
  Settings own;     // the verb's options
  Settings common;  // CommonOptions
  bool help = false;
};

// `words` are those behind the verb's name.
Result<Arguments> parse_arguments(std::span<const std::string> words, const VerbText& verb,
                                  std::span<const OptionSpec> options);
// Adds what a --settings document gives and the flags did not, and checks that everything required is there.
Result<void> complete_arguments(Arguments& arguments, const Settings& document, const VerbText& verb,
                                std::span<const OptionSpec> options);

}  // namespace quiver::cli
