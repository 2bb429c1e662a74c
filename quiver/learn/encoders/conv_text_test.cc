#include "quiver/learn/encoders/conv_text.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "quiver/learn/parameters.h"

namespace quiver::learn {
namespace {
constexpr std::uint64_t kConvSeed = 8;

PackedTokens packed(const std::vector<std::size_t>& lengths) {
  TokenBatch batch;
  for (const std::size_t length : lengths) batch.add(std::vector<std::uint32_t>(length, 0));
  return PackedTokens(std::move(batch));
}

// torch's own convolution over one text, padded by hand.
Tensor conv_reference(const ConvText& body, const Tensor& words, const std::vector<std::int64_t>& widths, bool relu) {
  std::vector<Tensor> out;
  for (const std::int64_t width : widths) {
    const std::int64_t in = words.size(1), a = (width - 1) / 2, b = width / 2;
    const Tensor weight = body.named().find(fmt::format("{}/weight", width))->second;  // (maps, width * in)
    const Tensor filters = weight.view({weight.size(0), width, in}).transpose(1, 2);   // (maps, in, width)
    const Tensor line = torch::constant_pad_nd(words.t().unsqueeze(0), {a, b});        // (1, in, tokens + width - 1)
    const Tensor answers = torch::conv1d(line, filters, body.named().find(fmt::format("{}/bias", width))->second)[0];
    out.push_back(std::get<0>((relu ? torch::relu(answers) : torch::tanh(answers)).max(1)));
  }
  return torch::cat(out);
}

TEST(ConvTextTest, IsAConvolutionAndItsMaximumInValueAndGradient) {
  for (const bool relu : {true, false}) {
    const std::vector<std::int64_t> widths{1, 2, 3, 5};
    const ConvText body({.in = 4, .widths = widths, .maps = 6, .relu = relu}, kConvSeed);
    const PackedTokens tokens = packed({5, 1, 8, 2});
    const Tensor words = random_parameter("words", {16, 4}, 1, kConvSeed).requires_grad_();
    const Tensor vectors = body.forward(words, tokens);
    ASSERT_EQ(vectors.sizes(), (std::vector<std::int64_t>{4, 24}));
    const Tensor wanted = torch::stack({conv_reference(body, words.narrow(0, 0, 5), widths, relu),
                                        conv_reference(body, words.narrow(0, 5, 1), widths, relu),
                                        conv_reference(body, words.narrow(0, 6, 8), widths, relu),
                                        conv_reference(body, words.narrow(0, 14, 2), widths, relu)});
    EXPECT_LT((vectors - wanted).abs().max().item<double>(), 1e-5);
    if (relu) continue;  // where all answers are 0 the maximum is shared here, and torch's takes the first
    const Tensor pull = random_parameter("pull", vectors.sizes(), 1, kConvSeed);
    std::vector<Tensor> with = body.parameters();
    with.push_back(words);
    const auto mine = torch::autograd::grad({(vectors * pull).sum()}, with);
    const auto theirs = torch::autograd::grad({(wanted * pull).sum()}, with);
    for (std::size_t i = 0; i < with.size(); ++i) {
      EXPECT_LT((mine[i] - theirs[i]).abs().max().item<double>(), 2e-5) << "parameter " << i;
    }
  }
}

TEST(ConvTextTest, ATextWithoutWordsIsZerosAndNeighboursDoNotMix) {
  const ConvText body({.in = 2, .widths = {3}, .maps = 4, .relu = false}, kConvSeed);
  const PackedTokens tokens = packed({2, 0, 3});
  const Tensor words = random_parameter("words", {5, 2}, 1, kConvSeed).requires_grad_();
  const Tensor vectors = body.forward(words, tokens);
  EXPECT_EQ(vectors[1].abs().max().item<double>(), 0);
  vectors[0].sum().backward();
  EXPECT_EQ(words.grad().narrow(0, 2, 3).abs().max().item<double>(), 0);
  EXPECT_GT(words.grad().narrow(0, 0, 2).abs().max().item<double>(), 0);
  EXPECT_EQ(body.forward(torch::zeros({0, 2}), packed({})).sizes(), (std::vector<std::int64_t>{0, 4}));
}

}  // namespace
}  // namespace quiver::learn
