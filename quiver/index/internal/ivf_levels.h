// IvfLevels: how much an inverted file reads for which recall. A level says how far to probe (slack, ivf_partition.h),
// how many candidates the finer codes score, and how many rows such a probe met, in the mean; levels rise in what they
// cost. GraphCalibration maps a recall to a level, a number between two mixes them.
//
//   const IvfLevel level = levels.of(0.95F);
//
// Thread-safety: immutable once filled.
#pragma once
#include <vector>

#include "quiver/index/internal/graph_calibration.h"

namespace quiver::internal {

struct IvfLevel {
  float slack = 1.3F;      // of the squared distance to a centre
  float candidates = 100;  // for k = 10
  float rows = 0;          // met
};

class IvfLevels {
 public:
  struct Trial {
    IvfLevel level;
    double cost = 0, recall = 0, low = 0;  // low: the lower end of a 95 % interval
  };
  // Keeps of the trials those that nothing cheaper reaches.
  static IvfLevels of_trials(std::vector<Trial> trials);

  IvfLevel of(float recall) const noexcept;
  // What that level reached on the average when it was measured; 0: nothing was.
  float expected(float recall) const noexcept { return calibration_.recall_at(calibration_.slack_for(recall)); }
  const GraphCalibration& calibration() const noexcept { return calibration_; }  // its slack: 1 + the level's number

  void save(ContainerWriter& writer, std::string_view prefix) const;
  static Result<IvfLevels> load(const Container& file, std::string_view prefix);

 private:
  std::vector<IvfLevel> levels_;
  GraphCalibration calibration_;
};

}  // namespace quiver::internal
