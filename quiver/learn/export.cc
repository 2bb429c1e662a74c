#include "quiver/learn/export.h"

#include <algorithm>

#include "quiver/learn/guard.h"

namespace quiver::learn {
namespace {
// The table with the element type it is stored in.
Result<quiver::Tensor> stored_table(const Table& table, Element element) {
  auto packed = std::make_shared<TypedMatrix>();
  QUIVER_TRY(*packed, to_element(rows_of(table.value()), element));
  const std::size_t width = bytes_of(element, packed->dims());
  auto bytes = std::make_shared<std::vector<std::byte>>(packed->rows() * width);  // rows without their padding
  for (std::size_t row = 0; row < packed->rows(); ++row)
    std::copy_n(packed->row(row), width, bytes->data() + row * width);
  return quiver::Tensor{element, {packed->rows(), packed->dims()}, std::span<const std::byte>(*bytes), bytes};
}

Port port_of(const BagPort& bag, const std::vector<std::size_t>& prefixes, std::size_t dim) {
  Port port;
  port.name = bag.name;
  port.role = bag.role;
  for (const TextBagInput& input : bag.inputs) {
    const bool many = std::ranges::find(bag.many, input.column) != bag.many.end();
    port.reads.push_back({.name = input.column, .modality = Modality::Text, .many = many});
  }
  port.space = {.dims = dim, .metric = Metric::Cosine};
  port.dims = prefixes;
  return port;
}
}  // namespace

Result<Model> freeze(const TextBag& encoder, const std::vector<BagPort>& ports, std::vector<std::size_t> prefixes,
                     Card card, Element stored) {
  return guarded("freezing a text bag", [&]() -> Result<Model> {
    Weights weights;
    QUIVER_TRY(encoder.features().save(weights));
    QUIVER_TRY(quiver::Tensor table, stored_table(encoder.table(), stored));
    QUIVER_TRY(weights.add(encoder.table().name(), std::move(table)));
    for (const Table& each : encoder.weights())
      QUIVER_TRY(weights.add(each.name(), std::span<const float>(values_of(each.value()))));
    TextBagConfig config{.features = encoder.features().config(), .ports = {}};
    std::vector<Port> doors;
    for (const BagPort& bag : ports) {
      config.ports.emplace(bag.name, TextBagPort{.inputs = bag.inputs});
      doors.push_back(port_of(bag, prefixes, static_cast<std::size_t>(encoder.table().dim())));
    }
    return Model::make("text_bag", config.to_json(), std::move(doors), std::move(weights), std::move(card));
  });
}

}  // namespace quiver::learn
