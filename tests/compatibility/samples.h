// Samples: one tiny file of every released version of every kind of index, kept in tests/data, that newer builds must
// open. A file is named after its structure and version: graph-2.qvi.
//
//   write_samples FOLDER      writes all of kSamples as this build writes them; what it calls version 1 may by now be 2
//
// A new version of a format adds a row to kSamples and its file to tests/data; a file that is there never changes.
// All hold sample_rows(0, kSampleRows); in those that changed, kGone were removed, then as many rows added behind them.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "quiver/core/matrix.h"
#include "quiver/core/random.h"

namespace quiver {

struct Sample {
  std::string_view name, spec;
  std::uint32_t version = 1;
  bool changed = false;  // rows came and went
};

inline constexpr std::array kSamples = {
    Sample{"flat-1", "flat + lvq(8) + rerank(f32)"},
    Sample{"flat-pq-1", "flat + pq(4,4) + rerank(f32)"},  // 4-bit codes row by row
    Sample{"flat-pq-3", "flat + pq(4,4) + rerank(f32)", 3},
    Sample{"hnsw-1", "hnsw(4,32)"},
    Sample{"graph-1", "graph(4,4) + rerank(f32)"},
    Sample{"graph-2", "graph(4,4) + rerank(f32)", 2, true},  // places used again
    Sample{"ivf-1", "ivf(4) + pq(4,4) + rerank(f32)", 1, true},
    Sample{"ivf-codes-1", "ivf(4) + lvq(8) + rerank(f32)", 1, true},
};

inline constexpr std::uint32_t kSampleRows = 90;
inline constexpr std::size_t kSampleDims = 8;
inline constexpr std::array<std::uint32_t, 12> kGone = {0, 7, 20, 31, 32, 33, 50, 51, 64, 77, 80, 89};

inline Matrix sample_rows(std::uint32_t first, std::uint32_t count) {
  Matrix rows(count, kSampleDims);
  for (std::uint32_t i = 0; i < count; ++i) {
    Random random(2024, first + i);
    for (std::size_t d = 0; d < kSampleDims; ++d) rows.row(i)[d] = random.normal() / static_cast<float>(1 + d);
  }
  return rows;
}

}  // namespace quiver
