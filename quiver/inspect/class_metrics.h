// Classification metrics, per item where that is possible, so that two classifiers can be compared pair by pair
// (core/statistics).
//
//   std::vector<double> right = correct(predicted, labels);          // 1 or 0 an item
//   Interval accuracy = bootstrap_mean(right);
//   double f1 = macro_f1(predicted, labels, classes);
//   double area = roc_auc(scores, positive);                         // of a two-class score
//
// Macro F1 is the mean over classes that occur among labels or predictions; F1 of a class is 2 tp / (2 tp + fp + fn).
// Log loss is in nats, with probabilities clipped to [1e-12, 1]. Thread-safety: pure functions. Requires: sizes that
// agree, labels below `classes`.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "quiver/core/matrix.h"

namespace quiver {

std::vector<double> correct(std::span<const std::uint32_t> predicted, std::span<const std::uint32_t> labels);
double macro_f1(std::span<const std::uint32_t> predicted, std::span<const std::uint32_t> labels, std::size_t classes);
// Row: label; column: prediction.
std::vector<std::vector<std::uint64_t>> confusion(std::span<const std::uint32_t> predicted,
                                                  std::span<const std::uint32_t> labels, std::size_t classes);
// probabilities: (items, classes). One value an item.
std::vector<double> log_loss(MatrixView probabilities, std::span<const std::uint32_t> labels);
// The probability that a positive item scores above a negative one, ties counted half; 0.5 if either kind is missing.
double roc_auc(std::span<const double> scores, std::span<const std::uint8_t> positive);

}  // namespace quiver
