// GraphCalibration: what recall a graph reached at which slack, measured on queries when it was built, so that a search
// may name the recall it wants instead of a knob.
//
//   const float slack = calibration.slack_for(0.95);
//
// Measured at k = 10 against the exact neighbours; each step carries the lower end of a 95 % interval of its mean
// recall, and slack_for() interpolates on that. A recall that no step reached gives the last step: best() says what it
// reached. Thread-safety: immutable once filled.
#pragma once
#include <vector>

#include "quiver/compress/dense_input.h"
#include "quiver/core/container.h"
#include "quiver/core/run.h"

namespace quiver::internal {

struct GraphBody;

class GraphCalibration {
 public:
  struct Step {
    float slack = 1, recall = 0, low = 0;
  };
  void add(Step step) { steps_.push_back(step); }
  bool empty() const noexcept { return steps_.empty(); }
  const std::vector<Step>& steps() const noexcept { return steps_; }
  float best() const noexcept;
  float slack_for(float recall) const noexcept;
  float recall_at(float slack) const noexcept;  // on the average; between steps in proportion; 0: nothing was measured

  void save(ContainerWriter& writer, std::string_view prefix) const;
  static Result<GraphCalibration> load(const Container& file, std::string_view prefix);

 private:
  std::vector<Step> steps_;  // slack rising
};

// Measures the recall that a built body reaches at rising slack, on `sample_queries`, a sample of which the body keeps,
// or, without any, on rows of the base, each of which forgets itself. Errors: Cancelled.
Result<GraphCalibration> calibrate_graph(GraphBody& body, const DenseInput& base, MatrixView sample_queries, Run& run);
// The same when rows have come and gone: on the queries kept, or on rows as their codes decode. Requires: a live row.
Result<GraphCalibration> calibrate_again(const GraphBody& body, Run& run);

}  // namespace quiver::internal
