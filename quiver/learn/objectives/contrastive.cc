#include "quiver/learn/objectives/contrastive.h"

#include <cmath>

#include "quiver/core/check.h"

namespace quiver::learn {
namespace {
constexpr double kHottest = 1.0, kColdest = 0.01;  // temperatures
constexpr double kFusedScale = 40;                 // e^(-2 * 40) is still a normal float

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// One exp() for both directions. e_ij = exp(scale * (c_ij - 1)) with c the cosines, so nothing overflows; the constant
// cancels in every difference below.
struct FusedInfoNce : torch::autograd::Function<FusedInfoNce> {
  // left: (b, dim), right: (b + extra, dim), both unit; scale: scalar; banned: (pairs, 2) rows and columns
  static Tensor forward(AutogradContext* context, const Tensor& left, const Tensor& right, const Tensor& scale,
                        const Tensor& banned, double backward_weight) {
    const std::int64_t b = left.size(0);
    const auto count = static_cast<double>(b);
    const Tensor cosine = torch::mm(left, right.t());         // (b, b + extra)
    const Tensor positive = (cosine.diagonal() - 1) * scale;  // (b), a copy
    Tensor e = ((cosine - 1).mul_(scale)).exp_();             // (b, b + extra)
    if (banned.size(0) > 0) e.index_put_({banned.select(1, 0), banned.select(1, 1)}, torch::zeros({}));
    const Tensor row_sum = e.sum(1);  // (b)
    Tensor loss = (row_sum.log() - positive).mean();
    Tensor gradient;  // of the logits, (b, b + extra)
    if (backward_weight > 0) {
      const Tensor square = e.narrow(1, 0, b);  // (b, b)
      const Tensor column_sum = square.sum(0);  // (b)
      loss = loss + backward_weight * (column_sum.log() - positive).mean();
      const Tensor across = square * (backward_weight / count / column_sum);  // (b, b)
      gradient = e.mul_((1 / (count * row_sum)).unsqueeze(1));
      gradient.narrow(1, 0, b).add_(across);
    } else {
      gradient = e.mul_((1 / (count * row_sum)).unsqueeze(1));
    }
    gradient.diagonal().sub_((1 + backward_weight) / count);
    context->save_for_backward({left, right, scale, gradient});
    return loss;
  }
  static variable_list backward(AutogradContext* context, const variable_list& outer) {
    const variable_list saved = context->get_saved_variables();
    const Tensor &left = saved[0], &right = saved[1], &scale = saved[2], &gradient = saved[3];
    const Tensor pulled = torch::mm(gradient, right);                             // (b, dim)
    const Tensor to_left = pulled * (scale * outer[0]);                           // (b, dim)
    const Tensor to_right = torch::mm(gradient.t(), left) * (scale * outer[0]);   // (b + extra, dim)
    const Tensor to_scale = ((pulled * left).sum() - gradient.sum()) * outer[0];  // d logit / d scale = c - 1
    return {to_left, to_right, to_scale, Tensor(), Tensor()};
  }
};

Tensor unit(const Tensor& x) {
  return torch::nn::functional::normalize(x, torch::nn::functional::NormalizeFuncOptions().dim(1));
}

// (b, b + extra): true where a pair of one group must not count as a negative; the diagonal never is.
Tensor banned_pairs(const Tensors& batch, std::int64_t rows, std::int64_t columns) {
  const auto left = batch.find("left_group"), right = batch.find("right_group");
  if (left == batch.end() || right == batch.end()) return torch::zeros({rows, columns}, torch::kBool);
  QUIVER_CHECK(left->second.size(0) == rows && right->second.size(0) == columns);
  Tensor banned = left->second.unsqueeze(1).eq(right->second.unsqueeze(0));  // (b, b + extra)
  banned.diagonal().fill_(false);
  return banned;
}
}  // namespace

Contrastive::Contrastive(ContrastiveOptions options)
    : options_(options), log_scale_(torch::full({}, std::log(1 / options.temperature))) {
  QUIVER_CHECK(options.temperature >= kColdest && options.temperature <= kHottest && options.backward >= 0);
  log_scale_.requires_grad_(options.learn_temperature);
}

std::vector<Tensor> Contrastive::parameters() const {
  return options_.learn_temperature ? std::vector<Tensor>{log_scale_} : std::vector<Tensor>{};
}

double Contrastive::temperature() const { return std::exp(-log_scale_.item<double>()); }

Tensor Contrastive::operator()(const Tensors& out, const Tensors& batch) const {
  const Tensor left = unit(out.find("left")->second),
               right = unit(out.find("right")->second);  // (b, d), (b + extra, d)
  QUIVER_CHECK(left.size(0) <= right.size(0) && left.size(1) == right.size(1));
  const Tensor scale = log_scale_.exp().clamp(1 / kHottest, 1 / kColdest);
  const Tensor banned = banned_pairs(batch, left.size(0), right.size(0));
  if (scale.item<double>() > kFusedScale)
    return contrastive_reference(left, right, scale, banned.logical_not(), options_.backward);
  return FusedInfoNce::apply(left, right, scale, banned.nonzero(), options_.backward);
}

Tensor contrastive_reference(const Tensor& left, const Tensor& right, const Tensor& scale, const Tensor& allowed,
                             double backward) {
  const std::int64_t b = left.size(0);
  const Tensor logits =
      (torch::mm(left, right.t()) * scale).masked_fill(allowed.logical_not(), -1e9);  // (b, b + extra)
  const Tensor own = torch::arange(b);
  Tensor loss = torch::nn::functional::cross_entropy(logits, own);
  if (backward > 0) loss = loss + backward * torch::nn::functional::cross_entropy(logits.narrow(1, 0, b).t(), own);
  return loss;
}

}  // namespace quiver::learn
