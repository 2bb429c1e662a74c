#include "quiver/recipes/cranfield.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "quiver/core/file.h"
#include "quiver/data/catalogue.h"

namespace quiver::recipes {
namespace {
// What stands between <tag> and </tag>, in order. These files have no attributes and no entities.
std::vector<std::string> inside(std::string_view text, std::string_view tag) {
  const std::string open = fmt::format("<{}>", tag), close = fmt::format("</{}>", tag);
  std::vector<std::string> out;
  for (std::size_t at = text.find(open); at != std::string_view::npos; at = text.find(open, at)) {
    at += open.size();
    const std::size_t end = std::min(text.find(close, at), text.size());
    out.emplace_back(text.substr(at, end - at));
    at = end;
  }
  return out;
}

// A judgement "12 0 184 1": question, nothing, document, grade; both are counted from 1.
struct Judgement {
  std::size_t question = 0, document = 0;
  int grade = 0;
};
std::optional<Judgement> judgement_of(std::string_view line) {
  int values[4];
  const char* at = line.data();
  const char* end = at + line.size();
  for (int& value : values) {
    while (at != end && (*at == ' ' || *at == '\t')) ++at;
    const auto [next, error] = std::from_chars(at, end, value);
    if (error != std::errc()) return std::nullopt;
    at = next;
  }
  if (values[0] < 1 || values[2] < 1) return std::nullopt;
  return Judgement{static_cast<std::size_t>(values[0]) - 1, static_cast<std::size_t>(values[2]) - 1, values[3]};
}
}  // namespace

Result<Cranfield> parse_cranfield(std::string_view documents, std::string_view questions, std::string_view judgements) {
  Cranfield out{.documents = inside(documents, "text"), .questions = inside(questions, "title"), .relevant = {}};
  std::vector<std::vector<std::uint32_t>> relevant(out.questions.size());
  for (std::size_t number = 1; !judgements.empty(); ++number) {
    const std::size_t end = std::min(judgements.find('\n'), judgements.size());
    const std::string_view line = judgements.substr(0, end);
    judgements.remove_prefix(std::min(end + 1, judgements.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const auto judged = judgement_of(line);
    if (!judged || judged->question >= relevant.size() || judged->document >= out.documents.size()) {
      return Error::corruption(fmt::format(
          "judgement {} of Cranfield, '{}', is not of the {} questions and {} documents; fetch the set again", number,
          line, out.questions.size(), out.documents.size()));
    }
    if (judged->grade > 0) relevant[judged->question].push_back(static_cast<std::uint32_t>(judged->document));
  }
  for (const auto& rows : relevant) out.relevant.add_query(rows);
  return out;
}

Result<Cranfield> open_cranfield() {
  const auto file = [](std::string_view name) -> Result<std::string> {
    const auto path = find_file("cranfield", name);
    if (path.has_value()) return read_file(*path);
    return Error::not_found(
        fmt::format("{} (a packed copy: xz -dk cran.all.1400.xml.xz in that folder)", path.error().message()));
  };
  QUIVER_TRY(const std::string documents, file("cran.all.1400.xml"));
  QUIVER_TRY(const std::string questions, file("cran.qry.xml"));
  QUIVER_TRY(const std::string judgements, file("cranqrel.trec.txt"));
  return parse_cranfield(documents, questions, judgements);
}

}  // namespace quiver::recipes
