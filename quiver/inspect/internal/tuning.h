// Turning one index's knob until a recall is reached, and timing what that costs: the part of advice that looks at one
// candidate at a time.
//
//   QUIVER_TRY(const AdviceTrial trial, AdviceTrial::of(base, tuning, reporting, k, run));
//   QUIVER_TRY(std::vector<AdvicePoint> points, tuned_points(index, 0.95, trial, run));
//   QUIVER_TRY(time_point(index, trial, points[0], run));           // again and again: the least counts
//
// Which knob an index has is asked of the index: one that calibrated itself takes a recall, one that is walked takes an
// effort, one that scans codes and ranks again takes candidates, and an exact scan has none.
// Thread-safety: free functions. Cost: one batch of the tuning queries per setting tried.
#pragma once
#include "quiver/index/ground_truth.h"
#include "quiver/inspect/advise.h"

namespace quiver::internal {

// Queries and their exact neighbours among the rows of one round.
struct AdviceTrial {
  std::uint32_t k = 10;
  Rows tuning{}, reporting{};
  GroundTruth tuning_truth{}, reporting_truth{};
  static Result<AdviceTrial> of(const Rows& base, const Rows& tuning, const Rows& reporting, std::uint32_t k, Run& run);
};

// Some settings below and above `recall`, the knob rising; the first that reaches it is the least found to do so.
Result<std::vector<AdvicePoint>> tuned_points(const Index& index, double recall, const AdviceTrial& trial, Run& run);

// Searches the reporting queries once: fills the point's recall and lowers its seconds.
Result<void> time_point(const Index& index, const AdviceTrial& trial, AdvicePoint& point, Run& run);

// The first point that reached `recall` on the tuning queries.
std::optional<std::size_t> first_to_reach(std::span<const AdvicePoint> points, double recall) noexcept;

}  // namespace quiver::internal
