#include "quiver/model/safetensors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <set>

#include "quiver/core/file.h"
#include "quiver/core/json.h"
#include "quiver/core/matrix.h"
#include "quiver/core/options.h"

namespace quiver {
namespace fs = std::filesystem;
namespace {
static_assert(std::endian::native == std::endian::little);
constexpr std::string_view kMetadata = "__metadata__";
constexpr std::size_t kPrefix = sizeof(std::uint64_t);  // the header's length

struct StoredType {
  std::string_view name;
  std::size_t bits;
  std::optional<Element> element;  // as Weights keeps it, unchanged
};
constexpr std::array kStoredTypes{
    StoredType{"F64", 64, {}},        StoredType{"I64", 64, {}},           StoredType{"U64", 64, {}},
    StoredType{"C64", 64, {}},        StoredType{"F32", 32, Element::F32}, StoredType{"I32", 32, {}},
    StoredType{"U32", 32, {}},        StoredType{"F16", 16, Element::F16}, StoredType{"BF16", 16, Element::Bf16},
    StoredType{"I16", 16, {}},        StoredType{"U16", 16, {}},           StoredType{"F8_E4M3", 8, {}},
    StoredType{"F8_E5M2", 8, {}},     StoredType{"F8_E8M0", 8, {}},        StoredType{"I8", 8, Element::I8},
    StoredType{"U8", 8, Element::U8}, StoredType{"BOOL", 8, Element::U8}};

const StoredType* find_type(std::string_view name) {
  const auto found =
      std::find_if(kStoredTypes.begin(), kStoredTypes.end(), [&](const StoredType& type) { return type.name == name; });
  return found == kStoredTypes.end() ? nullptr : &*found;
}

Error broken(std::string message) { return Error::corruption(std::move(message)); }

// The header as JSON. Parsers keep the last of two equal names; here the second is an error.
Result<Json> parse_header(std::string_view text) {
  std::set<std::string> names;
  std::string twice;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::key && depth == 1 && !names.insert(parsed.get<std::string>()).second) {
      twice = parsed.get<std::string>();
    }
    return true;
  };
  Json header = Json::parse(text, watch, /*allow_exceptions=*/false);
  if (header.is_discarded()) {
    auto reason = parse_json(text);
    return broken("its header is no JSON: " +
                  (reason.has_value() ? std::string("unreadable") : reason.error().message()));
  }
  if (!twice.empty()) return broken(fmt::format("its header names tensor '{}' twice", twice));
  if (!header.is_object()) return broken(fmt::format("its header is a JSON {}, not an object", header.type_name()));
  return header;
}

// A list of whole numbers that are not negative and fit.
Result<std::vector<std::size_t>> sizes_of(const std::string& name, const Json& object, std::string_view key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  const auto whole = [](const Json& value) { return value.is_number_unsigned(); };
  if (found == object.end() || !found->is_array() || !std::all_of(found->begin(), found->end(), whole)) {
    return broken(fmt::format("tensor '{}': its {} is not a list of whole numbers", name, key));
  }
  return found->get<std::vector<std::size_t>>();
}

// One tensor of the header over the `data` behind it; its place in there is checked, and whether that is its size.
Result<Safetensors::Entry> read_entry(const std::string& name, const Json& object, std::span<const std::byte> data) {
  const auto type_text = object.is_object() ? object.find("dtype") : object.end();
  if (type_text == object.end() || !type_text->is_string()) {
    return broken(fmt::format("tensor '{}': the header gives it no dtype", name));
  }
  Safetensors::Entry entry;
  entry.type = type_text->get<std::string>();
  const StoredType* type = find_type(entry.type);
  if (type == nullptr) {
    return Error::unsupported(
        fmt::format("tensor '{}' is of type '{}', which this build does not know", name, entry.type));
  }
  QUIVER_TRY(entry.shape, sizes_of(name, object, "shape"));
  QUIVER_TRY(const auto offsets, sizes_of(name, object, "data_offsets"));
  if (offsets.size() != 2 || offsets[0] > offsets[1]) {
    return broken(fmt::format("tensor '{}': its data_offsets are [{}], expected a begin and an end behind it", name,
                              fmt::join(offsets, ", ")));
  }
  if (offsets[1] > data.size()) {
    return broken(
        fmt::format("tensor '{}': its numbers end at byte {}, the file holds {} behind its header; it is cut "
                    "short or its header lies",
                    name, offsets[1], data.size()));
  }
  std::size_t bits = type->bits;
  bool fits = true;
  for (const std::size_t extent : entry.shape) fits = fits && !__builtin_mul_overflow(bits, extent, &bits);
  if (!fits || bits / 8 != offsets[1] - offsets[0]) {
    return broken(fmt::format("tensor '{}' is {}, which {}, but its data_offsets [{}, {}] span {} bytes", name,
                              entry.text(), fits ? fmt::format("takes {} bytes", bits / 8) : "is larger than any file",
                              offsets[0], offsets[1], offsets[1] - offsets[0]));
  }
  entry.bytes = data.subspan(offsets[0], offsets[1] - offsets[0]);
  return entry;
}

// The tensors must tile the bytes behind the header: a gap could hide something, an overlap is a lie about one of them.
Result<void> check_tiling(const Safetensors::Entries& entries, std::span<const std::byte> data) {
  std::vector<const Safetensors::Entries::value_type*> order;
  for (const auto& named : entries) order.push_back(&named);
  std::sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return std::pair(a->second.bytes.data(), a->second.bytes.size()) <
           std::pair(b->second.bytes.data(), b->second.bytes.size());
  });
  std::size_t end = 0;
  std::string_view before;
  for (const auto* named : order) {
    const auto begin = static_cast<std::size_t>(named->second.bytes.data() - data.data());
    if (begin < end) {
      return broken(fmt::format("tensors '{}' and '{}' overlap: one ends at byte {}, the next begins at {}", before,
                                named->first, end, begin));
    }
    if (begin > end) {
      return broken(fmt::format("bytes {} .. {} before tensor '{}' belong to no tensor", end, begin - 1, named->first));
    }
    end = begin + named->second.bytes.size();
    before = named->first;
  }
  if (end != data.size()) {
    return broken(fmt::format("the last {} bytes of the file belong to no tensor", data.size() - end));
  }
  return {};
}

template <class T>
std::vector<std::int64_t> widened(std::span<const std::byte> bytes) {
  std::vector<std::int64_t> out(bytes.size() / sizeof(T));
  for (std::size_t i = 0; i < out.size(); ++i) {
    T value;
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    out[i] = value;
  }
  return out;
}

std::string_view type_name(Element element) {
  const auto found = std::find_if(kStoredTypes.begin(), kStoredTypes.end(),
                                  [&](const StoredType& type) { return type.element == element; });
  QUIVER_CHECK(found != kStoredTypes.end());  // Weights keeps no bits
  return found->name;
}
}  // namespace

std::string Safetensors::Entry::text() const { return fmt::format("{} ({})", type, fmt::join(shape, ", ")); }

Result<Safetensors> Safetensors::open(const fs::path& path) {
  const bool index = path.extension() == ".json";
  return (index ? open_index(path) : open_file(path)).within(fmt::format("reading {}", path.string()));
}

Result<Safetensors> Safetensors::open_file(const fs::path& path) {
  QUIVER_TRY(MappedFile mapped, MappedFile::open(path));
  const auto file = std::make_shared<const MappedFile>(std::move(mapped));
  std::uint64_t length = 0;
  if (file->size() < kPrefix) {
    return broken(fmt::format("it has {} bytes, too few for the length of a safetensors header", file->size()));
  }
  std::memcpy(&length, file->bytes().data(), kPrefix);
  if (length > file->size() - kPrefix) {
    return broken(
        fmt::format("its header claims {} bytes, the file has {} behind the length; it is cut short or no "
                    "safetensors file",
                    length, file->size() - kPrefix));
  }
  QUIVER_TRY(const Json header, parse_header(file->text().substr(kPrefix, length)));
  const std::span<const std::byte> data = file->bytes().subspan(kPrefix + length);
  Safetensors out;
  for (const auto& [name, object] : header.items()) {
    if (name == kMetadata) {
      QUIVER_TRY(out.metadata_, get<Metadata>(header, kMetadata));
      continue;
    }
    QUIVER_TRY(Entry entry, read_entry(name, object, data));
    entry.owner = file;
    out.entries_.emplace(name, std::move(entry));
  }
  QUIVER_TRY(check_tiling(out.entries_, data));
  return out;
}

Result<Safetensors> Safetensors::open_index(const fs::path& path) {
  QUIVER_TRY(const std::string text, read_file(path));
  QUIVER_TRY(const Json index, parse_json(text));
  using Places = std::map<std::string, std::string>;
  QUIVER_TRY(const Places places, get<Places>(index, "weight_map"));
  std::map<std::string, Safetensors> files;
  Safetensors out;
  for (const auto& [name, file_name] : places) {
    if (fs::path(file_name).filename() != file_name || file_name == "..") {
      return broken(
          fmt::format("tensor '{}' is said to be in '{}', which is no file beside the index", name, file_name));
    }
    auto file = files.find(file_name);
    if (file == files.end()) {
      QUIVER_TRY(Safetensors opened, open_file(path.parent_path() / file_name).within(file_name));
      for (const auto& [key, value] : opened.metadata_) out.metadata_.emplace(key, value);
      file = files.emplace(file_name, std::move(opened)).first;
    }
    const auto found = file->second.entries_.find(name);
    if (found == file->second.entries_.end()) {
      return broken(fmt::format("tensor '{}' is said to be in {}, which lacks it", name, file_name));
    }
    out.entries_.emplace(name, found->second);
  }
  return out;
}

Result<const Safetensors::Entry*> Safetensors::entry(std::string_view name) const {
  const auto found = entries_.find(name);
  if (found != entries_.end()) return &found->second;
  std::vector<std::string> known;
  for (const auto& [other, unused] : entries_) known.push_back(other);
  const std::string near = did_you_mean(name, known);
  return Error::not_found(fmt::format("there is no tensor '{}' among {}{}", name, known.size(),
                                      near.empty() ? "" : fmt::format("; the nearest is '{}'", near)));
}

Result<Tensor> Safetensors::tensor(std::string_view name) const {
  QUIVER_TRY(const Entry* found, entry(name));
  const StoredType& type = *find_type(found->type);
  Tensor out;
  if (type.name == "F64") {
    const std::size_t count = found->bytes.size() / sizeof(double);
    auto memory = std::make_shared<AlignedBytes>(count * sizeof(float));
    for (std::size_t i = 0; i < count; ++i) {
      double wide = 0;
      std::memcpy(&wide, found->bytes.data() + i * sizeof(double), sizeof(double));
      const auto narrow = static_cast<float>(wide);
      std::memcpy(memory->data() + i * sizeof(float), &narrow, sizeof(float));
    }
    out = {Element::F32, found->shape, {memory->data(), memory->size()}, memory};
  } else if (type.element) {
    out = {*type.element, found->shape, found->bytes, found->owner};
    if (reinterpret_cast<std::uintptr_t>(found->bytes.data()) % (type.bits / 8) != 0) {
      auto memory = std::make_shared<AlignedBytes>(found->bytes.size());
      std::memcpy(memory->data(), found->bytes.data(), found->bytes.size());
      out.bytes = {memory->data(), memory->size()};
      out.owner = std::move(memory);
    }
  } else {
    return Error::unsupported(
        fmt::format("tensor '{}' is {}; weights are kept as f32, f16, bf16, i8 or u8: convert it "
                    "where it was made",
                    name, found->text()));
  }
  if (out.shape.empty()) out.shape = {1};  // a single number
  Weights check;                           // whatever enters a model is finite; say so where the file is named
  auto added = check.add("checked", out);
  if (!added.has_value()) return broken(fmt::format("tensor '{}': {}", name, added.error().message()));
  return out;
}

Result<std::vector<std::int64_t>> Safetensors::integers(std::string_view name) const {
  QUIVER_TRY(const Entry* found, entry(name));
  if (found->type == "I64") return widened<std::int64_t>(found->bytes);
  if (found->type == "I32") return widened<std::int32_t>(found->bytes);
  if (found->type == "I16") return widened<std::int16_t>(found->bytes);
  if (found->type == "U8") return widened<std::uint8_t>(found->bytes);
  return Error::unsupported(fmt::format("tensor '{}' is {}, no whole numbers", name, found->text()));
}

Result<void> write_safetensors(const fs::path& path, const Weights& weights, const Safetensors::Metadata& metadata) {
  using Named = std::map<std::string, Tensor, std::less<>>::value_type;
  std::vector<const Named*> order;
  for (const Named& named : weights.tensors()) order.push_back(&named);
  std::stable_sort(order.begin(), order.end(), [](const Named* a, const Named* b) {
    return bits_of(a->second.element) > bits_of(b->second.element);
  });
  Json header = Json::object();
  if (!metadata.empty()) header[std::string(kMetadata)] = metadata;
  std::size_t at = 0;
  for (const Named* named : order) {
    const Tensor& tensor = named->second;
    if (named->first == kMetadata) {
      return Error::invalid_argument(fmt::format("a tensor cannot be named '{}' in a safetensors file", kMetadata));
    }
    header[named->first] = {{"dtype", std::string(type_name(tensor.element))},
                            {"shape", tensor.shape},
                            {"data_offsets", {at, at + tensor.bytes.size()}}};
    at += tensor.bytes.size();
  }
  std::string text = dump_json(header, -1);
  text.append((kPrefix - text.size() % kPrefix) % kPrefix, ' ');  // so that the numbers begin on a multiple of 8
  const std::uint64_t length = text.size();
  QUIVER_TRY(FileWriter out, FileWriter::create(path));
  QUIVER_TRY(out.write(std::as_bytes(std::span(&length, 1))));
  QUIVER_TRY(out.write(text));
  for (const Named* named : order) QUIVER_TRY(out.write(named->second.bytes));
  return out.commit();
}

}  // namespace quiver
