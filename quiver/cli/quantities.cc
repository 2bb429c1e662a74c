#include "quiver/cli/quantities.h"

#include <fmt/format.h>

#include <cctype>
#include <cmath>
#include <optional>
#include <span>
#include <string>

#include "quiver/core/options.h"

namespace quiver::cli {
namespace {
struct Unit {
  std::string_view name;  // lower case
  double factor;
};
constexpr double kKibi = 1024;
constexpr Unit kMemoryUnits[] = {{"", 1},
                                 {"b", 1},
                                 {"k", 1e3},
                                 {"kb", 1e3},
                                 {"m", 1e6},
                                 {"mb", 1e6},
                                 {"g", 1e9},
                                 {"gb", 1e9},
                                 {"t", 1e12},
                                 {"tb", 1e12},
                                 {"kib", kKibi},
                                 {"mib", kKibi* kKibi},
                                 {"gib", kKibi* kKibi* kKibi},
                                 {"tib", kKibi* kKibi* kKibi* kKibi}};
constexpr Unit kTimeUnits[] = {{"", 1}, {"s", 1}, {"m", 60}, {"min", 60}, {"h", 3600}};

// A number above 0 and a unit, or nothing.
std::optional<double> amount(std::string_view text, std::span<const Unit> units) {
  std::string clean;
  for (const char c : text) {
    if (std::isspace(static_cast<unsigned char>(c)) == 0) {
      clean += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  const std::size_t end = clean.find_last_of("0123456789.");
  if (end == std::string::npos) return std::nullopt;
  double number = 0;
  if (!internal::parse_value(std::string_view(clean).substr(0, end + 1), number).has_value()) return std::nullopt;
  for (const Unit& unit : units) {
    if (unit.name == std::string_view(clean).substr(end + 1) && number > 0 && std::isfinite(number)) {
      return number * unit.factor;
    }
  }
  return std::nullopt;
}
}  // namespace

Result<std::uint64_t> parse_bytes(std::string_view text) {
  const auto bytes = amount(text, kMemoryUnits);
  if (bytes && *bytes >= 1 && *bytes < 1e18) return static_cast<std::uint64_t>(std::llround(*bytes));
  return Error::invalid_argument(fmt::format("'{}' is no amount of memory; write 2GB, 1.5GiB, 800M or bytes", text));
}

Result<double> parse_duration(std::string_view text) {
  const auto seconds = amount(text, kTimeUnits);
  if (seconds) return *seconds;
  return Error::invalid_argument(fmt::format("'{}' is no length of time; write 90s, 10m or 1.5h", text));
}

}  // namespace quiver::cli
