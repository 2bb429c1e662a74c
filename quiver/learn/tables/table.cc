#include "quiver/learn/tables/table.h"

#include <algorithm>

#include "quiver/core/check.h"

namespace quiver::learn {
namespace {
// a + b, row by row.
RowGradient merged(const RowGradient& a, const RowGradient& b) {
  RowGradient sum;
  std::ranges::set_union(a.rows, b.rows, std::back_inserter(sum.rows));
  sum.values = torch::zeros({static_cast<std::int64_t>(sum.rows.size()), a.values.size(1)});  // (rows, dim)
  for (const RowGradient* part : {&a, &b}) {
    std::vector<std::int64_t> places;
    places.reserve(part->rows.size());
    auto at = sum.rows.begin();
    for (const std::uint32_t row : part->rows) {
      at = std::lower_bound(at, sum.rows.end(), row);
      places.push_back(at - sum.rows.begin());
    }
    sum.values.index_add_(0, torch::tensor(places, torch::kInt64), part->values);
  }
  return sum;
}
}  // namespace

Table::Table(std::string name, Tensor value) : name_(std::move(name)), value_(std::move(value)) {
  QUIVER_CHECK(value_.dim() == 2 && value_.is_contiguous() && value_.scalar_type() == torch::kFloat32);
  QUIVER_CHECK(!value_.requires_grad());
}

void Table::accumulate(RowGradient part) {
  QUIVER_CHECK(part.values.dim() == 2 && part.values.size(0) == static_cast<std::int64_t>(part.rows.size()));
  QUIVER_CHECK(part.values.size(1) == dim());
  QUIVER_DCHECK(std::ranges::is_sorted(part.rows, std::less_equal<>()));
  QUIVER_CHECK(part.rows.empty() || static_cast<std::int64_t>(part.rows.back()) < rows());
  if (!part.rows.empty()) parts_.push_back(std::move(part));
}

const RowGradient& Table::gradient() {
  if (parts_.empty()) parts_.push_back({{}, torch::zeros({0, dim()})});
  while (parts_.size() > 1) {
    RowGradient sum = merged(parts_[parts_.size() - 2], parts_.back());
    parts_.pop_back();
    parts_.back() = std::move(sum);
  }
  return parts_.front();
}

void Table::clear_gradient() { parts_.clear(); }

}  // namespace quiver::learn
