// A classifier of documents around any encoder: vectors of words, the encoder, and one linear layer. What all trained
// arms of a comparison have alike, so that they differ in the encoder alone.
//
//   Classifier rcnn(body_of(std::make_shared<learn::Rcnn>(shape, seed)), words.view(), 4, {.rate = 1e-3, .seed =
//   seed}); QUIVER_TRY(const double reached, rcnn.fit(train, validation, judge, run));        // early stop on the
//   validation part std::vector<std::uint32_t> predicted = rcnn.predict(test.texts);
//
//   y4 = W4 forget(y3) + b4, p = softmax(y4)          loss: the mean of -log p(label), over batches drawn by epochs
//
// Adam moves the encoder and the linear layer by `rate`, row-wise Adagrad the words of a batch by `word_rate`; both
// fall by half a cosine over the epochs. After every epoch `judge` scores predictions on the validation part; training
// stops after `patience` epochs without a gain and leaves the best. `forget` drops a share of y3 in training.
// Thread-safety: one owner. Cost: the encoder's.
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "quiver/core/matrix.h"
#include "quiver/core/result.h"
#include "quiver/core/run.h"
#include "quiver/learn/encoders/packed_tokens.h"
#include "quiver/learn/tables/table.h"
#include "quiver/learn/trainer.h"

namespace quiver::recipes {

// Texts as word numbers; no text is empty.
struct LabelledTokens {
  std::vector<std::vector<std::uint32_t>> texts{};
  std::vector<std::uint32_t> labels{};
};

// An encoder of texts, as the classifier sees it: (tokens, in) -> (texts, out).
struct Body {
  std::int64_t out = 0;
  std::vector<learn::Tensor> parameters;
  std::function<learn::Tensor(const learn::Tensor& words, const learn::PackedTokens& tokens)> forward;
};
template <class Encoder>
Body body_of(std::shared_ptr<Encoder> encoder) {
  return {encoder->out(), encoder->parameters(),
          [encoder](const learn::Tensor& words, const learn::PackedTokens& tokens) {
            return encoder->forward(words, tokens);
          }};
}

struct ClassifierOptions {
  double rate = 1e-3, word_rate = 0.01, dropout = 0.3;
  std::uint32_t batch = 32, epochs = 6, patience = 2;
  std::uint64_t seed = 1;
  std::filesystem::path checkpoint{};  // empty: none
  std::string fingerprint{};
};

class Classifier {
 public:
  using Judge = std::function<double(std::span<const std::uint32_t> predicted, std::span<const std::uint32_t> labels)>;

  Classifier(Body body, MatrixView words, std::size_t classes, ClassifierOptions options);
  // What the judge said of the best epoch. Requires: as many labels as texts, below `classes`; texts of known words.
  Result<double> fit(const LabelledTokens& train, const LabelledTokens& validation, const Judge& judge, Run& run);
  std::vector<std::uint32_t> predict(const std::vector<std::vector<std::uint32_t>>& texts);

  const learn::Tensor& words() const { return words_.value(); }  // (vocabulary, in)
  const learn::Tensor& weight() const { return weight_; }        // (classes, out)
  const learn::Tensor& bias() const { return bias_; }

 private:
  learn::Tensor scores(const learn::PackedTokens& tokens, std::uint64_t step, bool training);
  Body body_;
  learn::Table words_;
  learn::Tensor weight_, bias_;
  ClassifierOptions options_;
};

}  // namespace quiver::recipes
