#include "quiver/recipes/neighbours.h"

#include <algorithm>

#include "quiver/core/random.h"
#include "quiver/index/spec.h"

namespace quiver::recipes {

Result<Matrix> float_rows(const Rows& rows) {
  QUIVER_TRY(const TypedView dense, rows.dense_typed());
  return to_float(dense);
}

Matrix rows_at(MatrixView rows, std::span<const std::uint32_t> which) {
  Matrix out(which.size(), rows.cols);
  for (std::size_t i = 0; i < which.size(); ++i) std::ranges::copy(rows.row(which[i]), out.row(i).begin());
  return out;
}
Matrix drawn_rows(MatrixView rows, std::uint32_t count, std::uint64_t seed, std::string_view purpose) {
  return rows_at(rows, Random(seed, stream_of(purpose)).sample(static_cast<std::uint32_t>(rows.rows), count));
}

Result<Hits> exact_hits(MatrixView base, MatrixView queries, Metric metric, std::uint32_t k, Run& run) {
  QUIVER_TRY(const IndexSpec flat, IndexSpec::parse("flat"));
  QUIVER_TRY(const auto index, build_index(flat, base, Space{.dims = base.cols, .metric = metric}, {}, run));
  return index->search_batch(queries, {.k = k}, run);
}

std::vector<double> overlap(const Hits& truth, const Hits& found, std::size_t among) {
  std::vector<double> out;
  for (std::size_t q = 0; q < truth.queries(); ++q) {
    const auto first = found.of(q).first(std::min(among, found.of(q).size()));
    const auto kept = std::ranges::count_if(
        truth.of(q), [&](const Hit& hit) { return std::ranges::find(first, hit.row, &Hit::row) != first.end(); });
    out.push_back(truth.of(q).empty() ? 1 : static_cast<double>(kept) / static_cast<double>(truth.of(q).size()));
  }
  return out;
}

}  // namespace quiver::recipes
