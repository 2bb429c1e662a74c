// Instructed texts: what a text is to be encoded for, said in front of it: "Instruct: Given a subject line, retrieve
// the post\nQuery: printer drivers". Instruction and text are tokenized each by itself and their ids put behind one
// another, so that the border lies between two tokens whatever characters stand on its sides, and a text has the same
// tokens behind every instruction. The instruction's tokens take part in attention but are not pooled.
//
//   const InstructedTokenizer instructed(tokenizer, 512);
//   QUIVER_TRY(const InstructionHead head, instructed.head("Instruct: Retrieve the post\nQuery: "));
//   QUIVER_TRY(const Tokens tokens, instructed.encode(head, "printer drivers"));
//   pool(Pool::Mean, states, head.ids.size(), vector);          // the text and what the tokenizer puts behind it
//
// Special tokens stay: those before a text stand before the instruction, those behind it ([SEP], an end of text) behind
// the text. A text that is too long is cut, never the instruction nor those around it; Tokens.dropped counts.
// The form is that of NV-Embed (Lee et al., ICLR 2025, arXiv:2405.17428).
// Thread-safety: immutable. Cost: that of tokenizing; an instruction is tokenized once.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/data/tokenizer.h"

namespace quiver {

inline constexpr std::string_view kInstruction = "Instruct: {}\nQuery: ";
// `form` with the task in the place of its "{}". Error InvalidArgument unless it has exactly one.
Result<std::string> fill_instruction(std::string_view form, std::string_view task);

// The tokens in front of every text: those that begin one, and the instruction's.
struct InstructionHead {
  std::vector<std::uint32_t> ids, types;
  std::size_t special = 0;  // of these, put there by the tokenizer
};

class InstructedTokenizer {
 public:
  // longest: tokens that the model reads, all counted.
  InstructedTokenizer(Tokenizer tokenizer, std::size_t longest) : tokenizer_(std::move(tokenizer)), longest_(longest) {}
  // Errors: an instruction without tokens, or one that leaves no room for a text.
  Result<InstructionHead> head(std::string_view instruction) const;
  // Error InvalidArgument for a text without tokens: nothing of its own would be pooled.
  Result<Tokens> encode(const InstructionHead& head, std::string_view text) const;

 private:
  Tokenizer tokenizer_;
  std::size_t longest_;
};

}  // namespace quiver
