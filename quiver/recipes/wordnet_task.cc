#include "quiver/recipes/wordnet_task.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>

#include "quiver/data/text.h"
#include "quiver/data/vocabulary.h"
#include "quiver/index/sparse.h"
#include "quiver/index/spec.h"
#include "quiver/inspect/ranking_metrics.h"

namespace quiver::recipes {
namespace {

constexpr std::uint32_t kDepth = 400;  // hits of each part that the fusion sees
constexpr std::array kK1{0.3f, 0.6f, 0.9f, 1.2f, 1.6f};
constexpr std::array kB{0.0f, 0.15f, 0.3f, 0.5f, 0.75f};

Interval interval_of(const std::vector<double>& values, std::uint64_t seed) {
  return bootstrap_mean(values, {.seed = seed});
}

WordnetArm measure(std::string name, const Hits& hits, const WordnetQueries& queries) {
  const Relevance right = Relevance::single(queries.answers);
  return {std::move(name), reciprocal_rank(hits, right, 10), recall_at(hits, right, 10), recall_at(hits, right, 100)};
}

Result<Hits> search_vectors(const Index& index, const Rows& queries, Run& run) {
  QUIVER_TRY(RowsView view, queries_for(index, queries));
  return index.search_batch(view, {.k = kDepth}, run);
}

Json json_of(const Interval& interval) {
  return {{"mean", interval.mean}, {"low", interval.low}, {"high", interval.high}};
}

}  // namespace

Result<WordnetTask> WordnetTask::of(const Items& wordnet) {
  WordnetTask task;
  constexpr std::array<std::string_view, 4> kShown{"synset", "lemmas", "definition", "text"};
  QUIVER_TRY(task.entries, wordnet.select(kShown));
  QUIVER_TRY(TextLists examples, wordnet.texts("examples"));
  task.sides.assign(wordnet.size(), Part::Train);
  const auto gather = [&](Part part, WordnetQueries& queries) -> Result<void> {
    QUIVER_TRY(auto rows, split_rows(wordnet, part, "synset"));
    for (const std::uint32_t row : rows) {
      task.sides[row] = part;
      for (const std::string_view example : examples[row]) {
        queries.texts.emplace_back(example);
        queries.answers.push_back(row);
      }
    }
    if (!queries.texts.empty()) return {};
    return Error::failed_precondition(
        fmt::format("none of the {} synsets on the {} side has an example sentence; use the whole of WordNet",
                    rows.size(), name_of(part)));
  };
  QUIVER_TRY(gather(Part::Validation, task.validation));
  QUIVER_TRY(gather(Part::Test, task.test));
  return task;
}

Result<WordnetVectors> encode_wordnet(const WordnetTask& task, const Model& model, Run& run) {
  WordnetVectors vectors;
  QUIVER_TRY(Encoded entries, model.encode(task.entries, {.role = "item"}, run));
  QUIVER_TRY(Encoded validation, model.encode(Items::of("text", task.validation.texts), {.role = "query"}, run));
  QUIVER_TRY(Encoded test, model.encode(Items::of("text", task.test.texts), {.role = "query"}, run));
  return WordnetVectors{std::move(entries.rows), std::move(validation.rows), std::move(test.rows)};
}

// The stems of all entries, numbered.
struct WordnetBm25::Words {
  Vocabulary vocabulary;

  // One sparse row of counts for each text; words that no entry has are left out.
  template <class Texts>
  Result<SparseRows> counts(const Texts& texts) const {
    QUIVER_TRY(Stemmer stemmer, Stemmer::create("english"));
    WordSplitter splitter;
    SparseRows rows;
    rows.dims = vocabulary.size();
    std::vector<std::uint32_t> terms;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      terms.clear();
      for (const std::string_view word : splitter.split(texts[i])) {
        const std::uint32_t term = vocabulary.find(stemmer.stem(word));
        if (term != kNoWord) terms.push_back(term);
      }
      std::ranges::sort(terms);
      for (std::size_t at = 0; at < terms.size();) {
        const std::size_t begin = at;
        while (at < terms.size() && terms[at] == terms[begin]) ++at;
        rows.terms.push_back(terms[begin]);
        rows.weights.push_back(static_cast<float>(at - begin));
      }
      rows.offsets.push_back(static_cast<std::uint32_t>(rows.terms.size()));
    }
    return rows;
  }
};

Result<WordnetBm25> WordnetBm25::tune(const WordnetTask& task, Run& run) {
  QUIVER_TRY(TextColumn entries, task.entries.text("text"));
  QUIVER_TRY(Stemmer stemmer, Stemmer::create("english"));
  WordSplitter splitter;
  VocabularyBuilder builder;
  for (std::size_t row = 0; row < entries.size(); ++row) {
    for (const std::string_view word : splitter.split(entries[row])) builder.add(stemmer.stem(word));
  }
  auto words = std::make_shared<Words>(Words{builder.build()});
  QUIVER_TRY(SparseRows documents, words->counts(entries));
  QUIVER_TRY(SparseRows queries, words->counts(task.validation.texts));
  const Bm25 bm25 = Bm25::of(documents.view());
  const Relevance right = Relevance::single(task.validation.answers);
  const Space space{.dims = documents.dims, .metric = Metric::Dot};

  WordnetBm25 best;
  double best_mrr = -1;
  auto stage = run.stage("tune bm25", kK1.size() * kB.size());
  for (const float k1 : kK1) {
    for (const float b : kB) {
      if (run.stop()) return run.stopped("tuning BM25");
      const SparseRows impacts = bm25.impacts({.k1 = k1, .b = b});
      QUIVER_TRY(auto index, SparseIndex::build(impacts.view(), space, run));
      QUIVER_TRY(Hits hits, index->search_batch(queries.view(), {.k = 10}, run));
      const double mrr = mean_of(reciprocal_rank(hits, right, 10));
      if (mrr > best_mrr) {
        best_mrr = mrr;
        best.options_ = {.k1 = k1, .b = b};
        best.index_ = std::move(index);
      }
      stage.advance();
    }
  }
  best.words_ = std::move(words);
  return best;
}

Result<Hits> WordnetBm25::search(std::span<const std::string> texts, std::uint32_t k, Run& run) const {
  QUIVER_TRY(SparseRows queries, words_->counts(texts));
  return index_->search_batch(queries.view(), {.k = k}, run);
}

Result<WordnetComparison> compare_on_wordnet(const WordnetTask& task, const WordnetVectors& vectors, Run& run) {
  QUIVER_TRY(WordnetBm25 bm25, WordnetBm25::tune(task, run));
  QUIVER_TRY(auto index, build_index(IndexSpec{}, vectors.entries, {}, run));
  QUIVER_TRY(Hits dense_validation, search_vectors(*index, vectors.validation, run));
  QUIVER_TRY(Hits words_validation, bm25.search(task.validation.texts, kDepth, run));

  WordnetComparison result;
  result.bm25 = bm25.options();
  result.entries = task.entries.size();
  result.validation_queries = task.validation.texts.size();
  result.test_queries = task.test.texts.size();
  double best = -1;
  for (int step = 1; step < 20; ++step) {  // by recall@10, which is what fusing is for
    const double weight = step / 20.0;
    const Hits fused = fuse_weighted(dense_validation, words_validation, weight, 10);
    const double recall = mean_of(recall_at(fused, Relevance::single(task.validation.answers), 10));
    if (recall > best) {
      best = recall;
      result.fusion_weight = weight;
    }
  }

  QUIVER_TRY(Hits dense, search_vectors(*index, vectors.test, run));
  QUIVER_TRY(Hits words, bm25.search(task.test.texts, kDepth, run));
  const Hits fused = fuse_weighted(dense, words, result.fusion_weight, 100);
  result.arms = {measure("encoder", dense, task.test), measure("bm25", words, task.test),
                 measure("fused", fused, task.test)};
  const WordnetArm &encoder = result.arms[0], &baseline = result.arms[1];
  const WordnetArm& stronger = mean_of(encoder.recall_10) >= mean_of(baseline.recall_10) ? encoder : baseline;
  result.encoder_over_bm25 = paired_difference(encoder.mrr_10, baseline.mrr_10, {.seed = run.seed()});
  result.fused_over_best = paired_difference(result.arms[2].recall_10, stronger.recall_10, {.seed = run.seed()});
  return result;
}

Json to_json(const WordnetComparison& comparison, std::uint64_t seed) {
  Json arms = Json::object();
  for (const WordnetArm& arm : comparison.arms) {
    arms[arm.name] = {{"mrr@10", json_of(interval_of(arm.mrr_10, seed))},
                      {"recall@10", json_of(interval_of(arm.recall_10, seed))},
                      {"recall@100", json_of(interval_of(arm.recall_100, seed))}};
  }
  return {{"entries", comparison.entries},
          {"validation_queries", comparison.validation_queries},
          {"test_queries", comparison.test_queries},
          {"bm25", {{"k1", comparison.bm25.k1}, {"b", comparison.bm25.b}}},
          {"fusion_weight", comparison.fusion_weight},
          {"arms", std::move(arms)},
          {"differences",
           {{"encoder - bm25", {{"mrr@10", json_of(comparison.encoder_over_bm25)}}},
            {"fused - best", {{"recall@10", json_of(comparison.fused_over_best)}}}}}};
}

}  // namespace quiver::recipes
