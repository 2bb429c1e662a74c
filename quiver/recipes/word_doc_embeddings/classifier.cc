#include "quiver/recipes/word_doc_embeddings/classifier.h"

#include <algorithm>
#include <numeric>

#include "quiver/core/random.h"
#include "quiver/learn/optimizer.h"
#include "quiver/learn/parameters.h"
#include "quiver/learn/sampler.h"
#include "quiver/learn/tables/look_up.h"

namespace quiver::recipes {
namespace {
constexpr std::size_t kTextsAtOnce = 256;  // predicted together
constexpr double kClip = 5;                // norm of a step's gradients

learn::Tensor class_numbers(std::span<const std::uint32_t> labels) {
  learn::Tensor out = torch::empty({static_cast<std::int64_t>(labels.size())}, torch::kInt64);
  std::copy(labels.begin(), labels.end(), out.data_ptr<std::int64_t>());
  return out;
}
}  // namespace

Classifier::Classifier(Body body, MatrixView words, std::size_t classes, ClassifierOptions options)
    : body_(std::move(body)),
      words_("words", learn::to_tensor(words)),
      weight_(learn::random_parameter("classes/weight", {static_cast<std::int64_t>(classes), body_.out},
                                      learn::deviation_of(body_.out), options.seed)),
      bias_(torch::zeros({static_cast<std::int64_t>(classes)})),
      options_(std::move(options)) {
  weight_.requires_grad_();
  bias_.requires_grad_();
}

learn::Tensor Classifier::scores(const learn::PackedTokens& tokens, std::uint64_t step, bool training) {
  learn::Tensor y3 = body_.forward(learn::look_up(words_, tokens.batch().ids), tokens);  // (texts, out)
  if (training && options_.dropout > 0) {
    const auto generator = at::detail::createCPUGenerator(mix(options_.seed, mix(stream_of("dropout"), step)));
    const double kept = 1 - options_.dropout;
    y3 = y3 * torch::empty_like(y3).bernoulli_(kept, generator).div_(kept);
  }
  return torch::linear(y3, weight_, bias_);  // y4: (texts, classes)
}

Result<double> Classifier::fit(const LabelledTokens& train, const LabelledTokens& validation, const Judge& judge,
                               Run& run) {
  const auto count = static_cast<std::uint32_t>(train.texts.size());
  const std::uint32_t batch = std::min(options_.batch, count);
  std::vector<std::uint32_t> each(count), rows, labels;
  std::iota(each.begin(), each.end(), 0U);
  QUIVER_TRY(const learn::PairSampler sampler,
             learn::PairSampler::create(each, {.batch = batch, .seed = options_.seed, .name = "documents"}));
  learn::RowAdagrad words({&words_}, {.rate = options_.word_rate});
  std::vector<learn::Tensor> dense = body_.parameters;
  dense.insert(dense.end(), {weight_, bias_});
  learn::Adam adam(dense, {.rate = options_.rate});
  const auto loss = [&](std::uint64_t step) -> Result<learn::Tensor> {
    sampler.draw(step, rows);
    TokenBatch texts;
    labels.clear();
    for (const std::uint32_t row : rows) {
      texts.add(train.texts[row]);
      labels.push_back(train.labels[row]);
    }
    const learn::PackedTokens tokens(std::move(texts));
    return torch::nn::functional::cross_entropy(scores(tokens, step, true), class_numbers(labels));
  };
  const learn::Turn turn{.name = "documents", .optimizers = {&words, &adam}, .loss = loss};
  const std::uint64_t an_epoch = (count + batch - 1) / batch;
  const learn::TrainOptions how{
      .schedule = {.steps = an_epoch * options_.epochs, .warmup = std::min<std::uint64_t>(an_epoch / 4 + 1, 50)},
      .clip = kClip,
      .checkpoint = options_.checkpoint,
      .fingerprint = options_.fingerprint,
      .validate = [&]() -> Result<double> { return judge(predict(validation.texts), validation.labels); },
      .validate_every = an_epoch,
      .patience = options_.patience};
  QUIVER_TRY(const learn::TrainLog log, learn::train({&turn, 1}, how, run));
  return log.best->score;  // there is one: the last step is judged too
}

std::vector<std::uint32_t> Classifier::predict(const std::vector<std::vector<std::uint32_t>>& texts) {
  const torch::NoGradGuard no_grad;
  std::vector<std::uint32_t> out;
  for (std::size_t first = 0; first < texts.size(); first += kTextsAtOnce) {
    TokenBatch batch;
    for (std::size_t i = first; i < std::min(texts.size(), first + kTextsAtOnce); ++i) batch.add(texts[i]);
    const learn::Tensor best = scores(learn::PackedTokens(std::move(batch)), 0, false).argmax(1);
    for (std::int64_t i = 0; i < best.size(0); ++i)
      out.push_back(static_cast<std::uint32_t>(best[i].item<std::int64_t>()));
  }
  return out;
}

}  // namespace quiver::recipes
