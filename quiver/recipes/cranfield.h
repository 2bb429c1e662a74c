// Cranfield: 1,400 abstracts of aerodynamics, 225 questions, and which abstracts answer which.
//
//   QUIVER_TRY(const Cranfield set, open_cranfield());
//   set.relevant                         // of question i, rows of set.documents; judgements above 0
//
// Judgements name questions by their place in the file, not by the number written there. Errors: NotFound, Corruption
// (a judgement of a document or question that is not there: the line is named). Cost: 1.8 MB.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/inspect/ranking_metrics.h"

namespace quiver::recipes {

struct Cranfield {
  std::vector<std::string> documents, questions;
  Relevance relevant;
};
Result<Cranfield> parse_cranfield(std::string_view documents, std::string_view questions, std::string_view judgements);
Result<Cranfield> open_cranfield();

}  // namespace quiver::recipes
