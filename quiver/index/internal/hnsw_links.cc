#include "quiver/index/internal/hnsw_links.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "quiver/core/random.h"

namespace quiver::internal {
namespace {
constexpr const char *kHead = "links/head", *kLevels = "links/levels", *kBase = "links/base", *kUpper = "links/upper";

Error broken(std::string_view what) {
  return Error::corruption(fmt::format("the links of the index are broken: {}; build the index again", what));
}

template <class T>
Result<std::vector<T>> copied(const Container& file, const char* name, std::size_t size) {
  QUIVER_TRY(const std::span<const T> found, file.array<T>(name));
  if (found.size() != size) {
    return broken(fmt::format("section '{}' has {} entries where there should be {}", name, found.size(), size));
  }
  return std::vector<T>(found.begin(), found.end());
}
}  // namespace

std::size_t HnswLinks::bytes() const noexcept {
  return levels_.size() + sizeof(std::uint32_t) * (base_.size() + upper_.size() + upper_at_.size());
}

std::uint8_t HnswLinks::draw_level(std::size_t position) const noexcept {
  Random random(mix(head_[0], stream_of("hnsw levels")), position);
  // 1 - u is never 0, and at least 2^-53: the level stays below 54.
  return static_cast<std::uint8_t>(-std::log(1 - random.uniform()) / std::log(static_cast<double>(degree_)));
}

void HnswLinks::place_upper(std::size_t from) {
  upper_at_.resize(levels_.size());
  for (std::size_t row = from; row < levels_.size(); ++row) {
    upper_at_[row] = row == 0 ? 0 : upper_at_[row - 1] + levels_[row - 1];
  }
  const std::size_t lists = levels_.empty() ? 0 : std::size_t{upper_at_.back()} + levels_.back();
  upper_.resize(lists * (degree_ + 1));
  base_.resize(levels_.size() * (2 * degree_ + 1));
}

void HnswLinks::grow(std::span<const std::uint8_t> levels) {
  const std::size_t before = rows();
  levels_.insert(levels_.end(), levels.begin(), levels.end());
  place_upper(before);
}

void HnswLinks::truncate(std::size_t rows) {
  levels_.resize(rows);
  place_upper(rows);
}

void HnswLinks::keep(std::span<const std::uint32_t> rows) {
  std::vector<std::uint32_t> numbers(levels_.size(), kNoEntry), renamed;
  std::vector<std::uint8_t> levels;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    numbers[rows[i]] = static_cast<std::uint32_t>(i);
    levels.push_back(levels_[rows[i]]);
  }
  HnswLinks kept(degree_, head_[0]);
  kept.grow(levels);
  for (const std::uint32_t row : rows) {
    for (unsigned on = 0; on <= level(row); ++on) {
      renamed.clear();
      for (const std::uint32_t neighbour : of(row, on)) {
        QUIVER_DCHECK(numbers[neighbour] != kNoEntry);
        renamed.push_back(numbers[neighbour]);
      }
      kept.set(numbers[row], on, renamed);
    }
  }
  if (!rows.empty()) kept.set_entry(numbers[entry()]);
  *this = std::move(kept);
}

void HnswLinks::set(std::uint32_t row, unsigned level, std::span<const std::uint32_t> neighbours) noexcept {
  QUIVER_DCHECK(neighbours.size() <= capacity(level));
  std::uint32_t* list = list_of(row, level);
  list[0] = static_cast<std::uint32_t>(neighbours.size());
  std::copy(neighbours.begin(), neighbours.end(), list + 1);
  std::fill(list + 1 + neighbours.size(), list + 1 + capacity(level), 0U);  // files of equal graphs are equal
}

bool HnswLinks::push(std::uint32_t row, unsigned level, std::uint32_t neighbour) noexcept {
  std::uint32_t* list = list_of(row, level);
  if (list[0] == capacity(level)) return false;
  list[++list[0]] = neighbour;
  return true;
}

void HnswLinks::save(ContainerWriter& writer) const {
  writer.add_array<std::uint64_t>(kHead, head_);
  writer.add_array<std::uint8_t>(kLevels, levels_);
  writer.add_array<std::uint32_t>(kBase, base_);
  writer.add_array<std::uint32_t>(kUpper, upper_);
}

Result<HnswLinks> HnswLinks::open(unsigned degree, std::size_t rows, const Container& file) {
  QUIVER_TRY(const std::vector<std::uint64_t> head, copied<std::uint64_t>(file, kHead, 2));
  HnswLinks links(degree, head[0]);
  if (head[1] > kNoEntry) return broken(fmt::format("the walk enters at row {}", head[1]));
  links.head_[1] = head[1];
  QUIVER_TRY(links.levels_, copied<std::uint8_t>(file, kLevels, rows));
  std::size_t lists = 0;
  for (const std::uint8_t level : links.levels_) lists += level;
  QUIVER_TRY(std::vector<std::uint32_t> base, copied<std::uint32_t>(file, kBase, rows * (2 * degree + 1)));
  QUIVER_TRY(std::vector<std::uint32_t> upper, copied<std::uint32_t>(file, kUpper, lists * (degree + 1)));
  links.place_upper(0);
  links.base_ = std::move(base);
  links.upper_ = std::move(upper);
  QUIVER_TRY(links.check());
  return links;
}

Result<void> HnswLinks::check() const {
  if (rows() == 0 ? entry() != kNoEntry : entry() >= rows()) {
    return broken(fmt::format("the walk enters at row {} of {}", entry(), rows()));
  }
  for (std::uint32_t row = 0; row < rows(); ++row) {
    if (level(row) > level(entry())) {
      return broken(fmt::format("row {} is on level {}, above the entry", row, level(row)));
    }
    for (unsigned on = 0; on <= level(row); ++on) {
      if (list_of(row, on)[0] > capacity(on)) {
        return broken(fmt::format("row {} names {} neighbours on level {}, {} are possible", row, list_of(row, on)[0],
                                  on, capacity(on)));
      }
      for (const std::uint32_t neighbour : of(row, on)) {
        if (neighbour >= rows() || level(neighbour) < on) {
          return broken(fmt::format("row {} names neighbour {} on level {}, where it is not", row, neighbour, on));
        }
      }
    }
  }
  return {};
}

}  // namespace quiver::internal
