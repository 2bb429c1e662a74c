// Index: finds the rows nearest to a query. Rows are numbers 0 .. size()-1 in the order they were added; names, payload
// and text belong to the caller.
//
//   QUIVER_TRY(auto index, build_index(*IndexSpec::parse("flat + lvq(8) + rerank(f32)"), rows, {}, run));   // spec.h
//   QUIVER_TRY(Hits hits, index->search_batch(queries, {.k = 10}, run));
//   for (const Hit& hit : hits.of(0)) ...                            // closest first; distance: smaller is closer
//   QUIVER_TRY(index->save("words.qvi"));  QUIVER_TRY(auto again, open_index("words.qvi"));
//
// Invariants
//   - Hits are ordered by distance, then by row. k is cut to the rows there are; fewer come back only if fewer rows
//     are alive and allowed. A removed row is never a hit and its number is not used again before compact().
//   - The answer does not depend on threads, on the batch a query came in, or on whether the index was built or opened.
// Thread-safety: many readers, each with a Scratch of its own; add(), remove() and compact() have one owner and no
// readers. Errors of every search: InvalidArgument (another form, other dims, NaN or infinity in a query: named),
// Cancelled.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/core/rows.h"
#include "quiver/core/run.h"
#include "quiver/core/space.h"
#include "quiver/core/top_k.h"
#include "quiver/index/visited.h"

namespace quiver {

class RowFilter {
 public:
  virtual ~RowFilter() = default;
  virtual bool allows(std::uint32_t row) const noexcept = 0;  // from several threads at once
  virtual double selectivity() const noexcept = 0;            // about which part of the rows is allowed, 0 .. 1
};

struct SearchParams {
  std::uint32_t k = 10;
  std::uint32_t rerank = 0;  // candidates scored again by the finer codes; 0: max(4 k, 64)
  float recall = 0;  // the part of the true k an approximate index should find, as it calibrated itself; 0: its own
  std::uint32_t effort = 0;  // candidates a walk through a graph keeps; more find more; 0: the index's own, max(k, 64)
  const RowFilter* filter = nullptr;
};

struct SearchStats {
  std::uint64_t distances = 0;   // rows scored, by whatever codes
  std::uint64_t reranked = 0;    // of these, by the finer codes
  std::uint64_t bytes_read = 0;  // of codes
  std::uint64_t hops = 0;        // rows whose neighbours a walk read
  float expected_recall = 0;  // of its finest codes' neighbours, at this effort when it calibrated itself; 0: not known
  std::string_view plan;      // "scan", "filter first", "matrix product", "inverted lists", "walk"

  // What one thread of a search counted joins the others'; plan and expectation stay.
  void add_counts(const SearchStats& part) noexcept {
    distances += part.distances;
    reranked += part.reranked;
    bytes_read += part.bytes_read;
    hops += part.hops;
  }
};

// Hits of a batch: query i owns hits[i * k .. i * k + counts[i]).
struct Hits {
  std::uint32_t k = 0;
  std::vector<Hit> hits;
  std::vector<std::uint32_t> counts;
  std::size_t queries() const noexcept { return counts.size(); }
  std::span<const Hit> of(std::size_t query) const { return {hits.data() + query * k, counts[query]}; }
};

// Memory that searches reuse, and the threads one search may use. One per reader.
class Scratch {
 public:
  struct Worker {
    std::vector<float> floats;
    std::vector<std::uint32_t> numbers;
    std::vector<Hit> hits;
    Visited visited;
    std::shared_ptr<void> own;   // whatever one kind of index keeps between searches, good for all of that kind
    const void* kind = nullptr;  // an address that stands for the kind of `own`
  };
  explicit Scratch(Threads* threads = nullptr) : threads_(threads) {}  // nullptr: the calling thread alone
  Threads* threads() const noexcept { return threads_; }
  Worker& worker(unsigned number);  // stays where it is. Not from two threads at once

 private:
  Threads* threads_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

class Index {
 public:
  virtual ~Index() = default;
  virtual const Space& space() const noexcept = 0;
  virtual std::string spec() const = 0;            // what IndexSpec::parse reads
  virtual std::size_t size() const noexcept = 0;   // rows ever added: one above the largest row number
  virtual std::size_t live() const noexcept = 0;   // rows not removed
  virtual std::size_t bytes() const noexcept = 0;  // memory or mapped file that searches read, exact

  virtual Result<void> add(const RowsView& rows) = 0;
  // Errors: NotFound for a row that does not exist or is removed already; then nothing is removed.
  virtual Result<void> remove(std::span<const std::uint32_t> rows) = 0;
  // Gives back the memory of removed rows and numbers the others anew, 0 .. live()-1 in their former order: the
  // answer's i-th number is what row i was called before. Errors: Cancelled; then nothing is changed.
  virtual Result<std::vector<std::uint32_t>> compact(Run& run) = 0;

  // One query; writes at most k hits and returns how many. Requires: out.size() >= min(params.k, size()).
  virtual Result<std::size_t> search(const RowsView& query, const SearchParams& params, Scratch& scratch,
                                     std::span<Hit> out, SearchStats* stats = nullptr) const = 0;
  // Many queries at once on run.threads(); stops with Cancelled at the run's deadline.
  virtual Result<Hits> search_batch(const RowsView& queries, const SearchParams& params, Run& run,
                                    SearchStats* stats = nullptr) const = 0;

  // A container of kind "index"; bytes in docs/reference/formats/index.md.
  virtual Result<void> save(const std::filesystem::path& path) const = 0;
};

// The queries as this index takes them, after the check that both live in comparable spaces: queries of a longer space
// are cut to the prefix the index holds. Errors: those of comparable(); Unsupported if the index holds more
// coordinates.
Result<RowsView> queries_for(const Index& index, const Rows& queries);

}  // namespace quiver
