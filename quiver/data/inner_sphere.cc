#include "quiver/data/inner_sphere.h"

#include <cmath>
#include <vector>

#include "quiver/core/check.h"
#include "quiver/core/random.h"

namespace quiver {

InnerSphere::InnerSphere(std::size_t inner, std::size_t outer, std::uint64_t seed)
    : basis_(inner, outer), seed_(mix(mix(seed, stream_of("subspace")), mix(inner, outer))) {
  QUIVER_CHECK(inner > 0 && inner <= outer);
  Random random(seed_);
  for (std::size_t i = 0; i < inner; ++i) {  // Gram-Schmidt, twice, in double
    std::vector<double> v(outer);
    for (double& x : v) x = random.normal();
    for (int round = 0; round < 2; ++round) {
      for (std::size_t j = 0; j < i; ++j) {
        double dot = 0;
        for (std::size_t c = 0; c < outer; ++c) dot += v[c] * basis_.row(j)[c];
        for (std::size_t c = 0; c < outer; ++c) v[c] -= dot * basis_.row(j)[c];
      }
    }
    double squares = 0;
    for (const double x : v) squares += x * x;
    for (std::size_t c = 0; c < outer; ++c) basis_.row(i)[c] = static_cast<float>(v[c] / std::sqrt(squares));
  }
}

Matrix InnerSphere::draw(std::size_t rows, std::uint64_t stream, Threads& threads) const {
  Matrix out(rows, basis_.cols());
  threads.parallel_for(rows, 64, [&](std::size_t begin, std::size_t end, unsigned) {
    std::vector<float> coefficients(basis_.rows());
    for (std::size_t i = begin; i < end; ++i) {
      Random random(mix(seed_, stream), i);
      double squares = 0;
      for (float& c : coefficients) {
        c = random.normal();
        squares += double{c} * c;
      }
      const auto scale = static_cast<float>(1 / std::sqrt(squares));
      for (std::size_t j = 0; j < basis_.rows(); ++j) {
        for (std::size_t c = 0; c < out.cols(); ++c) out.row(i)[c] += scale * coefficients[j] * basis_.row(j)[c];
      }
    }
  });
  return out;
}

}  // namespace quiver
