// AnglE: pairs are ranked by their cosines and by angles in the complex plane, and pairs that mean the same must find
// each other in the batch.
//
//   loss = w_cos L(20 c) + w_ibn N + w_angle L(a)         L: the ranking loss of CoSENT (cosent.h), c_i = cos(l_i, r_i)
//   a_i  = | sum_k re_k + im_k | of z / w * |w| / |z|     z_k = l_k + i l_(k + d/2),  w_k = r_k + i r_(k + d/2)
//   N    = mean over all 2 b texts of cross-entropy( 20 cosines to the other 2 b - 1 texts, its partner ),
//          0 for texts of pairs whose score is below `same`
//
//   Angle objective({.w_ibn = 20, .same = 4});          // scores 0 .. 5: from 4 on a pair means the same
//
// Li & Li 2023 (arXiv:2309.12871), with the weights and temperatures of its code: where the cosine saturates near 1 its
// gradient vanishes, that of the angle does not. z / w is by coordinate with the whole |w|^2 below, so that
// a = | Re<z, w> + Im<z, w> | / (|z| |w|), as the code has it.
// Inputs: out "left", "right" (b, even); batch "scores" (b). Batches of one score: CoSENT's terms are 0, N is not; the
// batch is counted. Copies share the count. Cost: (2 b, 2 b) cosines, two rankings.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "quiver/learn/objectives/cosent.h"

namespace quiver::learn {

// (b): a of the pairs. Requires: an even width.
Tensor complex_angles(const Tensor& left, const Tensor& right);
// As the definition reads, complex number by complex number.
double complex_angle_reference(const std::vector<double>& left, const std::vector<double>& right);
// N: scalar. same: (b) bool, which pairs count as partners.
Tensor partner_loss(const Tensor& left, const Tensor& right, const Tensor& same, double tau);

struct AngleOptions {
  double w_cos = 1, w_ibn = 20, w_angle = 1;
  double cos_tau = 20, ibn_tau = 20, angle_tau = 1;
  double same = 1;  // pairs of this score and above are partners
};

class Angle {
 public:
  explicit Angle(AngleOptions options = {}) : options_(options), skipped_(std::make_shared<std::uint64_t>(0)) {}
  Tensor operator()(const Tensors& out, const Tensors& batch) const;
  std::vector<Tensor> parameters() const { return {}; }
  std::uint64_t skipped() const noexcept { return *skipped_; }

 private:
  AngleOptions options_;
  std::shared_ptr<std::uint64_t> skipped_;
};

}  // namespace quiver::learn
