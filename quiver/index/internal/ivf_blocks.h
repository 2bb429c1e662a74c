// IvfBlocks: lists of rows in the FastScan layout. A row u of the list with centre c is a 4-bit product code of the
// direction (u - c) / |u - c|, with an offset and a slope, in blocks of 32 (neighbour_block.h, simd/neighbours.h):
//
//   |q - u|^2  ~  |q - c|^2 + offset_u + slope_u * <q, x_u>,      x_u the decoded direction
//
// Codes are of residuals, yet <q, x> is a sum of table entries that do not depend on the list: a query makes its tables
// once (16 * dims products) for however many lists, where residual codes as in Jegou et al. (PAMI 2011) need tables a
// list. The division by <x, o> in the slope makes the estimate unbiased (RaBitQ, Gao and Long, SIGMOD 2024).
//
//   IvfBlocks lists(code, std::move(counts));                            // room for the rows of each list
//   lists.begin(list, scratch);                                          // when building, place by place
//   lists.put(list, place, position, point, scratch);
//
// Lists lie one behind another in one piece of memory or file, a list that changes moves to memory of its own.
// Sections `ivf/sizes`, `ivf/blocks`, `ivf/starts`, `ivf/centroids`: docs/reference/formats/index.md.
// Thread-safety: as IvfLists; put() from many threads for different lists. Cost: groups / 2 + 8 bytes a row.
#pragma once
#include "quiver/index/internal/ivf_lists.h"
#include "quiver/index/internal/neighbour_block.h"

namespace quiver::internal {

class IvfBlocks final : public IvfLists {
 public:
  IvfBlocks(std::shared_ptr<const IvfPartition> partition, NeighbourCode code, std::vector<std::uint32_t> sizes);
  // Errors: Corruption. `positions`: how many there are.
  static Result<std::unique_ptr<IvfLists>> open(const Container& file, std::shared_ptr<const IvfPartition> partition,
                                                std::size_t positions);

  // The rows of a list follow, by put().
  void begin(std::size_t list, NeighbourScratch& scratch) const noexcept {
    code_.products(partition_->centre(list).data(), scratch.centre);
  }
  void put(std::size_t list, std::size_t place, std::uint32_t position, const float* point, NeighbourScratch& scratch);

  std::size_t bytes() const noexcept override;
  std::size_t bytes_per_row() const noexcept override { return code_.groups() / 2 + 8; }
  Result<void> prepare(TypedView query, IvfQuery& state) const override;
  void scan(const Probe& probe, const Eligible& eligible, IvfQuery& state) const override;
  void prefetch(std::size_t list) const noexcept override;
  Result<void> append(const RowsView& rows, MatrixView points, std::span<const std::uint32_t> lists_of) override;
  void sweep(const std::function<bool(std::uint32_t)>& gone) override;
  std::vector<std::uint32_t> compact(const std::function<bool(std::uint32_t)>& gone) override;
  void save(ContainerWriter& writer) const override;

 private:
  struct List {
    const std::byte* data = nullptr;
    std::size_t room = 0;  // blocks
    AlignedBytes own;      // after its first change
  };
  explicit IvfBlocks(std::shared_ptr<const IvfPartition> partition) : partition_(std::move(partition)) {}
  std::size_t block_bytes() const noexcept { return simd::block_bytes(code_.groups()); }
  std::size_t lay_out(const std::byte* first);  // returns the bytes that lists of sizes_ take
  std::byte* built_list(std::size_t list) noexcept { return built_.data() + (lists_[list].data - built_.data()); }
  std::byte* writable(std::size_t list, std::size_t blocks);

  std::shared_ptr<const IvfPartition> partition_;
  NeighbourCode code_;
  std::vector<List> lists_;
  AlignedBytes built_;                 // where lists lie that were built and have not changed
  std::shared_ptr<const void> owner_;  // of a mapping
  bool from_disk_ = false;
  std::uint32_t positions_ = 0;
};

}  // namespace quiver::internal
