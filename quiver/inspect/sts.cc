#include "quiver/inspect/sts.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "quiver/core/check.h"

namespace quiver {
namespace {
Result<void> check_pairs(std::size_t left, std::size_t right, std::span<const double> gold) {
  if (left != right || left != gold.size()) {
    return Error::invalid_argument(
        fmt::format("comparing sentences: {} on the left, {} on the right and {} scores; each pair needs one of each",
                    left, right, gold.size()));
  }
  if (gold.size() < 2) {
    return Error::invalid_argument(
        fmt::format("comparing sentences: {} pairs have no order; give at least two", gold.size()));
  }
  for (std::size_t i = 0; i < gold.size(); ++i) {
    if (!std::isfinite(gold[i])) {
      return Error::invalid_argument(fmt::format(
          "comparing sentences: the score of pair {} is {}; leave out pairs that were not rated", i + 1, gold[i]));
    }
  }
  if (std::ranges::all_of(gold, [&](double score) { return score == gold[0]; })) {
    return Error::invalid_argument(
        fmt::format("comparing sentences: every score is {}, so there is no order to agree with", gold[0]));
  }
  return {};
}

Result<void> check_length(std::size_t dims, std::size_t whole) {
  if (dims > 0 && dims <= whole) return {};
  return Error::invalid_argument(
      fmt::format("comparing sentences by {} coordinates: the vectors have {}", dims, whole));
}

// Vectors of both sides after so many layers, and the seconds that a sentence took.
struct Sides {
  Rows left, right;
  double seconds = 0;
};
Result<Sides> encode_sides(const Model& model, const Items& left, const Items& right, std::uint32_t layers,
                           const StsGridOptions& options, Run& run) {
  using Clock = std::chrono::steady_clock;
  const ApplyOptions apply{.port = options.port, .layers = layers};
  Sides sides;
  std::vector<double> seconds;
  for (std::uint32_t pass = 0; pass < std::max(1U, options.repeats); ++pass) {
    const auto begin = Clock::now();
    QUIVER_TRY(Encoded one, model.encode(left, apply, run));
    QUIVER_TRY(Encoded other, model.encode(right, apply, run));
    const std::chrono::duration<double> taken = Clock::now() - begin;
    seconds.push_back(taken.count() / static_cast<double>(left.size() + right.size()));
    sides.left = std::move(one.rows);
    sides.right = std::move(other.rows);
  }
  sides.seconds = quantile_of(seconds, 0.5);
  return sides;
}
}  // namespace

std::vector<double> prefix_cosines(MatrixView left, MatrixView right, std::size_t dims) {
  QUIVER_CHECK(left.rows == right.rows && dims <= left.cols && dims <= right.cols);
  std::vector<double> cosines(left.rows);
  for (std::size_t i = 0; i < left.rows; ++i) {
    const auto a = left.row(i), b = right.row(i);
    double ab = 0, aa = 0, bb = 0;
    for (std::size_t j = 0; j < dims; ++j) {
      ab += double{a[j]} * b[j];
      aa += double{a[j]} * a[j];
      bb += double{b[j]} * b[j];
    }
    cosines[i] = aa == 0 || bb == 0 ? 0 : ab / std::sqrt(aa * bb);
  }
  return cosines;
}

Result<std::vector<StsScore>> sts_scores(MatrixView left, MatrixView right, std::span<const double> gold,
                                         std::span<const std::size_t> lengths, const BootstrapOptions& bootstrap) {
  QUIVER_TRY(check_pairs(left.rows, right.rows, gold));
  std::vector<StsScore> out;
  for (const std::size_t dims : lengths) {
    QUIVER_TRY(check_length(dims, std::min(left.cols, right.cols)));
    out.push_back({dims, bootstrap_spearman(gold, prefix_cosines(left, right, dims), bootstrap)});
  }
  return out;
}

double StsGrid::mean() const noexcept {
  double sum = 0;
  std::size_t cells = 0;
  for (const auto& row : spearman) {
    for (const double cell : row) sum += cell;
    cells += row.size();
  }
  return cells == 0 ? 0 : sum / static_cast<double>(cells);
}

Result<StsGrid> sts_grid(const Model& model, const StsPairs& pairs, const StsGridOptions& options, Run& run) {
  QUIVER_TRY(check_pairs(pairs.left.size(), pairs.right.size(), pairs.gold));
  const Items left = Items::of(options.column, pairs.left), right = Items::of(options.column, pairs.right);
  QUIVER_TRY(const Port* port, choose_port(model.ports(), Ability::Encode, left.fields(), {.port = options.port}));
  StsGrid grid{.layers = options.layers, .dims = options.dims, .spearman = {}, .seconds = {}};
  if (grid.layers.empty()) {
    for (std::uint32_t layer = 1; layer <= port->layers; ++layer) grid.layers.push_back(layer);
    if (port->layers == 0) grid.layers.push_back(0);
  }
  if (grid.dims.empty()) {
    grid.dims = port->dims;
    grid.dims.push_back(port->space.dims);
  }
  for (const std::size_t dims : grid.dims) QUIVER_TRY(check_length(dims, port->space.dims));
  for (const std::uint32_t layers : grid.layers) {
    QUIVER_TRY(const Sides sides, encode_sides(model, left, right, layers, options, run));
    QUIVER_TRY(const MatrixView a, sides.left.dense());
    QUIVER_TRY(const MatrixView b, sides.right.dense());
    auto& row = grid.spearman.emplace_back();
    for (const std::size_t dims : grid.dims) row.push_back(spearman(pairs.gold, prefix_cosines(a, b, dims)));
    grid.seconds.push_back(sides.seconds);
  }
  return grid;
}

}  // namespace quiver
