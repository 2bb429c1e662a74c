// Compress: the same rows in 8-bit codes, a quarter of the memory, and what that costs in recall.
//
//   $ build/dev/examples/020-compress
//   f32   256 bytes a vector
//   codes  76 bytes a vector, recall@10 1.000 with re-ranking
//
// The example asserts what it prints (the recall within a hair, the bytes exactly), and runs as a test.
#include <cstdio>

#include "quiver/core/random.h"
#include "quiver/index/ground_truth.h"
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

quiver::Result<int> compare() {
  quiver::Run run({.seed = 7});
  const quiver::Rows base = quiver::Rows::dense(normal_rows(10'000, 64, 0), {.metric = quiver::Metric::Cosine});
  const quiver::Rows queries = quiver::Rows::dense(normal_rows(100, 64, 1), {.metric = quiver::Metric::Cosine});

  // [snippet: compress]
  QUIVER_TRY(const auto codes, quiver::IndexSpec::parse("flat + lvq(8)"));
  QUIVER_TRY(const auto small, quiver::build_index(codes, base, {}, run));
  QUIVER_TRY(const auto reranked, quiver::IndexSpec::parse("flat + lvq(8) + rerank(f32)"));
  QUIVER_TRY(const auto index, quiver::build_index(reranked, base, {}, run));

  QUIVER_TRY(const auto truth, quiver::exact_neighbours(base, queries, 10, run));
  QUIVER_TRY(const auto hits, index->search_batch(queries.view(), {.k = 10}, run));
  const double recall = truth.recall(hits, 10);
  // [/snippet]
  const std::size_t bytes = small->bytes() / base.size();
  constexpr std::size_t kFloats = 64 * sizeof(float);
  std::printf("f32   %zu bytes a vector\n", kFloats);
  std::printf("codes  %zu bytes a vector, recall@10 %.3f with re-ranking\n", bytes, recall);
  return bytes == 76 && recall > 0.999 ? 0 : 1;
}
}  // namespace

int main() {
  const quiver::Result<int> status = compare();
  if (!status) return std::fprintf(stderr, "%s\n", status.error().message().c_str()), 1;
  return *status;
}
