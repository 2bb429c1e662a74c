// LearnedRows: a table whose rows are moved one at a time, by gradient descent or by AdaGrad (Duchi, Hazan, Singer,
// JMLR 12, 2011), by one thread or by several at once.
//
//   LearnedRows outputs(words, dim, Descent::AdaGrad);
//   outputs.exchange(word, context, pull, error, rate);     // a step of <output, context>; pull gathers the other side
//   inputs.move(word, pull, rate);
//
//   Sgd       row <- row + rate * g                          g: the direction that lowers the loss
//   AdaGrad   G <- G + g^2, row <- row + rate * g / sqrt(G)  by element; G begins at 1e-8
//
// Thread-safety: Hogwild (Recht, Re, Wright, Niu, NIPS 2011). Threads may move rows while others read or move them,
// without a lock: a change is now and then lost or seen by halves, which costs a training nothing that could be
// measured as long as most steps touch different rows, and no two runs are bit for bit alike. With one thread they are.
#pragma once
#include <cstddef>
#include <cstdint>

#include "quiver/core/matrix.h"
#include "quiver/core/random.h"
#include "quiver/simd/kernels.h"

namespace quiver::learn {

enum class Descent : std::uint8_t { Sgd, AdaGrad };

class LearnedRows {
 public:
  LearnedRows(std::size_t rows, std::size_t cols, Descent descent);  // zeros
  // Uniform in (-reach, reach), each row by the seed and its own number.
  void fill(float reach, std::uint64_t seed, std::uint64_t stream);

  std::size_t size() const noexcept { return values_.rows(); }
  std::size_t cols() const noexcept { return values_.cols(); }
  const float* row(std::size_t i) const noexcept { return values_.data() + i * values_.stride(); }
  Matrix& values() noexcept { return values_; }
  const Matrix& values() const noexcept { return values_; }

  // g = scale * downhill.
  void move(std::size_t row, const float* downhill, float rate, float scale = 1) noexcept;
  // A step of `error` times the product of the row and `what`, of which `pull` gathers error * (the row as it was).
  void exchange(std::size_t row, const float* what, float* pull, float error, float rate) noexcept;
  // out[i] = <row i, what> for all rows, or for those named.
  void products(const float* what, float* out) const noexcept;
  void products(const float* what, const std::uint32_t* rows, std::size_t count, float* out) const noexcept;

 private:
  float* at(Matrix& table, std::size_t row) const noexcept { return table.data() + row * table.stride(); }
  Matrix values_, squares_;  // squares: empty unless AdaGrad
  const simd::Kernels& kernels_;
};

}  // namespace quiver::learn
