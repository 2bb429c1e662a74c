// The WordNet task: find the entry that an example sentence was written for. What the recipe `wordnet-encoder` is
// judged by and what `quiver demo` shows; no torch in here.
//
//   entries   all 117,659 synsets of WordNet 3.0 (lemmas and definition, never the examples); row i is synset i
//   queries   the example sentences of the synsets on the validation or test side (90/5/5 by synset); right: that
//   synset arms      the encoder (exact search over its vectors), BM25 over stemmed tokens, and both fused
//
//   QUIVER_TRY(WordnetTask task, WordnetTask::of(data.items()));     // of the data set "wordnet:FOLDER"
//   QUIVER_TRY(WordnetVectors vectors, encode_wordnet(task, model, run));
//   QUIVER_TRY(WordnetComparison result, compare_on_wordnet(task, vectors, run));
//   bool better = result.encoder_over_bm25.low > 0;
//
// k1, b and the fusion's weight are chosen on the validation queries alone. Whoever trains for this task
// takes pairs of synsets on the Train side and of no others. Thread-safety: values; one Run at a time. Cost: about 10 s
// on two cores, most of it the grid of BM25.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/json.h"
#include "quiver/core/result.h"
#include "quiver/core/rows.h"
#include "quiver/core/run.h"
#include "quiver/core/statistics.h"
#include "quiver/data/items.h"
#include "quiver/data/split.h"
#include "quiver/data/vocabulary.h"
#include "quiver/index/bm25.h"
#include "quiver/index/index.h"
#include "quiver/model/model.h"

namespace quiver::recipes {

struct WordnetQueries {
  std::vector<std::string> texts;
  std::vector<std::uint32_t> answers;  // the row of the right entry, one a text
};

struct WordnetTask {
  Items entries;            // columns synset, lemmas, definition, text
  std::vector<Part> sides;  // of each synset: Train, Validation or Test
  WordnetQueries validation, test;

  // Errors: a column that is not there, no example on the validation or the test side.
  static Result<WordnetTask> of(const Items& wordnet);
};

struct WordnetVectors {
  Rows entries, validation, test;
};
// Entries in role "item", queries (column "text") in role "query".
Result<WordnetVectors> encode_wordnet(const WordnetTask& task, const Model& model, Run& run);

// BM25 over the entries' stemmed words.
class WordnetBm25 {
 public:
  static Result<WordnetBm25> create(const WordnetTask& task);  // counts; use() makes it ready
  Result<void> use(const Bm25Options& options, Run& run);
  // The texts' stems that any entry has, counted: what search() and score() take.
  Result<SparseRows> queries(std::span<const std::string> texts) const;
  // Requires, as score(): use() was called.
  Result<Hits> search(const SparseRows& queries, std::uint32_t k, Run& run) const;
  double score(const SparseRows& queries, std::size_t query, std::uint32_t entry) const noexcept;

 private:
  Vocabulary words_;
  std::shared_ptr<const SparseRows> counts_;
  SparseRows impacts_;
  std::shared_ptr<const Index> index_;
};

// One value per test query.
struct WordnetArm {
  std::string name;  // "encoder", "bm25", "fused"
  std::vector<double> mrr_10, recall_10, recall_100;
};
struct WordnetComparison {
  Bm25Options bm25;        // by MRR@10 on validation
  Bm25Options fused_bm25;  // and fusion_weight, of BM25 beside the cosine's 1: by recall@10 on validation
  double fusion_weight = 0;
  std::vector<WordnetArm> arms;
  Interval encoder_over_bm25;  // MRR@10, paired over queries
  Interval fused_over_best;    // recall@10, against the better of the two parts
  std::size_t entries = 0, validation_queries = 0, test_queries = 0;
};
Result<WordnetComparison> compare_on_wordnet(const WordnetTask& task, const WordnetVectors& vectors, Run& run);
// The k best entries for texts of one's own, by the fusion that `chosen` holds; `queries` are the texts encoded in role
// "query", `index` holds `entries` in any form. Distance: -(cosine + weight * BM25 as a part of the text's best). Cost:
// about a second, for BM25 is built anew.
Result<Hits> search_fused(const WordnetTask& task, const WordnetComparison& chosen, const Index& index,
                          const Rows& entries, std::span<const std::string> texts, const Rows& queries, std::uint32_t k,
                          Run& run);
// {"entries", "validation_queries", "test_queries", "bm25": {"k1", "b"}, "fusion": {"k1", "b", "weight"},
//  "arms": {"encoder": {"mrr@10": {"mean", "low", "high"}, "recall@10": ..., "recall@100": ...}, ...},
//  "differences": {"encoder - bm25": {"mrr@10": ...}, "fused - best": {"recall@10": ...}}}
Json to_json(const WordnetComparison& comparison, std::uint64_t seed);

}  // namespace quiver::recipes
