// WordNet 3.0 as Items, one row per synset. Format: wndb(5WN), the files data.{noun,verb,adj,adv}, in Debian's
// wordnet-base.
//
//   02129165 05 n 03 lion 0 king_of_beasts 0 Panthera_leo 0 004 @ 02127808 n 0000 ... | large gregarious predatory ...
//   offset lex_file type w_cnt(hex) {word lex_id(hex)} p_cnt {symbol offset pos source/target} [frames] | gloss
//
//   QUIVER_TRY(Items synsets, read_wordnet("/usr/share/wordnet"));
//   QUIVER_TRY(Dataset data, Dataset::open("wordnet:/usr/share/wordnet"));    // the same, with its licence notice
//
//   synset      Category     "02129165-n", the offset and the part of speech (n v a r); the key of the splits
//   lemmas      Text, many   "lion", "king of beasts": underscores are spaces, markers (a) (p) (ip) are dropped
//   definition  Text         the gloss before its examples
//   examples    Text, many   its quotations of two words or more
//   text        Text         "lion, king of beasts, Panthera leo: large gregarious predatory ..."
//   hypernyms   Text, many   the synsets this one is a kind of (pointers @ and @i)
//
// Errors: NotFound names the missing file and `apt-get install wordnet-base`; Corruption names file, line and field.
//
// Thread-safety: functions without state. Cost: one pass, half a second for all 117,659 synsets.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/data/items.h"

namespace quiver {

inline constexpr std::uint32_t kWordnetSynsets = 117'659;  // of WordNet 3.0

// expected: how many synsets there must be; 0: any number (for excerpts).
Result<Items> read_wordnet(const std::filesystem::path& folder, std::uint32_t expected = kWordnetSynsets);

// A gloss taken apart: what read_wordnet puts into `definition` and `examples`.
struct Gloss {
  std::string definition;
  std::vector<std::string> examples;
};
Gloss split_gloss(std::string_view gloss);

// The licence notice that must accompany the data and what is made from it: WordNet's own, the head of data.noun. (The
// copyright file of Debian's package says more: under which licence the packaging is, which is no part of the data.)
Result<std::string> wordnet_notice(const std::filesystem::path& folder = "/usr/share/wordnet");

}  // namespace quiver
