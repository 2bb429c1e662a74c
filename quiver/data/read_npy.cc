#include "quiver/data/read_npy.h"

#include <fmt/format.h>

#include <charconv>
#include <cstring>
#include <optional>

#include "quiver/core/file.h"
#include "quiver/data/internal/array.h"

namespace quiver {
namespace {
using internal::Array;
using internal::ArrayType;

// The header's grammar: { 'key' : value , ... } with values 'text', True, False, (numbers). Spaces anywhere.
class Header {
 public:
  explicit Header(std::string_view text) : rest_(text) {}
  bool skip(char c) {
    spaces();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool peek(char c) {
    spaces();
    return rest_.starts_with(c);
  }
  std::optional<std::string_view> quoted() {
    spaces();
    if (rest_.empty() || (rest_[0] != '\'' && rest_[0] != '"')) return {};
    const std::size_t end = rest_.find(rest_[0], 1);
    if (end == std::string_view::npos) return {};
    const std::string_view text = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    return text;
  }
  std::optional<bool> boolean() {
    spaces();
    for (const auto& [word, value] : {std::pair<std::string_view, bool>{"True", true}, {"False", false}}) {
      if (!rest_.starts_with(word)) continue;
      rest_.remove_prefix(word.size());
      return value;
    }
    return {};
  }
  std::optional<std::vector<std::uint64_t>> numbers() {
    std::vector<std::uint64_t> out;
    if (!skip('(')) return {};
    while (!skip(')')) {
      spaces();
      std::uint64_t value = 0;
      const auto parsed = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
      if (parsed.ec != std::errc() || out.size() == 32) return {};
      rest_.remove_prefix(static_cast<std::size_t>(parsed.ptr - rest_.data()));
      out.push_back(value);
      skip('L');  // Python 2 wrote 1000L
      if (!skip(',') && !peek(')')) return {};
    }
    return out;
  }

 private:
  void spaces() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\n' || rest_[0] == '\t')) rest_.remove_prefix(1);
  }
  std::string_view rest_;
};

Error bad_header(std::string_view text) {
  return Error::corruption(fmt::format("its npy header is not understood: {}", text.substr(0, 120)));
}

Result<void> parse_type(std::string_view descr, Array& array) {
  struct Known {
    std::string_view name;
    ArrayType type;
  };
  constexpr Known kKnown[] = {{"f2", ArrayType::F16}, {"f4", ArrayType::F32}, {"f8", ArrayType::F64},
                              {"i1", ArrayType::I8},  {"i2", ArrayType::I16}, {"i4", ArrayType::I32},
                              {"i8", ArrayType::I64}, {"u1", ArrayType::U8},  {"u2", ArrayType::U16},
                              {"u4", ArrayType::U32}, {"u8", ArrayType::U64}, {"b1", ArrayType::U8}};
  const std::string_view order = "<>|=";
  if (descr.size() == 3 && order.find(descr[0]) != std::string_view::npos) {
    array.big_endian = descr[0] == '>';
    for (const Known& known : kKnown) {
      if (descr.substr(1) != known.name) continue;
      array.type = known.type;
      return {};
    }
  }
  return Error::unsupported(
      fmt::format("its values are of type '{}'; store numbers, for example x.astype('float32')", descr));
}

Result<Array> parse_npy(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with(kNpyMark)) return Error::corruption("it does not begin like an npy file (wrong magic)");
  if (text.size() < 12) return Error::corruption("the file ends inside its npy header");
  const auto major = static_cast<unsigned char>(text[6]);
  if (major < 1 || major > 3) {
    return Error::unsupported(fmt::format("its npy format is version {}.{}; 1.0 to 3.0 are read", major,
                                          static_cast<unsigned char>(text[7])));
  }
  const std::size_t begin = major == 1 ? 10 : 12;
  std::uint32_t size = 0;
  std::memcpy(&size, text.data() + 8, begin - 8);
  if (size > text.size() - begin) return Error::corruption("the file ends inside its npy header");
  const std::string_view header_text = text.substr(begin, size);

  Array array;
  bool has_type = false, has_order = false, has_shape = false;
  Header header(header_text);
  if (!header.skip('{')) return bad_header(header_text);
  while (!header.skip('}')) {
    const auto key = header.quoted();
    if (!key || !header.skip(':')) return bad_header(header_text);
    if (*key == "descr" && !has_type) {
      if (header.peek('[')) return Error::unsupported("it holds a structured array; store one field as a plain array");
      const auto descr = header.quoted();
      if (!descr) return bad_header(header_text);
      QUIVER_TRY(parse_type(*descr, array));
      has_type = true;
    } else if (*key == "fortran_order" && !has_order) {
      const auto order = header.boolean();
      if (!order) return bad_header(header_text);
      array.columns_first = *order;
      has_order = true;
    } else if (*key == "shape" && !has_shape) {
      auto shape = header.numbers();
      if (!shape) return bad_header(header_text);
      array.shape = *std::move(shape);
      has_shape = true;
    } else {
      return bad_header(header_text);
    }
    if (!header.skip(',') && !header.peek('}')) return bad_header(header_text);
  }
  if (!has_type || !has_order || !has_shape) return bad_header(header_text);
  if (array.columns_first && array.shape.size() > 2) {
    return Error::unsupported("it is in Fortran order with more than two dimensions; store np.ascontiguousarray(x)");
  }
  array.bytes = bytes.subspan(begin + size);
  QUIVER_TRY(internal::check_shape(array));
  return array;
}

Result<void> write_array(const std::filesystem::path& path, std::string_view descr, std::size_t rows, std::size_t cols,
                         auto&& bytes_of_row) {
  QUIVER_TRY(internal::check_counts(rows, cols).within("writing " + path.string()));
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}, {}), }}", descr, rows, cols);
  constexpr std::size_t kBefore = 10, kAlign = 64;
  header.append((kAlign - (kBefore + header.size() + 1) % kAlign) % kAlign, ' ').push_back('\n');
  QUIVER_TRY(FileWriter out, FileWriter::create(path));
  QUIVER_TRY(out.write(kNpyMark));
  const char version_and_size[] = {1, 0, static_cast<char>(header.size() & 0xFF),
                                   static_cast<char>(header.size() >> 8)};
  QUIVER_TRY(out.write(std::string_view(version_and_size, sizeof(version_and_size))));
  QUIVER_TRY(out.write(header));
  for (std::size_t i = 0; i < rows; ++i) QUIVER_TRY(out.write(bytes_of_row(i)));
  return out.commit();
}
}  // namespace

Result<Items> read_npy(const Source& source, const ReadOptions& options) {
  QUIVER_TRY(const Array array, parse_npy(source.bytes()));
  return internal::array_items(array, "value", options.metric.value_or(Metric::L2));
}

Result<std::vector<std::int32_t>> read_npy_integers(const Source& source, std::size_t& cols) {
  QUIVER_TRY(const Array array, parse_npy(source.bytes()));
  if (array.shape.size() != 2) {
    return Error::invalid_argument(
        fmt::format("it has {} dimensions where rows of integers need two", array.shape.size()));
  }
  cols = static_cast<std::size_t>(array.shape[1]);
  return internal::array_integers(array);
}

Result<void> write_npy(const std::filesystem::path& path, TypedView rows) {
  std::string_view descr;
  switch (rows.element) {
    case Element::F32:
      descr = "<f4";
      break;
    case Element::F16:
      descr = "<f2";
      break;
    case Element::I8:
      descr = "|i1";
      break;
    case Element::U8:
      descr = "|u1";
      break;
    case Element::Bf16:
    case Element::Bit:
      return Error::unsupported(
          fmt::format("writing {}: npy has no type for {} values; convert them to f32 or use .qvr", path.string(),
                      name_of(rows.element)));
  }
  return write_array(path, descr, rows.rows(), rows.dims, [&](std::size_t i) { return rows.bytes.row(i); });
}
Result<void> write_npy_integers(const std::filesystem::path& path, View<std::int32_t> values) {
  return write_array(path, "<i4", values.rows, values.cols,
                     [&](std::size_t i) { return std::as_bytes(values.row(i)); });
}

}  // namespace quiver
