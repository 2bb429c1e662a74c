// IvfCodes: lists of rows as any Codes hold them. The rows an index was built from stand list by list, so that a list
// is a range to scan; the positions of rows added later are listed.
//
//   IvfCodes lists(codes, sizes);                 // codes->rows() == sum of sizes: the rows, list by list
//
// A removed row stays in its range, and is skipped; one that was added is forgotten by sweep(). Sections `ivf/sizes`,
// `ivf/added`, `codes/...`: docs/reference/formats/index.md. Thread-safety: as IvfLists. Cost: Codes, and 4 bytes a row
// added later.
#pragma once
#include "quiver/index/internal/ivf_lists.h"

namespace quiver::internal {

class IvfCodes final : public IvfLists {
 public:
  IvfCodes(std::unique_ptr<Codes> codes, std::span<const std::uint32_t> sizes);
  // Errors: of load_codes, Corruption.
  static Result<std::unique_ptr<IvfLists>> open(const Container& file, std::size_t lists, std::size_t positions);

  std::size_t bytes() const noexcept override { return codes_->bytes() + 4 * added_.size(); }
  std::size_t bytes_per_row() const noexcept override { return codes_->bytes_per_row(); }
  const Codes* codes() const noexcept override { return codes_.get(); }
  Result<void> prepare(TypedView query, IvfQuery& state) const override;
  void scan(const Probe& probe, const Eligible& eligible, IvfQuery& state) const override;
  void prefetch(std::size_t list) const noexcept override;
  Result<void> append(const RowsView& rows, MatrixView points, std::span<const std::uint32_t> lists_of) override;
  void sweep(const std::function<bool(std::uint32_t)>& gone) override;
  std::vector<std::uint32_t> compact(const std::function<bool(std::uint32_t)>& gone) override;
  void save(ContainerWriter& writer) const override;

 private:
  std::unique_ptr<Codes> codes_;
  std::vector<std::uint32_t> built_;               // rows of each list that stand side by side
  std::vector<std::size_t> begins_;                // the position of each list's first row
  std::vector<std::vector<std::uint32_t>> later_;  // positions of each list's other rows
  std::vector<std::uint32_t> added_;               // the list of every row added, in order
};

}  // namespace quiver::internal
