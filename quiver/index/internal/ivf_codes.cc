#include "quiver/index/internal/ivf_codes.h"

#include <algorithm>

#include "quiver/simd/kernels.h"

namespace quiver::internal {
namespace {
constexpr std::size_t kScanRows = 256;
constexpr const char* kSizes = "ivf/sizes";
constexpr const char* kAdded = "ivf/added";
}  // namespace

IvfCodes::IvfCodes(std::unique_ptr<Codes> codes, std::span<const std::uint32_t> sizes)
    : codes_(std::move(codes)), built_(sizes.begin(), sizes.end()), later_(sizes.size()) {
  sizes_ = built_;
  std::size_t begin = 0;
  for (const std::uint32_t size : built_) {
    begins_.push_back(begin);
    begin += size;
  }
}

Result<void> IvfCodes::prepare(TypedView query, IvfQuery& state) const {
  QUIVER_TRY(state.scorer, codes_->scorer(query));
  return {};
}

void IvfCodes::scan(const Probe& probe, const Eligible& eligible, IvfQuery& state) const {
  const std::size_t begin = begins_[probe.list], end = begin + built_[probe.list];
  for (std::size_t first = begin; first < end; first += kScanRows) {
    const std::size_t count = std::min(kScanRows, end - first);
    state.distances.resize(std::max(state.distances.size(), count));
    state.chosen.resize(std::max(state.chosen.size(), count));
    state.scorer->score_range(first, count, state.distances.data());
    const std::size_t near =
        simd::kernels().select_below(state.distances.data(), count, state.found.threshold(), state.chosen.data());
    for (std::size_t i = 0; i < near; ++i) {
      const Hit hit{static_cast<std::uint32_t>(first) + state.chosen[i], state.distances[state.chosen[i]]};
      if (eligible.all() || eligible(hit.row)) state.found.offer(hit);
    }
  }
  const std::vector<std::uint32_t>& later = later_[probe.list];
  state.distances.resize(std::max(state.distances.size(), later.size()));
  state.scorer->score(later, state.distances.data());
  for (std::size_t i = 0; i < later.size(); ++i) {
    if (eligible.all() || eligible(later[i])) state.found.offer({later[i], state.distances[i]});
  }
}

void IvfCodes::prefetch(std::size_t list) const noexcept {
  const auto first = static_cast<std::uint32_t>(begins_[list]);
  const std::uint32_t rows[2] = {first, first + 1};
  codes_->prefetch(std::span(rows).first(std::min<std::size_t>(built_[list], 2)));
}

Result<void> IvfCodes::append(const RowsView& rows, MatrixView, std::span<const std::uint32_t> lists_of) {
  auto position = static_cast<std::uint32_t>(codes_->rows());
  QUIVER_TRY(codes_->append(rows));
  for (const std::uint32_t list : lists_of) {
    later_[list].push_back(position++);
    added_.push_back(list);
    ++sizes_[list];
  }
  return {};
}

void IvfCodes::sweep(const std::function<bool(std::uint32_t)>& gone) {
  for (std::size_t l = 0; l < later_.size(); ++l) {
    std::erase_if(later_[l], gone);
    sizes_[l] = built_[l] + static_cast<std::uint32_t>(later_[l].size());
  }
}

std::vector<std::uint32_t> IvfCodes::compact(const std::function<bool(std::uint32_t)>& gone) {
  std::vector<std::uint32_t> stay, sizes;
  for (std::size_t l = 0; l < built_.size(); ++l) {
    const std::size_t before = stay.size();
    const auto keep = [&](std::uint32_t position) {
      if (!gone(position)) stay.push_back(position);
    };
    for (std::uint32_t i = 0; i < built_[l]; ++i) keep(static_cast<std::uint32_t>(begins_[l]) + i);
    std::for_each(later_[l].begin(), later_[l].end(), keep);
    sizes.push_back(static_cast<std::uint32_t>(stay.size() - before));
  }
  codes_->keep(stay);
  *this = IvfCodes(std::move(codes_), sizes);
  return stay;
}

void IvfCodes::save(ContainerWriter& writer) const {
  writer.add_array(kSizes, std::span<const std::uint32_t>(built_));
  writer.add_array(kAdded, std::span<const std::uint32_t>(added_));
  codes_->save(writer, "codes/");
}

Result<std::unique_ptr<IvfLists>> IvfCodes::open(const Container& file, std::size_t lists, std::size_t positions) {
  QUIVER_TRY(std::unique_ptr<Codes> codes, load_codes(file, "codes/"));
  QUIVER_TRY(const auto sizes, file.array<std::uint32_t>(kSizes));
  QUIVER_TRY(const auto added, file.array<std::uint32_t>(kAdded));
  std::size_t held = added.size();
  for (const std::uint32_t size : sizes) held += size;
  const bool sound = sizes.size() == lists && held == positions && codes->rows() == positions &&
                     std::all_of(added.begin(), added.end(), [&](std::uint32_t list) { return list < lists; });
  if (!sound) return Error::corruption("the inverted lists do not fit their codes and centres; build the index again");
  auto made = std::make_unique<IvfCodes>(std::move(codes), sizes);
  auto position = static_cast<std::uint32_t>(positions - added.size());
  for (const std::uint32_t list : added) {
    made->later_[list].push_back(position++);
    made->added_.push_back(list);
    ++made->sizes_[list];
  }
  return std::unique_ptr<IvfLists>(std::move(made));
}

}  // namespace quiver::internal
