#include "quiver/recipes/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "quiver/core/file.h"

namespace quiver {
namespace {
std::string_view bare(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

template <class T>
Result<T> positive(std::string_view key, std::string_view text) {
  T value{};
  const auto [stop, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem == std::errc() && stop == text.data() + text.size() && value > 0) return value;
  return Error::invalid_argument(
      fmt::format("'{}' of the front matter must be a number above 0, it is '{}'", key, text));
}

Result<void> take_entry(std::string_view key, std::string_view value, RecipePage& page) {
  if (key == "seeds") {
    QUIVER_TRY(page.seeds, positive<unsigned>(key, value));
  } else if (key == "minutes") {
    QUIVER_TRY(page.minutes, positive<double>(key, value));
  } else if (key == "data") {
    while (!value.empty()) {
      const std::size_t comma = std::min(value.find(','), value.size());
      const std::string_view name = bare(value.substr(0, comma));
      if (!name.empty() && name != "none") page.data.emplace_back(name);
      value.remove_prefix(std::min(comma + 1, value.size()));
    }
  } else {
    return Error::invalid_argument(
        fmt::format("the front matter has a key '{}'; there are data, seeds, minutes, bars, card", key));
  }
  return {};
}

Result<void> check_card(const RecipePage& page) {
  for (const Bar& asked : page.card) {
    const auto bar = std::find_if(page.bars.begin(), page.bars.end(), [&](const Bar& b) { return b.id == asked.id; });
    if (bar == page.bars.end())
      return Error::invalid_argument(
          fmt::format("the card has a bar '{}' and the page has not; bars are never dropped", asked.id));
    QUIVER_TRY(check_not_lowered(*bar, asked));
  }
  return {};
}

Result<void> read_front_matter(std::string_view text, RecipePage& page) {
  std::set<std::string, std::less<>> seen;
  std::vector<Bar>* list = nullptr;  // what lines with "- " belong to
  bool opened = false;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = bare(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto wrong = [&](std::string_view what) {
      return Error::invalid_argument(fmt::format("line {}: {}", number, what));
    };
    if (!opened) {
      if (line != "---") return wrong("a recipe page begins with its front matter, '---'");
      opened = true;
    } else if (line == "---") {
      for (const std::string_view key : {"data", "seeds", "minutes", "bars"}) {
        if (!seen.contains(key)) return wrong(fmt::format("the front matter ends without '{}'", key));
      }
      return check_card(page);
    } else if (line.starts_with("- ")) {
      if (list == nullptr) return wrong("a list belongs under 'bars:' or 'card:'");
      auto bar = parse_bar(line.substr(2)).within(fmt::format("line {}", number));
      if (!bar.has_value()) return std::move(bar).error();
      if (bar->id.empty()) bar->id = fmt::format("bar-{}", list->size() + 1);
      for (const Bar& other : *list) {
        if (other.id == bar->id) return wrong(fmt::format("two bars are named '{}'", bar->id));
      }
      list->push_back(*std::move(bar));
    } else if (!line.empty()) {
      const std::size_t colon = line.find(':');
      if (colon == std::string_view::npos) return wrong(fmt::format("'{}' is no 'key: value'", line));
      const std::string_view key = line.substr(0, colon), value = bare(line.substr(colon + 1));
      if (!seen.emplace(key).second) return wrong(fmt::format("'{}' is there twice", key));
      list = key == "bars" ? &page.bars : key == "card" ? &page.card : nullptr;
      if (list != nullptr && !value.empty()) return wrong("bars stand below, one a line, after '- '");
      if (list == nullptr) QUIVER_TRY(take_entry(key, value, page).within(fmt::format("line {}", number)));
    }
  }
  return Error::invalid_argument("the front matter has no end, a line '---'");
}
}  // namespace

Result<RecipePage> parse_page(std::string_view slug, std::string_view text) {
  RecipePage page;
  page.slug = slug;
  QUIVER_TRY(read_front_matter(text, page).within(fmt::format("page of recipe '{}'", slug)));
  return page;
}

Result<RecipePage> open_page(const std::filesystem::path& folder, std::string_view slug) {
  QUIVER_TRY(
      const std::string text,
      read_file(folder / (std::string(slug) + ".md")).within(fmt::format("reading the page of recipe '{}'", slug)));
  return parse_page(slug, text);
}

}  // namespace quiver
