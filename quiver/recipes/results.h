// Results: what a reproduction leaves behind: docs/results/<slug>.json, and the table drawn from it. No number of a
// page is typed by hand; a newer run replaces both files.
//
//   {"recipe", "verdict", "why", "quick", "commit", "quiver", "build", "created", "minutes", "options", "data":
//   [{"name",
//    "digest"}], "machine": {"cpu", "simd", "threads", "memory_bytes"}, "seeds": [{"seed", "seconds"}],
//    "bars": [{"id", "text", "verdict", "why", "left": [per seed], "right": [...], "interval": {"mean", "low",
//    "high"}}], "arms": [{"arm", "metrics": [{"metric", "values": [per seed; null where not measured]}]}]}
//
// Thread-safety: pure functions.
#pragma once
#include <span>
#include <string>

#include "quiver/core/json.h"
#include "quiver/core/result.h"
#include "quiver/recipes/bars.h"

namespace quiver {

Json bars_json(std::span<const Bar> bars, std::span<const Judged> judged);
Json arms_json(std::span<const SeedMeasured> seeds);  // arms and metrics in the order they were first measured
// Errors: a JSON that lacks one of the keys above.
Result<std::string> results_markdown(const Json& results);

}  // namespace quiver
