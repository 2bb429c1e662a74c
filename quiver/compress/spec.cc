#include "quiver/compress/spec.h"

#include <fmt/format.h>

#include <algorithm>

#include "quiver/compress/internal/codes_file.h"
#include "quiver/compress/lvq.h"
#include "quiver/compress/scalar.h"
#include "quiver/core/metric.h"
#include "quiver/core/options.h"
#include "quiver/core/spec_text.h"

namespace quiver {
namespace {
// One row per name: what it is, and the five things a quantizer is asked for.
struct Kind {
  const char* name;
  std::size_t arguments;
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

constexpr Kind kKinds[] = {
    stored<Element::F32>("f32", "floats as they are"),
    stored<Element::F16>("f16", "floats rounded to 16 bits, 11 of them precision"),
    stored<Element::Bf16>("bf16", "floats rounded to 16 bits, 8 of them precision"),
    stored<Element::I8>("i8", "integers -128 .. 127 as they are"),
    stored<Element::U8>("u8", "integers 0 .. 255 as they are"),
    stored<Element::Bit>("bit", "one bit a coordinate: is it above zero"),
    {"lvq", 1, "lvq(8)", "8 or 4 bits a coordinate with a scale and offset of each row's own",
     [](const QuantizerSpec& spec, const Space& space) { return lvq_bytes_per_row(spec.arguments[0], space); },
     [](const QuantizerSpec& spec, const Space& space) { return make_lvq(spec.arguments[0], space); },
     [](const QuantizerSpec& spec, const Space& space, const Container& file, std::string_view prefix) {
       return load_lvq(spec.arguments[0], space, file, prefix);
     },
     [](const QuantizerSpec& spec, const Space& space, const Container& file, std::string_view prefix) {
       return load_lvq_quantizer(spec.arguments[0], space, file, prefix);
     }},
};

const Kind* find(std::string_view name) {
  const auto* found = std::find_if(std::begin(kKinds), std::end(kKinds), [&](const Kind& k) { return name == k.name; });
  return found == std::end(kKinds) ? nullptr : found;
}

Error unknown(std::string_view name) {
  std::vector<std::string> known;
  std::string examples;
  for (const Kind& kind : kKinds) {
    known.emplace_back(kind.name);
    examples += (examples.empty() ? "" : ", ") + std::string(kind.example);
  }
  const std::string near = did_you_mean(name, known);
  return Error::invalid_argument(fmt::format("'{}' is not a quantizer{}; known: {}", name,
                                             near.empty() ? "" : fmt::format(" (did you mean {}?)", near), examples));
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

Result<QuantizerSpec> QuantizerSpec::parse(std::string_view text) {
  const Kind* kind = find(name_in(text));
  if (kind == nullptr) return unknown(name_in(text));
  QUIVER_TRY(SpecText word, SpecText::parse(text, "quantizer"));
  QuantizerSpec spec{std::move(word.name), std::move(word.arguments)};
  if (spec.arguments.size() != kind->arguments) {
    return Error::invalid_argument(fmt::format("quantizer '{}' has {} arguments where {} takes {}; write {}",
                                               spec.text(), spec.arguments.size(), kind->name, kind->arguments,
                                               kind->example));
  }
  // A space that every quantizer can hold: what fails now is the arguments' fault.
  QUIVER_TRY(kind->make(spec, {.id = "", .dims = 1, .metric = Metric::L2, .prefix_of = "", .prefix_dims = 0}));
  return spec;
}

std::string QuantizerSpec::text() const { return SpecText{name, arguments}.text(); }

std::size_t QuantizerSpec::bytes_per_row(const Space& space) const {
  const Kind* kind = find(name);
  QUIVER_CHECK(kind != nullptr);
  return kind->bytes_per_row(*this, space);
}

Result<std::unique_ptr<Quantizer>> make_quantizer(const QuantizerSpec& spec, const Space& space) {
  const Kind* kind = find(spec.name);
  if (kind == nullptr) return unknown(spec.name);
  QUIVER_CHECK(spec.arguments.size() == kind->arguments);
  if (space.dims == 0) {
    return Error::invalid_argument(
        fmt::format("making quantizer {}: the space has 0 dims; rows need at least 1", spec.text()));
  }
  return kind->make(spec, space);
}

Result<std::unique_ptr<Codes>> load_codes(const Container& file, std::string_view prefix) {
  Space space;
  QUIVER_TRY(const QuantizerSpec spec, spec_in(file, prefix, space));
  return find(spec.name)->load(spec, space, file, prefix);
}

Result<std::unique_ptr<Quantizer>> load_quantizer(const Container& file, std::string_view prefix) {
  Space space;
  QUIVER_TRY(const QuantizerSpec spec, spec_in(file, prefix, space));
  return find(spec.name)->load_quantizer(spec, space, file, prefix);
}

std::vector<std::string> quantizer_help() {
  std::vector<std::string> lines;
  for (const Kind& kind : kKinds) lines.push_back(fmt::format("{:<8} {}", kind.example, kind.help));
  return lines;
}

}  // namespace quiver
