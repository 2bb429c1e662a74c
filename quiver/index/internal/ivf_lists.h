// IvfLists: what the lists of an inverted file hold, in one of two ways:
//
//   IvfBlocks (ivf_blocks.h)   4-bit codes of where a row lies from its list's centre, 32 rows at a time (pq(m,4))
//   IvfCodes (ivf_codes.h)     any Codes, the rows of a list side by side
//
//   lists->prepare(query, state);                                   // once a query; state.point is set
//   for (const Probe& probe : probes) lists->scan(probe, eligible, state);
//   state.found                                                     // the best of what was scanned, by position
//
// A *position* is where a row's codes stand: the rows that an index was built from stand list by list, so that reading
// a list is reading a piece of memory, or of a file, from front to back; rows added later follow in their order, until
// compact() deals all of them out list by list again.
//
// Invariants: what state.found holds after a set of lists does not depend on their order. Thread-safety: readers at
// once, each with its own state; append(), sweep() and compact() alone.
#pragma once
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "quiver/compress/quantizer.h"
#include "quiver/index/internal/eligible.h"
#include "quiver/index/internal/graph_space.h"
#include "quiver/index/internal/ivf_partition.h"
#include "quiver/index/internal/neighbour_code.h"
#include "quiver/index/internal/reservoir.h"

namespace quiver::internal {

// What one query carries from list to list.
struct IvfQuery {
  IvfPartition::Scratch partition;
  const float* point = nullptr;    // the query as a short point
  std::vector<Probe> probes;       // the lists to scan
  NeighbourCode::Scratch tables;   // of point, for IvfBlocks
  std::unique_ptr<Scorer> scorer;  // of the query, for IvfCodes
  std::vector<float> distances;
  std::vector<std::uint32_t> chosen;
  Reservoir found;
};

class IvfLists {
 public:
  virtual ~IvfLists() = default;
  std::span<const std::uint32_t> sizes() const noexcept { return sizes_; }  // rows in each list, removed ones included
  virtual std::size_t bytes() const noexcept = 0;                           // exact, of all lists
  virtual std::size_t bytes_per_row() const noexcept = 0;                   // about, for statistics
  virtual const Codes* codes() const noexcept { return nullptr; }           // by position, where lists hold Codes

  // Errors: of Codes::scorer.
  virtual Result<void> prepare(TypedView query, IvfQuery& state) const = 0;
  // Offers to state.found the rows of a list that `eligible` allows, which is asked about positions.
  virtual void scan(const Probe& probe, const Eligible& eligible, IvfQuery& state) const = 0;
  // Asks for the first bytes of a list that scan() will read next.
  virtual void prefetch(std::size_t list) const noexcept = 0;

  // Rows behind the last position; lists_of[i] is the list of row i. Nothing changes when it fails.
  virtual Result<void> append(const RowsView& rows, MatrixView points, std::span<const std::uint32_t> lists_of) = 0;
  // Forgets the positions that `gone` names, where that frees room.
  virtual void sweep(const std::function<bool(std::uint32_t)>& gone) = 0;
  // Forgets them altogether and moves the other positions together, list by list, those of a list in their order:
  // position i is what was position answer[i].
  virtual std::vector<std::uint32_t> compact(const std::function<bool(std::uint32_t)>& gone) = 0;
  virtual void save(ContainerWriter& writer) const = 0;

 protected:
  std::vector<std::uint32_t> sizes_;
};

}  // namespace quiver::internal
