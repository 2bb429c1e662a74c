// Table: columns of text lined up for a terminal. Numbers go right, words go left.
//
//   Table table({"arm", "mrr@10"});
//   table.add({"encoder", "0.301"});
//   text += table.text();
//
// Width counts UTF-8 characters, so lemmas with accents keep their columns.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace quiver::cli {

class Table {
 public:
  explicit Table(std::vector<std::string> heads) : heads_(std::move(heads)) {}
  void add(std::vector<std::string> row);  // Requires: as many cells as heads
  std::string text(std::size_t indent = 2) const;

 private:
  std::vector<std::string> heads_;
  std::vector<std::vector<std::string>> rows_;
};

// Breaks lines between words so that none is wider than `width`; every line begins with `indent` spaces. Blank lines
// and lines that begin with a blank stay as they are.
std::string wrap(std::string_view text, std::size_t width, std::size_t indent = 0);
// At most `width` characters, the last of them "…" when something was cut.
std::string shorten(std::string_view text, std::size_t width);
std::string human_bytes(unsigned long long bytes);  // 29.9 MB
std::string human_seconds(double seconds);          // 340 us, 12.3 ms, 4.5 s, 3 min 20 s

}  // namespace quiver::cli
