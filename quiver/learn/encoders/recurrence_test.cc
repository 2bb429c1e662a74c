#include "quiver/learn/encoders/recurrence.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "quiver/learn/parameters.h"

namespace quiver::learn {
namespace {
constexpr std::uint64_t kSweepSeed = 23;

PackedTokens texts_of(const std::vector<std::size_t>& lengths) {
  TokenBatch batch;
  for (const std::size_t length : lengths) batch.add(std::vector<std::uint32_t>(length, 1));
  return PackedTokens(std::move(batch));
}
const std::vector<std::vector<std::size_t>> kSweepLengths{{3, 0, 7, 1, 7, 2}, {1}, {5}, {4, 4}, {0, 2}};

// Both recurrences as their formulas read: a text, a token and an operator of torch at a time, in the order of tokens.
Tensor elman_reference(const Tensor& drive, const Tensor& weight, const Tensor& start, const PackedTokens& tokens,
                       Direction direction) {
  std::vector<Tensor> states(static_cast<std::size_t>(tokens.tokens()));
  for (std::int64_t text = 0; text < tokens.texts(); ++text) {
    Tensor h = start;
    const std::int64_t first = tokens.batch().offsets[static_cast<std::size_t>(text)], n = tokens.length(text);
    for (std::int64_t t = 0; t < n; ++t) {
      const std::int64_t token = direction == Direction::Forth ? first + t : first + n - 1 - t;
      h = torch::tanh(drive[token] + torch::mv(weight, h));
      states[static_cast<std::size_t>(token)] = h;
    }
  }
  return torch::stack(states);
}
Tensor lstm_reference(const Tensor& drive, const Tensor& weight, const PackedTokens& tokens, Direction direction) {
  std::vector<Tensor> states(static_cast<std::size_t>(tokens.tokens()));
  for (std::int64_t text = 0; text < tokens.texts(); ++text) {
    Tensor h = torch::zeros({weight.size(1)}), c = h;
    const std::int64_t first = tokens.batch().offsets[static_cast<std::size_t>(text)], n = tokens.length(text);
    for (std::int64_t t = 0; t < n; ++t) {
      const std::int64_t token = direction == Direction::Forth ? first + t : first + n - 1 - t;
      const std::vector<Tensor> gates = (drive[token] + torch::mv(weight, h)).chunk(4);
      c = torch::sigmoid(gates[1]) * c + torch::sigmoid(gates[0]) * torch::tanh(gates[2]);
      h = torch::sigmoid(gates[3]) * torch::tanh(c);
      states[static_cast<std::size_t>(token)] = h;
    }
  }
  return torch::stack(states);
}
Tensor leaf(const char* name, torch::IntArrayRef shape) {
  return random_parameter(name, shape, 0.6F, kSweepSeed).requires_grad_();
}
void expect_near(const Tensor& a, const Tensor& b, const char* what, double within = 2e-5) {
  ASSERT_EQ(a.sizes(), b.sizes()) << what;
  const double scale = std::max(1.0, b.abs().max().item<double>());
  EXPECT_LT((a - b).abs().max().item<double>(), within * scale) << what << ", seed " << kSweepSeed;
}

TEST(SweepTest, TellsWhatEachTokenFoundAndLeft) {
  const PackedTokens tokens = texts_of({2, 0, 3});  // tokens 0 1 | | 2 3 4
  const Tensor rows = torch::arange(5, torch::kFloat32).unsqueeze(1), start = torch::full({1}, -1.0F);
  const Sweep forth(tokens, Direction::Forth), back(tokens, Direction::Back);
  EXPECT_EQ(forth.active(), (std::vector<std::int64_t>{2, 2, 1}));
  const auto row = [](const Tensor& column) {
    const Tensor packed = column.flatten().contiguous();
    return std::vector<float>(packed.data_ptr<float>(), packed.data_ptr<float>() + packed.numel());
  };
  EXPECT_EQ(row(forth.enter(rows)), (std::vector<float>{2, 0, 3, 1, 4}));
  EXPECT_EQ(row(back.enter(rows)), (std::vector<float>{4, 1, 3, 0, 2}));
  for (const Sweep* sweep : {&forth, &back}) EXPECT_EQ(row(sweep->after(sweep->enter(rows))), row(rows));
  EXPECT_EQ(row(forth.before(forth.enter(rows), start)), (std::vector<float>{-1, 0, -1, 2, 3}));
  EXPECT_EQ(row(back.before(back.enter(rows), start)), (std::vector<float>{1, -1, 3, 4, -1}));
  EXPECT_EQ(row(forth.last(forth.enter(rows), start)), (std::vector<float>{1, -1, 4}));
  EXPECT_EQ(row(back.last(back.enter(rows), start)), (std::vector<float>{0, -1, 2}));
}

TEST(RecurrenceTest, ElmanIsTheFormulaInValueAndGradient) {
  for (const auto& lengths : kSweepLengths) {
    for (const Direction direction : {Direction::Forth, Direction::Back}) {
      const PackedTokens tokens = texts_of(lengths);
      const Sweep sweep(tokens, direction);
      const Tensor drive = leaf("drive", {tokens.tokens(), 9}), weight = leaf("weight", {9, 9}),
                   start = leaf("start", {9});
      const Tensor pull = random_parameter("pull", {tokens.tokens(), 9}, 1, kSweepSeed);
      const Tensor states = sweep.after(elman(sweep.enter(drive), weight, start, sweep));
      const auto mine = torch::autograd::grad({(states * pull).sum()}, {drive, weight, start});
      const Tensor wanted = elman_reference(drive, weight, start, tokens, direction);
      const auto theirs = torch::autograd::grad({(wanted * pull).sum()}, {drive, weight, start});
      expect_near(states, wanted, "states");
      expect_near(mine[0], theirs[0], "gradient of the drive");
      expect_near(mine[1], theirs[1], "gradient of the weight");
      expect_near(mine[2], theirs[2], "gradient of the start");
    }
  }
}

TEST(RecurrenceTest, LstmIsTheFormulaInValueAndGradient) {
  for (const auto& lengths : kSweepLengths) {
    for (const Direction direction : {Direction::Forth, Direction::Back}) {
      const PackedTokens tokens = texts_of(lengths);
      const Sweep sweep(tokens, direction);
      const Tensor drive = leaf("drive", {tokens.tokens(), 28}), weight = leaf("weight", {28, 7});
      const Tensor pull = random_parameter("pull", {tokens.tokens(), 7}, 1, kSweepSeed);
      const Tensor states = sweep.after(lstm(sweep.enter(drive), weight, sweep));
      const auto mine = torch::autograd::grad({(states * pull).sum()}, {drive, weight});
      const Tensor wanted = lstm_reference(drive, weight, tokens, direction);
      const auto theirs = torch::autograd::grad({(wanted * pull).sum()}, {drive, weight});
      expect_near(states, wanted, "states");
      expect_near(mine[0], theirs[0], "gradient of the drive");
      expect_near(mine[1], theirs[1], "gradient of the weight");
    }
  }
}

// The same numbers from torch's own layer, which is told of the lengths by a packed sequence.
TEST(RecurrenceTest, LstmAgreesWithTorch) {
  const PackedTokens tokens = texts_of({6, 6, 6});
  const Sweep sweep(tokens, Direction::Forth);
  torch::nn::LSTM layer(torch::nn::LSTMOptions(5, 4).batch_first(true));
  const Tensor x = random_parameter("x", {18, 5}, 1, kSweepSeed);
  const Tensor wanted = std::get<0>(layer->forward(x.view({3, 6, 5})));  // (texts, tokens, width)
  const auto named = layer->named_parameters();
  const Tensor drive = torch::linear(x, named["weight_ih_l0"], named["bias_ih_l0"] + named["bias_hh_l0"]);
  const Tensor states = sweep.after(lstm(sweep.enter(drive), named["weight_hh_l0"], sweep));
  expect_near(states.view({3, 6, 4}), wanted, "states");
}

TEST(RecurrenceTest, NothingComesOfNothing) {
  for (const auto& lengths : {std::vector<std::size_t>{}, {0}, {0, 0}}) {
    const PackedTokens tokens = texts_of(lengths);
    const Sweep sweep(tokens, Direction::Back);
    const Tensor weight = leaf("weight", {4, 4}), start = leaf("start", {4});
    const Tensor states = elman(torch::zeros({0, 4}).requires_grad_(), weight, start, sweep);
    EXPECT_EQ(states.size(0), 0);
    const Tensor last = sweep.last(states, start);
    ASSERT_EQ(last.sizes(), (std::vector<std::int64_t>{tokens.texts(), 4}));
    last.sum().backward();
    EXPECT_EQ(start.grad().sum().item<float>(), static_cast<float>(4 * lengths.size()));
    EXPECT_EQ(lstm(torch::zeros({0, 16}), leaf("gates", {16, 4}), sweep).size(0), 0);
  }
}

}  // namespace
}  // namespace quiver::learn
