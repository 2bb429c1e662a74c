#include "quiver/inspect/origin.h"

#include "quiver/core/file.h"
#include "quiver/inspect/commit.h"
#include "quiver/inspect/machine.h"
#include "quiver/model/card.h"

namespace quiver {

Json origin_json(unsigned threads) {
  const Machine machine = describe_machine();
  return {
      {"machine",
       {{"cpu", machine.cpu}, {"simd", machine.simd}, {"threads", threads}, {"memory_bytes", machine.memory_bytes}}},
      {"commit", commit_here()},
      {"quiver", quiver_version()},
      {"created", utc_now()}};
}

Json data_json(const std::string& name, MatrixView rows) {
  std::string of_rows;  // row by row: what pads a row is not of its numbers
  for (std::size_t i = 0; i < rows.rows; ++i) of_rows += digest_of(std::as_bytes(rows.row(i))) + "\n";
  return {{"name", name}, {"rows", rows.rows}, {"digest", digest_of(std::string_view(of_rows))}};
}

}  // namespace quiver
