// The kernels between the products of a network, at every level, against the same formulas in double.
#include "quiver/simd/activations.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <numeric>
#include <vector>

#include "quiver/simd/internal/testing.h"
#include "quiver/simd/kernels.h"

namespace quiver::simd::internal {
namespace {

class EveryActivationKernel : public testing::TestWithParam<Level> {};
INSTANTIATE_TEST_SUITE_P(Levels, EveryActivationKernel, testing::ValuesIn(levels()), level_name);

constexpr std::size_t kCounts[] = {0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100, 384, 513};

double expected(Activation kind, double x) {
  switch (kind) {
    case Activation::Gelu:
      return 0.5 * x * (1 + std::erf(x / std::numbers::sqrt2));
    case Activation::GeluTanh:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
    case Activation::Relu:
      return std::max(x, 0.0);
    case Activation::Silu:
      return x / (1 + std::exp(-x));
    case Activation::Tanh:
      return std::tanh(x);
  }
  return 0;
}

// Values at an odd address, the last of them at the end of the vector: what lies behind must not be read or written.
struct Row {
  explicit Row(std::size_t count, std::uint64_t seed, float scale) : storage(count + 2, kGuard), size(count) {
    Draws draws{seed};
    for (std::size_t i = 0; i < count; ++i) first()[i] = draws.uniform() * scale;
  }
  float* first() { return storage.data() + 1; }
  bool guarded() const { return storage.front() == kGuard && storage.back() == kGuard; }
  static constexpr float kGuard = 1234.5f;
  std::vector<float> storage;
  std::size_t size;
};

TEST_P(EveryActivationKernel, ActivationsFollowTheirFormulas) {
  const Kernels& k = *kernels_at(GetParam());
  for (std::size_t kind = 0; kind < kActivations; ++kind) {
    const auto activation = static_cast<Activation>(kind);
    for (int i = -8000; i <= 8000; ++i) {
      const float x = static_cast<float>(i) / 400;  // -20 .. 20
      float value = x;
      k.activate(activation)(&value, nullptr, 1);
      const double want = expected(activation, static_cast<double>(x));
      const double allowed = activation == Activation::Gelu ? 4e-7 * std::abs(static_cast<double>(x))
                                                            : 1e-6 * std::max(1.0, std::abs(want));
      ASSERT_NEAR(static_cast<double>(value), want, allowed) << "kind " << kind << " of " << x;
    }
  }
}

TEST_P(EveryActivationKernel, FarValuesStayFinite) {
  const Kernels& k = *kernels_at(GetParam());
  for (std::size_t kind = 0; kind < kActivations; ++kind) {
    for (const float x : {-1e4f, -100.0f, 100.0f, 1e4f}) {
      float value = x;
      k.activate(static_cast<Activation>(kind))(&value, nullptr, 1);
      const double want = expected(static_cast<Activation>(kind), static_cast<double>(x));
      EXPECT_NEAR(static_cast<double>(value), want, 1e-6 * std::max(1.0, std::abs(want))) << kind << " of " << x;
    }
  }
}

TEST_P(EveryActivationKernel, ABiasIsAddedFirst) {
  const Kernels& k = *kernels_at(GetParam());
  for (const std::size_t count : kCounts) {
    for (std::size_t kind = 0; kind < kActivations; ++kind) {
      Row with(count, count, 3), bias(count, count + 1, 2), without = with;
      for (std::size_t i = 0; i < count; ++i) without.first()[i] += bias.first()[i];
      k.activations[kind](with.first(), bias.first(), count);
      k.activations[kind](without.first(), nullptr, count);
      EXPECT_EQ(with.storage, without.storage) << count;
      EXPECT_TRUE(with.guarded()) << count;
    }
  }
}

TEST_P(EveryActivationKernel, SoftmaxSumsToOne) {
  const Kernels& k = *kernels_at(GetParam());
  for (const std::size_t count : kCounts) {
    for (const float scale : {0.0f, 1.0f, 60.0f}) {
      Row row(count, count + 7, scale);
      for (std::size_t i = 0; i < count; ++i) row.first()[i] -= 200;  // the largest is subtracted, zero must not be
      std::vector<double> want(row.first(), row.first() + count);
      const double most = count == 0 ? 0 : *std::max_element(want.begin(), want.end());
      for (double& w : want) w = std::exp(w - most);
      const double sum = std::accumulate(want.begin(), want.end(), 0.0);
      k.softmax(row.first(), count);
      for (std::size_t i = 0; i < count; ++i) {
        ASSERT_NEAR(static_cast<double>(row.first()[i]), want[i] / sum, 1e-6 * want[i] / sum + 1e-37) << count;
      }
      EXPECT_TRUE(row.guarded()) << count;
    }
  }
}

TEST_P(EveryActivationKernel, RowsAreNormalized) {
  const Kernels& k = *kernels_at(GetParam());
  for (const std::size_t count : kCounts) {
    Row from(count, count + 20, 2), scale(count, count + 21, 1), shift(count, count + 22, 1);
    for (std::size_t i = 0; i < count; ++i) from.first()[i] += 100;  // far from zero: the mean must go first
    for (const bool centred : {true, false}) {
      for (const bool shifted : {true, false}) {
        double mean = 0, square = 0;
        for (std::size_t i = 0; i < count && centred; ++i) mean += static_cast<double>(from.first()[i]);
        mean /= static_cast<double>(std::max<std::size_t>(count, 1));
        for (std::size_t i = 0; i < count; ++i) square += std::pow(static_cast<double>(from.first()[i]) - mean, 2);
        const double spread = std::sqrt(square / static_cast<double>(std::max<std::size_t>(count, 1)) + 1e-5);
        Row to(count, 0, 0);
        (centred ? k.layer_norm : k.rms_norm)(from.first(), scale.first(), shifted ? shift.first() : nullptr, count,
                                              1e-5f, to.first());
        for (std::size_t i = 0; i < count; ++i) {
          const double want =
              (static_cast<double>(from.first()[i]) - mean) / spread * static_cast<double>(scale.first()[i]) +
              (shifted ? static_cast<double>(shift.first()[i]) : 0);
          // A mean near 100 is known to 100 * 2^-24 or so, which the spread divides.
          ASSERT_NEAR(static_cast<double>(to.first()[i]), want, centred ? 2e-5 / spread + 2e-6 : 2e-6) << count;
        }
        EXPECT_TRUE(to.guarded()) << count;
      }
    }
  }
}

TEST_P(EveryActivationKernel, RowsAreCombined) {
  const Kernels& k = *kernels_at(GetParam());
  for (const std::size_t count : kCounts) {
    Row sum(count, 1, 1), product(count, 1, 1), other(count, 2, 1);
    const std::vector<float> before(sum.first(), sum.first() + count);
    k.add(sum.first(), other.first(), count);
    k.multiply(product.first(), other.first(), count);
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ(sum.first()[i], before[i] + other.first()[i]);
      EXPECT_EQ(product.first()[i], before[i] * other.first()[i]);
    }
    EXPECT_TRUE(sum.guarded() && product.guarded()) << count;
  }
}

}  // namespace
}  // namespace quiver::simd::internal
