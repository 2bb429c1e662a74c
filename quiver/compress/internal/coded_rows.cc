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
  return coder_->scorer(input.floats(0, 1, scratch).row(0), rows_);
}

void CodedRows::decode_range(std::size_t first, std::size_t count, float* out, std::size_t stride) const noexcept {
  for (std::size_t i = 0; i < count; ++i) coder_->decode(rows_.row(first + i), out + i * stride);
}

void CodedRows::save(ContainerWriter& writer, std::string_view prefix) const {
  save_codes(writer, prefix, spec(), space(), rows_);
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
  if (!done.has_value()) rows_.drop_last(input.rows());
  return done;
}

}  // namespace quiver::internal
