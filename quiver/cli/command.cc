#include "quiver/cli/command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <new>

#include "quiver/cli/arguments.h"
#include "quiver/cli/help.h"
#include "quiver/cli/verbs.h"
#include "quiver/core/file.h"
#include "quiver/model/card.h"

namespace quiver::cli {
namespace {

// Writes to stdout. A reader that went away ends the command silently; a full disk is an error like any other.
Result<void> print(const std::string& text) {
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return {};
  if (errno == EPIPE) return {};
  const std::string reason = fmt::format("writing the answer to stdout: {}", std::strerror(errno));
  return errno == ENOSPC ? Error::resource_exhausted(reason) : Error::io(reason);
}

int report(const Error& error, const std::string& verb, bool json) {
  const int status = exit_status(error.code());
  if (json) {
    const Json line{{"error", {{"code", name_of(error.code())}, {"message", error.message()}, {"exit", status}}}};
    fmt::print(stderr, "{}\n", dump_json(line, -1));
  } else {
    fmt::print(stderr, "quiver{}: {}\n", verb.empty() ? "" : " " + verb, error.message());
  }
  return status;
}

Progress progress_of(const CommonOptions& common) {
  if (common.quiet || common.progress == "none") return Progress::None;
  if (common.progress == "lines") return Progress::Lines;
  return common.progress == "json" ? Progress::JsonLines : Progress::Auto;
}

Result<void> run_verb(const Verb& verb, std::span<const std::string> words, bool& json) {
  const std::string first = !words.empty() && !words[0].starts_with("-") ? words[0] : "";
  QUIVER_TRY(auto options, verb.options(first));
  QUIVER_TRY(Arguments arguments, parse_arguments(words, verb.text, options));
  if (arguments.help) return print(verb_help(verb, options));
  CommonOptions common;
  QUIVER_TRY(apply(common, arguments.common));
  json = common.json;
  Settings document;
  if (!common.settings.empty()) {
    QUIVER_TRY(std::string text, read_file(common.settings));
    QUIVER_TRY(Json object, parse_json(text).within(common.settings));
    QUIVER_TRY(document, Settings::of_json(object).within(common.settings));
  }
  QUIVER_TRY(complete_arguments(arguments, document, verb.text, options));
  Run::handle_interrupts();
  RunOptions run_options;
  run_options.seed = common.seed;
  run_options.threads = common.threads;
  run_options.progress = progress_of(common);
  Run run(run_options);
  QUIVER_TRY(Answer answer, verb.run(arguments.own, run));
  return print(common.json ? dump_json(answer.json) + "\n" : answer.text);
}

}  // namespace

int run_command(std::span<const std::string> words) {
  std::signal(SIGPIPE, SIG_IGN);
  bool json = std::ranges::find(words, "--json") != words.end();
  std::string name;
  Result<void> outcome;
  try {
    if (words.empty() || words[0] == "--help" || words[0] == "-h") {
      outcome = print(overview());
    } else if (words[0] == "--version") {
      outcome = print(fmt::format("quiver {}\n", quiver_version()));
    } else if (auto found = find_verb(words); found.has_value()) {
      name = found->verb->text.name;
      outcome = run_verb(*found->verb, words.subspan(found->words), json);
    } else {
      outcome = std::move(found).error();
    }
  } catch (const std::bad_alloc&) {
    outcome = Error::resource_exhausted("out of memory; use fewer rows at once, or a smaller element type");
  }
  return outcome.has_value() ? 0 : report(outcome.error(), name, json);
}

}  // namespace quiver::cli
