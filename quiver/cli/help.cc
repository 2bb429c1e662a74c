#include "quiver/cli/help.h"

#include <fmt/format.h>

#include <algorithm>

#include "quiver/cli/table.h"
#include "quiver/cli/verbs.h"

namespace quiver::cli {
namespace {

constexpr std::size_t kWidth = 110;

std::string upper(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'a' && c <= 'z' ? char(c - 32) : c; });
  return out;
}

bool among(const std::vector<std::string_view>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

std::string flag_of(const OptionSpec& spec) {
  std::string flag = (spec.name.size() == 1 ? "-" : "--") + spec.name;
  if (spec.type == "bool") return flag;
  if (!spec.choices.empty()) return flag + " WORD";
  return flag + (spec.type == "text" ? " TEXT" : spec.type.starts_with("list") ? " LIST" : " N");
}

// What follows the help of an option: its range or choices, and its default.
std::string facts_of(const OptionSpec& spec, bool required) {
  std::string facts = spec.range_text();
  if (required)
    facts += facts.empty() ? "required" : "; required";
  else if (spec.type != "bool" && !spec.fallback.empty())
    facts += (facts.empty() ? "default " : "; default ") + spec.fallback;
  return facts.empty() ? "" : " (" + facts + ")";
}

std::string usage(const Verb& verb, std::span<const OptionSpec> options) {
  std::string line = fmt::format("quiver {}", verb.text.name);
  for (const std::string_view name : verb.text.positional) {
    const bool required = among(verb.text.required, name);
    line += required ? " " + upper(name) : " [" + upper(name) + "]";
  }
  for (const OptionSpec& spec : options) {
    if (among(verb.text.required, spec.name) && !among(verb.text.positional, spec.name)) line += " " + flag_of(spec);
  }
  return line + " [flags]";
}

std::string flags(const Verb& verb, std::span<const OptionSpec> options) {
  std::size_t column = 0;
  for (const OptionSpec& spec : options) column = std::max(column, flag_of(spec).size());
  column = std::min<std::size_t>(column, 28) + 4;
  std::string out;
  for (const OptionSpec& spec : options) {
    const bool positional = among(verb.text.positional, spec.name);
    const std::string left = "  " + (positional ? upper(spec.name) : flag_of(spec));
    std::string help = wrap(spec.help + facts_of(spec, among(verb.text.required, spec.name)), kWidth, column);
    if (left.size() + 2 > column)
      out += left + "\n" + help;
    else
      out += left + help.substr(left.size());
  }
  return out;
}

std::string examples(const Verb& verb) {
  std::string out;
  for (const Example& example : verb.text.examples)
    out += fmt::format("  $ {}\n      {}\n", example.command, example.what);
  return out;
}

Result<Answer> run_overview(const std::vector<std::string>& words) {
  if (words.empty()) {
    Json list = Json::array();
    for (const Verb& verb : verbs()) list.push_back({{"name", verb.text.name}, {"summary", verb.text.summary}});
    return Answer{{{"verbs", std::move(list)}}, overview()};
  }
  QUIVER_TRY(Found found, find_verb(words));
  const std::string first = words.size() > found.words ? words[found.words] : "";
  QUIVER_TRY(auto options, found.verb->options(first));
  Json list = Json::array();
  for (const OptionSpec& spec : options) {
    Json option{{"name", spec.name}, {"type", spec.type}, {"help", spec.help}, {"default", spec.fallback}};
    if (!spec.range_text().empty()) option["range"] = spec.range_text();
    option["required"] = among(found.verb->text.required, spec.name);
    list.push_back(std::move(option));
  }
  return Answer{{{"name", found.verb->text.name}, {"summary", found.verb->text.summary}, {"options", std::move(list)}},
                verb_help(*found.verb, options)};
}

struct HelpOptions {
  std::vector<std::string> verb;
  bool reference = false;
  template <class V>
  void visit(V& v) {
    v("verb", verb, "the verb to explain; nothing: the overview");
    v("reference", reference, "print the whole reference as a page of Markdown");
  }
};

Result<Answer> run(const HelpOptions& options, Run&) {
  if (options.reference) {
    const std::string page = reference_page();
    return Answer{{{"markdown", page}}, page};
  }
  return run_overview(options.verb);
}

}  // namespace

std::string overview() {
  std::string out =
      "Quiver learns vectors from items, compresses them, indexes them, searches them, and says how good the result "
      "is.\n\n";
  for (const Chapter& chapter : chapters()) {
    out += fmt::format("{}\n", chapter.heading);
    for (const std::string_view name : chapter.names) {
      const auto verb = std::ranges::find(verbs(), name, [](const Verb& v) { return v.text.name; });
      QUIVER_CHECK(verb != verbs().end());
      out += fmt::format("  {:<18}{}\n", name, verb->text.summary);
    }
    out += "\n";
  }
  return out +
         "New here? `quiver demo --out demo-out` runs the whole story on a real corpus in a few minutes.\n"
         "`quiver help VERB` explains a verb; every verb takes --json, --seed, --threads, --progress and --quiet.\n";
}

std::string verb_help(const Verb& verb, std::span<const OptionSpec> options) {
  std::string out =
      fmt::format("quiver {}: {}\n\nUsage: {}\n", verb.text.name, verb.text.summary, usage(verb, options));
  if (!verb.text.details.empty()) out += "\n" + wrap(verb.text.details, kWidth);
  if (!options.empty()) out += "\nOptions\n" + flags(verb, options);
  const auto common = describe<CommonOptions>();
  out += "\nEvery verb takes\n" + flags(verb, common);
  if (!verb.text.examples.empty()) out += "\nExamples\n" + examples(verb);
  return out;
}

std::string reference_page() {
  std::string out =
      "# The command line\n\nThis page is printed by `quiver help --reference`; a test compares the two.\n\n"
      "A verb answers on stdout, as text or with `--json` as one JSON document. Progress, warnings and errors go to "
      "stderr;\n"
      "with `--json` an error is one line there: `{\"error\":{\"code\":\"not "
      "found\",\"message\":\"...\",\"exit\":3}}`.\n\n"
      "| exit status | meaning |\n|---|---|\n| 0 | done |\n| 2 | a wrong argument or input, or something this build "
      "cannot do |\n"
      "| 3, 4 | something is not there; something is there already |\n| 5 | not possible in the present state |\n"
      "| 6, 7 | memory or disk is full; a service cannot be reached |\n| 8, 9 | a corrupt file; input or output failed "
      "|\n"
      "| 70 | a defect of Quiver itself |\n| 130 | interrupted; what was finished is kept |\n";
  for (const Verb& verb : verbs()) {
    const auto options = verb.options("");
    out +=
        fmt::format("\n## quiver {}\n\n{}{}.\n", verb.text.name,
                    char(verb.text.summary[0] - ('a' <= verb.text.summary[0] ? 32 : 0)), verb.text.summary.substr(1));
    if (!options.has_value()) continue;
    out += fmt::format("\n```text\n{}\n```\n", usage(verb, *options));
    if (!verb.text.details.empty()) out += fmt::format("\n{}\n", verb.text.details);
    if (!options->empty()) {
      out += "\n| option | default | meaning |\n|---|---|---|\n";
      for (const OptionSpec& spec : *options) {
        const bool positional = among(verb.text.positional, spec.name), required = among(verb.text.required, spec.name);
        std::string range = spec.range_text();
        std::string escaped;
        for (const char c : range) escaped += c == '|' ? std::string("\\|") : std::string(1, c);
        out += fmt::format("| `{}` | {} | {}{} |\n", positional ? upper(spec.name) : flag_of(spec),
                           required              ? "required"
                           : spec.type == "bool" ? ""
                                                 : spec.fallback,
                           spec.help, escaped.empty() ? "" : " (" + escaped + ")");
      }
    }
    if (!verb.text.examples.empty()) {
      out += "\n```text\n";
      for (const Example& example : verb.text.examples) out += fmt::format("$ {}\n", example.command);
      out += "```\n";
    }
  }
  out += "\n## Options of every verb\n\n| option | default | meaning |\n|---|---|---|\n";
  for (const OptionSpec& spec : describe<CommonOptions>()) {
    out += fmt::format("| `{}` | {} | {} |\n", flag_of(spec), spec.type == "bool" ? "" : spec.fallback, spec.help);
  }
  return out + "\nNext: [the first search](../tutorials/first-search.md).\n";
}

Verb help_verb() {
  return make_verb<HelpOptions>({.name = "help",
                                 .summary = "explain a verb and its options",
                                 .positional = {"verb"},
                                 .examples = {{"quiver help search", "what search takes"},
                                              {"quiver help fit wordnet-encoder", "with the options of that recipe"}}},
                                run);
}

}  // namespace quiver::cli
