// Amounts as people write them on a command line: memory and time with a unit behind the number.
//
//   QUIVER_TRY(std::uint64_t bytes, parse_bytes("2GB"));       // 2,000,000,000; "1.5 GiB", "800M" and "65536" too
//   QUIVER_TRY(double seconds, parse_duration("10m"));         // 600; "90s", "1.5h" and "45" (seconds) too
//
// kB, MB, GB, TB count by 1000, KiB .. TiB by 1024; case and blanks do not matter. Errors: InvalidArgument that shows
// what may be written. Thread-safety: pure functions.
#pragma once
#include <cstdint>
#include <string_view>

#include "quiver/core/result.h"

namespace quiver::cli {

Result<std::uint64_t> parse_bytes(std::string_view text);
Result<double> parse_duration(std::string_view text);

}  // namespace quiver::cli
