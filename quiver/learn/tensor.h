// Tensor: the one header that includes torch. Everything of quiver/learn includes it instead of torch itself, so that
// the version in use, its warnings and its build cost are one file's business (libtorch 1.13 and 2.x).
//
//   Tensor x = to_tensor(matrix.view());          // (rows, cols), a copy: torch may change it
//   Matrix back = to_matrix(x);                   // rows on 64-byte boundaries again
//   const TorchThreads threads(run.threads().count());
//
// Names of shapes are written at every line that changes one: // (batch, dim). Tensors are float32 on the CPU unless
// said otherwise. Thread-safety: torch's own: reading a tensor from many threads is safe, changing it is not.
#pragma once
#include <torch/torch.h>

#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <string>

#include "quiver/core/matrix.h"

namespace quiver::learn {

using torch::Tensor;
// What modules give ("left", "right", "recon") and what samplers draw ("left_group"), by name.
using Tensors = std::map<std::string, Tensor, std::less<>>;

Tensor to_tensor(MatrixView rows);                // (rows, cols) float32
Tensor to_tensor(std::span<const float> values);  // (count)
Matrix to_matrix(const Tensor& rows);             // Requires: two dimensions. Any float type, any stride
// Views into a contiguous float32 tensor. Requires: `tensor` is one and outlives the view.
std::span<float> values_of(const Tensor& tensor);
MatrixView rows_of(const Tensor& tensor);

// While it lives, matrix products use `count` threads, and so do torch's other operators if OMP_WAIT_POLICY=passive is
// in the environment. Without it they use one: OpenMP's idle threads spin, which takes the cores from the BLAS's
// threads and costs several times what the elementwise work gains (measured on 2 cores: 0.05 CPU-seconds a step against
// 0.45).
// The first one also has the allocator keep freed memory: a step's score matrices come back at once in the next, and
// giving their pages to the kernel in between cost a third of the time.
class TorchThreads {
 public:
  explicit TorchThreads(unsigned count);
  ~TorchThreads();
  TorchThreads(const TorchThreads&) = delete;
  TorchThreads& operator=(const TorchThreads&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace quiver::learn
