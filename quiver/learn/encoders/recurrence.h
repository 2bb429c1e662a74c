// Recurrences over packed tokens: a state that every token of a text moves on, computed without padding and with
// backward passes of their own.
//
//   const Sweep forth(tokens, Direction::Forth);
//   Tensor states = elman(forth.enter(drive), weight, start, forth);    // in the order of steps
//   Tensor before = forth.before(states, start);                        // (tokens, width), in the order of the tokens
//   Tensor last = forth.last(states, start);                            // (texts, width)
//
//   elman   h_t = tanh(d_t + W h_(t-1))                                 Elman, "Finding structure in time", 1990
//   lstm    i, f, o = sigmoid(d_t + U h_(t-1)), g = tanh(...), c_t = f c_(t-1) + i g, h_t = o tanh(c_t)
//           gates in the order i, f, g, o; Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000
//
// The drive d is what the tokens alone decide, x_t V^T + b, one product over all of them. A Sweep sorts the texts by
// length: step t moves the first n_t of them, n_0 >= n_1 >= ..., and the rows of a step lie side by side, so a step is
// one small product and one pass over its rows. Torch's operators would do the same with a dozen calls a step forward
// and two dozen backward, and those calls would be most of the time (recurrence_test.cc compares with them).
// Invariants: a recurrence never leaves its text. Thread-safety: pure functions; a Sweep is immutable.
// Cost: width^2 (lstm: 4 width^2) multiply-adds a token forward, twice that backward.
#pragma once
#include <cstdint>
#include <vector>

#include "quiver/learn/encoders/packed_tokens.h"
#include "quiver/learn/tensor.h"

namespace quiver::learn {

enum class Direction : std::uint8_t { Forth, Back };  // Back: from the last token of a text to its first

class Sweep {
 public:
  Sweep(const PackedTokens& tokens, Direction direction);

  const std::vector<std::int64_t>& active() const noexcept { return active_; }  // n_t, a step each
  std::int64_t tokens() const noexcept { return order_.size(0); }
  Tensor enter(const Tensor& rows) const;  // (tokens, width) from the order of tokens to that of steps
  // Of each token, in the order of tokens: the state it left, and the one it found, which is `start` (width) for the
  // first that a sweep reads.
  Tensor after(const Tensor& states) const;
  Tensor before(const Tensor& states, const Tensor& start) const;
  // Of each text the state at the end of its sweep; `start` for a text without tokens. (texts, width)
  Tensor last(const Tensor& states, const Tensor& start) const;

 private:
  std::vector<std::int64_t> active_;
  Tensor order_;   // (tokens): the token of each place in the order of steps
  Tensor places_;  // (tokens): the place of each token
  Tensor found_;   // (tokens): 1 + the place of the token before, or 0
  Tensor ends_;    // (texts): 1 + the place of the last token, or 0
};

// drive: (tokens, width) in the order of steps; weight: (width, width); start: (width). States in the order of steps.
Tensor elman(const Tensor& drive, const Tensor& weight, const Tensor& start, const Sweep& sweep);
// drive: (tokens, 4 width); weight: (4 width, width). Begins at zeros.
Tensor lstm(const Tensor& drive, const Tensor& weight, const Sweep& sweep);

}  // namespace quiver::learn
