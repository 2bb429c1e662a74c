// CodedRows: the Codes of a Coder, and the loop that encodes rows on threads, which two-level codes share.
//
//   auto codes = std::make_unique<CodedRows>(coder, RowStore(coder->stride()));
//   QUIVER_TRY(codes->append(input, &run));                     // input: checked rows (dense_input.h)
//
// Once arranged for scans, rows lie in blocks (row_blocks.h) and stay so, through changes, saving and loading.
//
// Thread-safety: as Codes.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "quiver/compress/coder.h"
#include "quiver/compress/dense_input.h"

namespace quiver::internal {

// Encodes row i of an input; false if its squared length overflows. One per thread, with scratch of its own.
using EncodeRow = std::function<bool(std::size_t i, std::span<const float> row)>;

// Every row of `input` through an encoder of `make`, on run's threads (null: the calling one).
// Errors: InvalidArgument naming the first row that is too long, Cancelled. `spec` is for the message.
Result<void> encode_rows(const DenseInput& input, const std::string& spec, Run* run,
                         const std::function<EncodeRow()>& make);

void save_shared(ContainerWriter& writer, std::string_view prefix, const Coder& coder);
std::size_t shared_bytes(const Coder& coder);

class CodedRows final : public Codes {
 public:
  // in_blocks: whole blocks of `rows` are packed, as coder->blocks() says.
  CodedRows(CoderPtr coder, RowStore rows, bool in_blocks = false)
      : coder_(std::move(coder)), rows_(std::move(rows)), blocks_(in_blocks ? coder_->blocks() : std::nullopt) {}

  std::string spec() const override { return coder_->spec(); }
  const Space& space() const noexcept override { return coder_->space(); }
  std::size_t rows() const noexcept override { return rows_.rows(); }
  std::size_t bytes_per_row() const noexcept override { return rows_.stride(); }
  std::size_t bytes() const noexcept override { return rows_.bytes().size() + shared_bytes(*coder_); }
  bool floats() const noexcept override { return coder_->floats(); }
  const RowStore& stored() const noexcept { return rows_; }

  Result<std::unique_ptr<Scorer>> scorer(const RowsView& query) const override;
  void decode_range(std::size_t first, std::size_t count, float* out, std::size_t stride) const noexcept override;
  void save(ContainerWriter& writer, std::string_view prefix) const override;
  void prefetch(std::span<const std::uint32_t> rows) const noexcept override {
    if (!blocks_) rows_.prefetch(rows);  // of a block, a row has a little of each line
  }
  void arrange_for_scans() override;
  bool arranged_for_scans() const noexcept override { return blocks_.has_value(); }
  void reserve(std::size_t rows) override { rows_.reserve(rows); }
  void truncate(std::size_t rows) noexcept override;
  void overwrite(std::size_t to, std::size_t from) override;
  void keep(std::span<const std::uint32_t> rows) override;
  Result<void> append(const RowsView& rows) override;
  Result<void> append(const DenseInput& input, Run* run);

 private:
  bool is_packed(std::size_t row) const noexcept {
    return blocks_ && row / RowBlocks::kRows < rows_.rows() / RowBlocks::kRows;
  }
  const std::byte* block_of(std::size_t row) const noexcept { return rows_.row(row - row % RowBlocks::kRows); }
  // Row i one byte behind another: where it lies, or in `memory`.
  const std::byte* row(std::size_t i, std::vector<std::byte>& memory) const;
  void pack_behind(std::size_t rows);  // all blocks but those that so many rows filled

  CoderPtr coder_;
  RowStore rows_;
  std::optional<RowBlocks> blocks_;  // if whole blocks are packed
};

}  // namespace quiver::internal
