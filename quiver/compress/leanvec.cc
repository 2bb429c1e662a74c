#include "quiver/compress/leanvec.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace quiver {
namespace {
constexpr double kNothingLost = 1e-12;  // a loss below this part of Tr(K_Q K_X) is rounding
constexpr double kFlat = 1e-4;          // losses that differ by less than this part are one loss
constexpr double kBetaWidth = 0.02;     // the search for beta ends when its bracket is this narrow
constexpr double kTiny = 1e-300;
constexpr std::size_t kDirections = 2;   // times dims: how many of rows, and of queries, span a search space
constexpr double kSpheringRidge = 1e-6;  // of the largest eigenvalue of K_Q: W^-1 stays within float's reach

// The products that loss and gradients share; a and b change, these follow.
struct Terms {
  DoubleMatrix qa, xb;  // A^T K_Q, B^T K_X        (dims, from)
  DoubleMatrix aa, bb;  // A^T K_Q A, B^T K_X B    (dims, dims)
  double total;         // Tr(K_Q K_X)

  Terms(const ProductMoments& k, const DoubleMatrix& a, const DoubleMatrix& b)
      : qa(product(a, k.queries)),
        xb(product(b, k.rows)),
        aa(product_nt(qa, a)),
        bb(product_nt(xb, b)),
        total(inner(k.queries, k.rows)) {}
  double loss() const { return inner(aa, bb) - 2 * inner(qa, xb) + total; }
};

// Half the gradient for one map: other_moment * own_product - other_product * own K.
DoubleMatrix half_gradient(const DoubleMatrix& other_moment, const DoubleMatrix& own_product,
                           const DoubleMatrix& other_product, const DoubleMatrix& own_k) {
  DoubleMatrix out = product(other_moment, own_product);
  combine(out, 1, product(other_product, own_k), -1);
  return out;
}

struct Half {  // one of the two maps with what follows it
  DoubleMatrix& map;
  DoubleMatrix& product;  // map K
  DoubleMatrix& moment;   // map K map^T
  const DoubleMatrix& k;
};
// One Frank-Wolfe step of a map: towards the corner where the linearised loss is lowest.
Result<void> step_map(Half own, const DoubleMatrix& other_product, const DoubleMatrix& other_moment,
                      const FrankWolfeOptions& options, double scheduled) {
  DoubleMatrix down = half_gradient(other_moment, own.product, other_product, own.k);
  combine(down, -1, down, 0);
  QUIVER_TRY(DoubleMatrix corner, polar_factor(down));
  DoubleMatrix corner_product = product(corner, own.k);
  double part = scheduled;
  if (options.step == FrankWolfeOptions::Step::LineSearch) {
    // L(part) = L - 2 part * slope + part^2 * curve along corner - map
    DoubleMatrix way = corner, way_product = corner_product;
    combine(way, 1, own.map, -1);
    combine(way_product, 1, own.product, -1);
    const double slope = inner(down, way), curve = inner(product_nt(way_product, way), other_moment);
    part = curve > 0 ? std::clamp(slope / curve, 0.0, 1.0) : 1;
  }
  combine(own.map, 1 - part, corner, part);
  combine(own.product, 1 - part, corner_product, part);
  own.moment = product_nt(own.product, own.map);
  return {};
}

Error stopped_learning(const Run& run) { return run.stopped("learning a projection"); }

// Where eigenvector search looks: everywhere, or among the combinations of the first directions of rows and of queries
// when these are few. There the moments are small and each beta costs next to nothing.
struct SearchSpace {
  DoubleMatrix basis;          // (size, from), orthonormal; no rows: everywhere
  DoubleMatrix queries, rows;  // K_Q, K_X within
  DoubleMatrix both;           // K_Q K_X within
  double total = 0;            // Tr(K_Q K_X), of all

  double loss(const DoubleMatrix& p) const {  // of A = B = p, given within
    const auto within = [&](const DoubleMatrix& k) { return product_nt(product(p, k), p); };
    return inner(within(queries), within(rows)) - 2 * trace(within(both)) + total;
  }
};
Result<SearchSpace> search_space(const ProductMoments& k, std::size_t dims, Run& run) {
  SearchSpace out;
  out.total = inner(k.queries, k.rows);
  const std::size_t from = k.rows.rows(), each = kDirections * dims;
  if (4 * each > from) {
    out.queries = k.queries;
    out.rows = k.rows;
    out.both = product(k.queries, k.rows);
    return out;
  }
  DoubleMatrix stacked(2 * each, from);
  for (const bool rows : {true, false}) {
    if (run.stop()) return stopped_learning(run);
    QUIVER_TRY(const DoubleEigen top, top_eigen(rows ? k.rows : k.queries, each));
    std::ranges::copy(top.vectors.values(), stacked.row(rows ? 0 : each).data());
  }
  QUIVER_TRY(out.basis, polar_factor(stacked));
  const DoubleMatrix with_queries = product(out.basis, k.queries), with_rows = product(out.basis, k.rows);
  out.queries = product_nt(with_queries, out.basis);
  out.rows = product_nt(with_rows, out.basis);
  out.both = product_nt(with_queries, with_rows);
  return out;
}
}  // namespace

double leanvec_loss(const ProductMoments& moments, const DoubleMatrix& a, const DoubleMatrix& b) {
  return Terms(moments, a, b).loss();
}

LeanVecGradients leanvec_gradients(const ProductMoments& moments, const DoubleMatrix& a, const DoubleMatrix& b) {
  const Terms terms(moments, a, b);
  LeanVecGradients out{half_gradient(terms.bb, terms.qa, terms.xb, moments.queries),
                       half_gradient(terms.aa, terms.xb, terms.qa, moments.rows)};
  combine(out.a, 2, out.a, 0);
  combine(out.b, 2, out.b, 0);
  return out;
}

Result<LeanVecMaps> eigenvector_search(const ProductMoments& moments, std::size_t dims, Run& run) {
  QUIVER_TRY(const SearchSpace space, search_space(moments, dims, run));
  const double query_scale = 1 / std::max(trace(moments.queries), kTiny);
  const double row_scale = 1 / std::max(trace(moments.rows), kTiny);
  auto stage = run.stage("eigenvector search");
  LeanVecMaps best;
  double lowest = HUGE_VAL;
  const auto loss_at = [&](double beta) -> Result<double> {
    if (run.stop()) return stopped_learning(run);
    DoubleMatrix mixed = space.queries;
    combine(mixed, (1 - beta) * query_scale, space.rows, beta * row_scale);
    QUIVER_TRY(DoubleEigen top, top_eigen(mixed, dims));
    const double loss = space.loss(top.vectors);
    best.losses.push_back(loss);
    if (loss < lowest) {
      lowest = loss;
      best.beta = beta;
      best.a = std::move(top.vectors);
    }
    stage.advance();
    stage.note(fmt::format("beta {:.2f}, loss {:.5g}", best.beta, lowest));
    return loss;
  };

  // PCA first: where nothing can be gained it stays.
  constexpr double kTried[] = {1, 0.75, 0.5, 0.25, 0};
  std::vector<double> losses;
  for (const double beta : kTried) {
    QUIVER_TRY(losses.emplace_back(), loss_at(beta));
  }
  const auto middle = static_cast<std::size_t>(std::ranges::min_element(losses) - losses.begin());
  const std::size_t above = middle == 0 ? 0 : middle - 1, below = std::min(middle + 1, std::size(kTried) - 1);
  double high = kTried[above], low = kTried[below];
  if (std::max(losses[above], losses[below]) - lowest > std::max(kFlat * lowest, kNothingLost * space.total)) {
    const double golden = (std::sqrt(5.0) - 1) / 2;
    double left = high - golden * (high - low), right = low + golden * (high - low);
    QUIVER_TRY(double at_left, loss_at(left));
    QUIVER_TRY(double at_right, loss_at(right));
    while (high - low > kBetaWidth) {
      if (at_left < at_right) {
        high = right;
        right = std::exchange(left, right - golden * (right - low));
        at_right = at_left;
        QUIVER_TRY(at_left, loss_at(left));
      } else {
        low = left;
        left = std::exchange(right, left + golden * (high - left));
        at_left = at_right;
        QUIVER_TRY(at_right, loss_at(right));
      }
    }
  }
  if (space.basis.rows() > 0) best.a = product(best.a, space.basis);
  best.b = best.a;
  return best;
}

Result<LeanVecMaps> frank_wolfe(const ProductMoments& moments, LeanVecMaps start, const FrankWolfeOptions& options,
                                Run& run) {
  LeanVecMaps maps = std::move(start);
  Terms terms(moments, maps.a, maps.b);
  double loss = terms.loss();
  auto stage = run.stage("frank-wolfe", options.steps);
  for (unsigned t = 0; t < options.steps; ++t) {
    if (loss <= kNothingLost * terms.total) break;
    if (run.stop()) return stopped_learning(run);
    const double scheduled = 1 / std::pow(t + 1.0, options.alpha);
    QUIVER_TRY(step_map({maps.a, terms.qa, terms.aa, moments.queries}, terms.xb, terms.bb, options, scheduled));
    QUIVER_TRY(step_map({maps.b, terms.xb, terms.bb, moments.rows}, terms.qa, terms.aa, options, scheduled));
    const double before = std::exchange(loss, terms.loss());
    maps.losses.push_back(loss);
    stage.advance();
    stage.note(fmt::format("loss {:.5g}", loss));
    if (std::abs(before - loss) < options.tolerance * before) break;
  }
  return maps;
}

LeanVecMaps zero_maps(std::size_t dims, std::size_t from) {
  return {.a = DoubleMatrix(dims, from), .b = DoubleMatrix(dims, from), .losses = {}};
}

Result<LeanVecMaps> sphering(const ProductMoments& moments, std::size_t dims, Run& run) {
  const std::size_t n = moments.queries.rows();
  QUIVER_TRY(const DoubleEigen of_queries, top_eigen(moments.queries, n));
  if (run.stop()) return stopped_learning(run);
  const double ridge = kSpheringRidge * std::max(0.0, of_queries.values[0]);
  // W = V^T diag(w) V with V's rows the eigenvectors; W^-1 alike.
  const auto power = [&](double exponent) {
    DoubleMatrix scaled = of_queries.vectors;
    for (std::size_t i = 0; i < n; ++i) {
      const double w = std::pow(std::max(0.0, of_queries.values[i]) + ridge, exponent);
      for (double& x : scaled.row(i)) x *= w;
    }
    return product_tn(of_queries.vectors, scaled);
  };
  const DoubleMatrix w = power(0.5), inverse = power(-0.5);
  QUIVER_TRY(const DoubleEigen top, top_eigen(product(w, product(moments.rows, w)), dims));
  LeanVecMaps maps{.a = product(top.vectors, inverse), .b = product(top.vectors, w), .losses = {}};
  maps.losses.push_back(leanvec_loss(moments, maps.a, maps.b));
  return maps;
}

Result<std::vector<double>> rotate_to_rows(const ProductMoments& moments, LeanVecMaps& maps) {
  QUIVER_TRY(DoubleEigen axes, top_eigen(product_nt(product(maps.b, moments.rows), maps.b), maps.b.rows()));
  maps.a = product(axes.vectors, maps.a);
  maps.b = product(axes.vectors, maps.b);
  for (double& variance : axes.values) variance = std::max(0.0, variance);
  return std::move(axes.values);
}

}  // namespace quiver
