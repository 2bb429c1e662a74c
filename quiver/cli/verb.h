// Verb: one word of the command line, declared once. Its Options struct (core/options.h) gives the flags, their help
// and range checks, the JSON keys of --settings, the page of the reference and "did you mean"; its function does the
// work.
//
//   struct Options {
//     std::string input;
//     template <class V> void visit(V& v) { v("input", input, "the file to read"); }
//   };
//   Result<Answer> run(const Options& options, Run& run);
//   Verb verb = make_verb<Options>({.name = "count", .summary = "count rows", .positional = {"input"}}, run);
//
// A verb answers with one document in two forms, JSON for programs and text for people; command.cc prints the one that
// was asked for. Progress, warnings and errors go to stderr. Thread-safety: a value, read-only once made.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/json.h"
#include "quiver/core/options.h"
#include "quiver/core/result.h"
#include "quiver/core/run.h"

namespace quiver::cli {

struct Answer {
  Json json;
  std::string text;  // ends with a newline unless empty
};

struct Example {
  std::string_view command, what;
};

// What help shows and the parser needs beyond the options themselves.
struct VerbText {
  std::string_view name;          // "search", or two words: "index build"
  std::string_view summary;       // one line, lower case, no full stop
  std::string_view details = {};  // paragraphs, separated by blank lines
  std::vector<std::string_view> positional =
      {};  // options that words without a flag fill, in order; a list takes the rest
  std::vector<std::string_view> required = {};  // options that must be given
  std::vector<std::string_view> repeated = {};  // text options that may be given several times: joined by line breaks
  std::vector<Example> examples = {};
};

struct Verb {
  VerbText text;
  // The options it takes. `first` is the first word behind the verb: `fit` takes the options of the recipe it names.
  std::function<Result<std::vector<OptionSpec>>(std::string_view first)> options;
  std::function<Result<Answer>(const Settings& settings, Run& run)> run;
};

template <class Options>
Verb make_verb(VerbText text, Result<Answer> (*run)(const Options&, Run&)) {
  return {std::move(text), [](std::string_view) -> Result<std::vector<OptionSpec>> { return describe<Options>(); },
          [run](const Settings& settings, Run& context) -> Result<Answer> {
            Options options;
            QUIVER_TRY(apply(options, settings));
            return run(options, context);
          }};
}

// What every verb takes.
struct CommonOptions {
  bool json = false, quiet = false;
  std::uint64_t seed = 1;
  unsigned threads = 0;
  std::string progress = "auto", settings;
  template <class V>
  void visit(V& v) {
    v("json", json, "print one JSON document instead of text; errors become a JSON line on stderr");
    v("seed", seed, "where every random draw begins");
    v("threads", threads, "threads to use; 0: all processors", 0, 4096);
    v.choice("progress", progress, "progress on stderr", {"auto", "none", "lines", "json"});
    v("quiet", quiet, "no progress");
    v("settings", settings, "a JSON file with options by name; flags win over it");
  }
};

}  // namespace quiver::cli
