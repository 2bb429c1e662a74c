// Metric: how two vectors compare. Inside Quiver a smaller distance is always closer; a caller who thinks in scores
// gets them once, at the outermost border, by score_of().
//
//   L2         squared Euclidean distance            >= 0      score: the distance itself, sqrt taken
//   Dot        -<a, b>                                         score: <a, b>
//   Cosine     1 - <a, b> / (|a| |b|)                [0, 2]    score: the cosine; a zero vector has cosine 0 to all
//   Manhattan  sum |a_i - b_i|                       >= 0      score: the distance
//   Hamming    number of unequal coordinates         >= 0      score: the distance
//
// The loops are in quiver/simd; `distance` here is the simple reference that tests compare them with.
#pragma once
#include <span>
#include <string_view>

#include "quiver/core/result.h"
#include "quiver/simd/element.h"

namespace quiver {

Result<Metric> parse_metric(std::string_view text);  // "l2" | "dot" | "cosine" | "manhattan" | "hamming", any case
inline std::string_view name_of(Metric metric) noexcept { return name(metric); }
Result<Element> parse_element(std::string_view text);  // "f32" | "f16" | "bf16" | "i8" | "u8" | "bit"
inline std::string_view name_of(Element element) noexcept { return name(element); }

bool higher_is_closer(Metric metric) noexcept;           // of the score, not of the distance
float score_of(Metric metric, float distance) noexcept;  // what users of that metric expect to read

// The reference: double accumulation, one pair. Requires: a.size() == b.size().
double distance(Metric metric, std::span<const float> a, std::span<const float> b) noexcept;

}  // namespace quiver
