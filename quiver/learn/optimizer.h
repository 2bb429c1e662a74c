// Optimizer: moves parameters along their gradients. What it moves and what it remembers are named tensors, so that a
// checkpoint holds everything an exact resume needs.
//
//   RowAdagrad rows({&encoder.table()}, {.rate = 0.005});
//   Adam dense(objective.parameters(), {.rate = 2e-3});
//   for (Optimizer* optimizer : {&rows, &dense}) optimizer->step(schedule.factor(step));
//
// RowAdagrad   for Tables: one accumulator a row, the mean square of its gradients (the row-wise Adagrad of Naumov et
//              al. 2019, arXiv:1906.00091, after Duchi et al. 2011):
//                a_r <- a_r + mean(g_r^2);   x_r <- x_r - rate * g_r / (sqrt(a_r) + eps)         rows r of the batch
//                only
//              It costs what the batch touches; frequent rows slow down, rare rows keep their pace.
// Adam         for dense tensors, with decoupled weight decay (Loshchilov & Hutter 2019, arXiv:1711.05101).
// Sgd          with momentum, in sgd.h.
// Thread-safety: one owner.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "quiver/learn/tables/table.h"
#include "quiver/learn/tensor.h"

namespace quiver::learn {

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  virtual void clear_gradients() = 0;
  virtual double gradient_square() = 0;             // sum of squares over all its gradients
  virtual void scale_gradients(double factor) = 0;  // for clipping
  virtual void step(double factor) = 0;             // rate * factor; factor comes from the schedule
  // Parameters and memory under "prefix/...", as handles: writing into them restores a checkpoint.
  virtual void collect_state(const std::string& prefix, Tensors& state) = 0;
};

struct RowAdagradOptions {
  double rate = 0.01;
  double initial = 1e-14;  // accumulator before the first step
  double epsilon = 1e-12;
};
class RowAdagrad final : public Optimizer {
 public:
  RowAdagrad(std::vector<Table*> tables, RowAdagradOptions options);  // the tables must outlive it
  void clear_gradients() override;
  double gradient_square() override;
  void scale_gradients(double factor) override;
  void step(double factor) override;
  void collect_state(const std::string& prefix, Tensors& state) override;

 private:
  std::vector<Table*> tables_;
  std::vector<Tensor> accumulators_;  // (rows) each
  RowAdagradOptions options_;
  double scale_ = 1;  // of the gradients of this step
};

// What optimizers of dense tensors share: their gradients are torch's own.
class DenseOptimizer : public Optimizer {
 public:
  explicit DenseOptimizer(std::vector<Tensor> parameters) : parameters_(std::move(parameters)) {}
  void clear_gradients() override;
  double gradient_square() override;
  void scale_gradients(double factor) override;

 protected:
  std::vector<Tensor> zeros_like_parameters() const;  // without gradients: room for a memory
  std::vector<Tensor> parameters_;
};

struct AdamOptions {
  double rate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weight_decay = 0;
};
class Adam final : public DenseOptimizer {
 public:
  Adam(std::vector<Tensor> parameters, AdamOptions options);
  void step(double factor) override;
  void collect_state(const std::string& prefix, Tensors& state) override;

 private:
  std::vector<Tensor> first_, second_;
  Tensor steps_;  // int64 scalar: a tensor, so that checkpoints carry it
  AdamOptions options_;
};

}  // namespace quiver::learn
