// Pieces: a text on its way through a tokenizer, cut into parts. Normalizers and pre-tokenizers change and cut the
// parts that are still text; a part that an added token claimed carries its id and is left alone.
//
//   pieces.split([&](std::string_view text, const auto& keep) { keep(0, 3); keep(4, text.size()); });
//   pieces.rewrite([&](std::string_view text, std::size_t& head, std::string& out, const auto& keep) {
//     const std::size_t begin = out.size();
//     out += text;                             // changed in some way
//     keep(begin, out.size());
//   });
//
// Parts are ranges of one buffer, so that cutting copies nothing; empty parts are dropped. `head` is how many bytes at
// the begin of a part come from the first character of the text as the user gave it: 0 for all parts but the first, and
// for that too once its first character is gone. One owner; buffers are reused.
#pragma once
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/data/internal/tokenizer/code_points.h"
#include "quiver/data/internal/tokenizer/token_table.h"

namespace quiver::internal {

struct Match {  // a range of a text, and whether a pattern matched it
  std::size_t begin, end;
  bool is_match;
};

struct Piece {
  std::size_t begin, end;
  std::uint32_t token = kNoToken;
  std::size_t head = 0;
};

class Pieces {
 public:
  void start(std::string_view text) {
    bytes_.assign(text);
    list_.clear();
    if (!text.empty()) list_.push_back({.begin = 0, .end = text.size(), .head = code_point_at(text, 0).size});
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
        if (begin < end)
          other_.push_back({piece.begin + begin, piece.begin + end, token, piece.head - std::min(piece.head, begin)});
      });
    }
    list_.swap(other_);
  }

  // write(text, head, out, keep): appends to out, sets the head of what it wrote, then calls keep(begin, end) with
  // positions in out.
  template <class F>
  void rewrite(F&& write) {
    other_.clear();
    other_bytes_.clear();
    for (const Piece& piece : list_) {
      if (piece.token != kNoToken) {
        other_.push_back({0, 0, piece.token, 0});
        continue;
      }
      const std::size_t start = other_bytes_.size();
      std::size_t head = piece.head;
      write(text(piece), head, other_bytes_, [&](std::size_t begin, std::size_t end) {
        if (begin < end) other_.push_back({begin, end, kNoToken, head - std::min(head, begin - start)});
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
