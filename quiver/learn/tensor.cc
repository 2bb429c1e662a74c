#include "quiver/learn/tensor.h"

#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "quiver/core/check.h"
#include "quiver/core/linalg.h"

namespace quiver::learn {

Tensor to_tensor(MatrixView rows) {
  Tensor out = torch::empty({static_cast<std::int64_t>(rows.rows), static_cast<std::int64_t>(rows.cols)});
  float* to = out.data_ptr<float>();
  for (std::size_t i = 0; i < rows.rows; ++i) std::ranges::copy(rows.row(i), to + i * rows.cols);
  return out;
}

Tensor to_tensor(std::span<const float> values) {
  Tensor out = torch::empty({static_cast<std::int64_t>(values.size())});
  std::ranges::copy(values, out.data_ptr<float>());
  return out;
}

Matrix to_matrix(const Tensor& rows) {
  QUIVER_CHECK(rows.dim() == 2);
  const Tensor packed = rows.detach().to(torch::kFloat32).contiguous();
  const MatrixView view = rows_of(packed);
  return Matrix::copy_of(view);
}

std::span<float> values_of(const Tensor& tensor) {
  QUIVER_CHECK(tensor.is_contiguous() && tensor.scalar_type() == torch::kFloat32);
  return {tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

MatrixView rows_of(const Tensor& tensor) {
  QUIVER_CHECK(tensor.dim() == 2);
  const auto cols = static_cast<std::size_t>(tensor.size(1));
  return {values_of(tensor).data(), static_cast<std::size_t>(tensor.size(0)), cols, cols};
}

namespace {
bool openmp_waits_quietly() {
  const char* policy = std::getenv("OMP_WAIT_POLICY");
  return policy != nullptr && std::string_view(policy) == "passive";
}
void keep_freed_memory() {
#ifdef M_MMAP_THRESHOLD
  mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the most glibc allows
  mallopt(M_TRIM_THRESHOLD, 512 << 20);
#endif
}
}  // namespace

struct TorchThreads::State {
  explicit State(unsigned count) : before(torch::get_num_threads()), blas(count) {
    keep_freed_memory();
    torch::set_num_threads(openmp_waits_quietly() ? static_cast<int>(count) : 1);
  }
  int before;
  BlasThreads blas;
};

TorchThreads::TorchThreads(unsigned count) : state_(std::make_unique<State>(count)) {}
TorchThreads::~TorchThreads() { torch::set_num_threads(state_->before); }

}  // namespace quiver::learn
