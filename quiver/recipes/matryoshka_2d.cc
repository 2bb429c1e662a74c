// 2D Matryoshka sentence embeddings: one transformer whose vectors stay good when layers are cut (a text costs less)
// and when coordinates are cut (an index holds less).
//
//   encoder   BPE tokens -> N layers -> the state h_n behind every layer -> mean over tokens: E_n, and its prefixes
//             E_n[0:m]. Layers norm their sums, as in BERT, the paper's encoder, so a state is normed as it leaves a
//             layer; with norm_first it is a plain sum, and every exit passes the last norm, which all share
//   stage 1   InfoNCE on pairs of texts that mean the same (two captions of one picture)
//   stage 2   AnglE on scored pairs: w_cos CoSENT + w_ibn in-batch negatives + w_angle angle
//   variants  both stages ask it of more than E_N (learn/objectives/matryoshka_2d.h has the equations):
//             v1              E_N, E_n, E_N[0:m], E_n[0:m], n and m drawn each step, and KL(E_n, E_N)
//             adaptive-layer  the same with the weights of sentence-transformers
//             ese             all layers, a prefix that learns to compress the whole
//             mrl             E_N[0:m] for all m (Kusupati et al. 2022);   plain   E_N alone
//
// A model of v1, adaptive-layer or ese has an exit behind every layer: `quiver encode --layers 3 --dims 64`, and
// `quiver convert m.qvm small.qvm --layers 3 --dims 64` makes the smaller model. The reproduction trains all arms on
// the same data, with the same steps, draws and rates; rates are the same for all and were not searched.
#include "quiver/learn/objectives/matryoshka_2d.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <numeric>

#include "quiver/core/file.h"
#include "quiver/core/random.h"
#include "quiver/core/statistics.h"
#include "quiver/data/items_builder.h"
#include "quiver/data/train_bpe.h"
#include "quiver/inspect/sts.h"
#include "quiver/learn/encoders/transformer.h"
#include "quiver/learn/export.h"
#include "quiver/learn/guard.h"
#include "quiver/learn/heads/pooling.h"
#include "quiver/learn/objectives/angle.h"
#include "quiver/learn/objectives/contrastive.h"
#include "quiver/learn/objectives/matryoshka.h"
#include "quiver/learn/optimizer.h"
#include "quiver/learn/sampler.h"
#include "quiver/learn/trainer.h"
#include "quiver/model/cut.h"
#include "quiver/recipes/arms.h"
#include "quiver/recipes/recipe.h"
#include "quiver/recipes/sts.h"

namespace quiver::recipes::matryoshka_2d {
namespace {

const RecipeCard kCard{
    .slug = "matryoshka-2d",
    .paper = "Li, Li, Li, Xie, Li, 2D Matryoshka Sentence Embeddings, 2024; Espresso Sentence Embeddings, ICLR 2025",
    .arxiv = "2402.14776",
    .claim = "sentence vectors of one transformer that stay good when layers and coordinates are cut",
    .stage = Stage::Learn,
    .reads = {{.name = "left"}, {.name = "right"}, {.name = "score", .modality = Modality::Number}},
    .gives = {Ability::Encode}};

struct Options {
  std::string variant = "v1";
  std::size_t layers = 6, heads = 4, hidden = 256, vocabulary = 10'000, context = 32;
  std::vector<int> dims{8, 16, 32, 64, 128};
  std::uint32_t pair_steps = 400, pair_batch = 64, score_steps = 250, score_batch = 64;
  double pair_rate = 1e-3, score_rate = 6e-4, dropout = 0, temperature = 0.05;
  double w_cos = 1, w_ibn = 20, w_angle = 1, same = 4;
  double kl_weight = 1, kl_temperature = 0;
  bool detach_teacher = false, norm_first = false, quick = false;
  template <class V>
  void visit(V& v) {
    v.choice("variant", variant, "what is asked of layers and prefixes",
             {"v1", "adaptive-layer", "ese", "mrl", "plain"});
    v("layers", layers, "layers of the encoder", 1, 48);
    v("dims", dims, "lengths that must work, rising multiples of 8; the last is the length of the whole vector", 8,
      4096);
    v("heads", heads, "of attention", 1, 64);
    v("hidden", hidden, "width of the feed-forward half of a layer", 8, 16384);
    v("vocabulary", vocabulary, "tokens", 100, 1e6);
    v("context", context, "longest text in tokens; the rest is cut", 4, 4096);
    v("pair_steps", pair_steps, "steps on pairs that mean the same", 0, 1e7);
    v("pair_batch", pair_batch, "such pairs a step", 2, 65536);
    v("pair_rate", pair_rate, "learning rate there", 1e-7, 1);
    v("temperature", temperature, "of the softmax there", 0.01, 1);
    v("score_steps", score_steps, "steps on scored pairs", 0, 1e7);
    v("score_batch", score_batch, "scored pairs a step", 2, 65536);
    v("score_rate", score_rate, "learning rate there", 1e-7, 1);
    v("w_cos", w_cos, "weight of the ranking of cosines", 0, 1000);
    v("w_ibn", w_ibn, "weight of in-batch negatives", 0, 1000);
    v("w_angle", w_angle, "weight of the ranking of angles", 0, 1000);
    v("same", same, "pairs of this score and above are each other's positives among the negatives");
    v("kl_weight", kl_weight, "weight of the distillation from the last layer, in ese of the compression", 0, 1000);
    v("kl_temperature", kl_temperature, "of the distillation; 0: 1, and .3 for adaptive-layer", 0, 100);
    v("detach_teacher", detach_teacher, "the last layer is not moved towards the others");
    v("dropout", dropout, "share that a step forgets", 0, 0.9);
    v("norm_first", norm_first,
      "norms stand before each half of a layer, and one that all exits share behind the last");
    v("quick", quick, "train for seconds only: the same steps, lower numbers");
  }
  std::int64_t whole() const { return dims.back(); }
  bool exits() const { return variant == "v1" || variant == "adaptive-layer" || variant == "ese"; }
};

Result<void> check(const Options& o) {
  for (std::size_t i = 0; i < o.dims.size(); ++i) {
    if (o.dims[i] % 8 != 0 || (i > 0 && o.dims[i] <= o.dims[i - 1])) {
      return Error::invalid_argument(fmt::format(
          "option 'dims': {} does not fit; lengths are multiples of 8, rise, and end at the whole vector", o.dims[i]));
    }
  }
  if (o.dims.empty()) return Error::invalid_argument("option 'dims' is empty; name the length of the vectors");
  if (o.dims.size() < 2 && o.variant != "plain") {
    return Error::invalid_argument(
        fmt::format("option 'dims': variant {} needs lengths below {}, such as 8,16,...; or take variant plain",
                    o.variant, o.whole()));
  }
  if (o.exits() && o.layers < 2) {
    return Error::invalid_argument(
        fmt::format("option 'layers': variant {} needs a layer below the last, so at least 2", o.variant));
  }
  if (static_cast<std::size_t>(o.whole()) % (2 * o.heads) != 0) {
    return Error::invalid_argument(fmt::format(
        "option 'heads': {} heads of an even width do not make {} coordinates; take a divisor", o.heads, o.whole()));
  }
  return {};
}

using Ids = std::vector<std::uint32_t>;

// What training sees, as tokens.
struct Corpus {
  Tokenizer tokenizer;
  std::vector<std::vector<Ids>> groups;  // texts of a group mean the same; at least two each
  std::vector<Ids> left, right;
  std::vector<float> scores;

  static Result<Corpus> of(const CaptionGroups& groups, const SentencePairs& pairs, const Options& o, Run& run) {
    std::vector<std::string_view> texts;
    for (const auto& group : groups) texts.insert(texts.end(), group.begin(), group.end());
    texts.insert(texts.end(), pairs.left.begin(), pairs.left.end());
    texts.insert(texts.end(), pairs.right.begin(), pairs.right.end());
    QUIVER_TRY(Tokenizer tokenizer,
               train_bpe(texts, {.vocabulary = o.vocabulary, .byte_level = false, .lowercase = true}, run));
    Corpus corpus{std::move(tokenizer), {}, {}, {}, {}};
    const auto ids = [&](const std::string& text) { return corpus.tokenizer.encode(text, {.longest = o.context}).ids; };
    for (const auto& group : groups) {
      if (group.size() < 2) continue;
      auto& tokens = corpus.groups.emplace_back();
      for (const std::string& text : group) tokens.push_back(ids(text));
    }
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      corpus.left.push_back(ids(pairs.left[i]));
      corpus.right.push_back(ids(pairs.right[i]));
      corpus.scores.push_back(static_cast<float>(pairs.scores[i]));
    }
    return corpus;
  }
};

// Texts of a step: those on the left, then those on the right.
struct Drawn {
  learn::PackedTokens tokens;
  learn::Tensors batch;
};
Drawn drawn_of(const std::vector<const Ids*>& left, const std::vector<const Ids*>& right, learn::Tensors batch) {
  TokenBatch tokens;
  for (const auto* side : {&left, &right}) {
    for (const Ids* ids : *side) tokens.add(*ids);
  }
  return {learn::PackedTokens(std::move(tokens)), std::move(batch)};
}

using Draw = std::function<Drawn(std::uint64_t step)>;

Result<learn::PairSampler> sampler_of(std::size_t rows, std::uint32_t batch, std::string_view name, const Run& run) {
  std::vector<std::uint32_t> each(rows);
  std::iota(each.begin(), each.end(), 0U);
  return learn::PairSampler::create(std::move(each), {.batch = batch, .seed = run.seed(), .name = name});
}

// Two different texts of each drawn group.
Result<Draw> draw_groups(const Corpus& corpus, const Options& o, const Run& run) {
  QUIVER_TRY(auto sampler, sampler_of(corpus.groups.size(), o.pair_batch, "groups", run));
  return Draw([&corpus, sampler = std::move(sampler), seed = run.seed()](std::uint64_t step) {
    std::vector<std::uint32_t> rows;
    sampler.draw(step, rows);
    Random random(seed, mix(stream_of("texts of a group"), step));
    std::vector<const Ids*> left, right;
    for (const std::uint32_t row : rows) {
      const auto& group = corpus.groups[row];
      const std::size_t one = random.below(group.size());
      const std::size_t other = (one + 1 + random.below(group.size() - 1)) % group.size();
      left.push_back(&group[one]);
      right.push_back(&group[other]);
    }
    return drawn_of(left, right, {});
  });
}

Result<Draw> draw_scores(const Corpus& corpus, const Options& o, const Run& run) {
  QUIVER_TRY(auto sampler, sampler_of(corpus.scores.size(), o.score_batch, "scored pairs", run));
  return Draw([&corpus, sampler = std::move(sampler)](std::uint64_t step) {
    std::vector<std::uint32_t> rows;
    sampler.draw(step, rows);
    std::vector<const Ids*> left, right;
    std::vector<float> scores;
    for (const std::uint32_t row : rows) {
      left.push_back(&corpus.left[row]);
      right.push_back(&corpus.right[row]);
      scores.push_back(corpus.scores[row]);
    }
    return drawn_of(left, right, {{"scores", learn::to_tensor(scores)}});
  });
}

// What a stage makes small: which layers it reads in a step, and the loss of what they gave.
struct Goal {
  std::function<std::vector<std::size_t>(std::uint64_t step)> layers;
  std::function<learn::Tensor(std::span<const learn::Tensors> exits, const learn::Tensors& batch, std::uint64_t step)>
      loss;
};
template <learn::Objective Inner>
Goal goal_of(const Options& o, Inner inner, std::uint64_t seed) {
  const auto last = [n = o.layers](std::uint64_t) { return std::vector<std::size_t>{n}; };
  if (o.variant == "plain") {
    return {last, [inner](auto exits, const auto& batch, auto) { return inner(exits.back(), batch); }};
  }
  if (o.variant == "mrl") {
    const learn::Matryoshka nested(inner, {o.dims.begin(), o.dims.end()});
    return {last, [nested](auto exits, const auto& batch, auto) { return nested(exits.back(), batch); }};
  }
  const bool adaptive = o.variant == "adaptive-layer";
  const learn::Matryoshka2D both(inner, {.variant = o.variant == "v1" ? learn::Variant2D::V1
                                                    : adaptive        ? learn::Variant2D::AdaptiveLayer
                                                                      : learn::Variant2D::Ese,
                                         .layers = o.layers,
                                         .whole = o.whole(),
                                         .dims = {o.dims.begin(), o.dims.end() - 1},
                                         .kl_weight = o.kl_weight,
                                         .temperature = o.kl_temperature > 0 ? o.kl_temperature
                                                        : adaptive           ? 0.3
                                                                             : 1,
                                         .detach_teacher = o.detach_teacher,
                                         .seed = seed});
  return {[both](std::uint64_t step) { return both.layers_of(step); },
          [both](auto exits, const auto& batch, auto step) { return both(exits, batch, step); }};
}

// E_n of both sides for the layers asked for; the others stay empty.
std::vector<learn::Tensors> exits_of(const learn::Transformer& encoder, const learn::PackedTokens& tokens,
                                     const std::vector<std::size_t>& layers, std::uint64_t dropout) {
  const auto states = encoder.forward(tokens, {.layers = layers.back(), .dropout = dropout});
  const std::int64_t pairs = tokens.texts() / 2;
  std::vector<learn::Tensors> exits(layers.back());
  for (const std::size_t n : layers) {
    const learn::Tensor vectors = learn::pool(Pool::Mean, encoder.exit(states[n]), tokens);  // (2 pairs, whole)
    exits[n - 1] = {{"left", vectors.narrow(0, 0, pairs)}, {"right", vectors.narrow(0, pairs, pairs)}};
  }
  return exits;
}

constexpr std::string_view kPairStage = "pairs", kScoreStage = "scores";

std::filesystem::path checkpoint_of(const std::string& what, std::string_view stage, const Run& run) {
  return run.cache() / "checkpoints" / fmt::format("{}.qvc", digest_of(fmt::format("{} {}", what, stage)));
}
// Once a model holds what they were kept for.
void forget_checkpoints(const std::string& what, const Run& run) {
  for (const std::string_view stage : {kPairStage, kScoreStage}) {
    std::error_code ignored;
    std::filesystem::remove(checkpoint_of(what, stage, run), ignored);
  }
}

struct Stage {
  std::string name;
  std::uint64_t steps;
  double rate;
  Draw draw;
  Goal goal;
};
Result<learn::TrainLog> run_stage(const learn::Transformer& encoder, const Stage& stage, const std::string& what,
                                  Run& run) {
  constexpr double kClip = 1;
  learn::Adam adam(encoder.parameters(), {.rate = stage.rate, .weight_decay = 0.01});
  const learn::Turn turn{
      .name = stage.name, .optimizers = {&adam}, .loss = [&](std::uint64_t step) -> Result<learn::Tensor> {
        const Drawn drawn = stage.draw(step);
        const std::uint64_t dropout = mix(run.seed(), mix(stream_of(stage.name), step));
        const auto exits = exits_of(encoder, drawn.tokens, stage.goal.layers(step), dropout);
        return stage.goal.loss(exits, drawn.batch, step);
      }};
  const std::filesystem::path checkpoint = checkpoint_of(what, stage.name, run);
  QUIVER_TRY(make_folders(checkpoint.parent_path()));
  return learn::train({&turn, 1},
                      {.schedule = {.steps = stage.steps, .warmup = stage.steps / 10 + 1},
                       .clip = kClip,
                       .checkpoint = checkpoint,
                       .fingerprint = digest_of(what + stage.name),
                       .stage = stage.name},
                      run);
}

TransformerConfig stack_of(const Tokenizer& tokenizer, const Options& o) {
  return {.vocabulary = tokenizer.size(),
          .dim = static_cast<std::size_t>(o.whole()),
          .heads = o.heads,
          .hidden = o.hidden,
          .layers = o.layers,
          .context = o.context,
          .norm_first = o.norm_first};
}

struct Trained {
  learn::Transformer encoder;
  std::vector<std::string> warnings;
  std::vector<learn::TrainLog> logs;
};
// Both stages. `what` names the data and options: what a checkpoint belongs to.
Result<Trained> train(const Corpus& corpus, const Options& o, const std::string& what, Run& run) {
  const learn::TorchThreads threads(run.threads().count());
  Trained out{learn::Transformer(stack_of(corpus.tokenizer, o), {.dropout = o.dropout}, run.seed()), {}, {}};
  const learn::Angle angle({.w_cos = o.w_cos, .w_ibn = o.w_ibn, .w_angle = o.w_angle, .same = o.same});
  std::vector<Stage> stages;
  if (!corpus.groups.empty() && o.pair_steps > 0) {
    const learn::Contrastive contrastive({.temperature = o.temperature, .learn_temperature = false, .backward = 1});
    QUIVER_TRY(Draw draw, draw_groups(corpus, o, run));
    stages.push_back(
        {std::string(kPairStage), o.pair_steps, o.pair_rate, std::move(draw), goal_of(o, contrastive, run.seed())});
  }
  if (!corpus.scores.empty() && o.score_steps > 0) {
    QUIVER_TRY(Draw draw, draw_scores(corpus, o, run));
    stages.push_back(
        {std::string(kScoreStage), o.score_steps, o.score_rate, std::move(draw), goal_of(o, angle, run.seed())});
  }
  for (const Stage& stage : stages) {
    QUIVER_TRY(out.logs.emplace_back(), run_stage(out.encoder, stage, what, run));
    if (!out.logs.back().started_over.empty())
      out.warnings.push_back(fmt::format("stage {} started over: {}", stage.name, out.logs.back().started_over));
  }
  if (angle.skipped() > 0) {
    out.warnings.push_back(
        fmt::format("{} batches held pairs of one score only and taught no order; take larger batches, or more scores",
                    angle.skipped()));
  }
  return out;
}

// exits: whether vectors may be taken after each layer; prefixes: whether shorter ones may be.
Result<Model> frozen(const learn::Transformer& encoder, const Tokenizer& tokenizer, const Options& o, Card card,
                     bool exits, bool prefixes) {
  learn::TransformerExport as;
  if (prefixes) as.prefixes.assign(o.dims.begin(), o.dims.end() - 1);
  if (exits) as.layers = static_cast<std::uint32_t>(o.layers);
  return learn::freeze(encoder, tokenizer, as, std::move(card));
}

Options shortened(Options o) {
  constexpr std::uint32_t kQuickSteps = 12;
  o.pair_steps = std::min(o.pair_steps, kQuickSteps);
  o.score_steps = std::min(o.score_steps, kQuickSteps);
  o.pair_batch = std::min(o.pair_batch, 32U);
  o.score_batch = std::min(o.score_batch, 32U);
  return o;
}

Items curve_of(const std::vector<learn::TrainLog>& logs) {
  ItemsBuilder builder({{.name = "stage", .modality = Modality::Number},
                        {.name = "step", .modality = Modality::Number},
                        {.name = "loss", .modality = Modality::Number}});
  for (std::size_t stage = 0; stage < logs.size(); ++stage) {
    for (const auto& point : logs[stage].curve) {
      builder.number(0, static_cast<double>(stage + 1));
      builder.number(1, static_cast<double>(point.step));
      builder.number(2, point.loss);
      builder.end_row();
    }
  }
  return std::move(builder).build();
}

// Pairs of texts that mean the same: the first two text columns of a data set.
Result<CaptionGroups> groups_of(const Items& items) {
  std::vector<TextColumn> sides;
  for (const Field& field : items.fields()) {
    if (field.modality != Modality::Text || field.many || sides.size() == 2) continue;
    QUIVER_TRY(sides.emplace_back(), items.text(field.name));
  }
  if (sides.size() < 2) {
    return Error::invalid_argument("role 'pairs' needs two columns of texts that mean the same, row by row");
  }
  CaptionGroups groups;
  for (std::size_t row = 0; row < items.size(); ++row) {
    groups.push_back({std::string(sides[0][row]), std::string(sides[1][row])});
  }
  return groups;
}

// Data: train, scored pairs; pairs and validation if they are given.
Result<Fitted> fit(const Options& asked, const Inputs& in, Run& run) {
  const Options o = asked.quick ? shortened(asked) : asked;
  QUIVER_TRY(check(o));
  QUIVER_TRY(const Dataset* data, data_of(in, "train"));
  QUIVER_TRY(const SentencePairs pairs, pairs_of(data->items()).within(data->spec()));
  if (std::ranges::all_of(pairs.scores, [&](double score) { return score == pairs.scores.front(); })) {
    return Error::invalid_argument(
        fmt::format("{}: every pair has the same score, so there is no order to learn", data->spec()));
  }
  QUIVER_TRY(Card card, card_for(kCard, quiver::to_json(asked), *data, run));
  CaptionGroups groups;
  std::string what =
      fmt::format("{} {} {} {} {}", kCard.slug, quiver_version(), card.data_digest, card.options, run.seed());
  if (in.data.contains("pairs")) {
    QUIVER_TRY(const Dataset* paired, data_of(in, "pairs"));
    QUIVER_TRY(groups, groups_of(paired->items()).within(paired->spec()));
    QUIVER_TRY(const std::string digest, paired->digest());
    what += digest;
  }
  return learn::guarded("fitting 2D Matryoshka sentence embeddings", [&]() -> Result<Fitted> {
    QUIVER_TRY(const Corpus corpus, Corpus::of(groups, pairs, o, run));
    QUIVER_TRY(Trained trained, train(corpus, o, what, run));
    QUIVER_TRY(Model model, frozen(trained.encoder, corpus.tokenizer, o, card, o.exits(), o.variant != "plain"));
    Fitted fitted;
    fitted.report.tables.emplace("curve", curve_of(trained.logs));
    fitted.report.warnings = std::move(trained.warnings);
    if (in.data.contains("validation")) {
      QUIVER_TRY(const Dataset* validation, data_of(in, "validation"));
      QUIVER_TRY(const SentencePairs held, pairs_of(validation->items()).within(validation->spec()));
      QUIVER_TRY(const StsGrid grid, sts_grid(model, {held.left, held.right, held.scores}, {}, run));
      for (std::size_t n = 0; n < grid.layers.size(); ++n) {
        for (std::size_t d = 0; d < grid.dims.size(); ++d) {
          const std::uint32_t layer = grid.layers[n] == 0 ? static_cast<std::uint32_t>(o.layers) : grid.layers[n];
          card.measured[fmt::format("validation.spearman[{}x{}]", layer, grid.dims[d])] = grid.spearman[n][d];
        }
      }
    }
    QUIVER_TRY(fitted.model, model.with_card(std::move(card)));
    forget_checkpoints(what, run);
    return fitted;
  });
}

// ---- The reproduction ----

struct Plan {
  std::string_view arm, variant;
  std::size_t layers = 0;  // 0: as the options say
  double kl_weight = -1;   // below 0: as the options say
};
constexpr Plan kPlans[] = {{"plain", "plain"},
                           {"mrl", "mrl"},
                           {"2dmse", "v1"},
                           {"ese", "ese"},
                           {"2dmse-without-kl", "v1", 0, 0},
                           {"2-layer", "plain", 2},
                           {"3-layer", "plain", 3},
                           {"4-layer", "plain", 4}};

struct Task {
  Corpus corpus;
  SentencePairs stsb, sick;  // test parts
};

void keep_first(SentencePairs& pairs, std::size_t count) {
  count = std::min(count, pairs.size());
  pairs.left.resize(count);
  pairs.right.resize(count);
  pairs.scores.resize(count);
}

Result<Task> task_of(const Options& o, Run& run, std::vector<Measured>& measured) {
  constexpr std::size_t kQuickGroups = 1000, kQuickPairs = 300;
  QUIVER_TRY(CaptionGroups groups, open_captions(Part::Train));
  QUIVER_TRY(const SentencePairs paraphrases, open_msr(Part::Train));
  QUIVER_TRY(SentencePairs train, open_stsb(Part::Train));
  QUIVER_TRY(SentencePairs stsb, open_stsb(Part::Test));
  QUIVER_TRY(SentencePairs sick, open_sick(Part::Test));
  if (o.quick) {
    groups.resize(std::min(groups.size(), kQuickGroups));
    for (SentencePairs* pairs : {&train, &stsb, &sick}) keep_first(*pairs, kQuickPairs);
  }
  for (std::size_t i = 0; i < paraphrases.size() && !o.quick; ++i) {
    if (paraphrases.scores[i] > 0) groups.push_back({paraphrases.left[i], paraphrases.right[i]});
  }
  // The reference that needs no training: cosines of tf-idf, counted on STS-B's train part.
  std::vector<std::string_view> background(train.left.begin(), train.left.end());
  background.insert(background.end(), train.right.begin(), train.right.end());
  QUIVER_TRY(const TextFeatures words,
             TextFeatures::fit(background, {.kinds = {{.of = FeatureKind::Word, .buckets = 1U << 16U}}}));
  const double on_stsb = spearman(stsb.scores, tf_idf_cosines(stsb, words));
  const double on_sick = spearman(sick.scores, tf_idf_cosines(sick, words));
  measured.push_back({"tf-idf", "stsb", on_stsb});
  measured.push_back({"tf-idf", "sick", on_sick});
  measured.push_back({"tf-idf", "spearman", (on_stsb + on_sick) / 2});
  QUIVER_TRY(Corpus corpus, Corpus::of(groups, train, o, run));
  return Task{std::move(corpus), std::move(stsb), std::move(sick)};
}

// The grids of both test sets: arms "ARM@LAYER" with spearman (the mean of both sets), stsb and sick, of whole vectors
// and of prefixes ("spearman.64"); arm ARM with the means over the grid, and over the layers below the last.
Result<std::vector<Measured>> measure_grid(std::string_view arm, const Model& model, const Task& task, const Options& o,
                                           const std::vector<std::uint32_t>& layers, Run& run) {
  const StsGridOptions options{.layers = layers, .dims = {o.dims.begin(), o.dims.end()}};
  const auto grid_on = [&](const SentencePairs& pairs) {
    return sts_grid(model, {pairs.left, pairs.right, pairs.scores}, options, run);
  };
  QUIVER_TRY(const StsGrid stsb, grid_on(task.stsb));
  QUIVER_TRY(const StsGrid sick, grid_on(task.sick));
  std::vector<Measured> out;
  std::vector<double> below;
  for (std::size_t n = 0; n < layers.size(); ++n) {
    const std::string name = layers.size() > 1 ? fmt::format("{}@{}", arm, layers[n]) : std::string(arm);
    for (std::size_t d = 0; d < stsb.dims.size(); ++d) {
      const bool whole = d + 1 == stsb.dims.size();
      const std::string prefix = whole ? "" : fmt::format(".{}", stsb.dims[d]);
      const double both = (stsb.spearman[n][d] + sick.spearman[n][d]) / 2;
      out.push_back({name, "spearman" + prefix, both});
      if (!whole) continue;
      out.push_back({name, "stsb", stsb.spearman[n][d]});
      out.push_back({name, "sick", sick.spearman[n][d]});
      if (n + 1 < layers.size()) below.push_back(both);
    }
  }
  if (layers.size() > 1) {
    out.push_back({std::string(arm), "grid", (stsb.mean() + sick.mean()) / 2});
    out.push_back({std::string(arm), "below-last", mean_of(below)});
  }
  return out;
}

// Milliseconds a sentence of the whole model and of one whose upper half is gone, one thread, passes in turn.
Result<std::vector<Measured>> measure_speed(const std::string& arm, const Model& model, const Task& task,
                                            const Options& o) {
  const auto half = static_cast<std::uint32_t>(o.layers / 2);
  const unsigned passes = o.quick ? 1 : 7;
  QUIVER_TRY(const CutModel cut, cut_model(model, {.layers = half}));
  Run alone({.threads = 1});
  const Items texts = Items::of("text", task.stsb.left);
  const auto seconds = [&](const Model& of, std::vector<double>& all) -> Result<void> {
    const auto begin = std::chrono::steady_clock::now();
    QUIVER_TRY(of.encode(texts, {}, alone));
    all.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    return {};
  };
  std::vector<double> whole, upper_half_gone;
  for (unsigned pass = 0; pass < passes; ++pass) {
    QUIVER_TRY(seconds(model, whole));
    QUIVER_TRY(seconds(cut.model, upper_half_gone));
  }
  const double a = quantile_of(whole, 0.5), b = quantile_of(upper_half_gone, 0.5);
  const double milliseconds = 1e3 / static_cast<double>(texts.size());
  const std::string name = fmt::format("{}@{}", arm, half);
  return std::vector<Measured>{{name, "speedup", a / b},
                               {name, "milliseconds", b * milliseconds},
                               {fmt::format("{}@{}", arm, o.layers), "milliseconds", a * milliseconds}};
}

Result<std::vector<Measured>> measure_arm(const Plan& plan, const Task& task, const Options& all, Run& run) {
  Options o = all;
  o.variant = plan.variant;
  if (plan.layers > 0) o.layers = plan.layers;
  if (plan.kl_weight >= 0) o.kl_weight = plan.kl_weight;
  return learn::guarded(plan.arm, [&]() -> Result<std::vector<Measured>> {
    const std::string what = fmt::format("{} {} {} {} {}", kCard.slug, plan.arm, quiver_version(),
                                         dump_json(quiver::to_json(o), -1), run.seed());
    QUIVER_TRY(const Trained trained, train(task.corpus, o, what, run));
    for (const std::string& warning : trained.warnings) run.log(fmt::format("{}: {}", plan.arm, warning));
    const Card card{.recipe = std::string(kCard.slug), .data_licence = "research use", .seed = run.seed()};
    // Exits and prefixes of every arm are measured, trained for or not: that is the comparison.
    QUIVER_TRY(const Model model, frozen(trained.encoder, task.corpus.tokenizer, o, card, true, true));
    std::vector<std::uint32_t> layers(o.layers);
    std::iota(layers.begin(), layers.end(), 1U);
    if (plan.layers > 0) layers = {static_cast<std::uint32_t>(plan.layers)};
    QUIVER_TRY(auto out, measure_grid(plan.arm, model, task, o, layers, run));
    if (plan.arm == "2dmse") {
      QUIVER_TRY(const auto speed, measure_speed(std::string(plan.arm), model, task, o));
      out.insert(out.end(), speed.begin(), speed.end());
    }
    forget_checkpoints(what, run);
    return out;
  });
}

Result<std::vector<Measured>> reproduce(const Options& asked, Run& run) {
  const Options o = asked.quick ? shortened(asked) : asked;
  QUIVER_TRY(check(o));
  std::vector<std::string> names;
  for (const Plan& plan : kPlans) names.emplace_back(plan.arm);
  Arms arms(run, names);
  std::vector<Measured> reference;
  QUIVER_TRY(const Task task, task_of(o, run, reference));
  for (Measured& one : reference) arms.add(std::move(one));
  for (const Plan& plan : kPlans) {
    QUIVER_TRY(arms.measure(plan.arm, [&] { return measure_arm(plan, task, o, run); }));
  }
  return std::move(arms).measured();
}

}  // namespace
}  // namespace quiver::recipes::matryoshka_2d

QUIVER_RECIPE(matryoshka_2d)
