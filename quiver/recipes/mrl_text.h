// The text arm of Matryoshka representation learning: a bag of learned features (learn/encoders/text_bag) trained on
// pairs of captions of one picture, plainly and over prefixes; measured by how its cosines rank the pairs of STS-B.
//
//   QUIVER_TRY(const CaptionTask task, CaptionTask::open());
//   QUIVER_TRY(const TextScores scores, fit_and_score(task, {.lengths = {16, 256}}, run));   // of the plain loss:
//   {256}
//
//   plain   L = InfoNCE(l, r)                          mrl   L = sum over m of InfoNCE(l[0:m], r[0:m]), each prefix
//   made
//                                                                unit length anew
//
// Both begin as the same random projection of tf-idf and see the same batches; each takes the rate of `rates` that is
// best on STS-B's validation part, by the mean over `compared`. Thread-safety: one Run at a time.
#pragma once
#include <cstdint>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/core/run.h"
#include "quiver/recipes/sts.h"

namespace quiver::recipes {

struct CaptionTask {
  CaptionGroups captions;
  SentencePairs validation, test;
  static Result<CaptionTask> open();
};

struct TextMrlOptions {
  std::vector<std::int64_t> lengths{256};      // of the loss; the last is the length of the vectors
  std::vector<std::size_t> compared{16, 256};  // lengths that are scored
  std::vector<float> rates{0.005F, 0.02F, 0.08F};
  std::uint32_t steps = 600, batch = 256, buckets = 8192;
};
struct TextScores {
  std::vector<double> spearman;  // on the test part, in percent, of every compared length
  double rate = 0;               // that was chosen
};
Result<TextScores> fit_and_score(const CaptionTask& task, const TextMrlOptions& options, Run& run);

}  // namespace quiver::recipes
