#include "quiver/recipes/nested_classifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "quiver/learn/augment.h"
#include "quiver/learn/objectives/matryoshka.h"
#include "quiver/learn/sampler.h"
#include "quiver/learn/sgd.h"
#include "quiver/recipes/mrl_measures.h"

namespace quiver::recipes {
namespace {
constexpr std::size_t kEncodedTogether = 250;

ResidualNetConfig net_config(const Lesson& lesson, const NestedOptions& options) {
  const PictureShape shape = lesson.pictures.pictures.shape();
  return {.size = shape.height,
          .channels = shape.channels,
          .stem_stride = options.stem_stride,
          .widths = options.widths,
          .blocks = options.blocks,
          .mean = {lesson.scale.mean().begin(), lesson.scale.mean().end()},
          .deviation = {lesson.scale.deviation().begin(), lesson.scale.deviation().end()}};
}
}  // namespace

Result<Lesson> lesson_of(LabelledPictures pictures, std::uint32_t batch, bool mirror) {
  if (pictures.names.size() < 2) {
    return Error::invalid_argument(
        fmt::format("the labels are all the same{}; a classifier needs two classes or more",
                    pictures.names.empty() ? "" : fmt::format(" ('{}')", pictures.names[0])));
  }
  if (pictures.size() < batch) {
    return Error::invalid_argument(
        fmt::format("{} pictures are fewer than a batch of {}; lower 'batch'", pictures.size(), batch));
  }
  const PixelScale scale = PixelScale::of(pictures.pictures);
  return Lesson{std::move(pictures), scale, mirror};
}

NestedClassifier::NestedClassifier(const Lesson& lesson, std::vector<std::int64_t> lengths, learn::Heads kind,
                                   const NestedOptions& options, std::uint64_t seed)
    : options_(options),
      lengths_(std::move(lengths)),
      net_(net_config(lesson, options), lengths_.back(), seed),
      heads_(lengths_, static_cast<std::int64_t>(lesson.pictures.names.size()),
             {.heads = kind, .smoothing = options.smoothing, .seed = seed}) {}

Result<learn::TrainLog> NestedClassifier::teach(const Lesson& lesson, const Teaching& how, Run& run) {
  const bool nested = lengths_.size() > 1;
  const learn::Matryoshka objective(heads_, lengths_, nested ? options_.weights : std::vector<double>{},
                                    learn::Combine::Sum);
  std::vector<learn::Tensor> parameters = net_.parameters();
  for (const learn::Tensor& each : objective.parameters()) parameters.push_back(each);
  learn::Sgd sgd(parameters, {.rate = how.rate, .weight_decay = options_.weight_decay});

  const LabelledPictures& from = lesson.pictures;
  std::vector<std::uint32_t> all(from.size());
  std::iota(all.begin(), all.end(), 0U);
  QUIVER_TRY(
      const learn::PairSampler sampler,
      learn::PairSampler::create(std::move(all), {.batch = options_.batch, .seed = run.seed(), .name = "pictures"}));
  const std::uint64_t steps = std::max<std::uint64_t>(1, how.epochs * from.size() / options_.batch);
  std::vector<std::uint32_t> rows;
  std::vector<std::int64_t> labels(options_.batch);
  const learn::Turn turn{
      .name = "pictures", .optimizers = {&sgd}, .loss = [&](std::uint64_t step) -> Result<learn::Tensor> {
        sampler.draw(step, rows);
        for (std::size_t i = 0; i < rows.size(); ++i) labels[i] = from.labels[rows[i]];
        const learn::Tensor images = learn::augmented(
            from.pictures, rows, lesson.scale, step,
            {.padding = from.pictures.shape().height / 8, .mirror = lesson.mirror, .seed = run.seed()});
        return objective({{"vectors", net_.forward(images, true)}}, {{"label", torch::tensor(labels, torch::kInt64)}});
      }};
  return learn::train({&turn, 1},
                      {.schedule = {.steps = steps, .warmup = steps / 10 + 1, .floor = 0},
                       .kept = net_.statistics(),
                       .checkpoint = how.checkpoint,
                       .fingerprint = how.fingerprint,
                       .stage = how.stage},
                      run);
}

Matrix NestedClassifier::vectors(const Pictures& pictures) const {
  const torch::NoGradGuard no_grad;
  const PixelScale scale(net_.config().mean, net_.config().deviation);
  Matrix out(pictures.size(), static_cast<std::size_t>(net_.dims()));
  std::vector<std::uint32_t> rows;
  for (std::size_t first = 0; first < pictures.size(); first += kEncodedTogether) {
    rows.resize(std::min(kEncodedTogether, pictures.size() - first));
    std::iota(rows.begin(), rows.end(), static_cast<std::uint32_t>(first));
    const learn::Tensor z = net_.forward(learn::images_of(pictures, rows, scale), false).contiguous();
    const MatrixView view = learn::rows_of(z);
    for (std::size_t i = 0; i < rows.size(); ++i) std::ranges::copy(view.row(i), out.row(first + i).begin());
  }
  return out;
}

Matrix NestedClassifier::probabilities(MatrixView vectors, std::int64_t length) const {
  const torch::NoGradGuard no_grad;
  const learn::Tensor cut = learn::to_tensor(vectors.prefix(static_cast<std::size_t>(length)));  // (rows, length)
  return learn::to_matrix(heads_.logits(cut).softmax(1));
}

double NestedClassifier::accuracy(MatrixView vectors, std::int64_t length,
                                  std::span<const std::uint32_t> labels) const {
  const Matrix p = probabilities(vectors, length);
  std::vector<std::uint32_t> predicted;
  for (std::size_t i = 0; i < p.rows(); ++i)
    predicted.push_back(static_cast<std::uint32_t>(std::ranges::max_element(p.row(i)) - p.row(i).begin()));
  return percent_right(predicted, labels);
}

}  // namespace quiver::recipes
