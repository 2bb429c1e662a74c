// RCNN (Lai, Xu, Liu, Zhao, "Recurrent convolutional neural networks for text classification", AAAI 2015; part C of
// Lai's thesis, arXiv:1611.05962): a document is described by the strongest of what its words say in their contexts.
//
//   c_l(w_i) = f(W_l c_l(w_(i-1)) + W_sl e(w_(i-1)))      c_r(w_i) = f(W_r c_r(w_(i+1)) + W_sr e(w_(i+1)))      f =
//   tanh x_i = [c_l(w_i); e(w_i); c_r(w_i)]      y2_i = tanh(W2 x_i + b2)      y3 = max_i y2_i      y4 = W4 y3 + b4,
//   softmax
//
// e and c have 50 numbers, y3 has 100 and is the document's vector. Word vectors begin as Skip-gram's. The equations
// stand in learn/encoders/recurrent, the classifier around every encoder in classifier.h.
//
// The comparison, with everything but the encoder alike (words, batches, epochs, early stop; the rates are chosen on
// the validation part from the same pairs for each):
//   rcnn      as above
//   cnn       filters over 3 words, 100 of them, the largest of each (learn/encoders/conv_text)
//   bilstm    the last states of two LSTMs, 50 numbers each (learn/encoders/recurrent)
//   bow       logistic regression on tf-idf of the same tokens, its penalty chosen on the validation part
//   averaged  logistic regression on the mean of the same Skip-gram vectors, its penalty chosen likewise
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "quiver/core/file.h"
#include "quiver/core/random.h"
#include "quiver/core/statistics.h"
#include "quiver/data/split.h"
#include "quiver/data/train_words.h"
#include "quiver/inspect/class_metrics.h"
#include "quiver/inspect/probe.h"
#include "quiver/learn/encoders/conv_text.h"
#include "quiver/learn/encoders/recurrent.h"
#include "quiver/learn/export_rcnn.h"
#include "quiver/learn/guard.h"
#include "quiver/learn/words/word_vectors.h"
#include "quiver/recipes/arms.h"
#include "quiver/recipes/recipe.h"
#include "quiver/recipes/word_doc_embeddings/bags.h"
#include "quiver/recipes/word_doc_embeddings/classifier.h"
#include "quiver/recipes/word_doc_embeddings/document_tasks.h"

namespace quiver::recipes::word_doc_embeddings_rcnn {
namespace {

const RecipeCard kCard{.slug = "word-doc-embeddings-rcnn",
                       .paper = "Recurrent convolutional neural networks for text classification",
                       .arxiv = "1611.05962",
                       .claim =
                           "contexts carried by a recurrence and pooled by a maximum classify documents at least as "
                           "well as windows or last states",
                       .stage = Stage::Learn,
                       .reads = {{.name = "text"}, {.name = "label", .modality = Modality::Category}},
                       .gives = {Ability::Encode}};

struct Options {
  int word = 50, context = 50, hidden = 100, longest = 200;
  std::vector<float> rates{0.001F, 0.003F}, word_rates{0.01F, 0.05F};
  float dropout = 0.3F;
  std::uint32_t batch = 32, epochs = 8, patience = 2;
  std::uint32_t vocabulary = 30'000, word_epochs = 5;
  bool quick = false;
  template <class V>
  void visit(V& v) {
    v("word", word, "length of the words' vectors", 1, 4096);
    v("context", context, "length of the context on each side of a word", 1, 4096);
    v("hidden", hidden, "length of a document's vector", 1, 65536);
    v("longest", longest, "words of a text; what is beyond is cut and counted", 1, 100'000);
    v("rates", rates, "learning rates to choose from on the validation part", 1e-6, 1);
    v("word_rates", word_rates, "the same for the words' vectors; every pair of the two is tried", 0, 10);
    v("dropout", dropout, "part of a document's vector that a training step forgets", 0, 0.9);
    v("batch", batch, "texts a step", 1, 65536);
    v("epochs", epochs, "most passes over the texts", 1, 1000);
    v("patience", patience, "passes without a gain on the validation part that end the training; 0: none do", 0, 1000);
    v("vocabulary", vocabulary, "words with vectors of their own, the most frequent ones", 10, 1e7);
    v("word_epochs", word_epochs, "passes of Skip-gram before", 1, 100);
    v("quick", quick, "train on little, for seconds: the same steps, lower numbers");
  }
};
constexpr std::size_t kQuickTexts = 400, kQuickTests = 200, kQuickWords = 4000;

// What all arms share: which words have vectors, and these as Skip-gram leaves them.
struct Words {
  Tokenizer tokenizer;
  Matrix vectors;  // (vocabulary, word)
};
// A task as word numbers.
struct Task {
  std::string name{};
  std::vector<std::string> labels{};
  LabelledTokens train{}, validation{}, test{};
  std::size_t empty = 0, cut = 0;  // texts without a word, which are left out; texts longer than `longest`
  std::uint64_t digest = 0;        // of what is learned from: a checkpoint of other texts is another training's
};

LabelledTokens tokenized(const TaskTexts& from, const Tokenizer& tokenizer, std::size_t longest, bool keep_empty,
                         Task& counts) {
  LabelledTokens out;
  for (std::size_t i = 0; i < from.texts.size(); ++i) {
    Tokens tokens = tokenizer.encode(from.texts[i], {.longest = longest});
    counts.cut += tokens.dropped > 0 ? 1 : 0;
    counts.empty += tokens.ids.empty() ? 1 : 0;
    if (tokens.ids.empty() && !keep_empty) continue;
    out.texts.push_back(std::move(tokens.ids));
    out.labels.push_back(from.labels[i]);
  }
  return out;
}

// Skip-gram over whole texts, each a document of its own.
Result<Words> learn_words(std::span<const std::string> texts, const Options& o, Run& run) {
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const std::size_t size = o.quick ? std::min<std::size_t>(o.vocabulary, kQuickWords) : o.vocabulary;
  QUIVER_TRY(Tokenizer tokenizer, train_words(views, {.vocabulary = size, .min_frequency = 2}, run));
  std::vector<std::uint32_t> stream;
  std::vector<std::uint64_t> counts(tokenizer.size(), 0);
  for (const std::string& text : texts) {
    for (const std::uint32_t id : tokenizer.encode(text).ids) {
      stream.push_back(id);
      ++counts[id];
    }
    stream.push_back(kNoWord);
  }
  const learn::WordTraining how{.dim = static_cast<std::size_t>(o.word),
                                .epochs = o.quick ? 1 : o.word_epochs,
                                .held_out = 0,
                                .deterministic = true};
  QUIVER_TRY(learn::WordVectors learned, learn::train_words(stream, counts, how, run));
  return Words{std::move(tokenizer), std::move(learned.words)};
}

TaskTexts fewer_of(TaskTexts part, std::size_t most, const Run& run) {
  const auto count = static_cast<std::uint32_t>(part.texts.size());
  if (count <= most) return part;
  TaskTexts fewer;
  Random random(run.seed(), stream_of("quick"));
  for (const std::uint32_t i : random.sample(count, static_cast<std::uint32_t>(most))) {
    fewer.texts.push_back(std::move(part.texts[i]));
    fewer.labels.push_back(part.labels[i]);
  }
  return fewer;
}
LabelledTask for_quick(LabelledTask task, const Run& run) {
  task.train = fewer_of(std::move(task.train), kQuickTexts, run);
  task.validation = fewer_of(std::move(task.validation), kQuickTests, run);
  task.test = fewer_of(std::move(task.test), kQuickTests, run);
  task.unlabelled = task.train.texts;
  return task;
}

Task numbered(const LabelledTask& given, const Tokenizer& tokenizer, const Options& o) {
  Task task{.name = given.name, .labels = given.labels};
  const auto longest = static_cast<std::size_t>(o.longest);
  task.train = tokenized(given.train, tokenizer, longest, false, task);
  task.validation = tokenized(given.validation, tokenizer, longest, false, task);
  task.test = tokenized(given.test, tokenizer, longest, true, task);
  for (std::size_t i = 0; i < task.train.texts.size(); ++i) {
    task.digest = mix(task.digest, task.train.labels[i]);
    for (const std::uint32_t word : task.train.texts[i]) task.digest = mix(task.digest, word);
  }
  return task;
}

// Points: macro F1 of the news' topics, which differ in size; accuracy of the treebank and of anybody's labels.
double judged(const Task& task, std::span<const std::uint32_t> predicted, std::span<const std::uint32_t> labels) {
  if (task.name == "news") return 100 * macro_f1(predicted, labels, task.labels.size());
  return 100 * mean_of(correct(predicted, labels));
}

// The classifier with the rates that were best on the validation part.
struct Chosen {
  std::unique_ptr<Classifier> classifier;
  std::size_t nth = 0;  // of those tried
  double rate = 0, word_rate = 0, validation = 0;
};
Result<Chosen> fit_best(const Task& task, const Words& words, const std::string& arm, const std::function<Body()>& body,
                        const Options& o, std::string_view fingerprint, Run& run) {
  const auto judge = [&](auto predicted, auto labels) { return judged(task, predicted, labels); };
  Chosen best;
  std::size_t nth = 0;
  for (const float rate : o.rates) {
    for (const float word_rate : o.word_rates) {
      const std::string what =
          digest_of(fmt::format("{} {} {} {} {} {}", fingerprint, task.digest, arm, rate, word_rate, run.seed()));
      const std::filesystem::path checkpoint = run.cache() / "checkpoints" / (what + ".qvc");
      QUIVER_TRY(make_folders(checkpoint.parent_path()));
      auto classifier = std::make_unique<Classifier>(body(), words.vectors.view(), task.labels.size(),
                                                     ClassifierOptions{.rate = static_cast<double>(rate),
                                                                       .word_rate = static_cast<double>(word_rate),
                                                                       .dropout = static_cast<double>(o.dropout),
                                                                       .batch = o.batch,
                                                                       .epochs = o.quick ? 2 : o.epochs,
                                                                       .patience = o.patience,
                                                                       .seed = run.seed(),
                                                                       .checkpoint = checkpoint,
                                                                       .fingerprint = what});
      QUIVER_TRY(const double reached, classifier->fit(task.train, task.validation, judge, run));
      std::error_code ignored;
      std::filesystem::remove(checkpoint, ignored);
      if (best.classifier == nullptr || reached > best.validation) {
        best = {std::move(classifier), nth, static_cast<double>(rate), static_cast<double>(word_rate), reached};
      }
      ++nth;
    }
  }
  return best;
}

std::shared_ptr<learn::Rcnn> rcnn_of(const Options& o, const Run& run) {
  return std::make_shared<learn::Rcnn>(learn::RcnnOptions{.in = o.word, .context = o.context, .hidden = o.hidden},
                                       run.seed());
}
Body body_named(std::string_view arm, const Options& o, const Run& run) {
  if (arm == "cnn") {
    return body_of(std::make_shared<learn::ConvText>(
        learn::ConvTextOptions{.in = o.word, .widths = {3}, .maps = o.hidden}, run.seed()));
  }
  if (arm == "bilstm") {
    return body_of(std::make_shared<learn::Lstm>(learn::LstmOptions{.in = o.word, .width = o.context}, run.seed()));
  }
  return body_of(rcnn_of(o, run));
}

// What an arm reaches on the test part, and what was chosen for it on the validation part.
Result<std::vector<Measured>> measured(const std::string& arm, const std::string& metric, const Task& task,
                                       const Words& words, const Options& o, Run& run) {
  const auto told = [&](std::span<const std::uint32_t> predicted, double validation) {
    return std::vector<Measured>{{arm, metric, judged(task, predicted, task.test.labels)},
                                 {arm, metric + ".validation", validation},
                                 {arm, metric + ".cut", static_cast<double>(task.cut)}};
  };
  const auto told_of_probe = [&](const Probe& probe, const auto& validation, const auto& test) {
    auto out = told(probe.predict(test), judged(task, probe.predict(validation), task.validation.labels));
    out.push_back({arm, metric + ".penalty", probe.penalty()});
    return out;
  };
  const MatrixView vectors = words.vectors.view();
  if (arm == "bow") {
    const std::vector<float> inverse = inverse_frequencies(task.train.texts, vectors.rows);
    const SparseRows train = tf_idf(task.train.texts, inverse), validation = tf_idf(task.validation.texts, inverse),
                     test = tf_idf(task.test.texts, inverse);
    QUIVER_TRY(const Probe probe, Probe::choose(train.view(), task.train.labels, validation.view(),
                                                task.validation.labels, {.penalty = 0.1}, run));
    return told_of_probe(probe, validation.view(), test.view());
  }
  if (arm == "averaged") {
    const Matrix train = mean_vectors(task.train.texts, vectors),
                 validation = mean_vectors(task.validation.texts, vectors),
                 test = mean_vectors(task.test.texts, vectors);
    QUIVER_TRY(const Probe probe,
               Probe::choose(train.view(), task.train.labels, validation.view(), task.validation.labels, {}, run));
    return told_of_probe(probe, validation.view(), test.view());
  }
  const std::string fingerprint =
      fmt::format("{} {} {}", kCard.slug, quiver_version(), dump_json(quiver::to_json(o), -1));
  QUIVER_TRY(const Chosen chosen, fit_best(
                                      task, words, arm, [&] { return body_named(arm, o, run); }, o, fingerprint, run));
  std::vector<Measured> out = told(chosen.classifier->predict(task.test.texts), chosen.validation);
  out.push_back({arm, metric + ".rate", chosen.rate});
  out.push_back({arm, metric + ".word_rate", chosen.word_rate});
  return out;
}

// What a user's data set holds: texts with labels, parted by a hash of the text.
struct Given {
  LabelledTask task{};
  std::size_t unlabelled = 0, empty = 0;
};
Result<Given> labelled(const Items& items) {
  QUIVER_TRY(const TextColumn texts, items.text("text"));
  QUIVER_TRY(const Categories labels, items.categories("label"));
  QUIVER_TRY(const std::vector<std::uint64_t> hashes, items.hashes("text"));
  Given out{.task = {.name = "label"}};
  for (std::size_t c = 0; c < labels.names.size(); ++c) out.task.labels.emplace_back(labels.names[c]);
  std::set<std::uint32_t> seen;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (labels.codes[i] == kMissingCategory) {
      ++out.unlabelled;
      continue;
    }
    if (texts.missing(i) || texts[i].find_first_not_of(" \t\r\n") == std::string_view::npos) {
      ++out.empty;
      continue;
    }
    const bool held = part_of(hashes[i], {.train = 0.9, .validation = 0.1}) == Part::Validation;
    TaskTexts& part = held ? out.task.validation : out.task.train;
    part.texts.emplace_back(texts[i]);
    part.labels.push_back(labels.codes[i]);
    seen.insert(labels.codes[i]);
  }
  if (seen.size() < 2) {
    return Error::invalid_argument(
        fmt::format("learning classes from column 'label': {} texts have {}; it takes two classes to tell apart",
                    out.task.train.texts.size() + out.task.validation.texts.size(),
                    seen.empty() ? std::string("none") : fmt::format("one label, '{}'", labels.names[*seen.begin()])));
  }
  if (out.task.train.texts.empty() || out.task.validation.texts.empty()) {
    return Error::invalid_argument(
        fmt::format("of {} texts {} are to learn from and {} to choose by, parted by a hash of each; give more texts",
                    items.size(), out.task.train.texts.size(), out.task.validation.texts.size()));
  }
  out.task.unlabelled = out.task.train.texts;
  return out;
}

Result<void> check(const Options& o) {
  if (!o.rates.empty() && !o.word_rates.empty()) return {};
  return Error::invalid_argument(
      "options 'rates' and 'word_rates' must name one learning rate or more each, such as 0.001,0.003");
}

Result<Fitted> fit(const Options& o, const Inputs& in, Run& run) {
  QUIVER_TRY(check(o));
  QUIVER_TRY(const Dataset* data, data_of(in, "train"));
  QUIVER_TRY(Given given, labelled(data->items()).within(data->spec()));
  QUIVER_TRY(Card card, card_for(kCard, quiver::to_json(o), *data, run));
  return learn::guarded("fitting an RCNN", [&]() -> Result<Fitted> {
    QUIVER_TRY(const Words words, learn_words(given.task.unlabelled, o, run));
    const Task task = numbered(given.task, words.tokenizer, o);
    std::vector<std::shared_ptr<learn::Rcnn>> bodies;  // one each time; the best is frozen
    QUIVER_TRY(const Chosen best, fit_best(
                                      task, words, "rcnn",
                                      [&] {
                                        bodies.push_back(rcnn_of(o, run));
                                        return body_of(bodies.back());
                                      },
                                      o, fmt::format("{} {} {}", kCard.slug, card.data_digest, card.options), run));
    card.measured = {
        {"validation.accuracy", best.validation / 100}, {"rate", best.rate}, {"word_rate", best.word_rate}};
    Fitted fitted;
    QUIVER_TRY(fitted.model,
               learn::freeze(*bodies[best.nth], best.classifier->words(), words.tokenizer,
                             {.longest = static_cast<std::size_t>(o.longest),
                              .classes = learn::RcnnClasses{best.classifier->weight().detach(),
                                                            best.classifier->bias().detach(), task.labels}},
                             std::move(card)));
    const auto warn = [&](std::size_t count, std::string_view what) {
      if (count > 0)
        fitted.report.warnings.push_back(fmt::format("{} of {} texts {}", count, data->items().size(), what));
    };
    warn(given.unlabelled, "have no label and were left out");
    warn(given.empty + task.empty, "are empty and were left out");
    warn(task.cut, fmt::format("are longer than {} words; their ends were left out", o.longest));
    return fitted;
  });
}

// Metrics in points: news_f1 (macro F1 of four topics) and sst_accuracy (five labels).
Result<std::vector<Measured>> reproduce(const Options& o, Run& run) {
  QUIVER_TRY(check(o));
  const std::vector<std::string> names{"rcnn", "cnn", "bilstm", "bow", "averaged"};
  std::vector<std::string> planned;
  for (const char* task : {"sst", "news"}) {
    for (const std::string& name : names) planned.push_back(fmt::format("{} on {}", name, task));
  }
  Arms arms(run, planned);
  struct Ready {
    Words words;
    Task news, sentiment;
  };
  std::optional<Ready> made;  // read and given word vectors only if an arm is still to be measured
  const auto ready = [&]() -> Result<const Ready*> {
    if (made) return &*made;
    QUIVER_TRY(LabelledTask news, open_news_task(run.seed()));
    QUIVER_TRY(LabelledTask sentiment, open_sentiment_task());
    if (o.quick) news = for_quick(std::move(news), run);
    if (o.quick) sentiment = for_quick(std::move(sentiment), run);
    QUIVER_TRY(std::vector<std::string> texts, open_word_texts(news, sentiment));
    if (o.quick) texts.resize(std::min(texts.size(), 2 * kQuickTexts));
    QUIVER_TRY(Words words, learn_words(texts, o, run));
    Task first = numbered(news, words.tokenizer, o), second = numbered(sentiment, words.tokenizer, o);
    made = Ready{std::move(words), std::move(first), std::move(second)};
    return &*made;
  };
  for (const bool news : {false, true}) {
    const std::string metric = news ? "news_f1" : "sst_accuracy";
    for (const std::string& name : names) {
      const auto measure = [&]() -> Result<std::vector<Measured>> {
        return learn::guarded("comparing encoders of documents", [&]() -> Result<std::vector<Measured>> {
          QUIVER_TRY(const Ready* all, ready());
          return measured(name, metric, news ? all->news : all->sentiment, all->words, o, run);
        });
      };
      QUIVER_TRY(arms.measure(fmt::format("{} on {}", name, news ? "news" : "sst"), measure));
    }
    arms.add({"best neural", metric, std::max(arms.value("cnn", metric), arms.value("bilstm", metric))});
  }
  return std::move(arms).measured();
}

}  // namespace
}  // namespace quiver::recipes::word_doc_embeddings_rcnn

QUIVER_RECIPE(word_doc_embeddings_rcnn)
