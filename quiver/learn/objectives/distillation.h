// Distillation: vectors of a student are drawn to those of a teacher, coordinate by coordinate.
//
//   kl    T^2 * mean over texts of KL( softmax(teacher / T) || softmax(student / T) )     softmax over the coordinates
//   mse   mean over texts and coordinates of (student - teacher)^2
//
//   Tensor loss = kl_of_coordinates(shallow, deep, {.temperature = 1});          // (texts, dim) each -> scalar
//
// Hinton et al. 2015 (arXiv:1503.02531), here over the features of a vector instead of classes, as 2DMSE and ESE do
// (Li et al. 2024, arXiv:2402.14776): it is about coordinates, not about similarities within the batch.
// The teacher gets a gradient too unless `detach_teacher`: both sides move. Thread-safety: functions.
#pragma once
#include "quiver/learn/tensor.h"

namespace quiver::learn {

struct DistillationOptions {
  double temperature = 1;
  bool detach_teacher = false;
};

// Requires: tensors of equal shape (texts, dim). No texts: 0.
Tensor kl_of_coordinates(const Tensor& student, const Tensor& teacher, const DistillationOptions& options = {});
Tensor mse_of_coordinates(const Tensor& student, const Tensor& teacher, bool detach_teacher = false);

}  // namespace quiver::learn
