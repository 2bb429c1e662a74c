#include "quiver/learn/encoders/conv_text.h"

#include <fmt/format.h>

#include "quiver/core/check.h"
#include "quiver/learn/heads/pooling.h"
#include "quiver/learn/parameters.h"

namespace quiver::learn {
namespace {
// The tokens that stand around each token: row t holds `width` numbers, 1 + the token or 0 outside of its text.
Tensor windows_of(const PackedTokens& tokens, std::int64_t width) {
  Tensor out = torch::zeros({tokens.tokens(), width}, torch::kInt64);
  std::int64_t* slot = out.data_ptr<std::int64_t>();
  std::int64_t first = 0;
  for (std::int64_t text = 0; text < tokens.texts(); ++text) {
    const std::int64_t length = tokens.length(text);
    for (std::int64_t i = 0; i < length; ++i) {
      for (std::int64_t j = i - (width - 1) / 2; j <= i + width / 2; ++j, ++slot) {
        if (j >= 0 && j < length) *slot = 1 + first + j;
      }
    }
    first += length;
  }
  return out;
}
}  // namespace

ConvText::ConvText(const ConvTextOptions& options, std::uint64_t seed) : options_(options) {
  QUIVER_CHECK(options.in > 0 && options.maps > 0 && !options.widths.empty());
  for (const std::int64_t width : options_.widths) {
    QUIVER_CHECK(width > 0);
    const std::int64_t columns = width * options_.in;
    const std::string weight = fmt::format("{}/weight", width);
    parameters_.emplace(weight,
                        random_parameter("conv/" + weight, {options_.maps, columns}, deviation_of(columns), seed));
    parameters_.emplace(fmt::format("{}/bias", width), torch::zeros({options_.maps}));
  }
  for (auto& [name, parameter] : parameters_) parameter.requires_grad_();
}

std::vector<Tensor> ConvText::parameters() const {
  std::vector<Tensor> out;
  for (const auto& [name, parameter] : parameters_) out.push_back(parameter);
  return out;
}

Tensor ConvText::forward(const Tensor& words, const PackedTokens& tokens) const {
  QUIVER_CHECK(words.dim() == 2 && words.size(0) == tokens.tokens() && words.size(1) == options_.in);
  const Tensor rows = torch::cat({torch::zeros({1, options_.in}), words});  // row 0: outside of a text
  std::vector<Tensor> strongest;
  for (const std::int64_t width : options_.widths) {
    const Tensor around = windows_of(tokens, width).flatten();  // (tokens * width)
    const Tensor windows = rows.index_select(0, around).view({tokens.tokens(), width * options_.in});
    const Tensor answers = torch::linear(windows, parameters_.find(fmt::format("{}/weight", width))->second,
                                         parameters_.find(fmt::format("{}/bias", width))->second);  // (tokens, maps)
    strongest.push_back(pool(Pool::Max, options_.relu ? torch::relu(answers) : torch::tanh(answers), tokens));
  }
  return torch::cat(strongest, 1);  // (texts, out)
}

}  // namespace quiver::learn
