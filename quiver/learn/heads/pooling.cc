#include "quiver/learn/heads/pooling.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "quiver/core/check.h"

namespace quiver::learn {
namespace {
// What a token counts in its text's sum. at: its place among all `length` tokens, of which `skip` are left out.
float share_of(Pool how, std::int64_t at, std::int64_t length, std::int64_t skip) {
  const auto pooled = static_cast<double>(length - skip);
  switch (how) {
    case Pool::First:
      return at == skip ? 1.0F : 0.0F;
    case Pool::Last:
      return at == length - 1 ? 1.0F : 0.0F;
    case Pool::Mean:
      return static_cast<float>(1 / pooled);
    case Pool::MeanSqrt:
      return static_cast<float>(1 / std::sqrt(pooled));
    case Pool::Weighted:
      return static_cast<float>(static_cast<double>(at + 1) /
                                (pooled * (static_cast<double>(skip) + (pooled + 1) / 2)));
    case Pool::Max:
      break;
  }
  return 1;  // counts at all
}

// Share of every token, 0 where it is skipped. (tokens)
Tensor shares_of(Pool how, const PackedTokens& tokens, std::span<const std::uint32_t> skip) {
  Tensor out = torch::zeros({tokens.tokens()});
  float* share = out.data_ptr<float>();
  for (std::int64_t text = 0; text < tokens.texts(); ++text) {
    const std::int64_t length = tokens.length(text);
    const std::int64_t left_out =
        skip.empty() ? 0 : std::min<std::int64_t>(skip[static_cast<std::size_t>(text)], length);
    for (std::int64_t at = left_out; at < length; ++at) share[at] = share_of(how, at, length, left_out);
    share += length;
  }
  return out;
}

Tensor largest_of(const Tensor& states, const PackedTokens& tokens, const Tensor& counts) {
  constexpr float kLeast = std::numeric_limits<float>::lowest();
  const Tensor candidates = states.masked_fill((counts == 0).unsqueeze(1), kLeast);
  const Tensor largest = tokens.to_grid(candidates, kLeast).amax(1);  // (texts, dim)
  const Tensor pooled = torch::zeros({tokens.texts()}).index_add(0, tokens.text(), counts);
  return largest.masked_fill((pooled == 0).unsqueeze(1), 0);
}
}  // namespace

Tensor pool(Pool how, const Tensor& states, const PackedTokens& tokens, std::span<const std::uint32_t> skip) {
  QUIVER_CHECK(states.dim() == 2 && states.size(0) == tokens.tokens());
  QUIVER_CHECK(skip.empty() || skip.size() == tokens.batch().texts());
  const Tensor shares = shares_of(how, tokens, skip);
  const Tensor nothing = torch::zeros({tokens.texts(), states.size(1)});
  if (tokens.tokens() == 0) return nothing;
  if (how == Pool::Max) return largest_of(states, tokens, shares);
  return nothing.index_add(0, tokens.text(), states * shares.unsqueeze(1));  // (texts, dim)
}

}  // namespace quiver::learn
