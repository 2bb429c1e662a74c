#include "quiver/index/internal/graph_calibration.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "quiver/core/random.h"
#include "quiver/core/statistics.h"
#include "quiver/index/ground_truth.h"
#include "quiver/index/internal/exact_scan.h"
#include "quiver/index/internal/graph_search.h"

namespace quiver::internal {
namespace {
constexpr float kUncalibrated = 1.2F;
constexpr float kAsGood = 0.0003F;  // of recall
constexpr std::uint32_t kCalibrationQueries = 500;
constexpr float kSlacks[] = {1,     1.02F, 1.04F, 1.06F, 1.08F, 1.1F, 1.125F, 1.15F, 1.175F, 1.2F,
                             1.25F, 1.3F,  1.35F, 1.4F,  1.5F,  1.6F, 1.8F,   2.1F,  2.5F};
}  // namespace

float GraphCalibration::best() const noexcept {
  float most = 0;
  for (const Step& step : steps_) most = std::fmax(most, step.recall);
  return most;
}

float GraphCalibration::slack_for(float recall) const noexcept {
  if (steps_.empty()) return kUncalibrated;
  if (steps_.front().low >= recall) return steps_.front().slack;
  for (std::size_t i = 1; i < steps_.size(); ++i) {
    const Step &before = steps_[i - 1], &after = steps_[i];
    if (after.low < recall) continue;
    const float part = (recall - before.low) / (after.low - before.low);
    return before.slack + std::fmin(1.0F, std::fmax(0.0F, part)) * (after.slack - before.slack);
  }
  // Out of reach with certainty: the least effort that reached it on the average, or came as close as any.
  for (const Step& step : steps_) {
    if (step.recall >= std::fmin(recall, best() - kAsGood)) return step.slack;
  }
  return steps_.back().slack;
}

float GraphCalibration::recall_at(float slack) const noexcept {
  if (steps_.empty()) return 0;
  if (slack <= steps_.front().slack) return steps_.front().recall;
  for (std::size_t i = 1; i < steps_.size(); ++i) {
    const Step &before = steps_[i - 1], &after = steps_[i];
    if (slack > after.slack) continue;
    return before.recall + (slack - before.slack) / (after.slack - before.slack) * (after.recall - before.recall);
  }
  return steps_.back().recall;
}

void GraphCalibration::save(ContainerWriter& writer, std::string_view prefix) const {
  writer.add_array(std::string(prefix) + "calibration", std::span<const Step>(steps_));
}

Result<GraphCalibration> GraphCalibration::load(const Container& file, std::string_view prefix) {
  QUIVER_TRY(const auto steps, file.array<Step>(std::string(prefix) + "calibration"));
  GraphCalibration made;
  for (const Step& step : steps) {
    const bool sound = step.slack >= 1 && step.slack < 1e6F && (made.empty() || step.slack > made.steps_.back().slack);
    if (!sound) return Error::corruption("the graph's calibration is not a rising list; build the index again");
    made.add(step);
  }
  return made;
}

namespace {
// The rows `which` of queries, one below the other, and what they are themselves.
struct Asked {
  Matrix queries;
  std::vector<std::uint32_t> selves;

  Asked(MatrixView all, std::span<const std::uint32_t> all_selves, std::span<const std::uint32_t> which)
      : queries(which.size(), all.cols) {
    for (std::size_t i = 0; i < which.size(); ++i) {
      std::copy_n(all.row(which[i]).data(), all.cols, queries.row(i).data());
      if (!all_selves.empty()) selves.push_back(all_selves[which[i]]);
    }
  }
};

// Queries that are rows of the index have `selves`, the slots they lie in: each forgets itself.
Result<GraphCalibration> measure(const GraphBody& body, MatrixView queries, std::span<const std::uint32_t> selves,
                                 Run& run) {
  const bool own = !selves.empty();
  QUIVER_TRY(const DenseInput input, DenseInput::of(queries, body.space.dims, 0, "calibrating a graph"));
  const std::size_t k = std::min<std::size_t>(kLeastWanted + (own ? 1 : 0), body.live());
  SearchStats stats;
  const Eligible everyone(body.removed, nullptr);
  QUIVER_TRY(const std::vector<TopK> truth, scan_batch(*body.codes, input, k, everyone, run, stats));
  std::vector<std::vector<Hit>> wanted(queries.rows);
  for (std::size_t q = 0; q < queries.rows; ++q) {
    wanted[q] = truth[q].sorted();
    if (own) std::erase_if(wanted[q], [&](const Hit& hit) { return hit.row == selves[q]; });
    wanted[q].resize(std::min(wanted[q].size(), kLeastWanted));
    for (Hit& hit : wanted[q]) hit.row = body.slots.row_of(hit.row);
  }
  GraphWalkers walkers;
  const GraphSearch search(body);
  GraphCalibration calibration;
  std::vector<Hit> hits(kLeastWanted * queries.rows);
  std::vector<std::uint32_t> counts(queries.rows);
  std::vector<double> recalls(queries.rows);
  std::vector<std::uint32_t> open(queries.rows);
  std::iota(open.begin(), open.end(), 0U);
  for (const float slack : kSlacks) {
    if (run.stop()) return run.stopped("calibrating a graph");
    GraphEffort effort = GraphSearch::effort(slack, kLeastWanted, everyone.all() ? nullptr : &everyone);
    const Asked asked(queries, selves, open);
    effort.selves = asked.selves;
    QUIVER_TRY(const DenseInput some, DenseInput::of(asked.queries.view(), queries.cols, 0, "calibrating a graph"));
    QUIVER_TRY(search.many(some, 0, open.size(), effort, walkers, hits, counts, stats));
    for (std::size_t i = 0; i < open.size(); ++i) {
      const std::vector<Hit>& truth_of = wanted[open[i]];
      const std::span<const Hit> found(hits.data() + i * kLeastWanted, counts[i]);
      recalls[open[i]] = tie_tolerant_recall(truth_of, found, static_cast<std::uint32_t>(truth_of.size()));
    }
    // A wider bound stands on what a narrower one did, and more: who found all is not asked again.
    std::erase_if(open, [&](std::uint32_t q) { return recalls[q] >= 1; });
    const double recall = mean_of(recalls);
    const double error = 1.96 * std::sqrt(variance_of(recalls) / static_cast<double>(recalls.size()));
    calibration.add({slack, static_cast<float>(recall), static_cast<float>(recall - error)});
    if (recall >= 1) break;
  }
  return calibration;
}

}  // namespace

Result<GraphCalibration> calibrate_graph(GraphBody& body, const DenseInput& base, MatrixView sample_queries, Run& run) {
  const bool own = sample_queries.rows == 0;
  Random random(run.seed(), stream_of("graph calibration"));
  const std::vector<std::uint32_t> chosen =
      random.sample(static_cast<std::uint32_t>(own ? base.rows() : sample_queries.rows), kCalibrationQueries);
  Matrix queries(chosen.size(), body.space.dims), scratch;
  for (std::size_t q = 0; q < chosen.size(); ++q) {
    const MatrixView row = own ? base.floats(chosen[q], 1, scratch) : sample_queries.slice(chosen[q], 1);
    std::copy_n(row.data, body.space.dims, queries.row(q).data());
  }
  if (own) return measure(body, queries.view(), chosen, run);
  body.sample_queries = std::move(queries);
  return measure(body, body.sample_queries.view(), {}, run);
}

Result<GraphCalibration> calibrate_again(const GraphBody& body, Run& run) {
  if (body.sample_queries.rows() > 0) return measure(body, body.sample_queries.view(), {}, run);
  const std::vector<std::uint32_t> live = rows_left(body.removed, body.size());
  Random random(run.seed(), mix(stream_of("graph calibration"), body.slots.rows()));
  std::vector<std::uint32_t> selves = random.sample(static_cast<std::uint32_t>(live.size()), kCalibrationQueries);
  for (std::uint32_t& self : selves) self = live[self];
  Matrix queries;
  body.codes->decode(selves, queries);
  return measure(body, queries.view(), selves, run);
}

}  // namespace quiver::internal
