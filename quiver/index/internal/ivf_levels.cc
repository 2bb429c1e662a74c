#include "quiver/index/internal/ivf_levels.h"

#include <algorithm>
#include <cmath>

namespace quiver::internal {

IvfLevels IvfLevels::of_trials(std::vector<Trial> trials) {
  std::stable_sort(trials.begin(), trials.end(), [](const Trial& a, const Trial& b) {
    return a.cost < b.cost || (a.cost == b.cost && a.recall > b.recall);
  });
  IvfLevels made;
  double best = -1;
  for (const Trial& trial : trials) {
    if (trial.recall <= best) continue;
    best = trial.recall;
    made.levels_.push_back(trial.level);
    made.calibration_.add(
        {static_cast<float>(made.levels_.size()), static_cast<float>(trial.recall), static_cast<float>(trial.low)});
  }
  return made;
}

IvfLevel IvfLevels::of(float recall) const noexcept {
  if (levels_.empty()) return {};
  const float at = std::clamp(calibration_.slack_for(recall) - 1, 0.0F, static_cast<float>(levels_.size() - 1));
  const auto below = static_cast<std::size_t>(at);
  const IvfLevel& a = levels_[below];
  const IvfLevel& b = levels_[std::min(below + 1, levels_.size() - 1)];
  const float part = at - static_cast<float>(below);
  const auto mixed = [&](float x, float y) { return x + part * (y - x); };
  return {mixed(a.slack, b.slack), mixed(a.candidates, b.candidates), mixed(a.rows, b.rows)};
}

void IvfLevels::save(ContainerWriter& writer, std::string_view prefix) const {
  writer.add_array(std::string(prefix) + "levels", std::span<const IvfLevel>(levels_));
  calibration_.save(writer, prefix);
}

Result<IvfLevels> IvfLevels::load(const Container& file, std::string_view prefix) {
  IvfLevels made;
  QUIVER_TRY(const auto levels, file.array<IvfLevel>(std::string(prefix) + "levels"));
  QUIVER_TRY(made.calibration_, GraphCalibration::load(file, prefix));
  bool sound = levels.size() == made.calibration_.steps().size();
  for (const IvfLevel& level : levels) {
    sound = sound && level.slack >= 1 && level.slack < 1e6F && level.candidates >= 1 && level.candidates < 1e6F &&
            level.rows >= 0 && std::isfinite(level.rows);
  }
  if (!sound)
    return Error::corruption("the levels of the inverted file are not those it measured; build the index again");
  made.levels_.assign(levels.begin(), levels.end());
  return made;
}

}  // namespace quiver::internal
