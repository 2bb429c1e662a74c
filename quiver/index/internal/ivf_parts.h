// IvfParts: what an inverted file is made of, how it is learned, filled and stored.
//
//   short_space   where centres live and residuals are coded (graph_space.h)
//   partition     the centres (ivf_partition.h)
//   lists         the codes that choose candidates (ivf_lists.h)
//   fine          the codes that order them, by position; null if the lists' own distances are final
//   order         order[p] is the row at position p, for rows the index was built or compacted from; later ones stand
//                 where they are
//
//   QUIVER_TRY(IvfParts parts, build_ivf(spec, input, space, sample_queries, run));      // spec: completed
//
// Building looks at a sample of the rows to learn, then at all of them twice, kChunk at a time: once to find each row's
// list, once, list by list, to encode. Rows as floats are held for a chunk and the sample only, so what a build needs
// in memory is the index, the sample and 12 bytes a row; the rows themselves may be a mapped file.
// Thread-safety: immutable but for add() and keep(). Cost: k-means on 64 rows a list, then lists * dims products a row.
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "quiver/compress/dense_input.h"
#include "quiver/index/internal/index_file.h"
#include "quiver/index/internal/ivf_lists.h"
#include "quiver/index/spec.h"

namespace quiver::internal {

// True for pq(m,4): lists in the FastScan layout rather than Codes.
bool is_fast_scan(const QuantizerSpec& codes) noexcept;

struct IvfParts {
  GraphSpace short_space;
  std::shared_ptr<const IvfPartition> partition;
  std::unique_ptr<IvfLists> lists;
  std::unique_ptr<Codes> fine;
  std::span<const std::uint32_t> order;

  std::size_t positions() const noexcept { return exact().rows(); }
  std::uint32_t row_at(std::uint32_t position) const noexcept {
    return position < order.size() ? order[position] : position;
  }
  // The finest codes there are, by position.
  const Codes& exact() const noexcept { return fine != nullptr ? *fine : *lists->codes(); }
  std::size_t bytes() const noexcept {
    return short_space.bytes() + partition->bytes() + lists->bytes() + (fine ? fine->bytes() : 0) + order.size_bytes();
  }
  Result<void> add(const RowsView& rows, const DenseInput& input);  // nothing changes when it fails
  // Only these rows stay, which rise; rows[i] becomes row i.
  void keep(std::span<const std::uint32_t> rows);
  void save(ContainerWriter& writer) const;

  std::vector<std::uint32_t> own_order;  // what `order` views, unless a file
  std::shared_ptr<const void> owner;     // of the file
};

// Completes what the spec leaves open, in place: the numbers of lists and dimensions, codes, rerank.
// Errors: InvalidArgument, of the quantizers and projections, Cancelled.
Result<IvfParts> build_ivf(IndexSpec& spec, const DenseInput& rows, const Space& space, MatrixView sample_queries,
                           Run& run);
Result<IvfParts> open_ivf(const IndexSpec& spec, const Container& file, const IndexHeader& header);

}  // namespace quiver::internal
