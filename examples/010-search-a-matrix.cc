// Search a matrix: the ten nearest rows of 10,000 vectors, exactly, in twenty lines.
//
//   $ build/dev/examples/010-search-a-matrix
//   row 4217 is its own nearest neighbour, at distance 0
//
// The example asserts what it prints: it exits with 1 if the number is wrong, and runs as a test.
#include <cstdio>

#include "quiver/core/random.h"
#include "quiver/index/spec.h"

int main() {
  // [snippet: search]
  quiver::Run run({.seed = 7});
  quiver::Matrix base(10'000, 64);
  quiver::Random random(run.seed());
  for (std::size_t i = 0; i < base.rows(); ++i) {
    for (float& x : base.row(i)) x = random.normal();
  }
  const quiver::Rows rows = quiver::Rows::dense(std::move(base), {.metric = quiver::Metric::L2});

  auto spec = quiver::IndexSpec::parse("flat");
  auto index =
      std::move(spec).and_then([&](const quiver::IndexSpec& flat) { return quiver::build_index(flat, rows, {}, run); });
  if (!index) return std::fprintf(stderr, "%s\n", index.error().message().c_str()), 1;

  const quiver::MatrixView query = (*rows.dense()).slice(4217, 1);
  auto hits = (*index)->search_batch(query, {.k = 10}, run);
  if (!hits) return std::fprintf(stderr, "%s\n", hits.error().message().c_str()), 1;
  const quiver::Hit nearest = hits->of(0)[0];
  // [/snippet]
  std::printf("row %u is its own nearest neighbour, at distance %g\n", nearest.row, nearest.distance);
  return nearest.row == 4217 && nearest.distance == 0 && hits->of(0).size() == 10 ? 0 : 1;
}
