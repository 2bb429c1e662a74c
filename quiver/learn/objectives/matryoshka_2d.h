// Matryoshka2D: an objective asked of two things at once: of prefixes of a vector, and of the vectors that shallower
// layers of the encoder give. E_n is the pooled state behind layer n of N, E[0:m] its first m coordinates, l the
// wrapped objective.
//
//   v1               n ~ U{1 .. N-1}, m ~ U{8, 16, 32, ... < D}, one of each a step
//     loss = t l(E_N) + s l(E_n) + KL(E_n, E_N) + t l(E_N[0:m]) + s l(E_n[0:m])
//   adaptive layer   the weights of sentence-transformers: n as above, m and m' each from {8, 16, ... <= D}
//     loss = l(E_N[0:m]) + l(E_n[0:m']) / n + KL(E_n, E_N) / T           T = 0.3 there
//   ese              all layers, one prefix k; C(E) = E U S, of the k largest singular values of softmax(E'E / sqrt D)
//     loss = l(E_N) + h(E_N) + sum over n < N of h(E_n) / (1 + ln n) / (N - 1)
//     h(E) = l(E[0:k]) + MSE(E[0:k], C(E)) + KL(E[0:k], C(E))            C without a gradient
//
//   Matryoshka2D objective(Angle(), {.layers = 6, .whole = 256, .seed = run.seed()});
//   for (const std::size_t n : objective.layers_of(step)) exits[n - 1] = pooled(encoder.exit(states[n]));
//   Tensor loss = objective(exits, batch, step);
//
// Li et al. 2024 (arXiv:2402.14776; v1 its first version, ese its second). KL is over the D coordinates of a vector
// (distillation.h) and its teacher is not detached: deep layers also move towards shallow ones. States of a norm-first
// encoder must have passed its last norm (Transformer::exit), or layers other than the last mean nothing.
// What a step draws is a function of (seed, step): a resumed training is the same training, and arms share the draws.
// Cost: v1 four calls of the wrapped objective; ese N + 1, and N singular value decompositions of (D, D).
#pragma once
#include <cmath>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "quiver/core/check.h"
#include "quiver/learn/objectives/distillation.h"
#include "quiver/learn/objectives/matryoshka.h"
#include "quiver/learn/objectives/objective.h"

namespace quiver::learn {

enum class Variant2D : std::uint8_t { V1, AdaptiveLayer, Ese };

struct Matryoshka2DOptions {
  Variant2D variant = Variant2D::V1;
  std::size_t layers = 0;                         // N, at least 2
  std::int64_t whole = 0;                         // D
  std::vector<std::int64_t> dims{};               // below D, rising; empty: geometric_dims(D)
  double teacher_weight = 1, student_weight = 1;  // t and s
  double kl_weight = 1;                           // 0 leaves the distillation out
  double temperature = 1;                         // T
  bool detach_teacher = false;
  std::int64_t compressed = 0;  // k of ese; 0: D / 2
  std::uint64_t seed = 1;
};

std::vector<std::int64_t> geometric_dims(std::int64_t whole);  // 8, 16, 32, ... < whole
// C(E): (texts, k), without a gradient. Signs of the axes are those that make the largest entry of each positive.
// Requires: 0 < k <= D.
Tensor compressed_by_svd(const Tensor& vectors, std::int64_t k);

namespace internal {
struct Draw2D {
  std::size_t layer;          // n: 1 .. N - 1
  std::int64_t dims, others;  // m, and m' where the variant has one
};
Draw2D draw_2d(const Matryoshka2DOptions& options, std::uint64_t step);
Matryoshka2DOptions checked_2d(Matryoshka2DOptions options);  // filled in; QUIVER_CHECKs what it requires
// All vectors of width `whole` of an exit below each other: what KL and compression see.
Tensor vectors_2d(const Tensors& out, std::int64_t whole);  // (texts of both sides, D)
}  // namespace internal

template <Objective Inner>
class Matryoshka2D {
 public:
  Matryoshka2D(Inner inner, Matryoshka2DOptions options)
      : inner_(std::move(inner)), options_(internal::checked_2d(std::move(options))) {}

  // Which layers a step needs, rising; the last is always among them.
  std::vector<std::size_t> layers_of(std::uint64_t step) const {
    if (options_.variant != Variant2D::Ese) return {internal::draw_2d(options_, step).layer, options_.layers};
    std::vector<std::size_t> all;
    for (std::size_t n = 1; n <= options_.layers; ++n) all.push_back(n);
    return all;
  }

  // exits[n - 1]: what layer n gave, for the layers of this step.
  Tensor operator()(std::span<const Tensors> exits, const Tensors& batch, std::uint64_t step) const {
    QUIVER_CHECK(exits.size() == options_.layers);
    switch (options_.variant) {
      case Variant2D::V1:
        return v1(exits, batch, internal::draw_2d(options_, step));
      case Variant2D::AdaptiveLayer:
        return adaptive_layer(exits, batch, internal::draw_2d(options_, step));
      case Variant2D::Ese:
        break;
    }
    return ese(exits, batch);
  }

  std::vector<Tensor> parameters() const { return inner_.parameters(); }
  const Inner& inner() const noexcept { return inner_; }
  const Matryoshka2DOptions& options() const noexcept { return options_; }

 private:
  Tensor of_prefix(const Tensors& out, const Tensors& batch, std::int64_t dims) const {
    return inner_(cut_to_prefix(out, options_.whole, dims), batch);
  }
  Tensor kl(const Tensors& student, const Tensors& teacher) const {
    if (options_.kl_weight == 0) return torch::zeros({});
    return options_.kl_weight *
           kl_of_coordinates(internal::vectors_2d(student, options_.whole),
                             internal::vectors_2d(teacher, options_.whole),
                             {.temperature = options_.temperature, .detach_teacher = options_.detach_teacher});
  }

  Tensor v1(std::span<const Tensors> exits, const Tensors& batch, const internal::Draw2D& draw) const {
    const Tensors &deep = exits.back(), &shallow = exits[draw.layer - 1];
    const double t = options_.teacher_weight, s = options_.student_weight;
    const Tensor whole = t * inner_(deep, batch) + s * inner_(shallow, batch) + kl(shallow, deep);
    const Tensor cut = t * of_prefix(deep, batch, draw.dims) + s * of_prefix(shallow, batch, draw.dims);
    return whole + cut;
  }

  Tensor adaptive_layer(std::span<const Tensors> exits, const Tensors& batch, const internal::Draw2D& draw) const {
    const Tensors &deep = exits.back(), &shallow = exits[draw.layer - 1];
    const Tensor last = options_.teacher_weight * of_prefix(deep, batch, draw.dims);
    const Tensor prior = options_.student_weight * of_prefix(shallow, batch, draw.others);
    return last + prior / static_cast<double>(draw.layer) + kl(shallow, deep) / options_.temperature;
  }

  Tensor ese(std::span<const Tensors> exits, const Tensors& batch) const {
    Tensor loss = options_.teacher_weight * (inner_(exits.back(), batch) + compressing(exits.back(), batch));
    for (std::size_t n = 1; n < exits.size(); ++n) {
      const double weight = 1 / (1 + std::log(static_cast<double>(n))) / static_cast<double>(exits.size() - 1);
      loss = loss + options_.student_weight * weight * compressing(exits[n - 1], batch);
    }
    return loss;
  }
  Tensor compressing(const Tensors& out, const Tensors& batch) const {
    const std::int64_t k = options_.compressed;
    const Tensor learned = of_prefix(out, batch, k);
    if (options_.kl_weight == 0) return learned;
    const Tensor vectors = internal::vectors_2d(out, options_.whole);
    const Tensor prefix = vectors.narrow(1, 0, k), target = compressed_by_svd(vectors, k);  // (texts, k)
    return learned + options_.kl_weight * (mse_of_coordinates(prefix, target) +
                                           kl_of_coordinates(prefix, target, {.temperature = options_.temperature}));
  }

  Inner inner_;
  Matryoshka2DOptions options_;
};

}  // namespace quiver::learn
