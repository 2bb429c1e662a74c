#include "quiver/learn/encoders/packed_tokens.h"

#include <algorithm>

#include "quiver/core/check.h"

namespace quiver::learn {
namespace {
Tensor whole_numbers(std::span<const std::uint32_t> values) {
  Tensor out = torch::empty({static_cast<std::int64_t>(values.size())}, torch::kInt64);
  std::copy(values.begin(), values.end(), out.data_ptr<std::int64_t>());
  return out;
}
}  // namespace

PackedTokens::PackedTokens(TokenBatch batch)
    : batch_(std::move(batch)), ids_(whole_numbers(batch_.ids)), types_(whole_numbers(batch_.types)) {
  for (std::int64_t i = 0; i < texts(); ++i) longest_ = std::max(longest_, length(i));
  text_ = torch::empty({tokens()}, torch::kInt64);
  places_ = torch::empty({tokens()}, torch::kInt64);
  std::int64_t *text = text_.data_ptr<std::int64_t>(), *place = places_.data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < texts(); ++i) {
    for (std::int64_t at = 0; at < length(i); ++at) {
      *text++ = i;
      *place++ = i * longest_ + at;
    }
  }
}

std::int64_t PackedTokens::length(std::int64_t text) const {
  const auto i = static_cast<std::size_t>(text);
  return batch_.offsets[i + 1] - batch_.offsets[i];
}

Tensor PackedTokens::to_grid(const Tensor& rows, float fill) const {
  QUIVER_CHECK(rows.dim() == 2 && rows.size(0) == tokens());
  const std::int64_t width = rows.size(1);
  if (even()) return rows.reshape({texts(), longest_, width});
  const Tensor empty = torch::full({texts() * longest_, width}, fill);
  return empty.index_copy(0, places_, rows).view({texts(), longest_, width});
}

Tensor PackedTokens::from_grid(const Tensor& grid) const {
  QUIVER_CHECK(grid.dim() == 3 && grid.size(0) == texts() && grid.size(1) == longest_);
  const Tensor rows = grid.reshape({texts() * longest_, grid.size(2)});
  return even() ? rows : rows.index_select(0, places_);
}

Tensor PackedTokens::absent(float value) const {
  Tensor out = torch::full({texts() * longest_}, value);
  return out.index_fill_(0, places_, 0).view({texts(), longest_});
}

}  // namespace quiver::learn
