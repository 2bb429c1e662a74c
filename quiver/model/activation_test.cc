#include "quiver/model/activation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quiver {
namespace {

TEST(Activation, NamesReadBack) {
  for (std::size_t i = 0; i < simd::kActivations; ++i) {
    const auto activation = static_cast<simd::Activation>(i);
    EXPECT_EQ(*parse_activation(name_of(activation)), activation);
  }
  EXPECT_EQ(name_of(simd::Activation::GeluTanh), "gelu_tanh");
  EXPECT_THAT(parse_activation("mish").error().message(),
              testing::HasSubstr("'mish' is no activation; there are gelu, gelu_tanh, relu, silu, tanh"));
}

}  // namespace
}  // namespace quiver
