#include "quiver/learn/class_rows.h"

#include <fmt/format.h>

#include <algorithm>

namespace quiver::learn {

Result<ClassRows> ClassRows::create(std::vector<std::uint32_t> labels, std::string_view name) {
  ClassRows out;
  out.labels_ = std::move(labels);
  for (std::uint32_t row = 0; row < out.labels_.size(); ++row) {
    const std::uint32_t label = out.labels_[row];
    if (label >= out.rows_of_.size()) out.rows_of_.resize(label + std::size_t{1});
    out.place_.push_back(static_cast<std::uint32_t>(out.rows_of_[label].size()));
    out.rows_of_[label].push_back(row);
  }
  for (std::uint32_t label = 0; label < out.rows_of_.size(); ++label) {
    const std::size_t count = out.rows_of_[label].size();
    if (count == 1) {
      return Error::invalid_argument(
          fmt::format("class rows of '{}': class {} has a single example, row {}, and so no positive; leave it out or "
                      "add another",
                      name, label, out.rows_of_[label].front()));
    }
    if (count > 1) out.present_.push_back(label);
  }
  if (out.present_.size() < 2) {
    return Error::invalid_argument(
        fmt::format("class rows of '{}': {} rows are of {} class; negatives need at least 2 classes", name,
                    out.labels_.size(), out.present_.size()));
  }
  return out;
}

std::uint32_t ClassRows::positive(std::uint32_t row, Random& random) const {
  const std::vector<std::uint32_t>& rows = rows_of_[labels_[row]];
  const auto choice = random.below(rows.size() - 1);
  return rows[choice < place_[row] ? choice : choice + 1];
}

void ClassRows::negatives(std::uint32_t row, std::size_t count, Random& random, std::vector<std::uint32_t>& out) const {
  std::vector<std::uint32_t> others;
  for (std::size_t i = 0; i < count; ++i) {
    if (others.empty()) {
      for (const std::uint32_t label : present_) {
        if (label != labels_[row]) others.push_back(label);
      }
    }
    std::swap(others[random.below(others.size())], others.back());
    const std::vector<std::uint32_t>& rows = rows_of_[others.back()];
    others.pop_back();
    out.push_back(rows[random.below(rows.size())]);
  }
}

}  // namespace quiver::learn
