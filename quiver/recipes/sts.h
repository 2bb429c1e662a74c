// Sentence pairs with a score, and captions of one picture: what encoders of sentences are trained on and measured by.
//
//   QUIVER_TRY(const SentencePairs train, open_stsb(Part::Train));       // 5,749 pairs, scores 0 .. 5
//   QUIVER_TRY(const CaptionGroups groups, open_captions(Part::Train));  // 29,000 pictures, 5 captions each
//
//   stsb       STS benchmark, 2012-2017: 5,749 / 1,500 / 1,379 pairs (train, validation, test), scores 0 .. 5
//   sick       SICK 2014: 4,500 / 500 / 4,927 pairs, relatedness 1 .. 5
//   semeval    the test sets of SemEval 2012 to 2016, one StsSet each; pairs that nobody rated are left out
//   msr        MSR paraphrase: 3,576 / 500 / 1,725 pairs, 1 if they mean the same, else 0
//   captions   multi30k, task 2: 29,000 / 1,014 / 1,000 pictures with five captions, mostly the longest first
//
// STS-B's train part holds pairs of the SemEval sets: who trains on it measures on STS-B's test part and on SICK.
// open_*() look in the public sets stsb, sts-more (unpacked) and multi30k. Errors: NotFound with what to do, Corruption
// naming file and line. Thread-safety: functions. Cost: well under a second each.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/data/items.h"
#include "quiver/data/split.h"
#include "quiver/model/text_features.h"

namespace quiver::recipes {

struct SentencePairs {
  std::vector<std::string> left, right;
  std::vector<double> scores;  // one a pair
  std::size_t size() const noexcept { return scores.size(); }
};
struct StsSet {
  int year = 0;
  std::string name;  // "headlines"
  SentencePairs pairs;
};
using CaptionGroups = std::vector<std::vector<std::string>>;

// The first two text columns and the first column of numbers of a data set. Errors: InvalidArgument naming the columns
// there are; rows without a score are left out.
Result<SentencePairs> pairs_of(const Items& items);

Result<SentencePairs> read_stsb(const std::filesystem::path& csv);     // sentence, sentence, score; no header
Result<SentencePairs> read_semeval(const std::filesystem::path& tsv);  // score, sentence, sentence; no header
Result<SentencePairs> read_sick(const std::filesystem::path& tsv);     // sentence_A, sentence_B, relatedness_score
Result<SentencePairs> read_msr(const std::filesystem::path& tsv);      // Quality, #1 String, #2 String
// Line i of every file is a caption of picture i. Errors: files of different lengths.
Result<CaptionGroups> read_captions(const std::vector<std::filesystem::path>& files);

Result<SentencePairs> open_stsb(Part part, std::string_view language = "en");  // or "ja"
Result<SentencePairs> open_sick(Part part);
Result<std::vector<StsSet>> open_semeval();  // by year and name
Result<SentencePairs> open_msr(Part part);
Result<CaptionGroups> open_captions(Part part);

// What needs no training: cosines of tf-idf, of words as counted in the texts that `words` was fitted on.
std::vector<double> tf_idf_cosines(const SentencePairs& pairs, const TextFeatures& words);

}  // namespace quiver::recipes
