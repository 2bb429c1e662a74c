#include "quiver/learn/words/composers/composer.h"

#include <algorithm>

#include "quiver/core/check.h"

namespace quiver::learn {

std::string_view name_of(ComposerKind kind) noexcept {
  constexpr std::string_view kNames[] = {"sg", "cbow", "order", "lbl", "nnlm", "cw"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::unique_ptr<Composer> make_composer(ComposerKind kind, const ComposerSetup& setup) {
  switch (kind) {
    case ComposerKind::SkipGram:
      return make_skip_gram(setup);
    case ComposerKind::Cbow:
      return make_cbow(setup);
    case ComposerKind::Order:
      return make_order(setup);
    case ComposerKind::Lbl:
      return make_lbl(setup);
    case ComposerKind::Nnlm:
      return make_nnlm(setup);
    case ComposerKind::ScoredWindow:
      return make_scored_window(setup);
  }
  QUIVER_CHECK(false);
  return nullptr;
}

Composer::Composer(const ComposerSetup& setup, std::size_t room_rows, std::size_t room_width)
    : inputs_(setup.words.size(), setup.dim, setup.descent, setup.characters, setup.seed),
      places_(2 * setup.window),
      room_rows_(room_rows),
      room_width_(room_width) {}

Worker Composer::worker(Random random) const { return {.random = random, .room = Matrix(room_rows_, room_width_)}; }

std::vector<LearnedRows*> Composer::input_tables() {
  std::vector<LearnedRows*> tables{&inputs_.words()};
  if (inputs_.characters() != nullptr) tables.push_back(inputs_.characters());
  return tables;
}

void Composer::lay_out(const Position& position, Worker& worker, float* to) const noexcept {
  worker.words.assign(places_, inputs_.padding());
  for (const Around& each : position.around) worker.words[each.place] = each.word;
  for (const std::uint32_t word : worker.words) {
    const float* vector = inputs_.vector(word, to);
    if (vector != to) std::copy_n(vector, inputs_.dim(), to);
    to += inputs_.dim();
  }
}

void Composer::move_back(const Worker& worker, const float* downhill) noexcept {
  for (const std::uint32_t word : worker.words) {
    inputs_.move(word, downhill, worker.rate);
    downhill += inputs_.dim();
  }
}

}  // namespace quiver::learn
