#include "quiver/data/instructed_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace quiver {
namespace {
constexpr std::string_view kHole = "{}";
}

Result<std::string> fill_instruction(std::string_view form, std::string_view task) {
  const std::size_t at = form.find(kHole);
  if (at == std::string_view::npos || form.find(kHole, at + kHole.size()) != std::string_view::npos) {
    return Error::invalid_argument(
        fmt::format("the form of an instruction, '{}', must have one {{}} for the task", form));
  }
  return std::string(form.substr(0, at)).append(task).append(form.substr(at + kHole.size()));
}

Result<InstructionHead> InstructedTokenizer::head(std::string_view instruction) const {
  const std::size_t all = longest_ + instruction.size() + tokenizer_.special_tokens();  // cuts nothing
  Tokens whole = tokenizer_.encode(instruction, {.longest = all});
  const Tokens bare = tokenizer_.encode(instruction, {.longest = all, .special = false});
  if (bare.ids.empty()) return Error::invalid_argument(fmt::format("the instruction '{}' has no tokens", instruction));
  InstructionHead out;
  out.special = static_cast<std::size_t>(
      std::search(whole.ids.begin(), whole.ids.end(), bare.ids.begin(), bare.ids.end()) - whole.ids.begin());
  const std::size_t kept = out.special + bare.ids.size();
  if (whole.ids.size() >= longest_) {
    return Error::invalid_argument(fmt::format(
        "an instruction of {} tokens leaves no room for a text among the {} that the model reads: '{:.60}'; "
        "shorten it",
        bare.ids.size(), longest_, instruction));
  }
  whole.ids.resize(kept);
  whole.types.resize(kept);
  out.ids = std::move(whole.ids);
  out.types = std::move(whole.types);
  return out;
}

Result<Tokens> InstructedTokenizer::encode(const InstructionHead& head, std::string_view text) const {
  const Tokens tail = tokenizer_.encode(text, {.longest = longest_ - head.ids.size() + head.special});
  if (tail.ids.size() <= tokenizer_.special_tokens()) {
    return Error::invalid_argument(
        "the text behind the instruction is empty: there is nothing to make a vector of; leave it out");
  }
  Tokens out{.ids = head.ids, .types = head.types, .dropped = tail.dropped};
  const auto first = static_cast<std::ptrdiff_t>(head.special);
  out.ids.insert(out.ids.end(), tail.ids.begin() + first, tail.ids.end());
  out.types.insert(out.types.end(), tail.types.begin() + first, tail.types.end());
  return out;
}

}  // namespace quiver
