// The WordNet encoder: a bag of learned features that finds an entry of a dictionary from a sentence that uses it, or
// from a description. Trained from scratch in a minute or two on two cores; the encoder behind `make demo`.
//
//   pairs    (example sentence -> "lemmas: definition") and (lemma -> definition), of synsets on the Train side alone.
//            With `description_share` also (half a definition -> its entry), which costs the sentences: MRR@10 on
//            validation was 0.275 with 15 % of these and 10 % word dropout, 0.301 without both (1,200 steps, seed 1)
//   encoder  one table of feature vectors (learn/encoders/text_bag), a weight per feature and column: query, lemmas,
//            definition. It begins as a random projection of tf-idf and training moves it little: unseen words keep
//            matching themselves, frequent ones learn what they are evidence for.
//   loss     in-batch contrastive, both directions, over the prefixes and the whole: (batch, batch + negatives) scores.
//            Extra negatives are other senses of the same word, which share its lemma and must differ by the rest.
//
// A synset on the Validation or Test side gives no pair, no negative and no word to the vocabulary: its entry is seen
// for the first time when the task is measured (wordnet_task.h).
#include <fmt/format.h>

#include <filesystem>

#include "quiver/core/file.h"
#include "quiver/data/items_builder.h"
#include "quiver/data/split.h"
#include "quiver/learn/encoders/text_bag.h"
#include "quiver/learn/evaluator.h"
#include "quiver/learn/export.h"
#include "quiver/learn/guard.h"
#include "quiver/learn/miner.h"
#include "quiver/learn/objectives/contrastive.h"
#include "quiver/learn/objectives/matryoshka.h"
#include "quiver/learn/optimizer.h"
#include "quiver/learn/sampler.h"
#include "quiver/learn/trainer.h"
#include "quiver/recipes/recipe.h"
#include "quiver/recipes/wordnet_task.h"

namespace quiver::recipes::wordnet_encoder {
namespace {

constexpr std::string_view kLicence = "WordNet 3.0 License (Princeton University)";
constexpr std::uint32_t kQuickSteps = 60;

const RecipeCard kCard{
    .slug = "wordnet-encoder",
    .claim = "a bag of learned features finds a WordNet entry from an example sentence better than BM25",
    .stage = Stage::Base,
    .reads = {{.name = "synset", .modality = Modality::Category},
              {.name = "lemmas", .many = true},
              {.name = "definition"},
              {.name = "examples", .many = true}},
    .gives = {Ability::Encode}};

struct Options {
  int dims = 256;
  std::vector<int> prefixes{64};
  std::uint32_t steps = 1200, batch = 1024;
  float lemma_share = 0.33f, description_share = 0, dropout = 0, temperature = 0.05f, rate = 0.005f, weight_rate = 0.1f;
  std::uint32_t buckets = 16384;
  bool quick = false;
  template <class V>
  void visit(V& v) {
    v("dims", dims, "length of the vectors", 8, 4096);
    v("prefixes", prefixes, "shorter lengths that must work too", 1, 4096);
    v("steps", steps, "training steps", 1, 1e6);
    v("batch", batch, "pairs a step", 2, 65536);
    v("lemma_share", lemma_share, "part of the pairs that lead from a lemma to its definition", 0, 0.9);
    v("description_share", description_share, "part of the pairs that lead from half a definition to its entry", 0,
      0.9);
    v("dropout", dropout, "part of a query's words that a step does not see", 0, 0.9);
    v("temperature", temperature, "of the softmax, at first", 0.01, 1);
    v("rate", rate, "how far a step moves the vectors of features", 1e-6, 1);
    v("weight_rate", weight_rate, "how far a step moves the weights of features", 0, 10);
    v("buckets", buckets, "table rows shared by words that training never saw", 0, 1e7);
    v("quick", quick, "train for seconds only: the same steps, lower numbers");
  }
};

enum Weighting : std::uint8_t { kQuery, kLemmas, kDefinition };

// What training may see: texts and pairs of the Train side.
struct Corpus {
  struct Pair {
    std::uint32_t row, text;  // synset; which of its examples or lemmas
  };
  TextLists lemmas, examples;
  TextColumn definition;
  std::vector<std::string_view> texts;  // for the vocabulary: entries and examples
  std::vector<Pair> example_pairs, lemma_pairs, description_pairs;
  learn::SharedKeyMiner senses;

  static Result<Corpus> of(const Items& items) {
    Corpus corpus;
    QUIVER_TRY(corpus.lemmas, items.texts("lemmas"));
    QUIVER_TRY(corpus.examples, items.texts("examples"));
    QUIVER_TRY(corpus.definition, items.text("definition"));
    QUIVER_TRY(const auto train, split_rows(items, Part::Train, "synset"));
    for (const std::uint32_t row : train) {
      corpus.texts.push_back(corpus.definition[row]);
      corpus.description_pairs.push_back({row, 0});
      for (std::uint32_t i = 0; i < corpus.examples[row].size(); ++i) {
        corpus.example_pairs.push_back({row, i});
        corpus.texts.push_back(corpus.examples[row][i]);
      }
      for (std::uint32_t i = 0; i < corpus.lemmas[row].size(); ++i) {
        corpus.lemma_pairs.push_back({row, i});
        corpus.texts.push_back(corpus.lemmas[row][i]);
        corpus.senses.add(row, corpus.lemmas[row][i]);
      }
    }
    corpus.senses.close();
    return corpus;
  }
};

Result<learn::PairSampler> sampler_of(const std::vector<Corpus::Pair>& pairs, std::uint32_t batch,
                                      std::string_view name, const Run& run) {
  std::vector<std::uint32_t> groups;
  groups.reserve(pairs.size());
  for (const Corpus::Pair& pair : pairs) groups.push_back(pair.row);
  return learn::PairSampler::create(std::move(groups), {.batch = batch, .seed = run.seed(), .name = name});
}

// Draws the batch of a step and encodes it: out "left" (batch, dims), "right" (batch + negatives, dims).
class Batches {
 public:
  static Result<Batches> create(const Corpus& corpus, learn::TextBag& encoder, const Options& o, const Run& run) {
    Batches batches(corpus, encoder, o.dropout, run.seed());
    const auto part = [&](float share) { return static_cast<std::uint32_t>(share * static_cast<float>(o.batch)); };
    const std::uint32_t lemmas = part(o.lemma_share), descriptions = part(o.description_share);
    QUIVER_TRY(batches.examples_, sampler_of(corpus.example_pairs, o.batch - lemmas - descriptions, "examples", run));
    if (lemmas > 0) {
      QUIVER_TRY(batches.lemmas_, sampler_of(corpus.lemma_pairs, lemmas, "lemmas", run));
    }
    if (descriptions > 0) {
      QUIVER_TRY(batches.descriptions_, sampler_of(corpus.description_pairs, descriptions, "descriptions", run));
    }
    return batches;
  }

  void draw(std::uint64_t step, learn::Tensors& out, learn::Tensors& batch) {
    left_ = {};
    right_ = {};
    groups_.clear();
    Random random(seed_, mix(stream_of("batches"), step));
    each(examples_, corpus_.example_pairs, step, [&](std::uint32_t row, std::uint32_t text) {
      encoder_.append(corpus_.examples[row][text], kQuery, left_);
      left_.drop(dropout_, random);
      add_entry(row);
    });
    const std::size_t examples = groups_.size();
    each(lemmas_, corpus_.lemma_pairs, step, [&](std::uint32_t row, std::uint32_t text) {
      encoder_.append(corpus_.lemmas[row][text], kQuery, left_);
      encoder_.append(corpus_.definition[row], kDefinition, right_);
    });
    each(descriptions_, corpus_.description_pairs, step, [&](std::uint32_t row, std::uint32_t) {
      encoder_.append(corpus_.definition[row], kQuery, left_);
      left_.drop(kForgotten, random);
      add_entry(row);
    });
    batch["left_group"] = torch::tensor(groups_, torch::kInt64);
    for (std::size_t i = 0; i < examples; ++i) {
      const auto other = corpus_.senses.draw(static_cast<std::uint32_t>(groups_[i]), random);
      if (!other) continue;
      add_entry(*other);
      right_.close();
      groups_.push_back(*other);
    }
    batch["right_group"] = torch::tensor(groups_, torch::kInt64);
    out["left"] = encoder_.forward(std::make_shared<learn::FeatureBags>(std::move(left_)));
    out["right"] = encoder_.forward(std::make_shared<learn::FeatureBags>(std::move(right_)));
  }

 private:
  static constexpr double kForgotten = 0.5;  // part of a definition that its description leaves out
  Batches(const Corpus& corpus, learn::TextBag& encoder, double dropout, std::uint64_t seed)
      : corpus_(corpus), encoder_(encoder), dropout_(dropout), seed_(seed) {}
  template <class Add>
  void each(const std::optional<learn::PairSampler>& sampler, const std::vector<Corpus::Pair>& pairs,
            std::uint64_t step, Add&& add) {
    if (!sampler) return;
    sampler->draw(step, rows_);
    for (const std::uint32_t at : rows_) {
      add(pairs[at].row, pairs[at].text);
      left_.close();
      right_.close();
      groups_.push_back(pairs[at].row);
    }
  }
  void add_entry(std::uint32_t row) {
    for (const std::string_view lemma : corpus_.lemmas[row]) encoder_.append(lemma, kLemmas, right_);
    encoder_.append(corpus_.definition[row], kDefinition, right_);
  }
  const Corpus& corpus_;
  learn::TextBag& encoder_;
  double dropout_;
  std::uint64_t seed_;
  std::optional<learn::PairSampler> examples_, lemmas_, descriptions_;
  std::vector<std::uint32_t> rows_;
  std::vector<std::int64_t> groups_;
  learn::FeatureBags left_, right_;
};

std::vector<std::int64_t> trained_lengths(const Options& o) {
  std::vector<std::int64_t> lengths(o.prefixes.begin(), o.prefixes.end());
  lengths.push_back(o.dims);
  return lengths;
}

Result<void> check(const Options& o) {
  for (std::size_t i = 0; i < o.prefixes.size(); ++i) {
    if (o.prefixes[i] >= o.dims || (i > 0 && o.prefixes[i] <= o.prefixes[i - 1])) {
      return Error::invalid_argument(fmt::format(
          "option 'prefixes': {} does not fit; lengths rise and stay below dims = {}", o.prefixes[i], o.dims));
    }
  }
  if (o.lemma_share + o.description_share > 0.9f) {
    return Error::invalid_argument(fmt::format(
        "options 'lemma_share' {} and 'description_share' {} leave too little for examples; together at most 0.9",
        o.lemma_share, o.description_share));
  }
  return {};
}

Items curve_of(const learn::TrainLog& log) {
  ItemsBuilder builder(
      {{.name = "step", .modality = Modality::Number}, {.name = "loss", .modality = Modality::Number}});
  for (const auto& point : log.curve) {
    builder.number(0, static_cast<double>(point.step));
    builder.number(1, point.loss);
    builder.end_row();
  }
  return std::move(builder).build();
}

Result<Model> frozen(const learn::TextBag& encoder, const Options& o, Card card) {
  const std::vector<learn::BagPort> ports{{.name = "query", .role = "query", .inputs = {{"text", "query"}}},
                                          {.name = "entry",
                                           .role = "item",
                                           .inputs = {{"lemmas", "lemmas"}, {"definition", "definition"}},
                                           .many = {"lemmas"}},
                                          {.name = "text", .role = "item", .inputs = {{"text", "definition"}}}};
  return learn::freeze(encoder, ports, {o.prefixes.begin(), o.prefixes.end()}, std::move(card));
}

// What the model reaches on the validation side, at every length: mrr@10, recall@10, recall@100.
Result<std::map<std::string, double>> measured_on_validation(const Model& model, const Items& items, const Options& o,
                                                             Run& run) {
  QUIVER_TRY(const WordnetTask task, WordnetTask::of(items));
  QUIVER_TRY(const Encoded entries, model.encode(task.entries, {.role = "item"}, run));
  QUIVER_TRY(const Encoded queries, model.encode(Items::of("text", task.validation.texts), {.role = "query"}, run));
  std::vector<std::size_t> lengths(o.prefixes.begin(), o.prefixes.end());
  lengths.push_back(static_cast<std::size_t>(o.dims));
  QUIVER_TRY(const auto scores,
             learn::evaluate_retrieval(queries.rows, entries.rows, task.validation.answers, lengths, run));
  std::map<std::string, double> measured;
  for (const learn::RetrievalScores& score : scores) {
    measured[fmt::format("validation.mrr@10[{}]", score.dims)] = score.mrr_10.mean;
    measured[fmt::format("validation.recall@10[{}]", score.dims)] = score.recall_10.mean;
    measured[fmt::format("validation.recall@100[{}]", score.dims)] = score.recall_100.mean;
  }
  return measured;
}

Result<Fitted> fit(const Options& o, const Inputs& in, Run& run) {
  QUIVER_TRY(check(o));
  QUIVER_TRY(const Dataset* data, data_of(in, "train"));
  QUIVER_TRY(const Corpus corpus, Corpus::of(data->items()));
  QUIVER_TRY(TextFeatures features,
             TextFeatures::fit(corpus.texts, {.kinds = {{.of = FeatureKind::Stem, .buckets = o.buckets}}}));
  QUIVER_TRY(const std::string digest, data->digest());
  const std::string options = dump_json(quiver::to_json(o), -1);

  return learn::guarded("fitting the WordNet encoder", [&]() -> Result<Fitted> {
    learn::TextBag encoder(std::move(features), {.dim = o.dims, .weightings = {"query", "lemmas", "definition"}},
                           run.seed());
    const learn::Matryoshka objective(learn::Contrastive({.temperature = o.temperature}), trained_lengths(o));
    QUIVER_TRY(Batches batches, Batches::create(corpus, encoder, o, run));
    learn::RowAdagrad rows({&encoder.table()}, {.rate = o.rate});
    std::vector<learn::Table*> weights;
    for (learn::Table& each : encoder.weights()) weights.push_back(&each);
    learn::RowAdagrad scalars(weights, {.rate = o.weight_rate});
    learn::Adam temperature(objective.parameters(), {.rate = 2e-3});
    const learn::Turn turn{.name = "pairs",
                           .optimizers = {&rows, &scalars, &temperature},
                           .loss = [&](std::uint64_t step) -> Result<learn::Tensor> {
                             learn::Tensors out, batch;
                             batches.draw(step, out, batch);
                             return objective(out, batch);
                           }};
    const std::string fingerprint =
        digest_of(fmt::format("{} {} {} {} {}", kCard.slug, quiver_version(), digest, options, run.seed()));
    const std::filesystem::path checkpoint = run.cache() / "checkpoints" / (fingerprint + ".qvc");
    QUIVER_TRY(make_folders(checkpoint.parent_path()));
    const std::uint64_t steps = o.quick ? std::min(o.steps, kQuickSteps) : o.steps;
    QUIVER_TRY(const learn::TrainLog log, learn::train({&turn, 1},
                                                       {.schedule = {.steps = steps, .warmup = steps / 40 + 1},
                                                        .checkpoint = checkpoint,
                                                        .fingerprint = fingerprint},
                                                       run));
    Card card{.recipe = std::string(kCard.slug),
              .data = data->spec(),
              .data_digest = digest,
              .data_licence = std::string(kLicence),
              .seed = run.seed(),
              .options = options};
    QUIVER_TRY(Model model, frozen(encoder, o, card));
    Fitted fitted;
    fitted.report.tables.emplace("curve", curve_of(log));
    if (!log.started_over.empty()) fitted.report.warnings.push_back("training started over: " + log.started_over);
    auto measured = measured_on_validation(model, data->items(), o, run);
    if (measured.has_value()) {
      card.measured = *std::move(measured);
    } else if (measured.error().code() == Code::Cancelled) {
      return std::move(measured).error();
    } else {
      fitted.report.warnings.push_back("not measured: " + measured.error().message());
    }
    QUIVER_TRY(fitted.model, model.with_card(std::move(card)));
    std::error_code ignored;  // the model holds what the checkpoint was kept for
    std::filesystem::remove(checkpoint, ignored);
    return fitted;
  });
}

void add(std::vector<Measured>& all, const std::string& arm, const std::string& metric, const Interval& interval) {
  all.push_back({arm, metric, interval.mean});
  all.push_back({arm, metric + ".low", interval.low});
  all.push_back({arm, metric + ".high", interval.high});
}

// Arms: encoder, bm25, fused, "encoder - bm25" and "fused - best"; prefixes as encoder@64.
Result<std::vector<Measured>> reproduce(const Options& o, Run& run) {
  QUIVER_TRY(const Dataset data, Dataset::open("wordnet:/usr/share/wordnet"));
  Inputs inputs;
  inputs.data.emplace("train", data);
  QUIVER_TRY(const Fitted fitted, fit(o, inputs, run));
  QUIVER_TRY(const WordnetTask task, WordnetTask::of(data.items()));
  QUIVER_TRY(const WordnetVectors vectors, encode_wordnet(task, *fitted.model, run));
  QUIVER_TRY(const WordnetComparison found, compare_on_wordnet(task, vectors, run));
  std::vector<Measured> all;
  const BootstrapOptions bootstrap{.seed = run.seed()};
  for (const WordnetArm& arm : found.arms) {
    add(all, arm.name, "mrr@10", bootstrap_mean(arm.mrr_10, bootstrap));
    add(all, arm.name, "recall@10", bootstrap_mean(arm.recall_10, bootstrap));
    add(all, arm.name, "recall@100", bootstrap_mean(arm.recall_100, bootstrap));
  }
  add(all, "encoder - bm25", "mrr@10", found.encoder_over_bm25);
  add(all, "fused - best", "recall@10", found.fused_over_best);
  std::vector<std::size_t> lengths(o.prefixes.begin(), o.prefixes.end());
  QUIVER_TRY(const auto scores,
             learn::evaluate_retrieval(vectors.test, vectors.entries, task.test.answers, lengths, run));
  for (const learn::RetrievalScores& score : scores) {
    const std::string arm = fmt::format("encoder@{}", score.dims);
    add(all, arm, "mrr@10", score.mrr_10);
    add(all, arm, "recall@10", score.recall_10);
    add(all, arm, "recall@100", score.recall_100);
  }
  return all;
}

}  // namespace
}  // namespace quiver::recipes::wordnet_encoder

QUIVER_RECIPE(wordnet_encoder)
