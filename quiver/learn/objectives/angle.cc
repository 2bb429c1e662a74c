#include "quiver/learn/objectives/angle.h"

#include <cmath>
#include <complex>

#include "quiver/core/check.h"

namespace quiver::learn {
namespace {
constexpr double kShortest = 1e-12;  // a vector of length 0 has no direction, and must not divide by 0

Tensor length_of(const Tensor& rows) { return rows.square().sum(1).clamp_min(kShortest * kShortest).sqrt(); }  // (b)
}  // namespace

Tensor complex_angles(const Tensor& left, const Tensor& right) {
  QUIVER_CHECK(left.sizes() == right.sizes() && left.size(1) % 2 == 0);
  const std::vector<Tensor> z = left.chunk(2, 1), w = right.chunk(2, 1);  // (b, d / 2) each: real, imaginary
  const Tensor real = (z[0] * w[0] + z[1] * w[1]).sum(1);                 // of z times the conjugate of w
  const Tensor imaginary = (z[1] * w[0] - z[0] * w[1]).sum(1);
  return ((real + imaginary) / (length_of(left) * length_of(right))).abs();
}

double complex_angle_reference(const std::vector<double>& left, const std::vector<double>& right) {
  const std::size_t half = left.size() / 2;
  double z_square = 0, w_square = 0;
  for (std::size_t k = 0; k < left.size(); ++k) {
    z_square += left[k] * left[k];
    w_square += right[k] * right[k];
  }
  double sum = 0;
  for (std::size_t k = 0; k < half; ++k) {
    const std::complex<double> z(left[k], left[k + half]), w(right[k], right[k + half]);
    const std::complex<double> ratio = z * std::conj(w) / w_square / std::sqrt(z_square / w_square);
    sum += ratio.real() + ratio.imag();
  }
  return std::abs(sum);
}

Tensor partner_loss(const Tensor& left, const Tensor& right, const Tensor& same, double tau) {
  const std::int64_t pairs = left.size(0);
  const Tensor texts = torch::cat({left, right});  // (2 b, d): partners are b apart
  const Tensor unit = texts / length_of(texts).unsqueeze(1);
  Tensor scores = torch::mm(unit, unit.t()) * tau;  // (2 b, 2 b)
  scores = scores.masked_fill(torch::eye(2 * pairs, torch::kBool), -1e9);
  const Tensor partner = (torch::arange(2 * pairs) + pairs).remainder(2 * pairs);
  const Tensor logs = torch::log_softmax(scores, 1).gather(1, partner.unsqueeze(1)).squeeze(1);  // (2 b)
  return -(logs * same.repeat({2})).mean();
}

Tensor Angle::operator()(const Tensors& out, const Tensors& batch) const {
  const Tensor &left = out.find("left")->second, &right = out.find("right")->second;  // (b, d) each
  const Tensor& scores = batch.find("scores")->second;                                // (b)
  if (all_equal(scores)) ++*skipped_;
  Tensor loss = torch::zeros({});
  if (options_.w_cos > 0) {
    const Tensor cosines = torch::cosine_similarity(left, right, 1, kShortest);
    loss = loss + options_.w_cos * ranking_loss(cosines * options_.cos_tau, scores);
  }
  if (options_.w_ibn > 0) {
    loss = loss + options_.w_ibn * partner_loss(left, right, scores.ge(options_.same), options_.ibn_tau);
  }
  if (options_.w_angle > 0) {
    loss = loss + options_.w_angle * ranking_loss(complex_angles(left, right) * options_.angle_tau, scores);
  }
  return loss;
}

}  // namespace quiver::learn
