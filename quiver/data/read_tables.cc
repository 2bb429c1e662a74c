#include "quiver/data/read_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>
#include <vector>

#include "quiver/data/internal/array.h"
#include "quiver/data/items_builder.h"
#include "quiver/data/text.h"

namespace quiver {
namespace {
std::string_view without_mark(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  return text;
}

// Cells of a table, row by row.
struct Cells {
  Strings texts;
  std::vector<bool> missing;
  std::size_t columns = 0, rows = 0;
};

class Splitter {
 public:
  Splitter(std::string_view text, char separator, bool quotes) : rest_(text), separator_(separator), quotes_(quotes) {}

  Result<Cells> split() && {
    while (!rest_.empty()) {
      const std::size_t row_line = line_;
      if (skip_line_end()) continue;
      std::size_t cells = 0;
      do {
        QUIVER_TRY(read_cell());
        ++cells;
      } while (skip(separator_));
      QUIVER_CHECK(rest_.empty() || skip_line_end());
      if (out_.rows == 0) out_.columns = cells;
      if (cells != out_.columns) {
        return Error::corruption(
            fmt::format("line {} has {} cells, the first line has {}", row_line, cells, out_.columns));
      }
      ++out_.rows;
    }
    return std::move(out_);
  }

 private:
  bool skip(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool at_line_end() const { return rest_.starts_with('\n') || rest_.starts_with("\r\n"); }
  bool skip_line_end() {
    if (!at_line_end()) return false;
    rest_.remove_prefix(rest_[0] == '\r' ? 2 : 1);
    ++line_;
    return true;
  }
  void add(std::string_view cell, bool missing) {
    out_.texts.add(cell);
    out_.missing.push_back(missing);
  }
  // Leaves the separator or the line end.
  Result<void> read_cell() {
    if (quotes_ && skip('"')) return read_quoted();
    std::size_t end = rest_.find_first_of(std::string{separator_, '\n'});
    if (end == std::string_view::npos) end = rest_.size();
    if (end > 0 && rest_.substr(end).starts_with('\n') && rest_[end - 1] == '\r') --end;
    add(rest_.substr(0, end), end == 0);
    rest_.remove_prefix(end);
    return {};
  }
  Result<void> read_quoted() {
    const std::size_t opened = line_;
    cell_.clear();
    for (;;) {
      const std::size_t end = rest_.find('"');
      if (end == std::string_view::npos) {
        return Error::corruption(fmt::format("the quote opened in line {} is never closed", opened));
      }
      line_ += static_cast<std::size_t>(std::ranges::count(rest_.substr(0, end), '\n'));
      cell_.append(rest_.substr(0, end));
      rest_.remove_prefix(end + 1);
      if (!skip('"')) break;  // "" is a quote
      cell_.push_back('"');
    }
    if (!rest_.empty() && !rest_.starts_with(separator_) && !at_line_end()) {
      return Error::corruption(fmt::format("line {}: '{}' follows a closing quote; double a quote inside a cell", line_,
                                           rest_.substr(0, 1)));
    }
    add(cell_, false);
    return {};
  }

  std::string_view rest_;
  char separator_;
  bool quotes_;
  std::size_t line_ = 1;
  std::string cell_;
  Cells out_;
};

// A number whose text a double keeps: no leading zeros, no more than 15 significant digits.
bool as_number(std::string_view text, double& out) {
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), out);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || !std::isfinite(out)) return false;
  const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
  if (digits.size() > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9') return false;
  const bool integer = digits.find_first_of(".eE") == std::string_view::npos;
  return !integer || digits.size() <= 15;
}

Result<std::vector<std::string>> names_of(const Cells& cells, bool header) {
  std::vector<std::string> names;
  for (std::size_t c = 0; c < cells.columns; ++c) {
    std::string name = header ? std::string(cells.texts[c]) : fmt::format("column{}", c + 1);
    if (name.empty()) {
      return Error::invalid_argument(
          fmt::format("the header does not name column {}; name it, or say ?header=false if line 1 is data", c + 1));
    }
    if (std::ranges::find(names, name) != names.end()) {
      return Error::invalid_argument(
          fmt::format("the header names '{}' twice; rename one, or say ?header=false if line 1 is data", name));
    }
    names.push_back(std::move(name));
  }
  return names;
}

Result<Items> read_table(const Source& source, char separator, bool quotes, bool header) {
  QUIVER_TRY(check_utf8(source.text()));
  QUIVER_TRY(const Cells cells, Splitter(without_mark(source.text()), separator, quotes).split());
  const std::size_t first = header ? 1 : 0;
  if (header && cells.rows == 1) return Error::invalid_argument("the set is empty: it holds a header and no rows");
  QUIVER_TRY(internal::check_counts(cells.rows, 1));
  QUIVER_TRY(const std::vector<std::string> names, names_of(cells, header));
  std::vector<Field> fields;
  for (std::size_t c = 0; c < cells.columns; ++c) {
    bool numeric = true, any = false;
    for (std::size_t cell = first * cells.columns + c; numeric && cell < cells.texts.size(); cell += cells.columns) {
      if (cells.missing[cell]) continue;
      double unused = 0;
      numeric = as_number(cells.texts[cell], unused);
      any = true;
    }
    fields.push_back({.name = names[c], .modality = numeric && any ? Modality::Number : Modality::Text});
  }
  ItemsBuilder builder(fields);
  for (std::size_t row = first; row < cells.rows; ++row) {
    for (std::size_t c = 0; c < cells.columns; ++c) {
      const std::size_t cell = row * cells.columns + c;
      if (cells.missing[cell]) continue;
      double number = 0;
      if (fields[c].modality == Modality::Text)
        builder.text(c, cells.texts[cell]);
      else if (as_number(cells.texts[cell], number))
        builder.number(c, number);
    }
    builder.end_row();
  }
  return std::move(builder).build();
}
}  // namespace

Result<Items> read_csv(const Source& source, const ReadOptions& options) {
  return read_table(source, ',', true, options.header);
}
Result<Items> read_tsv(const Source& source, const ReadOptions& options) {
  return read_table(source, '\t', false, options.header);
}

Result<Items> read_lines(const Source& source, const ReadOptions&) {
  QUIVER_TRY(check_utf8(source.text()));
  std::string_view rest = without_mark(source.text());
  ItemsBuilder builder({Field{.name = "text"}});
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    builder.text(0, line);
    builder.end_row();
  }
  QUIVER_TRY(internal::check_counts(builder.rows(), 1));
  return std::move(builder).build();
}

}  // namespace quiver
