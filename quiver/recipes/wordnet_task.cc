#include "quiver/recipes/wordnet_task.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "quiver/core/metric.h"
#include "quiver/core/top_k.h"
#include "quiver/data/text.h"
#include "quiver/index/sparse.h"
#include "quiver/index/spec.h"
#include "quiver/inspect/ranking_metrics.h"

namespace quiver::recipes {
namespace {

constexpr std::uint32_t kDepth = 400;  // hits of each part that the fusion scores
constexpr std::array kK1{0.3F, 0.6F, 0.9F, 1.2F, 1.6F};
constexpr std::array kB{0.25F, 0.5F, 0.75F, 0.9F, 1.0F};
constexpr int kWeights = 12;  // of the fusion: 0.05, 0.10, ...

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

// 0.9F as 0.9, not as 0.8999999761581421.
double shortest(float value) { return std::stod(fmt::format("{}", value)); }

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

namespace {

// One sparse row of counts for each text; words outside the vocabulary are left out.
template <class Texts>
Result<SparseRows> counts_of(const Texts& texts, const Vocabulary& words) {
  QUIVER_TRY(Stemmer stemmer, Stemmer::create("english"));
  WordSplitter splitter;
  SparseRows rows;
  rows.dims = words.size();
  std::vector<std::uint32_t> terms;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    terms.clear();
    for (const std::string_view word : splitter.split(texts[i])) {
      const std::uint32_t term = words.find(stemmer.stem(word));
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

Result<Vocabulary> stems_of(const TextColumn& texts) {
  QUIVER_TRY(Stemmer stemmer, Stemmer::create("english"));
  WordSplitter splitter;
  VocabularyBuilder builder;
  for (std::size_t row = 0; row < texts.size(); ++row) {
    for (const std::string_view word : splitter.split(texts[row])) builder.add(stemmer.stem(word));
  }
  return builder.build();
}

// The exact scores of both parts for every entry that either found.
struct Candidate {
  std::uint32_t row;
  float cosine, bm25;  // bm25: as a part of the query's best
};
using Candidates = std::vector<std::vector<Candidate>>;  // per query

Result<Candidates> candidates_of(const WordnetBm25& bm25, const Hits& by_vector, const Rows& vectors,
                                 const Rows& entries, const Hits& by_words, const SparseRows& words, Run& run) {
  QUIVER_TRY(const MatrixView queries, vectors.dense());
  QUIVER_TRY(const MatrixView base, entries.dense());
  Candidates all(by_vector.queries());
  run.threads().parallel_for(all.size(), 16, [&](std::size_t begin, std::size_t end, unsigned) {
    for (std::size_t query = begin; query < end; ++query) {
      std::vector<std::uint32_t> rows;
      for (const Hit& hit : by_vector.of(query)) rows.push_back(hit.row);
      for (const Hit& hit : by_words.of(query)) rows.push_back(hit.row);
      std::ranges::sort(rows);
      rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
      const double best = by_words.of(query).empty() ? 1 : -by_words.of(query)[0].distance;
      for (const std::uint32_t row : rows) {
        const double cosine = 1 - distance(Metric::Cosine, queries.row(query), base.row(row));
        all[query].push_back(
            {row, static_cast<float>(cosine), static_cast<float>(bm25.score(words, query, row) / best)});
      }
    }
  });
  return all;
}

Hits fused(const Candidates& candidates, double weight, std::uint32_t k) {
  Hits hits{.k = k, .hits = std::vector<Hit>(candidates.size() * k), .counts = {}};
  for (std::size_t query = 0; query < candidates.size(); ++query) {
    TopK best(k);
    for (const Candidate& each : candidates[query])
      best.offer({each.row, -(each.cosine + static_cast<float>(weight) * each.bm25)});
    const std::size_t count = best.sorted_into(std::span(hits.hits).subspan(query * k, k));
    hits.counts.push_back(static_cast<std::uint32_t>(count));
  }
  return hits;
}

}  // namespace

Result<WordnetBm25> WordnetBm25::tune(const WordnetTask& task, Run& run) {
  QUIVER_TRY(const TextColumn entries, task.entries.text("text"));
  WordnetBm25 best;
  QUIVER_TRY(best.words_, stems_of(entries));
  QUIVER_TRY(const SparseRows documents, counts_of(entries, best.words_));
  QUIVER_TRY(const SparseRows queries, best.queries(task.validation.texts));
  const Bm25 bm25 = Bm25::of(documents.view());
  const Relevance right = Relevance::single(task.validation.answers);
  Space space;
  space.dims = documents.dims;
  space.metric = Metric::Dot;
  double best_mrr = -1;
  auto stage = run.stage("tune bm25", kK1.size() * kB.size());
  for (const float k1 : kK1) {
    for (const float b : kB) {
      if (run.stop()) return run.stopped("tuning BM25");
      SparseRows impacts = bm25.impacts({.k1 = k1, .b = b});
      QUIVER_TRY(auto index, SparseIndex::build(impacts.view(), space, run));
      QUIVER_TRY(const Hits hits, index->search_batch(queries.view(), {.k = 10}, run));
      const double mrr = mean_of(reciprocal_rank(hits, right, 10));
      if (mrr > best_mrr) {
        best_mrr = mrr;
        best.options_ = {.k1 = k1, .b = b};
        best.impacts_ = std::move(impacts);
        best.index_ = std::move(index);
      }
      stage.advance();
    }
  }
  return best;
}

Result<SparseRows> WordnetBm25::queries(std::span<const std::string> texts) const { return counts_of(texts, words_); }

Result<Hits> WordnetBm25::search(const SparseRows& queries, std::uint32_t k, Run& run) const {
  return index_->search_batch(queries.view(), {.k = k}, run);
}

double WordnetBm25::score(const SparseRows& queries, std::size_t query, std::uint32_t entry) const noexcept {
  double sum = 0;
  std::uint32_t at = impacts_.offsets[entry];
  const std::uint32_t end = impacts_.offsets[entry + 1];
  for (std::uint32_t i = queries.offsets[query]; i < queries.offsets[query + 1]; ++i) {  // both rise by term
    while (at < end && impacts_.terms[at] < queries.terms[i]) ++at;
    if (at < end && impacts_.terms[at] == queries.terms[i]) sum += double{queries.weights[i]} * impacts_.weights[at];
  }
  return sum;
}

Result<WordnetComparison> compare_on_wordnet(const WordnetTask& task, const WordnetVectors& vectors, Run& run) {
  QUIVER_TRY(const WordnetBm25 bm25, WordnetBm25::tune(task, run));
  QUIVER_TRY(const auto index, build_index(IndexSpec{}, vectors.entries, {}, run));
  struct Side {
    Hits by_vector, by_words;
    Candidates candidates;
  };
  const auto search = [&](const WordnetQueries& queries, const Rows& encoded) -> Result<Side> {
    Side side;
    QUIVER_TRY(side.by_vector, search_vectors(*index, encoded, run));
    QUIVER_TRY(const SparseRows words, bm25.queries(queries.texts));
    QUIVER_TRY(side.by_words, bm25.search(words, kDepth, run));
    QUIVER_TRY(side.candidates,
               candidates_of(bm25, side.by_vector, encoded, vectors.entries, side.by_words, words, run));
    return side;
  };

  WordnetComparison result;
  result.bm25 = bm25.options();
  result.entries = task.entries.size();
  result.validation_queries = task.validation.texts.size();
  result.test_queries = task.test.texts.size();
  QUIVER_TRY(const Side validation, search(task.validation, vectors.validation));
  double best = -1;
  for (int step = 1; step <= kWeights; ++step) {  // by recall@10, which is what fusing is for
    const double weight = 0.05 * step;
    const Hits hits = fused(validation.candidates, weight, 10);
    const double recall = mean_of(recall_at(hits, Relevance::single(task.validation.answers), 10));
    if (recall > best) {
      best = recall;
      result.fusion_weight = weight;
    }
  }

  QUIVER_TRY(const Side test, search(task.test, vectors.test));
  result.arms = {measure("encoder", test.by_vector, task.test), measure("bm25", test.by_words, task.test),
                 measure("fused", fused(test.candidates, result.fusion_weight, 100), task.test)};
  const WordnetArm &encoder = result.arms[0], &words = result.arms[1];
  const WordnetArm& stronger = mean_of(encoder.recall_10) >= mean_of(words.recall_10) ? encoder : words;
  result.encoder_over_bm25 = paired_difference(encoder.mrr_10, words.mrr_10, {.seed = run.seed()});
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
          {"bm25", {{"k1", shortest(comparison.bm25.k1)}, {"b", shortest(comparison.bm25.b)}}},
          {"fusion_weight", comparison.fusion_weight},
          {"arms", std::move(arms)},
          {"differences",
           {{"encoder - bm25", {{"mrr@10", json_of(comparison.encoder_over_bm25)}}},
            {"fused - best", {{"recall@10", json_of(comparison.fused_over_best)}}}}}};
}

}  // namespace quiver::recipes
