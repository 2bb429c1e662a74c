// Neighbour blocks on Arm: a group a load, one look-up for the low codes and one for the high ones, widened into sums
// of 16 bits as they are added.
#if defined(__aarch64__)
#include <arm_neon.h>

#include "quiver/simd/internal/keep_below_inl.h"
#include "quiver/simd/internal/levels.h"
#include "quiver/simd/neighbours.h"

namespace quiver::simd {
namespace {

// One bit a lane of 32 comparisons, which are vectors of lanes that are all ones or all zeros.
inline std::uint32_t lane_bits(const uint16x8_t (&lanes)[4]) noexcept {
  const auto narrow = [&](int i) {
    const uint8x8_t weights = vcreate_u8(0x8040201008040201);
    return vandq_u8(vmovn_high_u16(vmovn_u16(lanes[i]), lanes[i + 1]), vcombine_u8(weights, weights));
  };
  uint8x16_t bits = vpaddq_u8(narrow(0), narrow(2));
  bits = vpaddq_u8(bits, bits);
  bits = vpaddq_u8(bits, bits);
  return vgetq_lane_u32(vreinterpretq_u32_u8(bits), 0);
}
inline std::uint32_t lane_bits(const uint32x4_t (&lanes)[8]) noexcept {
  uint16x8_t narrow[4];
  for (int i = 0; i < 4; ++i) narrow[i] = vmovn_high_u32(vmovn_u32(lanes[2 * i]), lanes[2 * i + 1]);
  return lane_bits(narrow);
}

struct Sums {
  uint16x8_t of[4];  // eight neighbours each
};

inline Sums sums_of(const std::byte* block, const std::uint8_t* tables, std::size_t groups) noexcept {
  uint16x8_t sums[4] = {vdupq_n_u16(0), vdupq_n_u16(0), vdupq_n_u16(0), vdupq_n_u16(0)};
  for (std::size_t g = 0; g < groups; ++g) {
    const uint8x16_t codes = vld1q_u8(reinterpret_cast<const std::uint8_t*>(block + 16 * g));
    const uint8x16_t entries = vld1q_u8(tables + 16 * g);
    const uint8x16_t a = vqtbl1q_u8(entries, vandq_u8(codes, vdupq_n_u8(15)));
    const uint8x16_t b = vqtbl1q_u8(entries, vshrq_n_u8(codes, 4));
    sums[0] = vaddw_u8(sums[0], vget_low_u8(a));
    sums[1] = vaddw_high_u8(sums[1], a);
    sums[2] = vaddw_u8(sums[2], vget_low_u8(b));
    sums[3] = vaddw_high_u8(sums[3], b);
  }
  return {{sums[0], sums[1], sums[2], sums[3]}};
}

std::uint32_t code_sums(const std::byte* codes, const std::uint8_t* entries, std::size_t groups, std::uint16_t limit,
                        std::uint16_t* sums) noexcept {
  const Sums all = sums_of(codes, entries, groups);
  uint16x8_t within[4];
  for (int part = 0; part < 4; ++part) {
    vst1q_u16(sums + 8 * part, all.of[part]);
    within[part] = vcleq_u16(all.of[part], vdupq_n_u16(limit));
  }
  return lane_bits(within);
}

std::uint32_t neighbour_scan(const std::byte* block, const NeighbourTables& tables, float base, float below,
                             float* out) noexcept {
  const Sums sums = sums_of(block, tables.entries, tables.groups);
  const auto* offsets = reinterpret_cast<const std::uint16_t*>(block + block_offsets_at(tables.groups));
  const auto* slopes = reinterpret_cast<const std::uint16_t*>(block + block_slopes_at(tables.groups));
  const auto half = [](const std::uint16_t* p) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p))); };
  const float32x4_t scale = vdupq_n_f32(tables.scale), bias = vdupq_n_f32(tables.bias), start = vdupq_n_f32(base),
                    limit = vdupq_n_f32(below);
  uint32x4_t closer[8];
  for (int part = 0; part < 8; ++part) {
    const uint16x8_t both = sums.of[part / 2];
    const uint32x4_t sum = part % 2 == 0 ? vmovl_u16(vget_low_u16(both)) : vmovl_high_u16(both);
    const float32x4_t dot = vaddq_f32(vmulq_f32(vcvtq_f32_u32(sum), scale), bias);
    const float32x4_t distance =
        vaddq_f32(vaddq_f32(start, half(offsets + 4 * part)), vmulq_f32(half(slopes + 4 * part), dot));
    vst1q_f32(out + 4 * part, distance);
    closer[part] = vcltq_f32(distance, limit);
  }
  return lane_bits(closer);
}

// Where of 16 places the largest first stands, by the number of each place where it is and 16 where it is not.
void nearest_of(const float* values, const float* half_norms, std::size_t groups, std::uint8_t* codes) noexcept {
  const std::uint32_t counted[4] = {0, 1, 2, 3};
  const uint32x4_t places = vld1q_u32(counted), nowhere = vdupq_n_u32(16);
  for (std::size_t g = 0; g < groups; ++g, values += kGroupCentroids, half_norms += kGroupCentroids) {
    float32x4_t nearness[4];
    for (int i = 0; i < 4; ++i) nearness[i] = vsubq_f32(vld1q_f32(values + 4 * i), vld1q_f32(half_norms + 4 * i));
    const float32x4_t highs = vmaxq_f32(vmaxq_f32(nearness[0], nearness[1]), vmaxq_f32(nearness[2], nearness[3]));
    const float32x4_t most = vdupq_n_f32(vmaxvq_f32(highs));
    uint32x4_t first = nowhere;
    for (std::uint32_t i = 0; i < 4; ++i) {
      const uint32x4_t place = vaddq_u32(places, vdupq_n_u32(4 * i));
      first = vminq_u32(first, vbslq_u32(vceqq_f32(nearness[i], most), place, nowhere));
    }
    codes[g] = static_cast<std::uint8_t>(vminvq_u32(first) & 15);
  }
}

}  // namespace

void fill_neighbours_neon(Kernels& table) noexcept {
  table.neighbour_scan = &neighbour_scan;
  table.code_sums = &code_sums;
  table.keep_below = &keep_below;
  table.nearest_codes = &nearest_of;
}

}  // namespace quiver::simd
#endif
