#include "quiver/compress/internal/codes_file.h"

#include <fmt/format.h>

#include "quiver/compress/dense_input.h"
#include "quiver/core/space_json.h"

namespace quiver::internal {
namespace {
std::string section(std::string_view prefix, const char* name) { return std::string(prefix) + name; }

Json header(const std::string& spec, const Space& space) { return {{"spec", spec}, {"space", space_to_json(space)}}; }
}  // namespace

void save_quantizer_header(ContainerWriter& writer, std::string_view prefix, const std::string& spec,
                           const Space& space) {
  writer.add(section(prefix, "quantizer"), dump_json(header(spec, space)));
}

void save_codes_header(ContainerWriter& writer, std::string_view prefix, const std::string& spec, const Space& space,
                       std::size_t rows) {
  Json object = header(spec, space);
  object["rows"] = rows;
  writer.add(section(prefix, "quantizer"), dump_json(object));
}

void save_codes(ContainerWriter& writer, std::string_view prefix, const std::string& spec, const Space& space,
                const RowStore& rows, const char* name) {
  save_codes_header(writer, prefix, spec, space, rows.rows());
  writer.add(section(prefix, name), rows.bytes());
}

Result<CodesHeader> read_header(const Container& file, std::string_view prefix) {
  const std::string name = section(prefix, "quantizer");
  QUIVER_TRY(std::string_view text, file.text(name));
  const auto read = [&]() -> Result<CodesHeader> {
    CodesHeader found;
    QUIVER_TRY(Json object, parse_json(text));
    QUIVER_TRY(found.spec, get<std::string>(object, "spec"));
    QUIVER_TRY(Json space, get<Json>(object, "space"));
    QUIVER_TRY(found.space, space_from_json(space));
    QUIVER_TRY(found.rows, get_or<std::size_t>(object, "rows", 0));
    if (found.space.dims == 0) return Error::corruption("dims is 0");
    return found;
  };
  auto found = read();
  if (found.has_value()) return found;
  return Error::corruption(
      fmt::format("section '{}' is not a quantizer's header: {}; write the file again", name, found.error().message()));
}

Result<RowStore> map_rows(const Container& file, std::string_view prefix, std::size_t stride, const char* name) {
  QUIVER_TRY(const CodesHeader found, read_header(file, prefix));
  const std::string section_name = section(prefix, name);
  QUIVER_TRY(std::span<const std::byte> bytes, file.section(section_name));
  if (found.rows > kMaxRows || bytes.size() != found.rows * stride) {
    return Error::corruption(fmt::format("section '{}' has {} bytes, {} rows of {} take {} each; write the file again",
                                         section_name, bytes.size(), found.rows, found.spec, stride));
  }
  return RowStore::mapped(bytes, stride, file.owner());
}

}  // namespace quiver::internal
