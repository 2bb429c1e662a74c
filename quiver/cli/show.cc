#include "quiver/cli/show.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "quiver/data/image_column.h"

namespace quiver::cli {
namespace {

std::string number_text(double value) { return std::isnan(value) ? "" : fmt::format("{:.6g}", value); }

}  // namespace

Result<std::string> cell_text(const Items& items, const Field& field, std::size_t row) {
  if (field.modality == Modality::Rows) {
    QUIVER_TRY(Rows rows, items.rows(field.name));
    return fmt::format("{} numbers", rows.space().dims);
  }
  if (field.modality == Modality::Image && !field.many) {
    QUIVER_TRY(const ImageColumn images, items.images(field.name));
    if (images.missing(row)) return std::string();
    QUIVER_TRY(const ImageInfo info, images.info(row));
    return fmt::format("{} x {} {}, {}", info.width, info.height, name_of(info.format),
                       images.path(row).filename().string());
  }
  if (field.modality == Modality::Number && field.many) {
    QUIVER_TRY(NumberLists lists, items.number_lists(field.name));
    std::string out;
    for (const double value : lists[row]) out += (out.empty() ? "" : ", ") + number_text(value);
    return out;
  }
  if (field.modality == Modality::Number) {
    QUIVER_TRY(auto numbers, items.numbers(field.name));
    return number_text(numbers[row]);
  }
  if (field.many) {
    QUIVER_TRY(TextLists lists, items.texts(field.name));
    return fmt::format("{}", fmt::join(lists[row].to_vector(), " | "));
  }
  QUIVER_TRY(TextColumn column, items.text(field.name));
  return std::string(column[row]);
}

Result<Json> cell_json(const Items& items, const Field& field, std::size_t row) {
  if (field.modality == Modality::Image && !field.many) {
    QUIVER_TRY(const ImageColumn images, items.images(field.name));
    if (images.missing(row)) return Json(nullptr);
    QUIVER_TRY(const ImageInfo info, images.info(row));
    return Json{{"path", images.path(row).string()},
                {"format", name_of(info.format)},
                {"width", info.width},
                {"height", info.height}};
  }
  if (field.modality == Modality::Number && field.many) {
    QUIVER_TRY(NumberLists lists, items.number_lists(field.name));
    return Json(std::vector<double>(lists[row].begin(), lists[row].end()));
  }
  if (field.modality == Modality::Number) {
    QUIVER_TRY(auto numbers, items.numbers(field.name));
    return std::isnan(numbers[row]) ? Json(nullptr) : Json(numbers[row]);
  }
  if (field.modality != Modality::Rows && field.many) {
    QUIVER_TRY(TextLists lists, items.texts(field.name));
    return Json(lists[row].to_vector());
  }
  QUIVER_TRY(std::string text, cell_text(items, field, row));
  return Json(std::move(text));
}

Result<std::string> items_text(const Items& items, std::size_t first_rows, std::size_t width) {
  std::vector<std::string> heads;
  for (const Field& field : items.fields()) heads.push_back(field.name);
  Table table(std::move(heads));
  const std::size_t shown = std::min(first_rows, items.size());
  for (std::size_t row = 0; row < shown; ++row) {
    std::vector<std::string> cells;
    for (const Field& field : items.fields()) {
      QUIVER_TRY(std::string text, cell_text(items, field, row));
      cells.push_back(shorten(text, width));
    }
    table.add(std::move(cells));
  }
  std::string text = table.text();
  if (shown < items.size()) text += fmt::format("  ... and {} more rows\n", items.size() - shown);
  return text;
}

Result<Json> items_json(const Items& items, std::size_t first_rows) {
  Json rows = Json::array();
  for (std::size_t row = 0; row < std::min(first_rows, items.size()); ++row) {
    Json object = Json::object();
    for (const Field& field : items.fields()) {
      QUIVER_TRY(object[field.name], cell_json(items, field, row));
    }
    rows.push_back(std::move(object));
  }
  return rows;
}

Result<std::string> card_text(const Card& card) {
  QUIVER_TRY(Json fields, parse_json(card.to_json()));
  std::string text;
  for (const auto& [key, value] : fields.items()) {
    const std::string shown = value.is_string() ? value.get<std::string>() : dump_json(value, -1);
    if (shown.empty() || shown == "{}" || shown == "[]") continue;
    text += fmt::format("  {:<12} {}\n", key, shorten(shown, 400));
  }
  return text;
}

}  // namespace quiver::cli
