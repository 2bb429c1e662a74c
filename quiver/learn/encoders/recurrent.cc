#include "quiver/learn/encoders/recurrent.h"

#include <string>

#include "quiver/core/check.h"
#include "quiver/learn/encoders/recurrence.h"
#include "quiver/learn/heads/pooling.h"
#include "quiver/learn/parameters.h"

namespace quiver::learn {
namespace {
std::vector<Tensor> listed(const Tensors& named) {
  std::vector<Tensor> out;
  for (const auto& [name, parameter] : named) out.push_back(parameter);
  return out;
}
}  // namespace

Rcnn::Rcnn(const RcnnOptions& options, std::uint64_t seed) : options_(options) {
  const auto [in, context, hidden] = options_;
  QUIVER_CHECK(in > 0 && context > 0 && hidden > 0);
  const auto product = [&](const std::string& name, std::int64_t rows, std::int64_t columns) {
    parameters_.emplace(name, random_parameter("rcnn/" + name, {rows, columns}, deviation_of(columns), seed));
  };
  for (const std::string side : {"left", "right"}) {
    product(side + "/context", context, context);
    product(side + "/word", context, in);
    parameters_.emplace(side + "/start",
                        random_parameter("rcnn/" + side + "/start", {context}, deviation_of(context), seed));
  }
  product("hidden", hidden, 2 * context + in);
  parameters_.emplace("hidden_bias", torch::zeros({hidden}));
  for (auto& [name, parameter] : parameters_) parameter.requires_grad_();
}

std::vector<Tensor> Rcnn::parameters() const { return listed(parameters_); }

Tensor Rcnn::contexts(const Tensor& words, const PackedTokens& tokens) const {
  QUIVER_CHECK(words.dim() == 2 && words.size(0) == tokens.tokens() && words.size(1) == options_.in);
  const auto side = [&](Direction direction, const std::string& name) {
    const Sweep sweep(tokens, direction);
    const Tensor start = at(name + "/start");
    const Tensor drive = sweep.enter(torch::linear(words, at(name + "/word")));  // (tokens, context)
    return sweep.before(elman(drive, at(name + "/context"), start, sweep), start);
  };
  return torch::cat({side(Direction::Forth, "left"), words, side(Direction::Back, "right")}, 1);
}

Tensor Rcnn::forward(const Tensor& words, const PackedTokens& tokens) const {
  const Tensor y2 = torch::tanh(torch::linear(contexts(words, tokens), at("hidden"), at("hidden_bias")));
  return pool(Pool::Max, y2, tokens);  // (tokens, hidden) -> (texts, hidden)
}

Lstm::Lstm(const LstmOptions& options, std::uint64_t seed) : options_(options) {
  const auto [in, width, both_ways] = options_;
  QUIVER_CHECK(in > 0 && width > 0);
  for (const std::string side : {"forth", "back"}) {
    if (side == "back" && !both_ways) continue;
    const auto product = [&](const std::string& name, std::int64_t columns) {
      parameters_.emplace(side + name,
                          random_parameter("lstm/" + side + name, {4 * width, columns}, deviation_of(columns), seed));
    };
    product("/state", width);
    product("/word", in);
    Tensor bias = torch::zeros({4 * width});
    bias.narrow(0, width, width).fill_(1);  // forget little at first
    parameters_.emplace(side + "/bias", bias);
  }
  for (auto& [name, parameter] : parameters_) parameter.requires_grad_();
}

std::vector<Tensor> Lstm::parameters() const { return listed(parameters_); }

Tensor Lstm::forward(const Tensor& words, const PackedTokens& tokens) const {
  QUIVER_CHECK(words.dim() == 2 && words.size(0) == tokens.tokens() && words.size(1) == options_.in);
  const auto side = [&](Direction direction, const std::string& name) {
    const Sweep sweep(tokens, direction);
    const Tensor drive = sweep.enter(torch::linear(words, at(name + "/word"), at(name + "/bias")));
    return sweep.last(lstm(drive, at(name + "/state"), sweep), torch::zeros({options_.width}));  // (texts, width)
  };
  const Tensor forth = side(Direction::Forth, "forth");
  return options_.both_ways ? torch::cat({forth, side(Direction::Back, "back")}, 1) : forth;
}

}  // namespace quiver::learn
