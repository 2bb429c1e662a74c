#include "quiver/data/read_wordnet.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "quiver/core/file.h"
#include "quiver/data/items_builder.h"
#include "quiver/data/text.h"

namespace quiver {
namespace {
namespace fs = std::filesystem;

struct PartOfSpeech {
  std::string_view file;
  char letter;  // of the synset's name; satellites 's' are adjectives
};
constexpr std::array kParts{PartOfSpeech{"data.noun", 'n'}, PartOfSpeech{"data.verb", 'v'},
                            PartOfSpeech{"data.adj", 'a'}, PartOfSpeech{"data.adv", 'r'}};

// The columns, in the order the builder was given them.
constexpr std::size_t kSynset = 0, kLemmas = 1, kDefinition = 2, kExamples = 3, kText = 4, kHypernyms = 5;
std::vector<Field> fields() {
  return {{.name = "synset", .modality = Modality::Category},
          {.name = "lemmas", .many = true},
          {.name = "definition"},
          {.name = "examples", .many = true},
          {.name = "text"},
          {.name = "hypernyms", .many = true}};
}

Error bad(std::string_view field, std::string_view value) {
  return Error::corruption(fmt::format("{} is '{}'", field, value));
}

// The fields of a line, one space apart.
class Fields {
 public:
  explicit Fields(std::string_view text) : rest_(text) {}
  std::string_view next() {
    const std::size_t end = std::min(rest_.find(' '), rest_.size());
    const std::string_view field = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return field;
  }
  Result<unsigned> number(std::string_view name, int base) {
    const std::string_view field = next();
    unsigned value = 0;
    const auto parsed = std::from_chars(field.data(), field.data() + field.size(), value, base);
    if (field.empty() || parsed.ec != std::errc() || parsed.ptr != field.data() + field.size()) return bad(name, field);
    return value;
  }

 private:
  std::string_view rest_;
};

bool is_offset(std::string_view text) {
  return text.size() == 8 && text.find_first_not_of("0123456789") == std::string_view::npos;
}
char part_letter(char type) { return type == 's' ? 'a' : type; }

// "king_of_beasts" -> "king of beasts", "galore(ip)" -> "galore".
std::string lemma_of(std::string_view word) {
  for (const std::string_view marker : {"(a)", "(p)", "(ip)"}) {
    if (word.ends_with(marker)) word.remove_suffix(marker.size());
  }
  std::string lemma(word);
  for (char& c : lemma) c = c == '_' ? ' ' : c;
  return lemma;
}

Result<void> add_synset(std::string_view line, char letter, ItemsBuilder& builder) {
  const std::size_t bar = line.find(" | ");
  if (bar == std::string_view::npos) return Error::corruption("there is no ' | ' before the gloss");
  Fields head(line.substr(0, bar));
  const std::string_view offset = head.next();
  if (!is_offset(offset)) return bad("synset_offset", offset);
  head.next();  // lex_filenum
  const std::string_view type = head.next();
  if (type.size() != 1 || part_letter(type[0]) != letter) return bad("ss_type", type);
  builder.category(kSynset, fmt::format("{}-{}", offset, letter));

  QUIVER_TRY(const unsigned words, head.number("w_cnt", 16));
  std::string lemmas;
  for (unsigned i = 0; i < words; ++i) {
    const std::string lemma = lemma_of(head.next());
    if (lemma.empty()) return bad("word", lemma);
    head.next();  // lex_id
    builder.text(kLemmas, lemma);
    lemmas += (i == 0 ? "" : ", ") + lemma;
  }
  if (words == 0) return bad("w_cnt", "0");

  QUIVER_TRY(const unsigned pointers, head.number("p_cnt", 10));
  for (unsigned i = 0; i < pointers; ++i) {
    const std::string_view symbol = head.next(), target = head.next(), part = head.next(), words_linked = head.next();
    if (!is_offset(target)) return bad("pointer offset", target);
    if (part.size() != 1) return bad("pointer part of speech", part);
    if (words_linked.size() != 4) return bad("pointer source/target", words_linked);
    if (symbol == "@" || symbol == "@i") builder.text(kHypernyms, fmt::format("{}-{}", target, part_letter(part[0])));
  }

  Gloss gloss = split_gloss(line.substr(bar + 3));
  builder.text(kDefinition, gloss.definition);
  for (const std::string& example : gloss.examples) builder.text(kExamples, example);
  builder.text(kText, lemmas + ": " + gloss.definition);
  builder.end_row();
  return {};
}

Result<MappedFile> open_part(const fs::path& path) {
  auto file = MappedFile::open(path);
  if (!file.has_value() && file.error().code() == Code::NotFound) {
    return Error::not_found(
        fmt::format("reading WordNet: there is no {}; install it with `apt-get install wordnet-base`, or name "
                    "the folder of data.noun, data.verb, data.adj and data.adv: wordnet:FOLDER",
                    path.string()));
  }
  return file;
}

std::string_view trimmed(std::string_view text, std::string_view what) {
  const std::size_t first = text.find_first_not_of(what);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(what) - first + 1);
}
std::size_t count_words(std::string_view text) {
  std::size_t words = 0;
  bool inside = false;
  for (const char c : text) {
    words += (c != ' ' && !inside) ? 1 : 0;
    inside = c != ' ';
  }
  return words;
}
// Where the first quotation that is an example opens: at the beginning, or behind one of ; : , and outside parentheses.
// A quotation in running text ('the phrase "make strides"') belongs to the definition.
std::size_t first_example(std::string_view gloss) {
  int depth = 0;
  for (std::size_t i = 0; i < gloss.size(); ++i) {
    depth += gloss[i] == '(' ? 1 : gloss[i] == ')' ? -1 : 0;
    if (gloss[i] != '"' || depth > 0) continue;
    const std::string_view before = trimmed(gloss.substr(0, i), " ");
    if (before.empty() || before.ends_with(';') || before.ends_with(':') || before.ends_with(',')) return i;
  }
  return gloss.size();
}
}  // namespace

Gloss split_gloss(std::string_view gloss) {
  const std::size_t first = first_example(gloss);
  Gloss out;
  out.definition = trimmed(gloss.substr(0, first), " ;:,");
  std::string_view rest = gloss.substr(first);
  while (!rest.empty()) {
    const std::size_t open = rest.find('"');
    if (open == std::string_view::npos) break;
    rest.remove_prefix(open + 1);
    const std::size_t close = std::min(rest.find('"'), rest.size());  // some glosses end inside a quotation
    const std::string_view example = trimmed(rest.substr(0, close), " ");
    rest.remove_prefix(std::min(close + 1, rest.size()));
    if (count_words(example) >= 2) out.examples.emplace_back(example);
  }
  return out;
}

Result<Items> read_wordnet(const fs::path& folder, std::uint32_t expected) {
  ItemsBuilder builder(fields());
  for (const PartOfSpeech& part : kParts) {
    const fs::path path = folder / part.file;
    QUIVER_TRY(const MappedFile file, open_part(path));
    const std::string step = "reading " + path.string();
    QUIVER_TRY(check_utf8(file.text()).within(step));
    std::string_view rest = file.text();
    for (std::size_t number = 1; !rest.empty(); ++number) {
      const std::size_t end = rest.find('\n');
      const std::string_view line = rest.substr(0, end);
      if (end == std::string_view::npos) {
        return Error::corruption(fmt::format("{}: the file is cut off inside line {}", step, number));
      }
      rest.remove_prefix(end + 1);
      if (line.starts_with("  ")) continue;  // the licence
      QUIVER_TRY(add_synset(line, part.letter, builder).within(fmt::format("{}: line {}", step, number)));
    }
  }
  if (builder.rows() == 0)
    return Error::corruption(fmt::format("reading {}: its files hold no synset", folder.string()));
  if (expected != 0 && builder.rows() != expected) {
    return Error::corruption(
        fmt::format("reading {}: it holds {} synsets where WordNet 3.0 has {}; reinstall wordnet-base", folder.string(),
                    builder.rows(), expected));
  }
  return std::move(builder).build();
}

Result<std::string> wordnet_notice(const fs::path& folder) {
  QUIVER_TRY(const MappedFile file, open_part(folder / kParts[0].file));
  std::string notice;
  std::string_view rest = file.text();
  while (rest.starts_with("  ")) {  // "  14 WordNet 3.0 Copyright 2006 by Princeton University.  All rights reserved. "
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    line.remove_prefix(std::min(line.find_first_not_of(" 0123456789"), line.size()));
    notice.append(trimmed(line, " ")).push_back('\n');
  }
  if (notice.empty()) {
    return Error::corruption(fmt::format("reading {}: its data.noun does not begin with the licence", folder.string()));
  }
  return notice;
}

}  // namespace quiver
