#include "quiver/learn/objectives/next_token.h"

#include "quiver/core/check.h"

namespace quiver::learn {
namespace {
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// The mean loss, and its gradients at once, rows by rows.
struct BlockedCrossEntropy : torch::autograd::Function<BlockedCrossEntropy> {
  // states: (rows, dim), table: (vocabulary, dim), targets: (rows), all of them targets
  static Tensor forward(AutogradContext* context, const Tensor& states, const Tensor& table, const Tensor& targets) {
    const std::int64_t rows = states.size(0);
    const auto count = static_cast<double>(rows);
    Tensor to_states = torch::empty_like(states), to_table = torch::zeros_like(table);
    double sum = 0;
    for (std::int64_t first = 0; first < rows; first += NextToken::kRowsAtOnce) {
      const std::int64_t some = std::min(NextToken::kRowsAtOnce, rows - first);
      const Tensor x = states.narrow(0, first, some);                     // (some, dim)
      const Tensor wanted = targets.narrow(0, first, some).unsqueeze(1);  // (some, 1)
      Tensor scores = torch::mm(x, table.t());                            // (some, vocabulary)
      scores.sub_(scores.amax(1, true));
      const Tensor right = scores.gather(1, wanted);  // (some, 1)
      Tensor chances = scores.exp_();                 // (some, vocabulary)
      const Tensor total = chances.sum(1, true);      // (some, 1)
      sum += (total.log() - right).sum().item<double>();
      chances.div_(total * count);
      chances.scatter_add_(1, wanted, torch::full({some, 1}, -1 / count));  // now the gradient of the scores
      to_states.narrow(0, first, some).copy_(torch::mm(chances, table));
      to_table.addmm_(chances.t(), x);
    }
    context->save_for_backward({to_states, to_table});
    return torch::full({}, sum / count);
  }
  static variable_list backward(AutogradContext* context, const variable_list& outer) {
    const variable_list saved = context->get_saved_variables();
    return {saved[0] * outer[0], saved[1] * outer[0], Tensor()};
  }
};
}  // namespace

Tensor next_tokens(const PackedTokens& tokens) {
  Tensor out = torch::full({tokens.tokens()}, kNoTarget, torch::kInt64);
  auto* target = out.data_ptr<std::int64_t>();
  const TokenBatch& batch = tokens.batch();
  for (std::size_t text = 0; text < batch.texts(); ++text) {
    for (std::size_t i = batch.offsets[text]; i + 1 < batch.offsets[text + 1]; ++i) target[i] = batch.ids[i + 1];
  }
  return out;
}

Tensor NextToken::operator()(const Tensors& out, const Tensors& batch) const {
  const Tensor &states = out.find("states")->second, &table = out.find("table")->second;
  const Tensor& targets = batch.find("targets")->second;
  QUIVER_CHECK(states.dim() == 2 && table.dim() == 2 && states.size(1) == table.size(1));
  QUIVER_CHECK(targets.size(0) == states.size(0));
  const Tensor places = (targets != kNoTarget).nonzero().squeeze(1);  // (rows)
  if (places.size(0) == 0) return states.sum() * 0;
  return BlockedCrossEntropy::apply(states.index_select(0, places), table, targets.index_select(0, places));
}

Tensor next_token_reference(const Tensor& states, const Tensor& table, const Tensor& targets) {
  const auto options = torch::nn::functional::CrossEntropyFuncOptions().ignore_index(kNoTarget);
  return torch::nn::functional::cross_entropy(torch::mm(states, table.t()), targets, options);
}

}  // namespace quiver::learn
