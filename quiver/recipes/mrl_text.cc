#include "quiver/recipes/mrl_text.h"

#include "quiver/core/random.h"
#include "quiver/inspect/sts.h"
#include "quiver/learn/encoders/text_bag.h"
#include "quiver/learn/guard.h"
#include "quiver/learn/objectives/contrastive.h"
#include "quiver/learn/objectives/matryoshka.h"
#include "quiver/learn/optimizer.h"
#include "quiver/learn/sampler.h"
#include "quiver/learn/trainer.h"

namespace quiver::recipes {
namespace {
constexpr double kWeightRate = 0.1;  // of the weights of features, as in the WordNet encoder

// Two captions of every picture of the batch: (batch, dims) each.
class CaptionPairs {
 public:
  CaptionPairs(const CaptionGroups& captions, learn::TextBag& encoder, learn::PairSampler sampler, std::uint64_t seed)
      : captions_(captions), encoder_(encoder), sampler_(std::move(sampler)), seed_(seed) {}

  learn::Tensors draw(std::uint64_t step) {
    sampler_.draw(step, pictures_);
    auto left = std::make_shared<learn::FeatureBags>(), right = std::make_shared<learn::FeatureBags>();
    for (const std::uint32_t picture : pictures_) {
      const std::vector<std::string>& of = captions_[picture];
      Random random(seed_, mix(mix(stream_of("caption pairs"), step), picture));
      const std::size_t one = random.below(of.size()), other = (one + 1 + random.below(of.size() - 1)) % of.size();
      encoder_.append(of[one], 0, *left);
      left->close();
      encoder_.append(of[other], 0, *right);
      right->close();
    }
    return {{"left", encoder_.forward(left)}, {"right", encoder_.forward(right)}};
  }

 private:
  const CaptionGroups& captions_;
  learn::TextBag& encoder_;
  learn::PairSampler sampler_;
  std::uint64_t seed_;
  std::vector<std::uint32_t> pictures_;
};

Matrix vectors_of(learn::TextBag& encoder, const std::vector<std::string>& texts) {
  const torch::NoGradGuard no_grad;
  auto bags = std::make_shared<learn::FeatureBags>();
  for (const std::string& text : texts) {
    encoder.append(text, 0, *bags);
    bags->close();
  }
  return learn::to_matrix(encoder.forward(bags));
}

Result<std::vector<double>> spearman_on(learn::TextBag& encoder, const SentencePairs& pairs,
                                        const std::vector<std::size_t>& lengths) {
  const Matrix left = vectors_of(encoder, pairs.left), right = vectors_of(encoder, pairs.right);
  QUIVER_TRY(const auto scores, sts_scores(left.view(), right.view(), pairs.scores, lengths));
  std::vector<double> out;
  for (const StsScore& score : scores) out.push_back(100 * score.spearman.mean);
  return out;
}

struct Tried {
  double validation = 0;
  TextScores scores;
};
Result<Tried> try_rate(const CaptionTask& task, const TextFeatures& features, const TextMrlOptions& o, float rate,
                       Run& run) {
  learn::TextBag encoder(features, {.dim = o.lengths.back()}, run.seed());
  const learn::Matryoshka objective(learn::Contrastive{}, o.lengths, {}, learn::Combine::Sum);
  std::vector<std::uint32_t> groups(task.captions.size());
  for (std::uint32_t i = 0; i < groups.size(); ++i) groups[i] = i;
  QUIVER_TRY(learn::PairSampler sampler,
             learn::PairSampler::create(std::move(groups), {.batch = o.batch, .seed = run.seed(), .name = "captions"}));
  CaptionPairs pairs(task.captions, encoder, std::move(sampler), run.seed());
  learn::RowAdagrad rows({&encoder.table()}, {.rate = static_cast<double>(rate)});
  learn::RowAdagrad weights({&encoder.weights()[0]}, {.rate = kWeightRate});
  learn::Adam temperature(objective.parameters(), {.rate = 2e-3});
  const learn::Turn turn{
      .name = "captions",
      .optimizers = {&rows, &weights, &temperature},
      .loss = [&](std::uint64_t step) -> Result<learn::Tensor> { return objective(pairs.draw(step), {}); }};
  QUIVER_TRY(
      [[maybe_unused]] const learn::TrainLog log,
      learn::train({&turn, 1}, {.schedule = {.steps = o.steps, .warmup = o.steps / 20 + 1}, .stage = "captions"}, run));
  Tried tried;
  QUIVER_TRY(const std::vector<double> on_validation, spearman_on(encoder, task.validation, o.compared));
  for (const double score : on_validation) tried.validation += score / static_cast<double>(on_validation.size());
  QUIVER_TRY(tried.scores.spearman, spearman_on(encoder, task.test, o.compared));
  tried.scores.rate = rate;
  return tried;
}
}  // namespace

Result<CaptionTask> CaptionTask::open() {
  CaptionTask task;
  QUIVER_TRY(task.captions, open_captions(Part::Train));
  QUIVER_TRY(task.validation, open_stsb(Part::Validation));
  QUIVER_TRY(task.test, open_stsb(Part::Test));
  std::erase_if(task.captions, [](const auto& of) { return of.size() < 2; });
  return task;
}

Result<TextScores> fit_and_score(const CaptionTask& task, const TextMrlOptions& options, Run& run) {
  std::vector<std::string_view> texts;
  for (const auto& group : task.captions) texts.insert(texts.end(), group.begin(), group.end());
  QUIVER_TRY(const TextFeatures features,
             TextFeatures::fit(texts, {.kinds = {{.of = FeatureKind::Stem, .buckets = options.buckets}}}));
  return learn::guarded("training on captions", [&]() -> Result<TextScores> {
    Tried best{.validation = -1e9, .scores = {}};
    for (const float rate : options.rates) {
      QUIVER_TRY(Tried tried, try_rate(task, features, options, rate, run));
      if (tried.validation > best.validation) best = std::move(tried);
    }
    return std::move(best.scores);
  });
}

}  // namespace quiver::recipes
