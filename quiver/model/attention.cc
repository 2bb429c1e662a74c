#include "quiver/model/attention.h"

#include <algorithm>
#include <cmath>

#include "quiver/core/linalg.h"
#include "quiver/simd/kernels.h"

namespace quiver {

std::size_t relative_bucket(std::ptrdiff_t ahead, std::size_t buckets, std::size_t farthest) noexcept {
  const std::size_t side = buckets / 2, exact = side / 2;
  const std::size_t start = ahead > 0 ? side : 0;
  const auto distance = static_cast<std::size_t>(ahead < 0 ? -ahead : ahead);
  if (distance < exact) return start + distance;
  // In float, as the models were trained: a distance at the edge of two ranges must fall on the same side.
  const float far = std::log(static_cast<float>(distance) / static_cast<float>(exact)) /
                    static_cast<float>(std::log(static_cast<double>(farthest) / static_cast<double>(exact)));
  const auto step = static_cast<std::size_t>(far * static_cast<float>(side - exact));
  return start + std::min(exact + step, side - 1);
}

void Attention::turn(double base, std::size_t context) {
  const std::size_t pairs = shape_.head_dim / 2;
  cosines_ = Matrix(context, pairs);
  sines_ = Matrix(context, pairs);
  for (std::size_t position = 0; position < context; ++position) {
    for (std::size_t pair = 0; pair < pairs; ++pair) {
      const double speed = std::pow(base, -static_cast<double>(2 * pair) / static_cast<double>(shape_.head_dim));
      const double angle = static_cast<double>(position) * speed;
      cosines_.row(position)[pair] = static_cast<float>(std::cos(angle));
      sines_.row(position)[pair] = static_cast<float>(std::sin(angle));
    }
  }
}

void Attention::bias(MatrixView biases, std::size_t farthest, std::size_t context) {
  QUIVER_CHECK(biases.cols == shape_.heads && context > 0);
  context_ = context;
  const std::size_t distances = 2 * context - 1;
  biases_.resize(shape_.heads * distances);
  for (std::size_t d = 0; d < distances; ++d) {
    const auto ahead = static_cast<std::ptrdiff_t>(d) - static_cast<std::ptrdiff_t>(context - 1);
    const std::span<const float> of_heads = biases.row(relative_bucket(ahead, biases.rows, farthest));
    for (std::size_t h = 0; h < shape_.heads; ++h) biases_[h * distances + d] = of_heads[h];
  }
}

void Attention::turn_heads(float* row, std::size_t position) const {
  const std::size_t pairs = shape_.head_dim / 2;
  const std::span<const float> cosine = cosines_.row(position), sine = sines_.row(position);
  for (std::size_t h = 0; h < shape_.heads + shape_.key_heads; ++h, row += shape_.head_dim) {
    for (std::size_t pair = 0; pair < pairs; ++pair) {
      const float low = row[pair], high = row[pair + pairs];
      row[pair] = low * cosine[pair] - high * sine[pair];
      row[pair + pairs] = high * cosine[pair] + low * sine[pair];
    }
  }
}

void Attention::apply(Matrix& qkv, std::size_t first, std::size_t tokens, Scratch& scratch, float* out,
                      std::size_t out_stride) const {
  const auto& [heads, key_heads, width, causal] = shape_;
  QUIVER_CHECK(qkv.cols() == shape_.columns() && first + tokens <= qkv.rows());
  const simd::Kernels& kernels = simd::kernels();
  const float scale = 1 / std::sqrt(static_cast<float>(width));
  if (cosines_.rows() > 0) {
    for (std::size_t i = 0; i < tokens; ++i) turn_heads(qkv.row(first + i).data(), i);
  }
  scratch.scores.resize(std::max(scratch.scores.size(), std::min(kQueries, tokens) * tokens));
  float* const scores = scratch.scores.data();
  const float* const base = qkv.data() + first * qkv.stride();
  for (std::size_t h = 0; h < heads; ++h) {
    const std::size_t group = h / (heads / key_heads);
    const MatrixView queries{base + h * width, tokens, width, qkv.stride()};
    const MatrixView keys{base + (heads + group) * width, tokens, width, qkv.stride()};
    const MatrixView values{base + (heads + key_heads + group) * width, tokens, width, qkv.stride()};
    for (std::size_t begin = 0; begin < tokens; begin += kQueries) {
      const std::size_t count = std::min(kQueries, tokens - begin);
      const std::size_t seen = causal ? begin + count : tokens;  // later keys are invisible to all of these queries
      gemm_nt(queries.slice(begin, count), keys.slice(0, seen), scores, seen, scale);  // (count, seen)
      for (std::size_t i = 0; i < count; ++i) {
        float* const row = scores + i * seen;
        if (!biases_.empty()) {  // the bias of key j is that of distance j - query
          kernels.add(row, biases_.data() + h * (2 * context_ - 1) + (context_ - 1) - (begin + i), seen);
        }
        const std::size_t visible = causal ? begin + i + 1 : seen;
        kernels.softmax(row, visible);
        std::fill(row + visible, row + seen, 0.0F);
      }
      gemm({scores, count, seen, seen}, values.slice(0, seen), out + begin * out_stride + h * width, out_stride);
    }
  }
}

}  // namespace quiver
