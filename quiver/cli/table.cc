#include "quiver/cli/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "quiver/core/check.h"

namespace quiver::cli {
namespace {

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0u) == 0x80u; }

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return !continues(c); }));
}

bool is_number(std::string_view text) {
  const auto digit = [&](std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
  return digit(0) || ((text.starts_with('-') || text.starts_with('+')) && digit(1));
}

}  // namespace

void Table::add(std::vector<std::string> row) {
  QUIVER_CHECK(row.size() == heads_.size());
  rows_.push_back(std::move(row));
}

std::string Table::text(std::size_t indent) const {
  std::vector<std::size_t> widths(heads_.size());
  std::vector<bool> right(heads_.size(), !rows_.empty());
  for (std::size_t c = 0; c < heads_.size(); ++c) {
    widths[c] = width_of(heads_[c]);
    for (const auto& row : rows_) {
      widths[c] = std::max(widths[c], width_of(row[c]));
      if (!row[c].empty() && !is_number(row[c])) right[c] = false;
    }
  }
  std::string out;
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string text(indent, ' ');
    for (std::size_t c = 0; c < cells.size(); ++c) {
      const std::string pad(widths[c] - width_of(cells[c]), ' ');
      text += (c == 0 ? "" : "  ") + (right[c] ? pad + cells[c] : cells[c] + pad);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  };
  if (std::ranges::any_of(heads_, [](const std::string& head) { return !head.empty(); })) line(heads_);
  for (const auto& row : rows_) line(row);
  return out;
}

std::string wrap(std::string_view text, std::size_t width, std::size_t indent) {
  std::string out, line;
  const auto flush = [&] {
    if (!line.empty()) out += std::string(indent, ' ') + line + "\n";
    line.clear();
  };
  std::size_t at = 0;
  while (at < text.size()) {
    const bool fresh = at == 0 || text[at - 1] == '\n';
    const std::size_t end_of_line = std::min(text.find('\n', at), text.size());
    if (text[at] == '\n') {  // a blank line separates paragraphs; other breaks are kept
      flush();
      if (fresh && at > 0) out += "\n";
      ++at;
    } else if (fresh && text[at] == ' ') {  // a line that begins with a blank is laid out already
      out += std::string(indent, ' ') + std::string(text.substr(at, end_of_line - at)) + "\n";
      at = std::min(end_of_line + 1, text.size());
    } else if (text[at] == ' ') {
      ++at;
    } else {
      const std::size_t end = std::min(text.find_first_of(" \n", at), text.size());
      const std::string_view word = text.substr(at, end - at);
      if (!line.empty() && indent + width_of(line) + 1 + width_of(word) > width) flush();
      line += (line.empty() ? "" : " ") + std::string(word);
      at = end;
    }
  }
  flush();
  return out;
}

std::string shorten(std::string_view text, std::size_t width) {
  if (width_of(text) <= width) return std::string(text);
  std::size_t at = 0;
  for (std::size_t characters = 0; at < text.size(); ++at) {
    if (!continues(text[at]) && ++characters == width) break;
  }
  return std::string(text.substr(0, at)) + "…";
}

std::string human_bytes(unsigned long long bytes) {
  static constexpr std::array kUnits{"B", "kB", "MB", "GB", "TB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1000 && unit + 1 < kUnits.size()) value /= 1000, ++unit;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string human_seconds(double seconds) {
  if (seconds < 1e-3) return fmt::format("{:.0f} us", seconds * 1e6);
  if (seconds < 1) return fmt::format("{:.1f} ms", seconds * 1e3);
  if (seconds < 120) return fmt::format("{:.1f} s", seconds);
  return fmt::format("{:.0f} min {:02.0f} s", std::floor(seconds / 60), std::fmod(std::floor(seconds), 60));
}

}  // namespace quiver::cli
