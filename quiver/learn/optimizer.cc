#include "quiver/learn/optimizer.h"

#include <fmt/format.h>

#include <cmath>

namespace quiver::learn {

RowAdagrad::RowAdagrad(std::vector<Table*> tables, RowAdagradOptions options)
    : tables_(std::move(tables)), options_(options) {
  for (const Table* table : tables_) accumulators_.push_back(torch::full({table->rows()}, options_.initial));  // (rows)
}

void RowAdagrad::clear_gradients() {
  for (Table* table : tables_) table->clear_gradient();
  scale_ = 1;
}

double RowAdagrad::gradient_square() {
  double sum = 0;
  for (Table* table : tables_) sum += table->gradient().values.square().sum().item<double>();
  return sum * scale_ * scale_;
}

void RowAdagrad::scale_gradients(double factor) { scale_ *= factor; }

void RowAdagrad::step(double factor) {
  const auto rate = static_cast<float>(options_.rate * factor), epsilon = static_cast<float>(options_.epsilon);
  const auto scale = static_cast<float>(scale_);
  for (std::size_t t = 0; t < tables_.size(); ++t) {
    const RowGradient& gradient = tables_[t]->gradient();
    const auto dim = static_cast<std::size_t>(tables_[t]->dim());
    const std::span<float> values = values_of(tables_[t]->value()), accumulator = values_of(accumulators_[t]);
    const Tensor packed = gradient.values.contiguous();
    const float* gradients = packed.data_ptr<float>();
    at::parallel_for(0, static_cast<std::int64_t>(gradient.rows.size()), 256,
                     [&](std::int64_t begin, std::int64_t end) {
                       for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
                         const float* g = gradients + i * dim;
                         float* x = values.data() + gradient.rows[i] * dim;
                         float square = 0;
                         for (std::size_t j = 0; j < dim; ++j) square += g[j] * g[j];
                         float& memory = accumulator[gradient.rows[i]];
                         memory += scale * scale * square / static_cast<float>(dim);
                         const float pace = rate * scale / (std::sqrt(memory) + epsilon);
                         for (std::size_t j = 0; j < dim; ++j) x[j] -= pace * g[j];
                       }
                     });
  }
}

void RowAdagrad::collect_state(const std::string& prefix, Tensors& state) {
  for (std::size_t t = 0; t < tables_.size(); ++t) {
    state[fmt::format("{}/{}", prefix, tables_[t]->name())] = tables_[t]->value();
    state[fmt::format("{}/{}/accumulator", prefix, tables_[t]->name())] = accumulators_[t];
  }
}

void DenseOptimizer::clear_gradients() {
  for (Tensor& parameter : parameters_) parameter.mutable_grad().reset();
}

double DenseOptimizer::gradient_square() {
  double sum = 0;
  for (const Tensor& parameter : parameters_) {
    if (parameter.grad().defined()) sum += parameter.grad().square().sum().item<double>();
  }
  return sum;
}

void DenseOptimizer::scale_gradients(double factor) {
  for (Tensor& parameter : parameters_) {
    if (parameter.grad().defined()) parameter.mutable_grad().mul_(factor);
  }
}

std::vector<Tensor> DenseOptimizer::zeros_like_parameters() const {
  std::vector<Tensor> zeros;
  for (const Tensor& parameter : parameters_)
    zeros.push_back(torch::zeros_like(parameter, torch::TensorOptions().requires_grad(false)));
  return zeros;
}

Adam::Adam(std::vector<Tensor> parameters, AdamOptions options)
    : DenseOptimizer(std::move(parameters)),
      first_(zeros_like_parameters()),
      second_(zeros_like_parameters()),
      steps_(torch::zeros({}, torch::kInt64)),
      options_(options) {}

void Adam::step(double factor) {
  const torch::NoGradGuard no_grad;
  const auto count = static_cast<double>(steps_.add_(1).item<std::int64_t>());
  const double rate = options_.rate * factor;
  const double correct1 = 1 - std::pow(options_.beta1, count), correct2 = 1 - std::pow(options_.beta2, count);
  for (std::size_t p = 0; p < parameters_.size(); ++p) {
    Tensor& parameter = parameters_[p];
    const Tensor& gradient = parameter.grad();
    if (!gradient.defined()) continue;
    first_[p].mul_(options_.beta1).add_(gradient, 1 - options_.beta1);
    second_[p].mul_(options_.beta2).addcmul_(gradient, gradient, 1 - options_.beta2);
    if (options_.weight_decay > 0) parameter.mul_(1 - rate * options_.weight_decay);
    const Tensor denominator = (second_[p] / correct2).sqrt_().add_(options_.epsilon);
    parameter.addcdiv_(first_[p], denominator, -rate / correct1);
  }
}

void Adam::collect_state(const std::string& prefix, Tensors& state) {
  for (std::size_t p = 0; p < parameters_.size(); ++p) {
    state[fmt::format("{}/{}", prefix, p)] = parameters_[p];
    state[fmt::format("{}/{}/first", prefix, p)] = first_[p];
    state[fmt::format("{}/{}/second", prefix, p)] = second_[p];
  }
  state[fmt::format("{}/steps", prefix)] = steps_;
}

}  // namespace quiver::learn
