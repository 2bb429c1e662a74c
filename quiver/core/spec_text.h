// SpecText: "name(1,2)", the words that specs of quantizers and indexes are made of.
//
//   QUIVER_TRY(SpecText word, SpecText::parse(" lvq( 8 ) ", "quantizer"));   // {"lvq", {8}}
//   word.text() == "lvq(8)"
//
// Blanks do not matter; "name" and nothing else has no arguments. Which names and how many arguments there are is the
// caller's to know. Thread-safety: values.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/result.h"

namespace quiver {

struct SpecText {
  std::string name;
  std::vector<unsigned> arguments;

  // `what` names the thing in messages. Errors: InvalidArgument (no ')', an argument that is not a whole number).
  static Result<SpecText> parse(std::string_view text, std::string_view what);
  std::string text() const;
  bool operator==(const SpecText&) const = default;
};

// "a + b(c + d)" at every '+' that is not within parentheses: {"a", "b(c + d)"}. Views of `text`, at least one.
std::vector<std::string_view> parts_in(std::string_view text);

std::string_view name_in(std::string_view spec_text) noexcept;  // what stands before '(': to say first if it is unknown

std::string_view without_blanks(std::string_view text) noexcept;  // at both ends

}  // namespace quiver
