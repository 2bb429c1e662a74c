#include "quiver/learn/miner.h"

#include <algorithm>

#include "quiver/core/check.h"

namespace quiver::learn {

void SharedKeyMiner::add(std::uint32_t row, std::string_view key) {
  QUIVER_CHECK(!closed_);
  const auto number = numbers_.try_emplace(std::string(key), static_cast<std::uint32_t>(numbers_.size())).first->second;
  if (number == rows_of_key_.size()) rows_of_key_.emplace_back();
  if (row >= keys_of_row_.size()) keys_of_row_.resize(row + 1);
  rows_of_key_[number].push_back(row);
  keys_of_row_[row].push_back(number);
}

void SharedKeyMiner::close() {
  for (auto* lists : {&rows_of_key_, &keys_of_row_}) {
    for (std::vector<std::uint32_t>& list : *lists) {
      std::ranges::sort(list);
      list.erase(std::ranges::unique(list).begin(), list.end());
    }
  }
  for (std::vector<std::uint32_t>& keys : keys_of_row_)  // a key of one row leads nowhere
    std::erase_if(keys, [&](std::uint32_t key) { return rows_of_key_[key].size() < 2; });
  closed_ = true;
}

std::optional<std::uint32_t> SharedKeyMiner::draw(std::uint32_t row, Random& random) const {
  QUIVER_CHECK(closed_);
  if (row >= keys_of_row_.size() || keys_of_row_[row].empty()) return std::nullopt;
  std::uint64_t others = 0;
  for (const std::uint32_t key : keys_of_row_[row]) others += rows_of_key_[key].size() - 1;
  std::uint64_t choice = random.below(others);
  for (const std::uint32_t key : keys_of_row_[row]) {
    const std::vector<std::uint32_t>& rows = rows_of_key_[key];
    if (choice >= rows.size() - 1) {
      choice -= rows.size() - 1;
      continue;
    }
    const auto own = static_cast<std::uint64_t>(std::ranges::lower_bound(rows, row) - rows.begin());
    return rows[choice < own ? choice : choice + 1];
  }
  return std::nullopt;
}

}  // namespace quiver::learn
