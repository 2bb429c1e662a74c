// Origin: what a result says of how it came about, so that it can be made again: machine, commit, version, time, data.
//
//   json.update(origin_json(run.threads().count()));
//       {"machine": {"cpu", "simd", "threads", "memory_bytes"}, "commit", "quiver", "created"}
//   json["data"] = Json::array({data_json("base", base)});
//       [{"name": "base", "rows": 100000, "digest": "8f0c..."}]
//
// Thread-safety: yes. Cost: of commit_here(); a digest reads every row.
#pragma once
#include <string>

#include "quiver/core/json.h"
#include "quiver/core/matrix.h"

namespace quiver {

Json origin_json(unsigned threads);
// Of the numbers alone: the same rows read from another file have the same digest.
Json data_json(const std::string& name, MatrixView rows);

}  // namespace quiver
