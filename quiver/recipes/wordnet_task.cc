#include "quiver/recipes/wordnet_task.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "quiver/core/top_k.h"
#include "quiver/data/text.h"
#include "quiver/index/sparse.h"
#include "quiver/index/spec.h"
#include "quiver/inspect/ranking_metrics.h"
#include "quiver/simd/kernels.h"

namespace quiver::recipes {
namespace {

constexpr std::uint32_t kDepth = 400;  // hits of each part that the fusion scores
// The grids. k1 = 0 counts which words an entry has, not how often, and then b does not matter.
constexpr std::array kWordsAlone{0.3F, 0.6F, 0.9F, 1.2F, 1.6F};  // k1
constexpr std::array kLengths{0.25F, 0.5F, 0.75F, 0.9F, 1.0F};   // b
constexpr std::array<Bm25Options, 7> kFusions{
    {{0.0F, 0.0F}, {0.3F, 0.0F}, {0.3F, 0.5F}, {0.3F, 1.0F}, {0.9F, 0.0F}, {0.9F, 0.5F}, {0.9F, 1.0F}}};
constexpr int kWeights = 12;  // of BM25 in the fusion: 0.05, 0.10, ...

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
  const simd::BlockKernel kernel = simd::kernels().distance(Metric::Cosine, Element::F32);
  run.threads().parallel_for(all.size(), 16, [&](std::size_t begin, std::size_t end, unsigned) {
    std::vector<std::uint32_t> rows;
    std::vector<float> distances;
    for (std::size_t query = begin; query < end; ++query) {
      rows.clear();
      for (const Hit& hit : by_vector.of(query)) rows.push_back(hit.row);
      for (const Hit& hit : by_words.of(query)) rows.push_back(hit.row);
      std::ranges::sort(rows);
      rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
      const double best = by_words.of(query).empty() ? 1 : -by_words.of(query)[0].distance;
      distances.resize(rows.size());
      kernel(queries.row(query).data(), reinterpret_cast<const std::byte*>(base.data), base.stride * sizeof(float),
             rows.data(), rows.size(), base.cols, distances.data());
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const double words_score = bm25.score(words, query, rows[i]);
        all[query].push_back({rows[i], 1 - distances[i], static_cast<float>(words_score / best)});
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

Result<WordnetBm25> WordnetBm25::create(const WordnetTask& task) {
  WordnetBm25 bm25;
  QUIVER_TRY(const TextColumn entries, task.entries.text("text"));
  QUIVER_TRY(bm25.words_, stems_of(entries));
  QUIVER_TRY(SparseRows counts, counts_of(entries, bm25.words_));
  bm25.counts_ = std::make_shared<const SparseRows>(std::move(counts));
  return bm25;
}

Result<void> WordnetBm25::use(const Bm25Options& options, Run& run) {
  Space space;
  space.dims = counts_->dims;
  space.metric = Metric::Dot;
  impacts_ = Bm25::of(counts_->view()).impacts(options);
  QUIVER_TRY(index_, SparseIndex::build(impacts_.view(), space, run));
  return {};
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

namespace {

// Chooses k1 and b of BM25 alone by MRR@10 and leaves `bm25` using them.
Result<Bm25Options> tune_words(WordnetBm25& bm25, const WordnetQueries& queries, Run& run) {
  QUIVER_TRY(const SparseRows words, bm25.queries(queries.texts));
  const Relevance right = Relevance::single(queries.answers);
  Bm25Options best;
  double best_mrr = -1;
  auto stage = run.stage("tune bm25", kWordsAlone.size() * kLengths.size());
  for (const float k1 : kWordsAlone) {
    for (const float b : kLengths) {
      if (run.stop()) return run.stopped("tuning BM25");
      QUIVER_TRY(bm25.use({.k1 = k1, .b = b}, run));
      QUIVER_TRY(const Hits hits, bm25.search(words, 10, run));
      const double mrr = mean_of(reciprocal_rank(hits, right, 10));
      if (mrr > best_mrr) {
        best_mrr = mrr;
        best = {.k1 = k1, .b = b};
      }
      stage.advance();
    }
  }
  QUIVER_TRY(bm25.use(best, run));
  return best;
}

// The exact scores of both parts for texts and their vectors.
Result<Candidates> candidates_of(const WordnetBm25& bm25, std::span<const std::string> texts, const Hits& by_vector,
                                 const Rows& vectors, const Rows& entries, Run& run) {
  QUIVER_TRY(const SparseRows words, bm25.queries(texts));
  QUIVER_TRY(const Hits by_words, bm25.search(words, kDepth, run));
  return candidates_of(bm25, by_vector, vectors, entries, by_words, words, run);
}

// Chooses k1, b and weight of the fusion by recall@10, which is what fusing is for, and leaves `bm25` using them.
Result<void> tune_fusion(WordnetBm25& bm25, const WordnetQueries& queries, const Hits& by_vector,
                         const WordnetVectors& vectors, WordnetComparison& result, Run& run) {
  const Relevance right = Relevance::single(queries.answers);
  double best = -1;
  auto stage = run.stage("tune fusion", kFusions.size());
  for (const Bm25Options& options : kFusions) {
    if (run.stop()) return run.stopped("tuning the fusion");
    QUIVER_TRY(bm25.use(options, run));
    QUIVER_TRY(const Candidates candidates,
               candidates_of(bm25, queries.texts, by_vector, vectors.validation, vectors.entries, run));
    for (int step = 1; step <= kWeights; ++step) {
      const double weight = 0.05 * step;
      const double recall = mean_of(recall_at(fused(candidates, weight, 10), right, 10));
      if (recall > best) {
        best = recall;
        result.fused_bm25 = options;
        result.fusion_weight = weight;
      }
    }
    stage.advance();
  }
  return bm25.use(result.fused_bm25, run);
}

}  // namespace

Result<WordnetComparison> compare_on_wordnet(const WordnetTask& task, const WordnetVectors& vectors, Run& run) {
  WordnetComparison result;
  result.entries = task.entries.size();
  result.validation_queries = task.validation.texts.size();
  result.test_queries = task.test.texts.size();
  QUIVER_TRY(const auto index, build_index(IndexSpec{}, vectors.entries, {}, run));
  QUIVER_TRY(const Hits by_vector, search_vectors(*index, vectors.test, run));
  QUIVER_TRY(const Hits by_vector_validation, search_vectors(*index, vectors.validation, run));

  QUIVER_TRY(WordnetBm25 bm25, WordnetBm25::create(task));
  QUIVER_TRY(result.bm25, tune_words(bm25, task.validation, run));
  QUIVER_TRY(const SparseRows words, bm25.queries(task.test.texts));
  QUIVER_TRY(const Hits by_words, bm25.search(words, 100, run));
  QUIVER_TRY(tune_fusion(bm25, task.validation, by_vector_validation, vectors, result, run));
  QUIVER_TRY(const Candidates both,
             candidates_of(bm25, task.test.texts, by_vector, vectors.test, vectors.entries, run));

  result.arms = {measure("encoder", by_vector, task.test), measure("bm25", by_words, task.test),
                 measure("fused", fused(both, result.fusion_weight, 100), task.test)};
  const WordnetArm &encoder = result.arms[0], &baseline = result.arms[1];
  const WordnetArm& stronger = mean_of(encoder.recall_10) >= mean_of(baseline.recall_10) ? encoder : baseline;
  result.encoder_over_bm25 = paired_difference(encoder.mrr_10, baseline.mrr_10, {.seed = run.seed()});
  result.fused_over_best = paired_difference(result.arms[2].recall_10, stronger.recall_10, {.seed = run.seed()});
  return result;
}

Result<Hits> search_fused(const WordnetTask& task, const WordnetComparison& chosen, const Index& index,
                          const Rows& entries, std::span<const std::string> texts, const Rows& queries, std::uint32_t k,
                          Run& run) {
  QUIVER_TRY(WordnetBm25 bm25, WordnetBm25::create(task));
  QUIVER_TRY(bm25.use(chosen.fused_bm25, run));
  QUIVER_TRY(const Hits by_vector, search_vectors(index, queries, run));
  QUIVER_TRY(const Candidates both, candidates_of(bm25, texts, by_vector, queries, entries, run));
  return fused(both, chosen.fusion_weight, k);
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
          {"fusion",
           {{"k1", shortest(comparison.fused_bm25.k1)},
            {"b", shortest(comparison.fused_bm25.b)},
            {"weight", comparison.fusion_weight}}},
          {"arms", std::move(arms)},
          {"differences",
           {{"encoder - bm25", {{"mrr@10", json_of(comparison.encoder_over_bm25)}}},
            {"fused - best", {{"recall@10", json_of(comparison.fused_over_best)}}}}}};
}

}  // namespace quiver::recipes
