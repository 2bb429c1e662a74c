#include "quiver/index/spec.h"

#include <fmt/format.h>

#include <algorithm>

#include "quiver/core/options.h"
#include "quiver/index/flat.h"
#include "quiver/index/internal/index_file.h"
#include "quiver/index/sparse.h"

namespace quiver {
namespace {
struct Structure {
  const char* name;
  bool takes_codes;
  const char* help;
  Result<std::unique_ptr<Index>> (*build)(const IndexSpec&, const RowsView&, const Space&, MatrixView, Run&);
  Result<std::unique_ptr<Index>> (*open)(const IndexSpec&, const Container&);
};

Result<std::unique_ptr<Index>> as_index(Result<std::unique_ptr<SparseIndex>> index) {
  return std::move(index).transform([](std::unique_ptr<SparseIndex> made) -> std::unique_ptr<Index> { return made; });
}

constexpr Structure kStructures[] = {
    {"flat", true, "exact: every row is compared; + a quantizer to scan codes, + rerank(...) to order by finer ones",
     &FlatIndex::build, &FlatIndex::open},
    {"sparse", false, "exact inner products of sparse rows by inverted lists",
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

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

Error unknown(std::string_view name) {
  std::vector<std::string> known;
  for (const Structure& s : kStructures) known.emplace_back(s.name);
  const std::string near = did_you_mean(name, known);
  return Error::invalid_argument(fmt::format("'{}' is not an index{}; known: {}", name,
                                             near.empty() ? "" : fmt::format(" (did you mean {}?)", near),
                                             fmt::join(known, ", ")));
}

// The inside of rerank(...), or nothing if the part is something else.
std::optional<std::string_view> rerank_inside(std::string_view part) {
  constexpr std::string_view kOpen = "rerank";
  if (!part.starts_with(kOpen)) return std::nullopt;
  const std::string_view rest = trimmed(part.substr(kOpen.size()));
  if (rest.size() < 2 || rest.front() != '(' || rest.back() != ')') return std::string_view{};
  return rest.substr(1, rest.size() - 2);
}
}  // namespace

Result<IndexSpec> IndexSpec::parse(std::string_view text) {
  IndexSpec spec;
  const std::string step = fmt::format("reading index '{}'", text);
  std::vector<std::string_view> parts;
  for (std::string_view rest = text;;) {
    const std::size_t plus = rest.find('+');
    parts.push_back(trimmed(rest.substr(0, plus)));
    if (plus == std::string_view::npos) break;
    rest.remove_prefix(plus + 1);
  }
  spec.structure = std::string(parts[0]);
  const Structure* structure = find(spec.structure);
  if (structure == nullptr) return unknown(spec.structure).within(step);
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (!structure->takes_codes) {
      return Error::invalid_argument(
                 fmt::format("'{}' stores its rows as they are; leave out '+ {}'", structure->name, parts[i]))
          .within(step);
    }
    const auto inside = rerank_inside(parts[i]);
    std::optional<QuantizerSpec>& slot = inside ? spec.rerank : spec.codes;
    if (slot || (!inside && spec.rerank)) {
      return Error::invalid_argument(
                 fmt::format("'{}' comes twice or too late; write flat + codes + rerank(codes)", parts[i]))
          .within(step);
    }
    auto parsed = QuantizerSpec::parse(inside.value_or(parts[i]));
    if (!parsed.has_value()) return std::move(parsed.error()).within(step);
    slot = *std::move(parsed);
  }
  return spec;
}

std::string IndexSpec::text() const {
  std::string out = structure;
  if (codes) out += " + " + codes->text();
  if (rerank) out += " + rerank(" + rerank->text() + ")";
  return out;
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
    QUIVER_TRY(const Container file, Container::open(path, internal::kIndexKind, internal::kIndexVersion));
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
  return lines;
}

}  // namespace quiver
