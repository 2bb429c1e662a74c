// Visited: which rows a walk has met. Forgetting all of them costs nothing: every walk writes a number of its own.
//
//   visited.start(index.size());
//   if (visited.insert(row)) ...          // true the first time
//
// Thread-safety: one owner. Cost: 4 bytes a row, kept between searches.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

namespace quiver {

class Visited {
 public:
  void start(std::size_t rows) {
    if (rows > walk_of_.size()) walk_of_.resize(rows, 0);
    if (++walk_ == 0) {
      std::fill(walk_of_.begin(), walk_of_.end(), 0);
      walk_ = 1;
    }
  }
  bool insert(std::uint32_t row) noexcept {  // Requires: row < the rows of start()
    const bool first = walk_of_[row] != walk_;
    walk_of_[row] = walk_;
    return first;
  }

 private:
  std::vector<std::uint32_t> walk_of_;  // the last walk that met the row
  std::uint32_t walk_ = 0;
};

}  // namespace quiver
