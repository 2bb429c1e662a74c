// Race: indexes over the same rows, compared at equal recall: one query at a time, by one thread.
//
//   const Course course{.base = base, .space = space, .tune = asked_before, .test = queries};
//   QUIVER_TRY(auto measured, race(course, {{"f32", "hnsw(16,128)"},
//                                           {"leanvec", "hnsw(16,128) + pca(160) + lvq(8) + rerank(lvq(8))"}}, {},
//                                           run));
//   "f32" "qps@0.90", "recall@0.90", "effort@0.90", ... "build_seconds", "bytes"
//
// For every racer and every recall the least effort is taken that reaches it on the queries to tune by; the others are
// then asked at that effort, every racer in turn within a round, and the best round counts. All candidates a walk kept
// are scored again where a spec has finer codes, and that time counts. A racer that reaches a recall at no effort has
// no speed there. Time is the processor's (of the whole process, where nothing else runs), so that a busy machine
// slows all racers alike or none.
// Errors: of IndexSpec::parse, build_index and search, Cancelled. Cost: a build a racer, then a search of all queries
// a racer, recall and round.
#pragma once
#include <string>
#include <vector>

#include "quiver/core/run.h"
#include "quiver/core/space.h"
#include "quiver/recipes/recipe.h"

namespace quiver::recipes {

struct Course {
  MatrixView base;
  Space space;
  MatrixView tune, test;   // queries: to choose efforts by, to be timed with
  MatrixView sample = {};  // queries that specs may learn from; neither of the above
};
struct Racer {
  std::string name, spec;
};
struct RaceOptions {
  std::vector<double> recalls = {0.90, 0.95};
  std::uint32_t k = 10;
  unsigned rounds = 3;
};
Result<std::vector<Measured>> race(const Course& course, const std::vector<Racer>& racers, const RaceOptions& options,
                                   Run& run);

}  // namespace quiver::recipes
