#include "quiver/compress/spec.h"

#include <fmt/format.h>

#include <algorithm>

#include "quiver/compress/binary.h"
#include "quiver/compress/coder.h"
#include "quiver/compress/internal/codes_file.h"
#include "quiver/compress/lvq.h"
#include "quiver/compress/product.h"
#include "quiver/compress/rabitq.h"
#include "quiver/compress/residual.h"
#include "quiver/compress/scalar.h"
#include "quiver/compress/shortened.h"
#include "quiver/compress/two_level.h"
#include "quiver/compress/uniform.h"
#include "quiver/core/metric.h"
#include "quiver/core/options.h"
#include "quiver/core/spec_text.h"
#include "quiver/simd/kernels.h"

namespace quiver {
namespace {
// One row per name: what it is, and the four things a quantizer is asked for.
struct Kind {
  const char* name;
  std::size_t least_arguments, arguments;  // as few and as many as it takes
  const char* example;
  const char* help;
  std::size_t (*bytes_per_row)(const QuantizerSpec&, const Space&);
  Result<std::unique_ptr<Quantizer>> (*make)(const QuantizerSpec&, const Space&);
  Result<std::unique_ptr<Codes>> (*load)(const QuantizerSpec&, const Space&, const Container&, std::string_view);
  Result<std::unique_ptr<Quantizer>> (*load_quantizer)(const QuantizerSpec&, const Space&, const Container&,
                                                       std::string_view);
};

template <Element element>
constexpr Kind stored(const char* name, const char* help) {
  return {name,
          0,
          0,
          name,
          help,
          [](const QuantizerSpec&, const Space& space) { return stored_bytes_per_row(element, space); },
          [](const QuantizerSpec&, const Space& space) { return make_stored(element, space); },
          [](const QuantizerSpec&, const Space& space, const Container& file, std::string_view prefix) {
            return load_stored(element, space, file, prefix);
          },
          [](const QuantizerSpec&, const Space& space, const Container&, std::string_view) {
            return make_stored(element, space);
          }};
}

// A quantizer written as a Coder (coder.h).
using MakeCoder = Result<CoderPtr> (*)(const QuantizerSpec&, const Space&);
template <MakeCoder make>
constexpr Kind coded(const char* name, std::size_t least_arguments, std::size_t arguments, const char* example,
                     const char* help) {
  return {name,
          least_arguments,
          arguments,
          example,
          help,
          [](const QuantizerSpec& spec, const Space& space) -> std::size_t {
            const auto coder = make(spec, space);
            return coder.has_value() ? (*coder)->stride() : 0;
          },
          [](const QuantizerSpec& spec, const Space& space) -> Result<std::unique_ptr<Quantizer>> {
            QUIVER_TRY(CoderPtr coder, make(spec, space));
            return quantizer_of(std::move(coder));
          },
          [](const QuantizerSpec& spec, const Space& space, const Container& file,
             std::string_view prefix) -> Result<std::unique_ptr<Codes>> {
            QUIVER_TRY(const CoderPtr coder, make(spec, space));
            return load_codes_of(*coder, file, prefix);
          },
          [](const QuantizerSpec& spec, const Space& space, const Container& file,
             std::string_view prefix) -> Result<std::unique_ptr<Quantizer>> {
            QUIVER_TRY(const CoderPtr coder, make(spec, space));
            return load_quantizer_of(*coder, file, prefix);
          }};
}

Result<CoderPtr> sq(const QuantizerSpec& spec, const Space& space) { return uniform_coder(spec.arguments[0], space); }
unsigned code_bits(const QuantizerSpec& spec) { return spec.arguments.size() > 1 ? spec.arguments[1] : 8; }
Result<CoderPtr> pq(const QuantizerSpec& spec, const Space& space) {
  return product_coder(spec.arguments[0], code_bits(spec), space);
}
Result<CoderPtr> opq(const QuantizerSpec& spec, const Space& space) {
  return optimized_product_coder(spec.arguments[0], code_bits(spec), space);
}
Result<CoderPtr> rq(const QuantizerSpec& spec, const Space& space) { return residual_coder(spec.arguments[0], space); }
Result<CoderPtr> grvq(const QuantizerSpec& spec, const Space& space) {
  return grouped_residual_coder(spec.arguments[0], spec.arguments[1], space);
}

Result<CoderPtr> rabitq(const QuantizerSpec& spec, const Space& space) {
  return rabitq_coder(spec.arguments[0], space);
}
Result<CoderPtr> binary(const QuantizerSpec&, const Space& space) { return binary_coder(space); }
Result<CoderPtr> itq(const QuantizerSpec& spec, const Space& space) {
  return itq_coder(spec.arguments.empty() ? std::nullopt : std::optional(spec.arguments[0]), space);
}

// One level of codes, or two: not one Coder, so the row of the table is written out.
Result<CoderPtr> lvq(const QuantizerSpec& spec, const Space& space) { return lvq_coder(spec.arguments[0], space); }
bool two_levels(const QuantizerSpec& spec) { return spec.arguments.size() > 1; }
constexpr Kind kOneLevel = coded<lvq>("lvq", 1, 2, "lvq(8)", "");

constexpr Kind kKinds[] = {
    stored<Element::F32>("f32", "floats as they are"),
    stored<Element::F16>("f16", "floats rounded to 16 bits, 11 of them precision"),
    stored<Element::Bf16>("bf16", "floats rounded to 16 bits, 8 of them precision"),
    stored<Element::I8>("i8", "integers -128 .. 127 as they are"),
    stored<Element::U8>("u8", "integers 0 .. 255 as they are"),
    stored<Element::Bit>("bit", "one bit a coordinate: is it above zero"),
    {kOneLevel.name, kOneLevel.least_arguments, kOneLevel.arguments, kOneLevel.example,
     "8 or 4 bits a coordinate with a scale and offset of each row's own; lvq(4,8): 8 more to order by",
     [](const QuantizerSpec& s, const Space& space) {
       return two_levels(s) ? two_level_lvq_bytes_per_row(s.arguments[0], s.arguments[1], space)
                            : kOneLevel.bytes_per_row(s, space);
     },
     [](const QuantizerSpec& s, const Space& space) {
       return two_levels(s) ? make_two_level_lvq(s.arguments[0], s.arguments[1], space) : kOneLevel.make(s, space);
     },
     [](const QuantizerSpec& s, const Space& space, const Container& file, std::string_view prefix) {
       return two_levels(s) ? load_two_level_lvq(s.arguments[0], s.arguments[1], space, file, prefix)
                            : kOneLevel.load(s, space, file, prefix);
     },
     [](const QuantizerSpec& s, const Space& space, const Container& file, std::string_view prefix) {
       return two_levels(s) ? load_two_level_lvq_quantizer(s.arguments[0], s.arguments[1], space, file, prefix)
                            : kOneLevel.load_quantizer(s, space, file, prefix);
     }},
    coded<sq>("sq", 1, 1, "sq(8)", "8 or 4 bits a coordinate over a range of each coordinate's own"),
    coded<pq>("pq", 1, 2, "pq(16)", "parts of a row by the nearest of 256 centroids; pq(16,4): of 16"),
    coded<opq>("opq", 1, 2, "opq(16)", "pq of rows that a learned rotation has made ready for it"),
    coded<rq>("rq", 1, 1, "rq(16)", "a sum of centroids, each chosen for what is left over; a byte each"),
    coded<grvq>("grvq", 2, 2, "grvq(4,4)", "rq in each of several parts of a row: groups, stages"),
    coded<rabitq>("rabitq", 1, 1, "rabitq(1)", "1, 2, 4 or 8 bits a coordinate: distances unbiased, with a bound"),
    coded<binary>("binary", 0, 0, "binary", "one bit a coordinate: is it above the mean; an order to rank again"),
    coded<itq>("itq", 0, 1, "itq", "binary after a learned rotation; itq(128): 128 bits"),
};

const Kind* find(std::string_view name) {
  const auto* found = std::find_if(std::begin(kKinds), std::end(kKinds), [&](const Kind& k) { return name == k.name; });
  return found == std::end(kKinds) ? nullptr : found;
}

bool takes(const Kind& kind, std::size_t arguments) {
  return kind.least_arguments <= arguments && arguments <= kind.arguments;
}

Error unknown(std::string_view name) {
  std::vector<std::string> known;
  std::string examples;
  for (const Kind& kind : kKinds) {
    known.emplace_back(kind.name);
    examples += (examples.empty() ? "" : ", ") + std::string(kind.example);
  }
  for (const std::string& step : shortening_names()) known.push_back(step);
  const std::string near = did_you_mean(name, known);
  return Error::invalid_argument(fmt::format("'{}' is not a quantizer{}; known: {}; in front of one: {}", name,
                                             near.empty() ? "" : fmt::format(" (did you mean {}?)", near), examples,
                                             fmt::join(shortening_names(), ", ")));
}

Result<QuantizerSpec> spec_in(const Container& file, std::string_view prefix, Space& space) {
  QUIVER_TRY(internal::CodesHeader header, internal::read_header(file, prefix));
  space = std::move(header.space);
  auto spec = QuantizerSpec::parse(header.spec);
  if (spec.has_value()) return spec;
  return Error::unsupported(
      fmt::format("section '{}quantizer' names what this build cannot read: {}", prefix, spec.error().message()));
}
}  // namespace

namespace {
// One word, whatever stands in front of it. What fails in a space that every quantizer can hold, of so many dims, is
// the arguments' fault.
Result<QuantizerSpec> parse_codes(std::string_view text, std::size_t dims) {
  const Kind* kind = find(name_in(text));
  if (kind == nullptr) return unknown(name_in(text));
  QUIVER_TRY(SpecText word, SpecText::parse(text, "quantizer"));
  QuantizerSpec spec{std::move(word.name), std::move(word.arguments)};
  if (!takes(*kind, spec.arguments.size())) {
    const std::string range = kind->least_arguments == kind->arguments
                                  ? std::to_string(kind->arguments)
                                  : fmt::format("{} to {}", kind->least_arguments, kind->arguments);
    return Error::invalid_argument(fmt::format("quantizer '{}' has {} arguments where {} takes {}; write {}",
                                               spec.text(), spec.arguments.size(), kind->name, range, kind->example));
  }
  QUIVER_TRY(kind->make(spec, {.id = "", .dims = dims, .metric = Metric::L2}));
  return spec;
}
}  // namespace

Result<QuantizerSpec> QuantizerSpec::parse(std::string_view text) {
  const std::vector<std::string_view> parts = parts_in(text);
  if (!is_shortening(name_in(parts[0]))) {
    if (parts.size() == 1) return parse_codes(parts[0], simd::kMaxIntegerDims);
    if (find(name_in(parts[0])) == nullptr) return unknown(name_in(parts[0]));
    return Error::invalid_argument(fmt::format(
        "quantizer '{}': codes come last, behind at most one step; write prefix(64) + lvq(8)", without_blanks(text)));
  }
  if (parts.size() > 2) {
    return Error::invalid_argument(fmt::format("quantizer '{}': one step and one kind of codes; write {} + lvq(8)",
                                               without_blanks(text), parts[0]));
  }
  QUIVER_TRY(SpecText step, SpecText::parse(parts[0], "step"));
  QUIVER_TRY(check_shortening(step));
  QUIVER_TRY(QuantizerSpec spec, parse_codes(parts.size() == 2 ? parts[1] : "f32", step.arguments[0]));
  spec.step = std::move(step);
  return spec;
}

std::string QuantizerSpec::text() const {
  return (step ? step->text() + " + " : "") + SpecText{name, arguments}.text();
}

std::size_t QuantizerSpec::bytes_per_row(const Space& space) const {
  const Kind* kind = find(name);
  QUIVER_CHECK(kind != nullptr);
  if (step && step->arguments[0] > space.dims) return 0;
  return kind->bytes_per_row(*this, step ? short_space(*step, space) : space);
}

Result<std::unique_ptr<Quantizer>> make_quantizer(const QuantizerSpec& spec, const Space& space) {
  const Kind* kind = find(spec.name);
  if (kind == nullptr) return unknown(spec.name);
  QUIVER_CHECK(takes(*kind, spec.arguments.size()));
  if (space.dims == 0) {
    return Error::invalid_argument(
        fmt::format("making quantizer {}: the space has 0 dims; rows need at least 1", spec.text()));
  }
  return spec.step ? make_shortened(spec, space) : kind->make(spec, space);
}

Result<std::unique_ptr<Codes>> load_codes(const Container& file, std::string_view prefix) {
  Space space;
  QUIVER_TRY(const QuantizerSpec spec, spec_in(file, prefix, space));
  if (spec.step) return load_shortened(spec, space, file, prefix);
  return find(spec.name)->load(spec, space, file, prefix);
}

Result<std::unique_ptr<Quantizer>> load_quantizer(const Container& file, std::string_view prefix) {
  Space space;
  QUIVER_TRY(const QuantizerSpec spec, spec_in(file, prefix, space));
  if (spec.step) return load_shortened_quantizer(spec, space, file, prefix);
  return find(spec.name)->load_quantizer(spec, space, file, prefix);
}

std::vector<std::string> quantizer_help() {
  std::vector<std::string> lines;
  for (const Kind& kind : kKinds) lines.push_back(fmt::format("{:<9} {}", kind.example, kind.help));
  for (const std::string& line : shortening_help()) lines.push_back(line);
  return lines;
}

}  // namespace quiver
