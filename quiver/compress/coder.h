// Coder: the part of a quantizer that differs from the others: what it learns, how one row becomes bytes and comes
// back, and how a prepared query meets those bytes. What all share is written once, in coder.cc: checking rows,
// encoding on threads, append, saving and mapping. A new quantizer is one Coder and one row in spec.cc.
//
//   class Mine final : public Coder { ... };
//   std::unique_ptr<Quantizer> quantizer = quantizer_of(std::make_shared<Mine>(space));
//
// Invariants: a Coder never changes; fit() and load() return another, which Codes share. encode() depends on the row
// alone. decode() and scorer() agree as compress/quantizer.h says.
// Thread-safety: immutable; encode() is called from several threads, each with a scratch of its own.
#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/compress/internal/row_blocks.h"
#include "quiver/compress/internal/row_store.h"
#include "quiver/compress/quantizer.h"

namespace quiver {

class Coder;
using CoderPtr = std::shared_ptr<const Coder>;

// One array that all rows share, as it is stored: section <prefix><name>.
struct SharedArray {
  std::string_view name;
  std::span<const std::byte> bytes;
};

// What encoding one row may write over.
struct CodingScratch {
  std::vector<float> first, second;
  std::vector<std::uint8_t> codes;
};

class Coder {
 public:
  explicit Coder(Space space) : space_(std::move(space)) {}
  virtual ~Coder() = default;
  const Space& space() const noexcept { return space_; }
  virtual std::string spec() const = 0;
  virtual std::size_t row_bytes() const noexcept = 0;  // constants and codes; rows are aligned by row_stride
  std::size_t stride() const noexcept { return internal::row_stride(row_bytes()); }

  // What was learned, in a fixed order; empty before fit(). Every coder shares something.
  virtual std::vector<SharedArray> shared() const = 0;
  virtual Result<CoderPtr> fit(MatrixView base, MatrixView queries, Run& run) const = 0;  // base: checked, finite
  virtual Result<CoderPtr> load(const Container& file, std::string_view prefix) const = 0;

  // These require a coder that learned. encode: `to` has stride() zeroed bytes; false if the row is too long to be
  // coded: its squared length overflows.
  virtual bool encode(std::span<const float> row, std::byte* to, CodingScratch& scratch) const = 0;
  virtual void decode(const std::byte* row, float* out) const noexcept = 0;
  virtual std::unique_ptr<Scorer> scorer(std::span<const float> query, const internal::RowStore& rows) const = 0;
  // Where rows end in 4-bit codes, blocks of them are scanned faster (internal/row_blocks.h): the layout, and a scorer
  // for rows of which all whole blocks are packed.
  virtual std::optional<internal::RowBlocks> blocks() const noexcept { return {}; }
  virtual std::unique_ptr<Scorer> block_scorer(std::span<const float>, const internal::RowStore&) const {
    return nullptr;
  }
  virtual bool floats() const noexcept { return true; }  // Codes::floats

 private:
  Space space_;
};

std::unique_ptr<Quantizer> quantizer_of(CoderPtr coder);
// `coder` has not learned: its load() reads the shared arrays.
Result<std::unique_ptr<Codes>> load_codes_of(const Coder& coder, const Container& file, std::string_view prefix);
Result<std::unique_ptr<Quantizer>> load_quantizer_of(const Coder& coder, const Container& file,
                                                     std::string_view prefix);

// For coders. The error where the space's metric is none of L2, Dot and Cosine.
Result<void> check_metric(std::string_view spec, const Space& space);
// Section <prefix><name> with exactly `count` finite floats. Errors: Corruption.
Result<std::vector<float>> read_shared(const Container& file, std::string_view prefix, std::string_view name,
                                       std::size_t count);
inline SharedArray shared_array(std::string_view name, std::span<const float> values) {
  return {name, std::as_bytes(values)};
}

}  // namespace quiver
