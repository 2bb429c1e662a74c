// Searcher: Quiver's own side of the protocol. `quiver bench answer` is a peer like the others: another process, the
// same files, the same clocks.
//
//   QUIVER_TRY(auto searcher, Searcher::open(files, {.spec = "graph", .mode = SearchMode::Batch}, run));
//   QUIVER_TRY(searcher->serve(std::cin, std::cout, run));
//
// An effort is the recall asked for in 1/10000: 9500 searches with recall = .95, as the index calibrated itself when it
// was built; nothing here sees a test query before it answers it. The index is kept at
// <cache>.quiver-<spec>-<program>.qvi, <program> being the digest of this very executable: another build never answers
// from it.
//
// Modes, for each kind of call there is: Batch hands all queries over at once; Single one after another. Rates are per
// CPU second of the process; p50 is the wall time of one call, for Batch the CPU time of one query.
// Thread-safety: one owner.
#pragma once
#include <filesystem>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>

#include "bench/search/protocol.h"
#include "bench/search/truth.h"
#include "quiver/core/rows.h"
#include "quiver/index/index.h"

namespace quiver::bench {

enum class SearchMode : std::uint8_t { Batch, Single };
std::string_view name_of(SearchMode mode) noexcept;  // "batch", "single"

struct SearchFiles {  // what every searcher is handed
  std::filesystem::path base{}, queries{}, truth{}, cache{};
  std::string data{};
  Metric metric = Metric::L2;
  std::uint32_t k = 10;
};
struct SearcherOptions {
  std::string spec = "graph";
  SearchMode mode = SearchMode::Batch;
  bool rebuild = false;
  std::filesystem::path sample{};  // queries that the index may learn from; never those that are timed
};

class Searcher {
 public:
  // Errors: of reading the files, of building the index; a truth of other queries, or of rows that are not there.
  static Result<std::unique_ptr<Searcher>> open(const SearchFiles& files, const SearcherOptions& options, Run& run);
  Ready ready() const;
  Result<Answer> ask(std::uint32_t effort, std::uint32_t repeats, Run& run);
  // Rows let through. An empty mask: all.
  Result<std::uint64_t> filter(const std::filesystem::path& mask, const std::filesystem::path& truth);
  // Until the end of `in`, or a line 0.
  Result<void> serve(std::istream& in, std::ostream& out, Run& run);
  const Index& index() const { return *index_; }
  MatrixView queries() const { return queries_.view(); }

 private:
  Searcher() = default;
  Result<void> judge_by(const std::filesystem::path& truth);
  Result<void> search_all(const SearchParams& params, std::vector<std::int32_t>& rows, std::vector<double>* seconds,
                          Run& run);
  SearchFiles files_;
  SearcherOptions options_;
  Matrix base_, queries_;
  std::unique_ptr<Index> index_;
  double build_cpu_seconds_ = 0;
  std::optional<RecallJudge> judge_;
  std::optional<Mask> mask_;
};

}  // namespace quiver::bench
