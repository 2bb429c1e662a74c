// Quantizers: vectors become codes, codes give distances and come back as vectors. Three parts that know one another:
//
//   Quantizer   learns what all rows share (a mean, codebooks) and encodes rows
//   Codes       hold encoded rows, grow by append, decode, are saved and mapped again
//   Scorer      one prepared query against Codes: a distance costs one kernel over the codes, no decoding
//
//   QUIVER_TRY(auto quantizer, make_quantizer(*QuantizerSpec::parse("lvq(8)"), space));      // spec.h
//   QUIVER_TRY(quantizer->fit(base, {}, run));
//   QUIVER_TRY(auto codes, quantizer->encode(base, run));
//   QUIVER_TRY(auto scorer, codes->scorer(query));   scorer->score(rows, distances);
//
// Invariants, checked for every quantizer by tests/property/quantizers_test.cc:
//   - score(row) is the distance of the space's metric between the query and decode(row), within error_bound();
//   - a row's code and distance do not depend on its neighbours, on threads, or on whether it was encoded or appended;
//   - save then load gives the same bytes; bytes() is exact.
// Thread-safety: reading from many threads; fit, append: one owner. Costs are stated by each quantizer.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "quiver/core/container.h"
#include "quiver/core/matrix.h"
#include "quiver/core/result.h"
#include "quiver/core/rows.h"
#include "quiver/core/run.h"
#include "quiver/core/space.h"

namespace quiver {

class Projection;

// One query, prepared. Lives no longer than the Codes it was made from; they must not grow meanwhile.
class Scorer {
 public:
  virtual ~Scorer() = default;
  // distances[i] = distance to row rows[i]. Requires: every row < Codes::rows().
  virtual void score(std::span<const std::uint32_t> rows, float* distances) const noexcept = 0;
  // The same for rows first .. first + count - 1: a scan. Equal to score() bit for bit.
  virtual void score_range(std::size_t first, std::size_t count, float* distances) const noexcept = 0;
  // Of the same rows those no further than `most`: chosen[i] counts from `first` and rises, distances[i] is that of
  // score_range(). Returns how many; both have room for `count`. What a scan for near rows asks.
  virtual std::size_t score_below(std::size_t first, std::size_t count, float most, std::uint32_t* chosen,
                                  float* distances) const noexcept;
  // The distance given for a row whose decoded length is 0 or within [shortest, longest] is no further than this from
  // the distance that exact arithmetic gives for the decoded row. Infinity where nothing can be promised.
  virtual double error_bound(double shortest, double longest) const noexcept = 0;
};

class Codes {
 public:
  virtual ~Codes() = default;
  virtual std::string spec() const = 0;             // "lvq(8)": what QuantizerSpec::parse reads
  virtual const Space& space() const noexcept = 0;  // the rows' space; its metric is what scorers compute
  virtual std::size_t rows() const noexcept = 0;
  virtual std::size_t bytes_per_row() const noexcept = 0;  // exact: code, constants and alignment of one row
  virtual std::size_t bytes() const noexcept = 0;          // exact: rows() * bytes_per_row() + what rows share

  // Requires nothing of the query but one row. Errors: not dense, other dims, NaN or infinity.
  virtual Result<std::unique_ptr<Scorer>> scorer(const RowsView& query) const = 0;
  // Encodes more rows behind the last. Nothing changes when it fails. Errors: as encode().
  virtual Result<void> append(const RowsView& rows) = 0;
  // Room for so many rows in all, so that appending up to them copies nothing. May do nothing.
  virtual void reserve(std::size_t rows) { static_cast<void>(rows); }
  // Forgets the rows from `rows` on. Requires: rows <= rows().
  virtual void truncate(std::size_t rows) noexcept = 0;
  // Row `to` becomes a copy of row `from`, where it lies: its place is used again. Requires: both < rows().
  virtual void overwrite(std::size_t to, std::size_t from) = 0;
  // Forgets all rows but these, and the memory they took; rows[i] becomes row i. Requires: each < rows().
  virtual void keep(std::span<const std::uint32_t> rows) = 0;
  // Decoded rows; row i goes to out + i * stride. Requires: first + count <= rows().
  virtual void decode_range(std::size_t first, std::size_t count, float* out, std::size_t stride) const noexcept = 0;
  void decode(std::span<const std::uint32_t> rows, Matrix& out) const;  // out becomes (rows, dims)
  // The decoded rows where they lie, if they are stored as floats; else an empty view.
  virtual MatrixView dense() const noexcept { return {}; }
  // True if a matrix product over decoded rows beats the scorers for a large batch, and bounds their distances.
  virtual bool floats() const noexcept = 0;

  // The same rows by a coarser level of these codes, to search by before these order what was found (two_level.h).
  // Lives and grows with them. Null where there is one level.
  virtual const Codes* first_level() const noexcept { return nullptr; }
  // Where these are codes of short vectors behind a linear map (shortened.h): those codes and the map, for a search
  // whose hits finer codes order. In the short space rows meet rows without the map, and queries by something close to
  // it.
  struct Brief {
    const Codes* codes = nullptr;  // null elsewhere
    const Projection* map = nullptr;
  };
  virtual Brief brief() const noexcept { return {}; }

  // Lays rows out for score_below(), where that is to be gained (4-bit product codes: FastScan); single rows are
  // reached more slowly then. Distances and bytes stay as they are.
  virtual void arrange_for_scans() {}
  virtual bool arranged_for_scans() const noexcept { return false; }

  // Asks for the memory of rows that a scorer will soon read. May do nothing.
  virtual void prefetch(std::span<const std::uint32_t> rows) const noexcept { static_cast<void>(rows); }

  // Adds sections whose names begin with `prefix`. The bytes are borrowed: *this must live until writer.save().
  virtual void save(ContainerWriter& writer, std::string_view prefix) const = 0;
};

class Quantizer {
 public:
  virtual ~Quantizer() = default;
  virtual std::string spec() const = 0;
  virtual const Space& space() const noexcept = 0;
  // Learns from (a sample of) the base; `queries` may be empty. Not needed by quantizers that learn nothing.
  virtual Result<void> fit(MatrixView base, MatrixView queries, Run& run) = 0;
  // Errors: Unsupported (not dense), InvalidArgument (other dims; NaN or infinity: row and column are named; more than
  // 2^32 - 1 rows), FailedPrecondition (fit first), Cancelled.
  virtual Result<std::unique_ptr<Codes>> encode(const RowsView& base, Run& run) const = 0;
  virtual void save(ContainerWriter& writer, std::string_view prefix) const = 0;
};

// What save() wrote, mapped: rows stay in the file until append() copies them. Errors: Corruption (sections that do not
// agree with each other), Unsupported (a quantizer this build does not know).
Result<std::unique_ptr<Codes>> load_codes(const Container& file, std::string_view prefix);
Result<std::unique_ptr<Quantizer>> load_quantizer(const Container& file, std::string_view prefix);

}  // namespace quiver
