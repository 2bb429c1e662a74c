#include "quiver/compress/internal/coded_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>

#include "quiver/compress/internal/codes_file.h"

namespace quiver::internal {
namespace {
constexpr std::size_t kEncodeGrain = 256;  // rows that a thread takes at a time
}  // namespace

Result<void> encode_rows(const DenseInput& input, const std::string& spec, Run* run,
                         const std::function<EncodeRow()>& make) {
  std::atomic<std::size_t> refused{input.rows()};  // the first row that cannot be coded
  const auto encode = [&](std::size_t begin, std::size_t end, unsigned) {
    if (run != nullptr && run->stop()) return;
    Matrix widened;
    const EncodeRow encode_row = make();
    const MatrixView rows = input.floats(begin, end - begin, widened);
    for (std::size_t i = begin; i < end; ++i) {
      if (encode_row(i, rows.row(i - begin))) continue;
      std::size_t first = refused;
      while (i < first && !refused.compare_exchange_weak(first, i)) {
      }
    }
  };
  if (run != nullptr) {
    run->threads().parallel_for(input.rows(), kEncodeGrain, encode);
  } else if (input.rows() > 0) {
    encode(0, input.rows(), 0);
  }
  if (refused < input.rows()) {
    return Error::invalid_argument(
        fmt::format("encoding as {}: row {} is so long that its squared length overflows; scale the rows first", spec,
                    refused.load()));
  }
  if (run != nullptr && run->stop()) return run->stopped("encoding rows as " + spec);
  return {};
}

void save_shared(ContainerWriter& writer, std::string_view prefix, const Coder& coder) {
  for (const SharedArray& array : coder.shared()) {
    writer.add(std::string(prefix) + std::string(array.name), array.bytes);
  }
}

std::size_t shared_bytes(const Coder& coder) {
  std::size_t bytes = 0;
  for (const SharedArray& array : coder.shared()) bytes += array.bytes.size();
  return bytes;
}

Result<std::unique_ptr<Scorer>> CodedRows::scorer(const RowsView& query) const {
  QUIVER_TRY(const DenseInput input, DenseInput::of(query, space().dims, 0, "searching"));
  QUIVER_CHECK(input.rows() == 1);
  Matrix scratch;
  const auto floats = input.floats(0, 1, scratch).row(0);
  return blocks_ ? coder_->block_scorer(floats, rows_) : coder_->scorer(floats, rows_);
}

void CodedRows::decode_range(std::size_t first, std::size_t count, float* out, std::size_t stride) const noexcept {
  thread_local std::vector<std::byte> memory;
  for (std::size_t i = 0; i < count; ++i) coder_->decode(row(first + i, memory), out + i * stride);
}

const std::byte* CodedRows::row(std::size_t i, std::vector<std::byte>& memory) const {
  if (!is_packed(i)) return rows_.row(i);
  memory.resize(std::max(memory.size(), blocks_->stride));
  blocks_->take(block_of(i), i % RowBlocks::kRows, memory.data());
  return memory.data();
}

void CodedRows::pack_behind(std::size_t rows) {
  const std::size_t before = rows / RowBlocks::kRows, blocks = rows_.rows() / RowBlocks::kRows;
  if (before == blocks) return;
  std::byte* data = rows_.own();
  std::vector<std::byte> scratch;
  for (std::size_t b = before; b < blocks; ++b) {
    blocks_->pack(data + b * blocks_->bytes(), scratch);
  }
}

void CodedRows::arrange_for_scans() {
  if (blocks_) return;
  blocks_ = coder_->blocks();
  if (blocks_) pack_behind(0);
}

void CodedRows::truncate(std::size_t rows) noexcept {
  if (rows % RowBlocks::kRows != 0 && is_packed(rows)) {  // its block is whole no longer
    std::vector<std::byte> scratch;
    blocks_->unpack(rows_.own() + rows / RowBlocks::kRows * blocks_->bytes(), scratch);
  }
  rows_.drop_last(rows_.rows() - rows);
}

void CodedRows::overwrite(std::size_t to, std::size_t from) {
  if (!blocks_) return rows_.overwrite(to, from);
  std::byte* data = rows_.own();
  std::vector<std::byte> memory;
  const std::byte* copied = row(from, memory);
  if (is_packed(to)) {
    blocks_->put(copied, data + to / RowBlocks::kRows * blocks_->bytes(), to % RowBlocks::kRows);
  } else if (to != from) {
    std::memcpy(data + to * blocks_->stride, copied, blocks_->stride);
  }
}

void CodedRows::keep(std::span<const std::uint32_t> rows) {
  if (!blocks_) return rows_.keep(rows);
  RowStore kept(blocks_->stride);
  std::byte* to = kept.grow(rows.size());
  std::vector<std::byte> memory;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::memcpy(to + i * blocks_->stride, row(rows[i], memory), blocks_->stride);
  }
  rows_ = std::move(kept);
  pack_behind(0);
}

void CodedRows::save(ContainerWriter& writer, std::string_view prefix) const {
  save_codes(writer, prefix, spec(), space(), rows_, blocks_ ? kBlocksSection : kRowsSection);
  save_shared(writer, prefix, *coder_);
}

Result<void> CodedRows::append(const RowsView& rows) {
  QUIVER_TRY(const DenseInput input, DenseInput::of(rows, space().dims, rows_.rows(), "appending to " + spec()));
  return append(input, nullptr);
}

Result<void> CodedRows::append(const DenseInput& input, Run* run) {
  std::byte* to = rows_.grow(input.rows());
  std::fill_n(to, input.rows() * rows_.stride(), std::byte{0});  // room that truncate() gave back is not
  auto done = encode_rows(input, spec(), run, [&]() -> EncodeRow {
    return [this, to, scratch = CodingScratch()](std::size_t i, std::span<const float> row) mutable {
      return coder_->encode(row, to + i * rows_.stride(), scratch);
    };
  });
  if (!done.has_value()) {
    rows_.drop_last(input.rows());
  } else if (blocks_) {
    pack_behind(rows_.rows() - input.rows());
  }
  return done;
}

}  // namespace quiver::internal
