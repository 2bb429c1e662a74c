// Strings: many texts in two arrays, bytes and ends. What text columns, word lists and category names are kept in:
// 117,659 definitions are two allocations, not 117,659.
//
//   Strings words;
//   words.add("lion");
//   words.add("tiger");
//   words[1];                                 // "tiger", a view into the bytes: valid until the next add()
//   StringsView tail = words.view(1, 1);
//
// Invariant: ends[i] <= ends[i + 1] <= bytes.size(). Thread-safety: reading from many threads, writing by one owner.
// Cost: eight bytes a text beside its own bytes; access is two loads.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/check.h"

namespace quiver {

class Strings;

// Some consecutive texts, borrowed.
class StringsView {
 public:
  StringsView() = default;
  StringsView(const Strings& strings, std::size_t first, std::size_t count)
      : strings_(&strings), first_(first), count_(count) {}
  std::size_t size() const noexcept { return count_; }
  bool empty() const noexcept { return count_ == 0; }
  std::string_view operator[](std::size_t i) const;
  std::vector<std::string_view> to_vector() const {
    std::vector<std::string_view> out;
    out.reserve(count_);
    for (std::size_t i = 0; i < count_; ++i) out.push_back((*this)[i]);
    return out;
  }

  class Iterator {
   public:
    using value_type = std::string_view;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    Iterator(const Strings* strings, std::size_t i) : strings_(strings), i_(i) {}
    std::string_view operator*() const;
    Iterator& operator++() {
      ++i_;
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++i_;
      return before;
    }
    bool operator==(const Iterator& other) const { return i_ == other.i_; }

   private:
    const Strings* strings_ = nullptr;
    std::size_t i_ = 0;
  };
  Iterator begin() const { return {strings_, first_}; }
  Iterator end() const { return {strings_, first_ + count_}; }

 private:
  const Strings* strings_ = nullptr;
  std::size_t first_ = 0, count_ = 0;
};

class Strings {
 public:
  void add(std::string_view text) {
    bytes_.append(text);
    ends_.push_back(bytes_.size());
  }
  void reserve(std::size_t texts, std::size_t bytes) {
    ends_.reserve(texts + 1);
    bytes_.reserve(bytes);
  }
  std::size_t size() const noexcept { return ends_.size() - 1; }
  std::string_view operator[](std::size_t i) const {
    QUIVER_DCHECK(i < size());
    return std::string_view(bytes_).substr(ends_[i], ends_[i + 1] - ends_[i]);
  }
  StringsView view() const& noexcept { return {*this, 0, size()}; }
  StringsView view(std::size_t first, std::size_t count) const& {
    QUIVER_DCHECK(first + count <= size());
    return {*this, first, count};
  }
  StringsView view() const&& = delete;  // a view of a temporary would dangle

 private:
  std::string bytes_;
  std::vector<std::uint64_t> ends_{0};
};

inline std::string_view StringsView::operator[](std::size_t i) const {
  QUIVER_DCHECK(i < count_);
  return (*strings_)[first_ + i];
}

inline std::string_view StringsView::Iterator::operator*() const { return (*strings_)[i_]; }

}  // namespace quiver
