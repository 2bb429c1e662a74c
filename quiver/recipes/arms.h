// Arms: the things a reproduction compares, each measured once a seed and kept at once, so that an interrupted seed
// goes on with the arm it was in.
//
//   Arms arms(run, {"plain", "mrl", "ff-8"});                                      // the plan; says how long is left
//   QUIVER_TRY(const Model base, arms.model("base", [&]() -> Result<Model> { ... }));     // a fitted part arms share
//   QUIVER_TRY(arms.measure("mrl", [&]() -> Result<std::vector<Measured>> { ... }));
//   arms.add({"mrl - plain", "accuracy", arms.value("mrl", "accuracy") - arms.value("plain", "accuracy")});
//   return std::move(arms).measured();
//
// What is kept lies in a folder of one seed, one program, one set of options and data, which the driver of
// reproductions names with KeptArms; without it nothing is kept. A Measured without an arm gets the name of the arm
// that gave it. Errors: those of the functions given, with the arm's name around them; Cancelled between two arms when
// the run is to stop. Thread-safety: one owner; runs on several threads are told apart. Cost: one small file an arm.
#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/core/run.h"
#include "quiver/model/model.h"
#include "quiver/recipes/recipe.h"

namespace quiver {

// While it lives, the arms measured under `run` are kept in `folder`, which is made when there is something to keep.
class KeptArms {
 public:
  KeptArms(const Run& run, std::filesystem::path folder);
  ~KeptArms();
  KeptArms(const KeptArms&) = delete;
  KeptArms& operator=(const KeptArms&) = delete;

 private:
  const Run* run_;
};

class Arms {
 public:
  // `planned`: the arms to come, in the order they are measured; only for what is told on the way.
  Arms(Run& run, std::vector<std::string> planned);

  Result<void> measure(std::string_view arm, const std::function<Result<std::vector<Measured>>()>& how);
  Result<Model> model(std::string_view name, const std::function<Result<Model>()>& fit);
  void add(Measured value) { measured_.push_back(std::move(value)); }

  // Requires: this arm was measured and gave this metric.
  double value(std::string_view arm, std::string_view metric) const;
  std::vector<Measured> measured() && { return std::move(measured_); }

 private:
  // Where something of this name is kept; empty when nothing is. Names hold signs that file names should not.
  std::filesystem::path kept(std::string_view name, std::string_view ending) const;

  Run& run_;
  std::filesystem::path folder_;
  std::vector<std::string> planned_;
  std::size_t done_ = 0;
  double seconds_ = 0;  // of the arms measured in this process
  std::size_t timed_ = 0;
  std::vector<Measured> measured_;
};

// Measured numbers as JSON and back: what caches and seed files hold. Errors: a value of another shape.
Json measured_json(const std::vector<Measured>& values);
Result<std::vector<Measured>> measured_of(const Json& values);

}  // namespace quiver
