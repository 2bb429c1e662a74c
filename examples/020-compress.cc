// Compress: the same rows in 8-bit codes, a quarter of the memory, and what that costs in recall.
//
//   $ build/dev/examples/020-compress
//   f32   256 bytes a vector
//   codes  72 bytes a vector, recall@10 1.000 with re-ranking
//
// The example asserts what it prints (the recall within a hair, the bytes exactly), and runs as a test.
#include <cstdio>

#include "quiver/core/random.h"
#include "quiver/index/spec.h"

namespace {
quiver::Matrix normal_rows(std::size_t rows, std::size_t cols, std::uint64_t stream) {
  quiver::Matrix m(rows, cols);
  quiver::Random random(7, stream);
  for (std::size_t i = 0; i < rows; ++i) {
    for (float& x : m.row(i)) x = random.normal();
  }
  return m;
}

quiver::Result<double> recall_of(const quiver::Index& index, quiver::MatrixView queries, const quiver::Hits& truth,
                                 quiver::Run& run) {
  QUIVER_TRY(const quiver::Hits hits, index.search_batch(queries, {.k = 10}, run));
  std::size_t found = 0;
  for (std::size_t q = 0; q < queries.rows; ++q) {
    for (const quiver::Hit& hit : hits.of(q)) {
      for (const quiver::Hit& right : truth.of(q)) found += hit.row == right.row ? 1 : 0;
    }
  }
  return static_cast<double>(found) / (10.0 * static_cast<double>(queries.rows));
}

quiver::Result<int> compare() {
  quiver::Run run({.seed = 7});
  const quiver::Rows base = quiver::Rows::dense(normal_rows(10'000, 64, 0), {.metric = quiver::Metric::Cosine});
  const quiver::Matrix queries = normal_rows(100, 64, 1);

  // [snippet: compress]
  QUIVER_TRY(const auto exact_spec, quiver::IndexSpec::parse("flat"));
  QUIVER_TRY(const auto exact, quiver::build_index(exact_spec, base, {}, run));
  QUIVER_TRY(const auto codes_spec, quiver::IndexSpec::parse("flat + lvq(8) + rerank(f32)"));
  QUIVER_TRY(const auto codes, quiver::build_index(codes_spec, base, {}, run));
  QUIVER_TRY(const quiver::Hits truth, exact->search_batch(queries.view(), {.k = 10}, run));
  QUIVER_TRY(const double recall, recall_of(*codes, queries.view(), truth, run));
  // [/snippet]

  QUIVER_TRY(const auto small_spec, quiver::IndexSpec::parse("flat + lvq(8)"));
  QUIVER_TRY(const auto small, quiver::build_index(small_spec, base, {}, run));
  const std::size_t bytes = small->bytes() / base.size();
  std::printf("f32   %zu bytes a vector\n", exact->bytes() / base.size());
  std::printf("codes  %zu bytes a vector, recall@10 %.3f with re-ranking\n", bytes, recall);
  return exact->bytes() / base.size() == 256 && bytes < 128 && recall > 0.999 ? 0 : 1;
}
}  // namespace

int main() {
  const quiver::Result<int> status = compare();
  if (!status) return std::fprintf(stderr, "%s\n", status.error().message().c_str()), 1;
  return *status;
}
