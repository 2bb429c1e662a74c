// Pieces: a text on its way through a tokenizer, cut into parts. Normalizers and pre-tokenizers change and cut the
// parts that are still text; a part that an added token claimed carries its id and is left alone.
//
//   pieces.split([&](std::string_view text, const auto& keep) { keep(0, 3); keep(4, text.size()); });
//   pieces.rewrite([&](std::string_view text, bool first, std::string& out, const auto& keep) {
//     const std::size_t begin = out.size();
//     out += text;                             // changed in some way
//     keep(begin, out.size());
//   });
//
// Parts are ranges of one buffer, so that cutting copies nothing; empty parts are dropped. `first` says that a part
// begins with the first character of the text as the user gave it. One owner; buffers are reused.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/data/internal/tokenizer/token_table.h"

namespace quiver::internal {

struct Match {  // a range of a text, and whether a pattern matched it
  std::size_t begin, end;
  bool is_match;
};

struct Piece {
  std::size_t begin, end;
  std::uint32_t token = kNoToken;
  bool first = false;
};

class Pieces {
 public:
  void start(std::string_view text) {
    bytes_.assign(text);
    list_.clear();
    if (!text.empty()) list_.push_back({.begin = 0, .end = text.size(), .first = true});
  }
  const std::vector<Piece>& list() const noexcept { return list_; }
  std::string_view text(const Piece& piece) const noexcept {
    return std::string_view(bytes_).substr(piece.begin, piece.end - piece.begin);
  }

  // cut(text, keep): keep(begin, end[, token]) for every part that stays, in order.
  template <class F>
  void split(F&& cut) {
    other_.clear();
    for (const Piece& piece : list_) {
      if (piece.token != kNoToken) {
        other_.push_back(piece);
        continue;
      }
      cut(text(piece), [&](std::size_t begin, std::size_t end, std::uint32_t token = kNoToken) {
        if (begin < end) other_.push_back({piece.begin + begin, piece.begin + end, token, piece.first && begin == 0});
      });
    }
    list_.swap(other_);
  }

  // write(text, first, out, keep): appends to out, and keep(begin, end[, token]) in positions of out. What is kept from
  // the first byte written is first if the part was and `first` is still true then.
  template <class F>
  void rewrite(F&& write) {
    other_.clear();
    other_bytes_.clear();
    for (const Piece& piece : list_) {
      const std::size_t start = other_bytes_.size();
      if (piece.token != kNoToken) {
        other_bytes_ += text(piece);
        other_.push_back({start, other_bytes_.size(), piece.token, piece.first});
        continue;
      }
      bool first = piece.first;
      write(text(piece), first, other_bytes_, [&](std::size_t begin, std::size_t end, std::uint32_t token = kNoToken) {
        if (begin < end) other_.push_back({begin, end, token, first && begin == start});
      });
    }
    list_.swap(other_);
    bytes_.swap(other_bytes_);
  }

  std::vector<Match> matches;  // scratch of whoever cuts
  std::string words;           // scratch of whoever rewrites

 private:
  std::string bytes_, other_bytes_;
  std::vector<Piece> list_, other_;
};

}  // namespace quiver::internal
