#include "quiver/index/spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "quiver/compress/shortened.h"
#include "quiver/core/options.h"
#include "quiver/core/spec_text.h"
#include "quiver/index/flat.h"
#include "quiver/index/graph.h"
#include "quiver/index/hnsw.h"
#include "quiver/index/internal/index_file.h"
#include "quiver/index/ivf.h"
#include "quiver/index/sparse.h"

namespace quiver {
namespace {
struct Structure {
  const char* name;
  std::span<const unsigned> defaults;                // of its arguments; those given replace the first ones
  Result<void> (*check)(std::span<const unsigned>);  // of the arguments; null: any number will do
  bool takes_codes;
  const char* help;
  Result<std::unique_ptr<Index>> (*build)(const IndexSpec&, const RowsView&, const Space&, MatrixView, Run&);
  Result<std::unique_ptr<Index>> (*open)(const IndexSpec&, const Container&);
};

Result<std::unique_ptr<Index>> as_index(Result<std::unique_ptr<SparseIndex>> index) {
  return std::move(index).transform([](std::unique_ptr<SparseIndex> made) -> std::unique_ptr<Index> { return made; });
}

constexpr std::string_view kFunnel = "funnel";
constexpr unsigned kGraphDefaults[] = {0, 0};

constexpr Structure kStructures[] = {
    {"flat",
     {},
     nullptr,
     true,
     "exact: every row is compared; + a quantizer to scan codes, + rerank(...) to order by finer ones",
     &FlatIndex::build,
     &FlatIndex::open},
    {"hnsw", HnswIndex::kDefaults, &HnswIndex::check_arguments, true,
     "a graph walked to near rows: hnsw(links a row, rows kept while building); + codes and rerank(...) as flat",
     [](const IndexSpec& spec, const RowsView& base, const Space& space, MatrixView sample_queries, Run& run) {
       return HnswIndex::build(spec, base, space, sample_queries, run);
     },
     &HnswIndex::open},
    {"graph", kGraphDefaults, &GraphIndex::check, true,
     "the fastest: walks through neighbours kept as 4-bit codes; graph(dims,groups), 0: measured; + rerank(...)",
     &GraphIndex::build, &GraphIndex::open},
    {"ivf", IvfIndex::kDefaults, &IvfIndex::check, true,
     "lists around centres, for batches and large files; ivf(lists,dims), 0: chosen; + pq(m,4) or any codes, "
     "rerank(...)",
     &IvfIndex::build, &IvfIndex::open},
    {"sparse",
     {},
     nullptr,
     false,
     "exact inner products of sparse rows by inverted lists",
     [](const IndexSpec&, const RowsView& base, const Space& space, MatrixView, Run& run) {
       return as_index(SparseIndex::build(base, space, run));
     },
     [](const IndexSpec&, const Container& file) { return as_index(SparseIndex::open(file)); }},
};

const Structure* find(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kStructures), std::end(kStructures), [&](const Structure& s) { return name == s.name; });
  return found == std::end(kStructures) ? nullptr : found;
}

Error unknown(std::string_view name) {
  std::vector<std::string> known;
  for (const Structure& s : kStructures) known.emplace_back(s.name);
  known.emplace_back(kFunnel);
  const std::string near = did_you_mean(name, known);
  return Error::invalid_argument(fmt::format("'{}' is not an index{}; known: {}", name,
                                             near.empty() ? "" : fmt::format(" (did you mean {}?)", near),
                                             fmt::join(known, ", ")));
}

// The inside of rerank(...), or nothing if the part is something else.
std::optional<std::string_view> rerank_inside(std::string_view part) {
  constexpr std::string_view kOpen = "rerank";
  if (!part.starts_with(kOpen)) return std::nullopt;
  const std::string_view rest = without_blanks(part.substr(kOpen.size()));
  if (rest.size() < 2 || rest.front() != '(' || rest.back() != ')') return std::string_view{};
  return rest.substr(1, rest.size() - 2);
}
// All arguments of a structure written as `part`: those given, then the defaults of the rest.
Result<std::vector<unsigned>> arguments_of(const Structure& structure, std::string_view part) {
  QUIVER_TRY(SpecText word, SpecText::parse(part, "index"));
  std::vector<unsigned> all = std::move(word.arguments);
  if (all.size() > structure.defaults.size()) {
    const std::string usual = SpecText{structure.name, {structure.defaults.begin(), structure.defaults.end()}}.text();
    return Error::invalid_argument(fmt::format("'{}' has {} arguments, {} takes at most {}; write {}", part, all.size(),
                                               structure.name, structure.defaults.size(), usual));
  }
  const auto rest = structure.defaults.subspan(all.size());
  all.insert(all.end(), rest.begin(), rest.end());
  if (structure.check != nullptr) QUIVER_TRY(structure.check(all));
  return all;
}

// A step and the codes behind it are one quantizer: "prefix(64)", "lvq(8)" become "prefix(64) + lvq(8)".
std::vector<std::string_view> with_steps_joined(std::vector<std::string_view> parts) {
  for (std::size_t i = 1; i + 1 < parts.size(); ++i) {
    const std::string_view next = parts[i + 1];
    if (!is_shortening(name_in(parts[i])) || is_shortening(name_in(next)) || rerank_inside(next)) continue;
    parts[i] = {parts[i].data(), next.data() + next.size()};
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(i) + 1);
  }
  return parts;
}

// "funnel(64,128) + codes" is flat + prefix(64) + codes + rerank(prefix(128) + codes) + rerank(codes); what
// `+ rerank(...)` names comes instead of the last.
Result<IndexSpec> funnel(std::span<const std::string_view> parts) {
  QUIVER_TRY(const SpecText word, SpecText::parse(parts[0], "index"));
  const std::vector<unsigned>& lengths = word.arguments;
  if (lengths.empty() || lengths[0] == 0 || !std::ranges::is_sorted(lengths, std::less_equal<>())) {
    return Error::invalid_argument(fmt::format(
        "'{}': a funnel takes the lengths of the prefixes it searches by, each longer than the one before; write "
        "funnel(64,128)",
        parts[0]));
  }
  std::string codes = "f32";
  std::size_t next = 1;
  if (parts.size() > 1 && !rerank_inside(parts[1])) codes = parts[next++];
  if (is_shortening(name_in(codes))) {
    return Error::invalid_argument(fmt::format(
        "'{}': a funnel cuts prefixes itself; write flat + {} + rerank(...) with as many rerank(...) as wanted",
        fmt::join(parts, " + "), codes));
  }
  std::string text = fmt::format("flat + prefix({}) + {}", lengths[0], codes);
  for (const unsigned length : std::span(lengths).subspan(1)) {
    text += fmt::format(" + rerank(prefix({}) + {})", length, codes);
  }
  if (next == parts.size()) text += fmt::format(" + rerank({})", codes);
  for (; next < parts.size(); ++next) text += fmt::format(" + {}", parts[next]);
  return IndexSpec::parse(text);
}
}  // namespace

Result<IndexSpec> IndexSpec::parse(std::string_view text) {
  IndexSpec spec;
  const std::string step = fmt::format("reading index '{}'", text);
  std::vector<std::string_view> parts = with_steps_joined(parts_in(text));
  if (name_in(parts[0]) == kFunnel) return funnel(parts).within(step);
  const Structure* structure = find(name_in(parts[0]));
  if (structure == nullptr) return unknown(name_in(parts[0])).within(step);
  spec.structure = structure->name;
  auto arguments = arguments_of(*structure, parts[0]);
  if (!arguments.has_value()) return std::move(arguments.error()).within(step);
  spec.arguments = *std::move(arguments);
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (!structure->takes_codes) {
      return Error::invalid_argument(
                 fmt::format("'{}' stores its rows as they are; leave out '+ {}'", structure->name, parts[i]))
          .within(step);
    }
    const auto inside = rerank_inside(parts[i]);
    if (!inside && (spec.codes || spec.rerank)) {
      return Error::invalid_argument(
                 fmt::format("'{}' comes twice or too late; write flat + codes + rerank(codes)", parts[i]))
          .within(step);
    }
    auto parsed = QuantizerSpec::parse(inside.value_or(parts[i]));
    if (!parsed.has_value()) return std::move(parsed.error()).within(step);
    if (inside && spec.rerank) spec.between.push_back(*std::exchange(spec.rerank, std::nullopt));
    (inside ? spec.rerank : spec.codes) = *std::move(parsed);
  }
  return spec;
}

std::string IndexSpec::text() const {
  const bool open = std::all_of(arguments.begin(), arguments.end(), [](unsigned a) { return a == 0; });
  std::string out = open ? structure : SpecText{structure, arguments}.text();
  if (codes) out += " + " + codes->text();
  for (const QuantizerSpec& finer : between) out += " + rerank(" + finer.text() + ")";
  if (rerank) out += " + rerank(" + rerank->text() + ")";
  return out;
}

bool IndexSpec::allows(const IndexSpec& built) const {
  const bool chooses = structure == "graph" || structure == "ivf";
  bool same = structure == built.structure && arguments.size() == built.arguments.size() &&
              (codes == built.codes || (!codes && structure == "ivf")) && between == built.between &&
              (rerank == built.rerank || (!rerank && chooses));
  for (std::size_t i = 0; same && i < arguments.size(); ++i) {
    same = arguments[i] == built.arguments[i] || (arguments[i] == 0 && chooses);
  }
  return same;
}

Result<std::unique_ptr<Index>> build_index(const IndexSpec& spec, const RowsView& base, const Space& space,
                                           MatrixView sample_queries, Run& run) {
  const Structure* structure = find(spec.structure);
  if (structure == nullptr) return unknown(spec.structure);
  Space of_rows = space;
  if (of_rows.dims == 0) of_rows.dims = dims_of(base);
  return structure->build(spec, base, of_rows, sample_queries, run)
      .within(fmt::format("building index '{}'", spec.text()));
}

Result<std::unique_ptr<Index>> build_index(const IndexSpec& spec, const Rows& base, MatrixView sample_queries,
                                           Run& run) {
  return build_index(spec, base.view(), base.space(), sample_queries, run);
}

Result<std::unique_ptr<Index>> open_index(const std::filesystem::path& path) {
  const auto open = [&]() -> Result<std::unique_ptr<Index>> {
    QUIVER_TRY(const Container file, Container::open(path, internal::kIndexKind, internal::kNewestVersion));
    QUIVER_TRY(const internal::IndexHeader header, internal::read_index_header(file));
    const auto spec = IndexSpec::parse(header.spec);
    if (!spec.has_value())
      return Error::unsupported(spec.error().message() + "; a newer version of Quiver may know it");
    return find(spec->structure)->open(*spec, file);
  };
  return open().within("opening index " + path.string());
}

std::vector<std::string> index_help() {
  std::vector<std::string> lines;
  for (const Structure& s : kStructures) lines.push_back(fmt::format("{:<8} {}", s.name, s.help));
  lines.push_back(fmt::format("{:<8} {}", kFunnel,
                              "short prefixes first, then longer ones of what is left: funnel(64,128) + codes"));
  return lines;
}

}  // namespace quiver
