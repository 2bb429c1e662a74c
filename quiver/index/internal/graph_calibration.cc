#include "quiver/index/internal/graph_calibration.h"

#include <cmath>

namespace quiver::internal {
namespace {
constexpr float kUncalibrated = 1.2F;
constexpr float kAsGood = 0.0003F;  // of recall
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

}  // namespace quiver::internal
