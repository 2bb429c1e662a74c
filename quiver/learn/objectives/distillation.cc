#include "quiver/learn/objectives/distillation.h"

#include <algorithm>

#include "quiver/core/check.h"

namespace quiver::learn {

Tensor kl_of_coordinates(const Tensor& student, const Tensor& teacher, const DistillationOptions& options) {
  QUIVER_CHECK(student.dim() == 2 && student.sizes() == teacher.sizes() && options.temperature > 0);
  const Tensor guide = options.detach_teacher ? teacher.detach() : teacher;
  const Tensor wanted = torch::log_softmax(guide / options.temperature, 1);  // (texts, dim)
  const Tensor found = torch::log_softmax(student / options.temperature, 1);
  const auto texts = static_cast<double>(std::max<std::int64_t>(student.size(0), 1));
  return (wanted.exp() * (wanted - found)).sum() * (options.temperature * options.temperature / texts);
}

Tensor mse_of_coordinates(const Tensor& student, const Tensor& teacher, bool detach_teacher) {
  QUIVER_CHECK(student.dim() == 2 && student.sizes() == teacher.sizes());
  if (student.numel() == 0) return student.sum();
  return (student - (detach_teacher ? teacher.detach() : teacher)).square().mean();
}

}  // namespace quiver::learn
