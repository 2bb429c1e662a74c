// JaQuAD: Japanese questions and the Wikipedia paragraphs that answer them, as sentences and questions.
//
//   QUIVER_TRY(const Jaquad texts, open_jaquad());
//   texts.sentences, texts.train_questions, texts.dev_questions
//
// A sentence ends with 。 or a line; sentences of both parts stand once, in order of file and place. Errors: NotFound,
// Io, Corruption (a file that is not JSON in the form of SQuAD: named). Cost: 34 files, a second.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/result.h"

namespace quiver::recipes {

struct Jaquad {
  std::vector<std::string> sentences, train_questions, dev_questions;
};
std::vector<std::string> sentences_of(std::string_view paragraph);  // without those that are blank
Result<Jaquad> read_jaquad(const std::filesystem::path& folder);    // that holds train/ and dev/
Result<Jaquad> open_jaquad();                                       // of the public set jaquad

}  // namespace quiver::recipes
