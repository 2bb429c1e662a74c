// IvfPlan: what one search of an inverted file does, and whom it may find: how far to probe, how many candidates to
// score again, or whether to compare all that the filter allows because that costs no more.
//
//   const IvfPlan plan(parts, levels, removed, params, k);
//   if (plan.scans()) ... else search.probe(input, first, count, plan.effort(), memory, stats);
//
// More neighbours than those recall was measured with, and neighbours among the fewer rows that a filter allows, lie
// further off: lists are probed until they hold rows in proportion to k^(3/4) and to 1 / selectivity.
// Borrows everything; it stays where it is made. Thread-safety: immutable.
#pragma once
#include "quiver/index/internal/ivf_levels.h"
#include "quiver/index/internal/ivf_search.h"

namespace quiver::internal {

// A filter of rows, and what was removed, for those who ask about positions.
class PositionFilter final : public RowFilter {
 public:
  PositionFilter(const IvfParts& parts, const Removed& removed, const RowFilter* filter)
      : parts_(parts), removed_(removed), filter_(filter) {}
  bool allows(std::uint32_t position) const noexcept override {
    const std::uint32_t row = parts_.row_at(position);
    return !removed_.contains(row) && (filter_ == nullptr || filter_->allows(row));
  }
  double selectivity() const noexcept override { return filter_ == nullptr ? 1 : filter_->selectivity(); }
  bool all() const noexcept { return filter_ == nullptr && removed_.count() == 0; }

 private:
  const IvfParts& parts_;
  const Removed& removed_;
  const RowFilter* filter_;
};

class IvfPlan {
 public:
  // Requires: k > 0, no more than the rows that are left.
  IvfPlan(const IvfParts& parts, const IvfLevels& levels, const Removed& removed, const SearchParams& params,
          std::size_t k);
  IvfPlan(const IvfPlan&) = delete;
  IvfPlan& operator=(const IvfPlan&) = delete;

  const IvfEffort& effort() const noexcept { return effort_; }
  const Eligible& eligible() const noexcept { return eligible_; }  // asked about positions
  bool scans() const noexcept { return scans_; }
  // What probing reached when it was calibrated; 0: whoever set the effort by hand knows.
  float expected_recall() const noexcept { return expected_recall_; }

 private:
  PositionFilter filter_;
  Removed none_removed_;
  Eligible eligible_;
  IvfEffort effort_;
  bool scans_ = false;
  float expected_recall_ = 0;
};

}  // namespace quiver::internal
