#include "quiver/index/internal/neighbour_block.h"

#include <algorithm>
#include <cmath>

#include "quiver/simd/kernels.h"

namespace quiver::internal {
namespace {
// Between a query and the rows that a walk stands on near its end, by inner product.
constexpr float kUsualCosine = 0.6F;

void write_place(std::byte* block, std::size_t place, const std::uint8_t* codes, std::size_t groups,
                 const std::uint16_t (&offset_and_slope)[2], std::uint32_t row) noexcept {
  const unsigned shift = place < 16 ? 0 : 4;
  for (std::size_t g = 0; g < groups; ++g) {
    std::byte& both = block[g * 16 + place % 16];
    both = (both & static_cast<std::byte>(0xf0U >> shift)) | static_cast<std::byte>(codes[g] << shift);
  }
  std::memcpy(block + simd::block_offsets_at(groups) + 2 * place, &offset_and_slope[0], 2);
  std::memcpy(block + simd::block_slopes_at(groups) + 2 * place, &offset_and_slope[1], 2);
  std::memcpy(block + simd::block_rows_at(groups) + 4 * place, &row, 4);
}
}  // namespace

void put_neighbour(std::byte* block, std::size_t place, std::span<const float> centre, std::uint32_t row,
                   const float* point, const NeighbourCode& code, NeighbourScratch& scratch,
                   std::optional<float> query_length) noexcept {
  const std::size_t dims = centre.size();
  scratch.codes.assign(code.groups(), 0);  // of a duplicate
  scratch.floats.resize(dims);
  float* direction = scratch.floats.data();
  for (std::size_t d = 0; d < dims; ++d) direction[d] = point[d] - centre[d];
  float negated_inner = 0;  // -<v, u - v>
  if (query_length) {
    simd::kernels().distance(Metric::Dot, Element::F32)(centre.data(), reinterpret_cast<const std::byte*>(direction), 0,
                                                        nullptr, 1, dims, &negated_inner);
  }
  const float squared = simd::kernels().squared_norm(direction, dims);
  float slope = 0, behind = 0;  // behind: what the codes make of slope / -2 * <v, u - v>, whose share is known exactly
  if (squared > 0) {            // else a duplicate: as far as the centre itself
    const float length = std::sqrt(squared), inverse = 1 / length;
    for (std::size_t d = 0; d < dims; ++d) direction[d] *= inverse;
    code.encode(direction, scratch.direction, scratch.codes.data());
    const float cosine = scratch.direction.dot(scratch.codes.data());  // <x, o>
    if (cosine > 0.05F) {                                              // else the codes say nothing of it
      slope = -2 * length / cosine;
      behind = -slope * scratch.centre.dot(scratch.codes.data());
    }
  }
  float offset = squared + behind;
  if (query_length) {
    const float centre_length = std::sqrt(simd::kernels().squared_norm(centre.data(), dims));
    const float alpha = centre_length > 0 ? kUsualCosine * *query_length / centre_length : 0;
    offset = alpha * (behind + 2 * negated_inner);
  }
  // Rows that are added may lie far outside those the scale was chosen by; an infinite offset would hide them.
  constexpr float kLargestHalf = 65504;
  const float constants[2] = {std::clamp(offset, -kLargestHalf, kLargestHalf),
                              std::clamp(slope, -kLargestHalf, kLargestHalf)};
  std::uint16_t halves[2];
  simd::kernels().f32_to_f16(constants, halves, 2);
  write_place(block, place, scratch.codes.data(), code.groups(), halves, row);
}

void clear_neighbour(std::byte* block, std::size_t place, std::size_t groups) noexcept {
  constexpr std::uint8_t kNothing[simd::kMaxGroups] = {};
  write_place(block, place, kNothing, groups, {kInfiniteOffset, 0}, kNoRow);
}

void copy_neighbour(const std::byte* from_block, std::size_t from, std::byte* to_block, std::size_t to,
                    std::size_t groups) noexcept {
  std::uint8_t codes[simd::kMaxGroups];
  for (std::size_t g = 0; g < groups; ++g) {
    const auto both = static_cast<std::uint8_t>(from_block[g * 16 + from % 16]);
    codes[g] = static_cast<std::uint8_t>(from < 16 ? both & 15U : both >> 4U);
  }
  std::uint16_t halves[2];
  std::memcpy(&halves[0], from_block + simd::block_offsets_at(groups) + 2 * from, 2);
  std::memcpy(&halves[1], from_block + simd::block_slopes_at(groups) + 2 * from, 2);
  write_place(to_block, to, codes, groups, halves, neighbour_row(from_block, from, groups));
}

}  // namespace quiver::internal
