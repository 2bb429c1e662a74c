// Matryoshka representation learning (Kusupati et al., NeurIPS 2022, arXiv:2205.13147): one vector whose first 8, 16,
// 32, ... coordinates are good vectors each, so that users cut vectors for speed and rank again by the rest.
//
//   z = net(image) in R^d           a small residual net, a linear layer to d behind its mean
//   mrl     min  sum_{m in M} c_m CE(W^(m) z[0:m] + b^(m), y)       a head a length; c_m = 1; summed, not averaged
//   mrl-e   W^(m) = W[:, 0:m],  b^(m) = b                           one head for all lengths
//   ff@m    min  CE(W z + b, y),  z in R^m                          the fixed-size baseline: a net for every m
//
// Out of the vectors of ff@d, without training anew: truncated@m (the first m coordinates with their columns of W),
// pca@m and random@m (directions of variance, coordinates drawn at random; each with a linear head fitted again).
// Every trained arm sees the same pictures, augmented alike, in the same order, for as many steps; each takes its own
// rate out of `rates`, the one best on validation pictures after `sweep_epochs`. Nothing is chosen by test pictures.
//
// On top: the cascade (adaptive classification), the funnel (adaptive retrieval) over all training pictures, one-shot
// recognition of letters never seen (Omniglot, where 8 coordinates are few), and sentences (mrl_text.h).
// What is measured and how: mrl_measures.h.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>

#include "quiver/core/file.h"
#include "quiver/core/linalg.h"
#include "quiver/core/random.h"
#include "quiver/inspect/probe.h"
#include "quiver/learn/export_residual_net.h"
#include "quiver/learn/guard.h"
#include "quiver/recipes/arms.h"
#include "quiver/recipes/image_sets.h"
#include "quiver/recipes/mrl_measures.h"
#include "quiver/recipes/mrl_text.h"
#include "quiver/recipes/nested_classifier.h"
#include "quiver/recipes/recipe.h"

namespace quiver::recipes::mrl {
namespace {

const RecipeCard kCard{
    .slug = "mrl",
    .paper = "Kusupati, Bhatt, Rege et al., Matryoshka Representation Learning, NeurIPS 2022",
    .arxiv = "2205.13147",
    .claim = "one vector whose first coordinates are good vectors, each as good as one trained alone",
    .stage = Stage::Learn,
    .reads = {{.name = "image", .modality = Modality::Image}, {.name = "label", .modality = Modality::Category}},
    .gives = {Ability::Encode}};

struct Options {
  std::vector<int> dims{8, 16, 32, 64, 256};
  std::vector<float> weights;
  std::string heads = "per_length", label = "label";
  std::uint32_t epochs = 8, batch = 128, sweep_epochs = 2, images = 20000, letter_epochs = 20, text_steps = 600;
  float rate = 0.1F, weight_decay = 1e-4F, smoothing = 0.1F;
  std::vector<float> rates{0.05F, 0.15F, 0.45F};
  std::vector<int> widths{16, 32, 64};
  std::uint32_t blocks = 1, stem_stride = 2, size = 32;
  bool mirror = true, quick = false;
  template <class V>
  void visit(V& v) {
    v("dims", dims, "lengths that must work, rising; the last is that of the whole vector", 1, 65536);
    v("weights", weights, "weight of the loss at every length; empty: 1 each", 0, 1e6);
    v.choice("heads", heads, "a classifier for every length, or one whose first columns serve the shorter ones",
             {"per_length", "shared"});
    v("label", label, "the column of classes");
    v("epochs", epochs, "how often every picture is seen", 1, 10000);
    v("batch", batch, "pictures a step", 2, 65536);
    v("rate", rate, "learning rate of a fit", 1e-6, 100);
    v("rates", rates, "learning rates a reproduction chooses from, for every arm by itself", 1e-6, 100);
    v("sweep_epochs", sweep_epochs, "epochs after which it chooses", 1, 10000);
    v("weight_decay", weight_decay, "of matrices and convolutions", 0, 1);
    v("smoothing", smoothing, "part of a label's weight that is spread over all classes", 0, 0.9);
    v("size", size, "side of the pictures as the net sees them", 4, 4096);
    v("mirror", mirror, "pictures may be mirrored; not letters and digits");
    v("widths", widths, "channels of every stage of the net", 1, 4096);
    v("blocks", blocks, "residual blocks a stage", 1, 100);
    v("stem_stride", stem_stride, "2: the first convolution halves the picture, a quarter of the work", 1, 2);
    v("images", images, "pictures a reproduction learns from; 0: all", 0, 1e9);
    v("letter_epochs", letter_epochs, "epochs on letters in a reproduction", 1, 10000);
    v("text_steps", text_steps, "steps on captions in a reproduction", 1, 1e9);
    v("quick", quick, "a small part of everything: the same steps, lower numbers");
  }
};

std::vector<std::int64_t> lengths_of(const Options& o) { return {o.dims.begin(), o.dims.end()}; }

Result<void> check(const Options& o) {
  int last = 0;
  for (const int length : o.dims) {
    if (length <= last) {
      return Error::invalid_argument(
          fmt::format("option 'dims': lengths must rise from at least 1, they are {}; the last is the whole",
                      fmt::join(o.dims, ", ")));
    }
    last = length;
  }
  if (o.dims.empty()) return Error::invalid_argument("option 'dims': give at least one length");
  if (!o.weights.empty() && o.weights.size() != o.dims.size()) {
    return Error::invalid_argument(fmt::format(
        "option 'weights': {} of them for {} lengths; give one a length, or none", o.weights.size(), o.dims.size()));
  }
  if (o.rates.empty()) return Error::invalid_argument("option 'rates': give at least one");
  return {};
}

NestedOptions nested_of(const Options& o) {
  return {.widths = {o.widths.begin(), o.widths.end()},
          .blocks = o.blocks,
          .stem_stride = o.stem_stride,
          .batch = o.batch,
          .smoothing = static_cast<double>(o.smoothing),
          .weight_decay = static_cast<double>(o.weight_decay),
          .weights = {o.weights.begin(), o.weights.end()}};
}

learn::Heads kind_of(const Options& o) { return o.heads == "shared" ? learn::Heads::Shared : learn::Heads::PerLength; }

// Rows drawn for validation, and the others.
struct Sides {
  LabelledPictures train, validation;
};
Sides sides_of(const LabelledPictures& all, std::uint32_t validation, std::uint32_t train, std::uint64_t seed) {
  const auto order = Random(seed, stream_of("validation")).permutation(static_cast<std::uint32_t>(all.size()));
  const std::span<const std::uint32_t> rows(order);
  const std::size_t rest = rows.size() - validation;
  return {all.take(rows.subspan(validation, train == 0 ? rest : std::min<std::size_t>(train, rest))),
          all.take(rows.first(validation))};
}

Result<Fitted> fit(const Options& o, const Inputs& in, Run& run) {
  constexpr std::uint32_t kValidationShare = 20;  // one picture of so many
  constexpr std::uint32_t kQuickPictures = 2000;
  QUIVER_TRY(check(o));
  QUIVER_TRY(const Dataset* data, data_of(in, "train"));
  Items items = data->items();
  if (const auto labels = in.data.find("labels"); labels != in.data.end()) {  // idx files keep them apart
    QUIVER_TRY(items, items.beside(labels->second.items()));
  }
  if (o.quick) items = items.slice(0, std::min<std::size_t>(items.size(), kQuickPictures));
  QUIVER_TRY(const LabelledPictures all, labelled_pictures(items, o.label, {o.size, o.size, 3}, run));
  Sides sides = sides_of(all, static_cast<std::uint32_t>(all.size() / kValidationShare), 0, run.seed());
  QUIVER_TRY(const Lesson lesson, lesson_of(std::move(sides.train), o.batch, o.mirror));
  const Json options = quiver::to_json(o);
  QUIVER_TRY(Card card, card_for(kCard, options, *data, run));

  return learn::guarded("fitting nested vectors", [&]() -> Result<Fitted> {
    const learn::TorchThreads threads(run.threads().count());
    NestedClassifier classifier(lesson, lengths_of(o), kind_of(o), nested_of(o), run.seed());
    const std::string fingerprint = digest_of(
        fmt::format("{} {} {} {} {}", kCard.slug, quiver_version(), card.data_digest, card.options, run.seed()));
    const std::filesystem::path checkpoint = run.cache() / "checkpoints" / (fingerprint + ".qvc");
    QUIVER_TRY(make_folders(checkpoint.parent_path()));
    QUIVER_TRY(const learn::TrainLog log, classifier.teach(lesson,
                                                           {.rate = static_cast<double>(o.rate),
                                                            .epochs = o.quick ? 1 : o.epochs,
                                                            .checkpoint = checkpoint,
                                                            .fingerprint = fingerprint},
                                                           run));
    Fitted fitted;
    if (!log.started_over.empty()) fitted.report.warnings.push_back("training started over: " + log.started_over);
    if (sides.validation.size() > 0) {
      const Matrix z = classifier.vectors(sides.validation.pictures);
      for (const std::int64_t length : classifier.lengths())
        card.measured[fmt::format("validation.accuracy[{}]", length)] =
            classifier.accuracy(z.view(), length, sides.validation.labels);
    }
    const std::vector<std::size_t> prefixes(o.dims.begin(), o.dims.end() - 1);
    QUIVER_TRY(fitted.model, learn::freeze(classifier.net(), {.prefixes = prefixes}, std::move(card)));
    std::error_code ignored;  // the model holds what the checkpoint was kept for
    std::filesystem::remove(checkpoint, ignored);
    return fitted;
  });
}

// --- Reproduction -------------------------------------------------------------------------------------------------

using Numbers = std::vector<Measured>;

// The arms' common ground: one seed's pictures.
struct Ground {
  Lesson lesson;
  LabelledPictures validation, test, all;  // all: every picture there is to learn from, what the funnel searches
};

std::string at(std::string_view arm, std::int64_t length) { return fmt::format("{}@{}", arm, length); }

// The rate best on validation pictures after a short training, and the classifier taught with it in full.
struct Taught {
  NestedClassifier classifier;
  double rate = 0;
};
Result<Taught> taught(const Ground& ground, std::vector<std::int64_t> lengths, learn::Heads kind, const Options& o,
                      Run& run) {
  double best = -1, rate = o.rates[0];
  for (const float tried : o.rates) {
    if (o.rates.size() == 1) break;
    NestedClassifier classifier(ground.lesson, lengths, kind, nested_of(o), run.seed());
    QUIVER_TRY([[maybe_unused]] const learn::TrainLog log,
               classifier.teach(
                   ground.lesson,
                   {.rate = static_cast<double>(tried), .epochs = o.sweep_epochs, .stage = "choose a rate"}, run));
    const Matrix z = classifier.vectors(ground.validation.pictures);
    double accuracy = 0;  // over the lengths
    for (const std::int64_t length : lengths)
      accuracy += classifier.accuracy(z.view(), length, ground.validation.labels);
    if (accuracy > best) {
      best = accuracy;
      rate = tried;
    }
  }
  Taught out{NestedClassifier(ground.lesson, lengths, kind, nested_of(o), run.seed()), rate};
  QUIVER_TRY([[maybe_unused]] const learn::TrainLog log,
             out.classifier.teach(ground.lesson, {.rate = rate, .epochs = o.epochs}, run));
  return out;
}

Result<void> add_nearest(const std::string& arm, MatrixView database, MatrixView queries, const Ground& ground,
                         std::size_t dims, Run& run, Numbers& out) {
  QUIVER_TRY(const NearestScores scores,
             nearest_scores({database, ground.lesson.pictures.labels}, {queries, ground.test.labels}, dims, run));
  out.push_back({arm, "nn", scores.nn});
  out.push_back({arm, "map@10", scores.map_10});
  return {};
}

// Linear top-1, 1-NN and mAP@10 of a classifier's own lengths; `name` is the arm without its length.
Result<void> add_lengths(std::string_view name, const Taught& arm, MatrixView database, MatrixView queries,
                         const Ground& ground, Run& run, Numbers& out) {
  for (const std::int64_t length : arm.classifier.lengths()) {
    const std::string label = at(name, length);
    out.push_back({label, "accuracy", arm.classifier.accuracy(queries, length, ground.test.labels)});
    out.push_back({label, "rate", arm.rate});
    QUIVER_TRY(add_nearest(label, database, queries, ground, static_cast<std::size_t>(length), run, out));
  }
  return {};
}

Result<void> add_cascade(const NestedClassifier& classifier, MatrixView queries, const Ground& ground, Numbers& out) {
  const Matrix held_out = classifier.vectors(ground.validation.pictures);
  std::vector<Matrix> on_held_out, on_test;
  std::vector<std::size_t> lengths;
  for (const std::int64_t length : classifier.lengths()) {
    lengths.push_back(static_cast<std::size_t>(length));
    on_held_out.push_back(classifier.probabilities(held_out.view(), length));
    on_test.push_back(classifier.probabilities(queries, length));
  }
  const Cascade found = cascade(lengths, on_held_out, ground.validation.labels, on_test, ground.test.labels);
  out.push_back({"cascade", "accuracy", found.accuracy});
  out.push_back({"cascade", "dims", found.dims});
  return {};
}

Result<void> add_funnel(const NestedClassifier& classifier, MatrixView queries, const Ground& ground, const Options& o,
                        Run& run, Numbers& out) {
  constexpr std::uint32_t kShortlist = 200;
  const Matrix database = classifier.vectors(ground.all.pictures);
  const auto near = [&](int wanted) {  // the trained length closest to the paper's
    return *std::ranges::min_element(o.dims, {}, [&](int length) { return std::abs(length - wanted); });
  };
  const std::string spec = fmt::format("funnel({},{}) + f32", near(16), near(64));
  QUIVER_TRY(const FunnelScores found,
             funnel_scores({database.view(), ground.all.labels}, {queries, ground.test.labels}, spec, kShortlist, run));
  out.push_back({"full", "nn", found.nn_full});
  out.push_back({"full", "multiply-adds", found.work_full});
  out.push_back({"full", "qps", found.qps_full});
  out.push_back({"funnel", "nn", found.nn_funnel});
  out.push_back({"funnel", "multiply-adds", found.work_funnel});
  out.push_back({"funnel", "qps", found.qps_funnel});
  return {};
}

// What vectors of the whole length are worth when they are cut without having been trained for it.
Result<void> add_cuts(const Taught& whole, MatrixView database, MatrixView queries, const Ground& ground,
                      const Options& o, Run& run, Numbers& out) {
  const std::vector<float> means = column_means(database);
  QUIVER_TRY(const Matrix axes, principal_axes(database, database.cols));
  const Matrix turned = projected(database, means, axes), turned_queries = projected(queries, means, axes);
  const auto order =
      Random(run.seed(), stream_of("random columns")).permutation(static_cast<std::uint32_t>(database.cols));
  const auto shuffled = [&](MatrixView rows) {
    Matrix drawn(rows.rows, rows.cols);
    for (std::size_t i = 0; i < rows.rows; ++i) {
      for (std::size_t j = 0; j < rows.cols; ++j) drawn.row(i)[j] = rows.row(i)[order[j]];
    }
    return drawn;
  };
  const Matrix drawn = shuffled(database), drawn_queries = shuffled(queries);
  const learn::Tensor weight = whole.classifier.heads().parameters()[0],
                      bias = whole.classifier.heads().parameters()[1];
  for (const int length : o.dims) {
    if (length == o.dims.back()) continue;
    const auto m = static_cast<std::size_t>(length);
    const auto refit = [&](const std::string& arm, std::string_view metric, MatrixView train,
                           MatrixView test) -> Result<void> {
      QUIVER_TRY(const Probe probe, Probe::fit(train.prefix(m), ground.lesson.pictures.labels, {}, run));
      out.push_back({arm, std::string(metric), percent_right(probe.predict(test.prefix(m)), ground.test.labels)});
      return {};
    };
    const std::string truncated = at("truncated", length), pca = at("pca", length), random = at("random", length);
    {
      const torch::NoGradGuard no_grad;
      const learn::Tensor logits =
          torch::linear(learn::to_tensor(queries.prefix(m)), weight.narrow(1, 0, length), bias);
      const learn::Tensor best = logits.argmax(1).contiguous();  // (queries)
      const auto* first = best.data_ptr<std::int64_t>();
      const std::vector<std::uint32_t> predicted(first, first + best.numel());
      out.push_back({truncated, "accuracy", percent_right(predicted, ground.test.labels)});
    }
    QUIVER_TRY(refit(truncated, "refitted", database, queries));
    QUIVER_TRY(add_nearest(truncated, database, queries, ground, m, run, out));
    QUIVER_TRY(refit(pca, "accuracy", turned.view(), turned_queries.view()));
    QUIVER_TRY(add_nearest(pca, turned.view(), turned_queries.view(), ground, m, run, out));
    QUIVER_TRY(refit(random, "accuracy", drawn.view(), drawn_queries.view()));
    QUIVER_TRY(add_nearest(random, drawn.view(), drawn_queries.view(), ground, m, run, out));
  }
  return {};
}

// One drawing of every letter that training never saw is the database, all others are queries.
Result<Numbers> letters_arm(std::string_view name, const Omniglot& letters, std::vector<std::int64_t> lengths,
                            const Options& o, double rate, Run& run) {
  QUIVER_TRY(const Lesson lesson, lesson_of(letters.known, o.batch, false));
  NestedClassifier classifier(lesson, std::move(lengths), learn::Heads::PerLength, nested_of(o), run.seed());
  QUIVER_TRY([[maybe_unused]] const learn::TrainLog log,
             classifier.teach(lesson, {.rate = rate, .epochs = o.letter_epochs, .stage = "learn letters"}, run));
  std::vector<std::uint32_t> shown, asked;
  std::vector<bool> seen(letters.unseen.names.size());
  for (const std::uint32_t row :
       Random(run.seed(), stream_of("one shot")).permutation(static_cast<std::uint32_t>(letters.unseen.size()))) {
    const std::uint32_t letter = letters.unseen.labels[row];
    (seen[letter] ? asked : shown).push_back(row);
    seen[letter] = true;
  }
  const LabelledPictures database = letters.unseen.take(shown), queries = letters.unseen.take(asked);
  const Matrix known = classifier.vectors(database.pictures), unknown = classifier.vectors(queries.pictures);
  Numbers out;
  for (const std::int64_t length : classifier.lengths()) {
    QUIVER_TRY(const NearestScores scores,
               nearest_scores({known.view(), database.labels}, {unknown.view(), queries.labels},
                              static_cast<std::size_t>(length), run));
    out.push_back({at(name, length), "one-shot", scores.nn});
  }
  return out;
}

Result<Ground> ground_of(const Options& o, Run& run) {
  ImageTask task;
  if (o.quick) {
    QUIVER_TRY(task, open_mnist({28, 28, 1}, run));
  } else {
    QUIVER_TRY(task, open_cifar10(run));
  }
  const std::uint32_t held_out = o.quick ? 500 : 5000;
  Sides sides = sides_of(task.train, held_out, o.images, run.seed());
  Ground ground;
  QUIVER_TRY(ground.lesson, lesson_of(std::move(sides.train), o.batch, o.mirror && !o.quick));
  ground.validation = std::move(sides.validation);
  ground.test = std::move(task.test);
  ground.all = o.quick ? ground.lesson.pictures : std::move(task.train);
  if (o.quick) {
    std::vector<std::uint32_t> some(1000);
    std::iota(some.begin(), some.end(), 0U);
    ground.test = ground.test.take(some);
  }
  return ground;
}

// Of a quick run, which needs no other set: digits below 5 are known, the others unseen.
Omniglot digits_as_letters(const Ground& ground) {
  constexpr std::uint32_t kKnown = 5;
  Omniglot out;
  const auto side = [](const LabelledPictures& all, bool known) {
    std::vector<std::uint32_t> rows;
    for (std::uint32_t row = 0; row < all.size(); ++row) {
      if ((all.labels[row] < kKnown) == known) rows.push_back(row);
    }
    LabelledPictures part = all.take(rows);
    part.names = known ? std::vector<std::string>(all.names.begin(), all.names.begin() + kKnown)
                       : std::vector<std::string>(all.names.begin() + kKnown, all.names.end());
    for (std::uint32_t& label : part.labels) label -= known ? 0 : kKnown;
    return part;
  };
  out.known = side(ground.lesson.pictures, true);
  out.unseen = side(ground.test, false);
  return out;
}

Result<Numbers> reproduce(const Options& given, Run& run) {
  QUIVER_TRY(check(given));
  Options o = given;
  if (o.quick) {
    o.images = 2000;
    o.batch = 32;  // enough steps to learn something
    o.epochs = o.sweep_epochs = o.letter_epochs = 1;
    o.rates.resize(1);
    o.text_steps = 30;
  }
  const std::vector<std::int64_t> lengths = lengths_of(o);
  const std::int64_t d = lengths.back();
  std::vector<std::string> plan{"mrl", "mrl-e"};
  for (const std::int64_t m : lengths) plan.push_back(at("ff", m));
  plan.emplace_back("letters-mrl");
  for (const std::int64_t m : lengths) plan.push_back(at("letters-ff", m));
  plan.emplace_back("text-plain");
  plan.emplace_back("text-mrl");
  Arms arms(run, plan);

  return learn::guarded("reproducing nested vectors", [&]() -> Result<Numbers> {
    const learn::TorchThreads threads(run.threads().count());
    QUIVER_TRY(const Ground ground, ground_of(o, run));
    const auto measure = [&](const std::string& arm, std::string_view name, const std::vector<std::int64_t>& of,
                             learn::Heads kind) {
      return arms.measure(arm, [&]() -> Result<Numbers> {
        QUIVER_TRY(const Taught trained, taught(ground, of, kind, o, run));
        const Matrix database = trained.classifier.vectors(ground.lesson.pictures.pictures);
        const Matrix queries = trained.classifier.vectors(ground.test.pictures);
        Numbers out;
        QUIVER_TRY(add_lengths(name, trained, database.view(), queries.view(), ground, run, out));
        if (arm == "mrl") {
          QUIVER_TRY(add_cascade(trained.classifier, queries.view(), ground, out));
          QUIVER_TRY(add_funnel(trained.classifier, queries.view(), ground, o, run, out));
        }
        if (name == "ff" && of.back() == d)
          QUIVER_TRY(add_cuts(trained, database.view(), queries.view(), ground, o, run, out));
        return out;
      });
    };
    QUIVER_TRY(measure("mrl", "mrl", lengths, learn::Heads::PerLength));
    QUIVER_TRY(measure("mrl-e", "mrl-e", lengths, learn::Heads::Shared));
    for (const std::int64_t m : lengths) QUIVER_TRY(measure(at("ff", m), "ff", {m}, learn::Heads::PerLength));

    Omniglot letters;
    if (o.quick) {
      letters = digits_as_letters(ground);
    } else {
      QUIVER_TRY(letters, open_omniglot({28, 28, 1}, run));
    }
    QUIVER_TRY(arms.measure("letters-mrl", [&] {
      return letters_arm("letters-mrl", letters, lengths, o, arms.value(at("mrl", d), "rate"), run);
    }));
    for (const std::int64_t m : lengths) {
      QUIVER_TRY(arms.measure(at("letters-ff", m), [&] {
        return letters_arm("letters-ff", letters, {m}, o, arms.value(at("ff", m), "rate"), run);
      }));
    }

    QUIVER_TRY(const CaptionTask captions, CaptionTask::open());
    const std::vector<std::size_t> compared(lengths.begin(), lengths.end());
    for (const auto& [name, of] :
         {std::pair{"text-plain", std::vector<std::int64_t>{d}}, std::pair{"text-mrl", lengths}}) {
      QUIVER_TRY(arms.measure(name, [&]() -> Result<Numbers> {
        TextMrlOptions how{.lengths = of, .compared = compared, .steps = o.text_steps};
        if (o.quick) how.rates.resize(1);
        QUIVER_TRY(const TextScores scores, fit_and_score(captions, how, run));
        Numbers out;
        for (std::size_t i = 0; i < lengths.size(); ++i)
          out.push_back({at(name, lengths[i]), "spearman", scores.spearman[i]});
        out.push_back({name, "rate", scores.rate});
        return out;
      }));
    }
    return std::move(arms).measured();
  });
}

}  // namespace
}  // namespace quiver::recipes::mrl

QUIVER_RECIPE(mrl)
