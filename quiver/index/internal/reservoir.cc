#include "quiver/index/internal/reservoir.h"

#include <algorithm>

#include "quiver/simd/kernels.h"

namespace quiver::internal {
namespace {
constexpr int kGuesses = 6;
constexpr std::size_t kLeastRoom = 64;
}  // namespace

void Reservoir::start(std::size_t k) {
  k_ = k;
  size_ = 0;
  const std::size_t room = std::max(2 * k + 1, kLeastRoom);
  distances_.resize(room);
  rows_.resize(room);
  chosen_.resize(room);
  threshold_ = k == 0 ? -std::numeric_limits<float>::infinity() : std::numeric_limits<float>::infinity();
}

void Reservoir::drop() {
  if (!drop_by_guess()) select();
}

bool Reservoir::drop_by_guess() {
  const simd::Kernels& kernels = simd::kernels();
  float low = 0, high = 0;
  kernels.min_max(distances_.data(), size_, &low, &high);
  for (int i = 0; i < kGuesses; ++i) {
    const float guess = low / 2 + high / 2;
    const std::size_t below = kernels.select_below(distances_.data(), size_, guess, chosen_.data());
    if (below < k_) {
      low = guess;
    } else if (2 * below > 3 * k_ && 4 * below > size_) {
      high = guess;
    } else {
      for (std::size_t j = 0; j < below; ++j) {  // rising, so nothing is overwritten before it is moved
        distances_[j] = distances_[chosen_[j]];
        rows_[j] = rows_[chosen_[j]];
      }
      size_ = below;
      threshold_ = guess;
      return true;
    }
  }
  return false;
}

void Reservoir::select() {
  hits_.clear();
  for (std::size_t i = 0; i < size_; ++i) hits_.push_back({rows_[i], distances_[i]});
  const auto worst = hits_.begin() + static_cast<std::ptrdiff_t>(k_ - 1);
  std::nth_element(hits_.begin(), worst, hits_.end(), Closer{});
  threshold_ = worst->distance;
  size_ = k_;
  for (std::size_t i = 0; i < size_; ++i) {
    distances_[i] = hits_[i].distance;
    rows_[i] = hits_[i].row;
  }
}

std::span<const Hit> Reservoir::finish() {
  if (size_ > k_) select();
  hits_.clear();
  for (std::size_t i = 0; i < size_; ++i) hits_.push_back({rows_[i], distances_[i]});
  return hits_;
}

}  // namespace quiver::internal
