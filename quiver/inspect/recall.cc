#include "quiver/inspect/recall.h"

#include <fmt/format.h>

#include <algorithm>

#include "quiver/core/random.h"
#include "quiver/index/ground_truth.h"

namespace quiver {
namespace {
// Allows exactly the rows listed: asking an exact index for them gives their exact distances.
class OnlyThese final : public RowFilter {
 public:
  explicit OnlyThese(std::vector<std::uint32_t> rows, std::size_t of) : rows_(std::move(rows)), of_(of) {
    std::sort(rows_.begin(), rows_.end());
  }
  bool allows(std::uint32_t row) const noexcept override { return std::binary_search(rows_.begin(), rows_.end(), row); }
  double selectivity() const noexcept override {
    return of_ == 0 ? 0 : static_cast<double>(rows_.size()) / static_cast<double>(of_);
  }

 private:
  std::vector<std::uint32_t> rows_;
  std::size_t of_;
};

// Row `i` of dense or sparse queries.
Result<RowsView> row_of(const RowsView& rows, std::uint32_t i) {
  if (const auto* matrix = std::get_if<MatrixView>(&rows)) return RowsView(matrix->slice(i, 1));
  if (const auto* typed = std::get_if<TypedView>(&rows)) {
    return RowsView(TypedView{typed->element, typed->bytes.slice(i, 1), typed->dims});
  }
  if (const auto* sparse = std::get_if<SparseView>(&rows)) {
    return RowsView(SparseView{sparse->offsets.subspan(i, 2), sparse->terms, sparse->weights, sparse->dims});
  }
  return Error::unsupported(
      fmt::format("auditing recall: takes dense or sparse queries, these are {}", name_of(form_of(rows))));
}

Result<std::vector<Hit>> answer(const Index& index, const RowsView& query, const SearchParams& params,
                                Scratch& scratch) {
  std::vector<Hit> hits(std::min<std::size_t>(params.k, index.size()));
  QUIVER_TRY(const std::size_t found, index.search(query, params, scratch, hits));
  hits.resize(found);
  return hits;
}
}  // namespace

Result<Recall> audit_recall(const Index& index, const Index& exact, const RowsView& queries,
                            const RecallOptions& options, Run& run) {
  if (index.size() != exact.size() || index.space() != exact.space()) {
    return Error::invalid_argument(fmt::format(
        "auditing recall: the index holds {} rows of {} dims, the exact one {} of {}; build both from the same "
        "rows",
        index.size(), index.space().dims, exact.size(), exact.space().dims));
  }
  const std::size_t count = count_of(queries);
  if (count == 0 || options.k == 0) {
    return Error::invalid_argument(
        fmt::format("auditing recall: {} queries and k = {}; both must be at least 1", count, options.k));
  }
  const auto all = static_cast<std::uint32_t>(count);
  const std::uint32_t wanted = options.sample == 0 ? all : options.sample;
  const std::vector<std::uint32_t> sample = Random(run.seed(), stream_of("recall audit")).sample(all, wanted);

  SearchParams asked = options.params;
  asked.k = options.k;
  Scratch scratch(&run.threads());
  Recall recall{options.k, sample.size(), {}, {}, {}};
  std::uint64_t complete = 0;
  for (const std::uint32_t q : sample) {
    if (run.stop()) return run.stopped("auditing recall");
    QUIVER_TRY(const RowsView query, row_of(queries, q));
    QUIVER_TRY(const std::vector<Hit> truth, answer(exact, query, {.k = options.k, .filter = asked.filter}, scratch));
    QUIVER_TRY(const std::vector<Hit> found, answer(index, query, asked, scratch));
    std::vector<std::uint32_t> rows;
    for (const Hit& hit : found) rows.push_back(hit.row);
    const OnlyThese filter(std::move(rows), exact.size());
    QUIVER_TRY(const std::vector<Hit> measured, answer(exact, query, {.k = options.k, .filter = &filter}, scratch));
    recall.per_query.push_back(tie_tolerant_recall(truth, measured, options.k));
    complete += recall.per_query.back() == 1 ? 1 : 0;
  }
  recall.at_k = bootstrap_mean(recall.per_query, {.seed = run.seed()});
  recall.complete = wilson(complete, sample.size());
  return recall;
}

}  // namespace quiver
