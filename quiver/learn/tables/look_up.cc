#include "quiver/learn/tables/look_up.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "quiver/core/check.h"
#include "quiver/simd/kernels.h"

namespace quiver::learn {

RowGradient by_row(std::span<const std::uint32_t> ids, const Tensor& values) {
  QUIVER_CHECK(values.dim() == 2 && static_cast<std::size_t>(values.size(0)) == ids.size());
  std::vector<std::uint32_t> uses(ids.size());
  std::iota(uses.begin(), uses.end(), 0U);
  std::stable_sort(uses.begin(), uses.end(), [&](std::uint32_t a, std::uint32_t b) { return ids[a] < ids[b]; });
  RowGradient out;
  for (const std::uint32_t use : uses) {
    if (out.rows.empty() || out.rows.back() != ids[use]) out.rows.push_back(ids[use]);
  }
  out.values = torch::zeros({static_cast<std::int64_t>(out.rows.size()), values.size(1)});
  const Tensor packed = values.contiguous();
  const auto dim = static_cast<std::size_t>(values.size(1));
  const auto add = simd::kernels().add;
  std::size_t row = 0;
  for (const std::uint32_t use : uses) {
    while (out.rows[row] != ids[use]) ++row;
    add(out.values.data_ptr<float>() + row * dim, packed.data_ptr<float>() + use * dim, dim);
  }
  return out;
}

Tensor look_up(Table& table, std::span<const std::uint32_t> ids) {
  Tensor at = torch::empty({static_cast<std::int64_t>(ids.size())}, torch::kInt64);
  std::copy(ids.begin(), ids.end(), at.data_ptr<std::int64_t>());
  Tensor rows = table.value().detach().index_select(0, at);
  if (!torch::GradMode::is_enabled()) return rows;
  rows.requires_grad_();
  rows.register_hook([&table, kept = std::vector<std::uint32_t>(ids.begin(), ids.end())](const Tensor& gradient) {
    table.accumulate(by_row(kept, gradient));
  });
  return rows;
}

}  // namespace quiver::learn
