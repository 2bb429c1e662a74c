#include "quiver/index/internal/ivf_calibration.h"

#include <algorithm>
#include <cmath>

#include "quiver/core/random.h"
#include "quiver/core/statistics.h"
#include "quiver/index/ground_truth.h"
#include "quiver/index/internal/exact_scan.h"
#include "quiver/index/internal/ivf_search.h"
#include "quiver/index/internal/neighbour_block.h"

namespace quiver::internal {
namespace {
constexpr std::size_t kTrialQueries = 500;
constexpr float kTrialSlacks[] = {1,    1.01F, 1.02F, 1.03F, 1.05F, 1.07F, 1.1F, 1.13F, 1.16F, 1.2F, 1.25F,
                                  1.3F, 1.4F,  1.5F,  1.6F,  1.8F,  2,     2.3F, 2.7F,  3.2F,  4};
constexpr std::size_t kTrialCandidates[] = {10, 14, 20, 28, 40, 56, 80, 112, 160, 240};
constexpr int kEnough = 3;  // wider probes in a row that found no more

// Queries, what they should find, and the position each of them stands at itself.
struct Exam {
  Matrix queries;
  std::vector<std::vector<Hit>> wanted;
  std::vector<std::uint32_t> selves;
};

Result<Exam> set_exam(const IvfParts& parts, const DenseInput& base, MatrixView sample_queries, Run& run) {
  const bool own = sample_queries.rows == 0;
  Random random(run.seed(), stream_of("inverted file calibration"));
  const std::size_t from = own ? parts.positions() : sample_queries.rows;
  Exam exam;
  exam.selves =
      random.sample(static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(std::min(kTrialQueries, from)));
  const std::size_t dims = base.typed().dims;
  exam.queries = Matrix(exam.selves.size(), dims);
  Matrix scratch;
  for (std::size_t q = 0; q < exam.selves.size(); ++q) {
    const std::uint32_t which = exam.selves[q];
    const MatrixView row = own ? base.floats(parts.row_at(which), 1, scratch) : sample_queries.slice(which, 1);
    std::copy_n(row.data, dims, exam.queries.row(q).data());
    if (!own) exam.selves[q] = kNoRow;
  }
  QUIVER_TRY(const DenseInput input, DenseInput::of(exam.queries.view(), dims, 0, "calibrating an inverted file"));
  SearchStats stats;
  const Removed none;
  QUIVER_TRY(const std::vector<TopK> truth,
             scan_batch(parts.exact(), input, std::min(kMeasuredNeighbours + 1, parts.positions()),
                        Eligible(none, nullptr), run, stats));
  for (std::size_t q = 0; q < truth.size(); ++q) {
    std::vector<Hit>& wanted = exam.wanted.emplace_back(truth[q].sorted());
    std::erase_if(wanted, [&](const Hit& hit) { return hit.row == exam.selves[q]; });
    wanted.resize(std::min(wanted.size(), kMeasuredNeighbours));
  }
  return exam;
}

// One slack, and every number of candidates: those by the finer codes of fewer are the first of those of more. Returns
// the one of most candidates.
Result<IvfLevels::Trial> try_slack(const IvfParts& parts, const Exam& exam, float slack,
                                   std::vector<IvfLevels::Trial>& trials) {
  const Removed none;
  const Eligible everyone(none, nullptr);
  const std::size_t dims = exam.queries.cols();
  QUIVER_TRY(const DenseInput queries, DenseInput::of(exam.queries.view(), dims, 0, "calibrating an inverted file"));
  const auto counts = parts.fine != nullptr ? std::span(kTrialCandidates) : std::span(kTrialCandidates).first(1);
  const IvfEffort effort{
      kMeasuredNeighbours, counts.back() + 1, {slack, kLeastMet * kMeasuredNeighbours, 0}, &everyone};
  std::vector<std::vector<double>> recalls(counts.size());
  const IvfSearch search(parts);
  IvfSearch::Memory memory;
  SearchStats stats;
  double rows = 0;
  std::vector<std::uint32_t> positions;
  std::vector<float> distances;
  for (std::size_t first = 0; first < queries.rows(); first += IvfSearch::kTogether) {
    const std::size_t count = std::min(IvfSearch::kTogether, queries.rows() - first);
    QUIVER_TRY(search.probe(queries, first, count, effort, memory, stats));
    for (std::size_t q = first; q < first + count; ++q) {
      IvfQuery& state = memory.queries[q - first];
      for (const Probe& probe : state.probes) rows += parts.lists->sizes()[probe.list];
      positions.clear();
      const std::span<const Hit> unordered = state.found.finish();
      std::vector<Hit> near(unordered.begin(), unordered.end());
      std::sort(near.begin(), near.end(), closer);
      for (const Hit& hit : near) {
        if (hit.row != exam.selves[q]) positions.push_back(hit.row);
      }
      distances.resize(positions.size());
      QUIVER_TRY(const std::unique_ptr<Scorer> scorer, parts.exact().scorer(queries.row(q)));
      scorer->score(positions, distances.data());
      TopK best(kMeasuredNeighbours);
      std::size_t scored = 0;
      for (std::size_t c = 0; c < counts.size(); ++c) {
        for (; scored < std::min(counts[c], positions.size()); ++scored) {
          best.offer({positions[scored], distances[scored]});
        }
        const auto k = static_cast<std::uint32_t>(exam.wanted[q].size());
        recalls[c].push_back(tie_tolerant_recall(exam.wanted[q], best.sorted(), k));
      }
    }
  }
  const auto number = static_cast<double>(queries.rows());
  for (std::size_t c = 0; c < counts.size(); ++c) {
    const double recall = mean_of(recalls[c]), error = 1.96 * std::sqrt(variance_of(recalls[c]) / number);
    const auto candidates = static_cast<double>(counts[c]);
    const double cost = ivf_cost(parts, rows / number, parts.fine != nullptr ? candidates : 0);
    trials.push_back(
        {{slack, static_cast<float>(candidates), static_cast<float>(rows / number)}, cost, recall, recall - error});
  }
  return trials.back();
}
}  // namespace

Result<IvfLevels> calibrate_ivf(const IvfParts& parts, const DenseInput& base, MatrixView sample_queries, Run& run) {
  QUIVER_TRY(const Exam exam, set_exam(parts, base, sample_queries, run));
  std::vector<IvfLevels::Trial> trials;
  double best = -1;
  int no_better = 0;
  for (const float slack : kTrialSlacks) {
    if (run.stop()) return run.stopped("calibrating an inverted file");
    QUIVER_TRY(const IvfLevels::Trial widest, try_slack(parts, exam, slack, trials));
    no_better = widest.recall > best ? 0 : no_better + 1;
    best = std::max(best, widest.recall);
    if (best >= 1 || no_better == kEnough || widest.level.rows >= static_cast<float>(parts.positions())) break;
  }
  return IvfLevels::of_trials(std::move(trials));
}

}  // namespace quiver::internal
