// A residual net with linear classifiers over nested lengths of its vectors, and how it is taught: the trained half of
// Matryoshka representation learning (mrl.cc) and of its baselines, which have one length.
//
//   QUIVER_TRY(const Lesson lesson, lesson_of(std::move(pictures), 128, /*mirror=*/true));
//   NestedClassifier arm(lesson, {8, 16, 256}, learn::Heads::PerLength, {}, run.seed());
//   QUIVER_TRY(auto log, arm.teach(lesson, {.rate = 0.1, .epochs = 8}, run));
//   const Matrix z = arm.vectors(others);                            // (pictures, 256), as they are: not unit
//   double percent = arm.accuracy(z.view(), 16, labels);             // of the first 16 coordinates
//
//   z = net(augment(image))            loss = sum over lengths m of  c_m CE(W^(m) z[0:m] + b^(m), y)      summed
//
// SGD with momentum 0.9; the rate rises for a tenth of the steps, then falls as half a cosine to 0. Batches and shifts
// are functions of the seed and the step, so arms of one seed see the same pictures and a resumed training is the same
// one. Thread-safety: one owner. Cost: see learn/encoders/residual_net.h.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "quiver/core/run.h"
#include "quiver/learn/encoders/residual_net.h"
#include "quiver/learn/objectives/cross_entropy.h"
#include "quiver/learn/trainer.h"
#include "quiver/recipes/image_sets.h"

namespace quiver::recipes {

// What is learned from: pictures, classes, and how bytes become numbers.
struct Lesson {
  LabelledPictures pictures;
  PixelScale scale;
  bool mirror = true;  // pictures may be mirrored
};
// Errors: one class alone, fewer pictures than a batch.
Result<Lesson> lesson_of(LabelledPictures pictures, std::uint32_t batch, bool mirror);

struct NestedOptions {
  std::vector<std::size_t> widths{16, 32, 64};
  std::size_t blocks = 1, stem_stride = 2;
  std::uint32_t batch = 128;
  double smoothing = 0.1, weight_decay = 1e-4;
  std::vector<double> weights{};  // c_m; empty: 1 each
};

struct Teaching {
  double rate = 0.1;
  std::uint32_t epochs = 1;
  std::filesystem::path checkpoint{};  // with its fingerprint; empty: none
  std::string fingerprint{}, stage = "learn";
};

class NestedClassifier {
 public:
  // Requires: lengths rise from at least 1.
  NestedClassifier(const Lesson& lesson, std::vector<std::int64_t> lengths, learn::Heads kind,
                   const NestedOptions& options, std::uint64_t seed);
  Result<learn::TrainLog> teach(const Lesson& lesson, const Teaching& how, Run& run);

  const std::vector<std::int64_t>& lengths() const noexcept { return lengths_; }
  const learn::ResidualNet& net() const noexcept { return net_; }
  const learn::CrossEntropy& heads() const noexcept { return heads_; }

  Matrix vectors(const Pictures& pictures) const;                       // (pictures, d)
  Matrix probabilities(MatrixView vectors, std::int64_t length) const;  // (rows, classes), of the first coordinates
  double accuracy(MatrixView vectors, std::int64_t length, std::span<const std::uint32_t> labels) const;  // percent

 private:
  NestedOptions options_;
  std::vector<std::int64_t> lengths_;
  learn::ResidualNet net_;
  learn::CrossEntropy heads_;
};

}  // namespace quiver::recipes
