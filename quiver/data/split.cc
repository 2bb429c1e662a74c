#include "quiver/data/split.h"

#include <fmt/format.h>

#include <string>

#include "quiver/core/check.h"
#include "quiver/core/random.h"

namespace quiver {

std::string_view name_of(Part part) noexcept {
  constexpr std::string_view kNames[] = {"all", "train", "validation", "test"};
  return kNames[static_cast<std::size_t>(part)];
}
Result<Part> parse_part(std::string_view name) {
  for (const Part part : {Part::All, Part::Train, Part::Validation, Part::Test}) {
    if (name == name_of(part)) return part;
  }
  return Error::invalid_argument(fmt::format("'{}' is no side of a split: use train, validation, test or all", name));
}

Part part_of(std::uint64_t hash, SplitFractions fractions) noexcept {
  QUIVER_DCHECK(fractions.train >= 0 && fractions.validation >= 0 && fractions.train + fractions.validation <= 1);
  // Another mix, so that a hash used for buckets elsewhere does not decide the split as well.
  static const std::uint64_t kStream = stream_of("split");
  const double at = static_cast<double>(mix(hash, kStream) >> 11) * 0x1p-53;  // [0, 1)
  if (at < fractions.train) return Part::Train;
  return at < fractions.train + fractions.validation ? Part::Validation : Part::Test;
}

Result<std::vector<std::uint32_t>> split_rows(const Items& items, Part part, std::string_view together,
                                              SplitFractions fractions) {
  auto hashes = items.hashes(together);
  if (!hashes.has_value())
    return std::move(hashes).error().within("splitting by column '" + std::string(together) + "'");
  std::vector<std::uint32_t> rows;
  for (std::size_t row = 0; row < hashes->size(); ++row) {
    if (part == Part::All || part_of((*hashes)[row], fractions) == part)
      rows.push_back(static_cast<std::uint32_t>(row));
  }
  return rows;
}

}  // namespace quiver
