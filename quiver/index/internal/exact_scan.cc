#include "quiver/index/internal/exact_scan.h"

#include <algorithm>
#include <iterator>
#include <memory>

#include "quiver/index/internal/product_scan.h"

namespace quiver::internal {
namespace {
constexpr std::size_t kBlockRows = 256;                    // rows a kernel call scores: their distances stay in L1
constexpr std::size_t kPieceBytes = std::size_t{1} << 20;  // of codes a thread takes at a time
constexpr std::size_t kTileBytes = std::size_t{1} << 18;   // of codes scanned for all queries of a group: stay in L2
constexpr std::size_t kQueryGroup = 256;

std::size_t rows_in(std::size_t bytes, const Codes& codes) {
  return std::max(kBlockRows, bytes / codes.bytes_per_row() / kBlockRows * kBlockRows);
}

std::vector<std::uint32_t> listed(const Eligible& eligible, std::size_t begin, std::size_t end) {
  std::vector<std::uint32_t> rows;
  for (std::size_t row = begin; row < end; ++row) {
    if (eligible(row)) rows.push_back(static_cast<std::uint32_t>(row));
  }
  return rows;
}

// Scores rows first .. first + count - 1 and offers what may be a hit to `best`.
void scan_block(const Scorer& scorer, std::size_t first, std::size_t count, const Eligible& eligible,
                Scratch::Worker& memory, TopK& best) {
  memory.floats.resize(std::max(memory.floats.size(), count));
  memory.numbers.resize(std::max(memory.numbers.size(), count));
  const std::size_t found =
      scorer.score_below(first, count, best.threshold(), memory.numbers.data(), memory.floats.data());
  for (std::size_t i = 0; i < found; ++i) {
    const Hit hit{static_cast<std::uint32_t>(first + memory.numbers[i]), memory.floats[i]};
    // The filter is asked only about rows that are close enough.
    if (hit.distance <= best.threshold() && (eligible.all() || eligible(hit.row))) best.offer(hit);
  }
}

// A run of rows that a thread scores: all of them, or only those listed when few are eligible.
class Piece {
 public:
  Piece(std::size_t begin, std::size_t end, const Eligible& eligible) : begin_(begin), end_(end), eligible_(eligible) {
    if (eligible.rare()) listed_ = listed(eligible, begin, end);
  }
  void score(const Scorer& scorer, Scratch::Worker& memory, TopK& best) const {
    if (eligible_.rare()) {
      memory.floats.resize(std::max(memory.floats.size(), listed_.size()));
      scorer.score(listed_, memory.floats.data());
      for (std::size_t i = 0; i < listed_.size(); ++i) best.offer({listed_[i], memory.floats[i]});
      return;
    }
    for (std::size_t first = begin_; first < end_; first += kBlockRows) {
      scan_block(scorer, first, std::min(kBlockRows, end_ - first), eligible_, memory, best);
    }
  }
  std::size_t scored() const noexcept { return eligible_.rare() ? listed_.size() : end_ - begin_; }

 private:
  std::size_t begin_, end_;
  const Eligible& eligible_;
  std::vector<std::uint32_t> listed_;
};

std::vector<TopK> scan_group(const Codes& codes, std::span<const std::unique_ptr<Scorer>> scorers, std::size_t k,
                             const Eligible& eligible, Run& run, SearchStats& stats) {
  struct Worker {
    std::vector<TopK> best;  // per query, over this thread's tiles
    Scratch::Worker memory;
    std::uint64_t scored = 0;
  };
  std::vector<Worker> workers(run.threads().count());
  run.threads().parallel_for(codes.rows(), rows_in(kTileBytes, codes),
                             [&](std::size_t begin, std::size_t end, unsigned number) {
                               if (run.stop()) return;
                               Worker& w = workers[number];
                               if (w.best.empty()) w.best.assign(scorers.size(), TopK(k));
                               const Piece piece(begin, end, eligible);
                               for (std::size_t q = 0; q < scorers.size(); ++q) {
                                 piece.score(*scorers[q], w.memory, w.best[q]);
                               }
                               w.scored += piece.scored() * scorers.size();
                             });
  std::vector<TopK> best(scorers.size(), TopK(k));
  for (const Worker& w : workers) {
    for (std::size_t q = 0; q < w.best.size(); ++q) best[q].merge(w.best[q]);
    stats.distances += w.scored;
  }
  return best;
}
}  // namespace

TopK scan(const Codes& codes, const Scorer& scorer, std::size_t k, const Eligible& eligible, Scratch& scratch,
          SearchStats& stats) {
  Threads alone(1);
  Threads& threads = scratch.threads() != nullptr ? *scratch.threads() : alone;
  struct Worker {
    TopK best;
    Scratch::Worker* memory;
    std::uint64_t scored = 0;
  };
  std::vector<Worker> workers;
  for (unsigned i = 0; i < threads.count(); ++i) workers.push_back({TopK(k), &scratch.worker(i)});
  threads.parallel_for(codes.rows(), rows_in(kPieceBytes, codes),
                       [&](std::size_t begin, std::size_t end, unsigned number) {
                         Worker& w = workers[number];
                         const Piece piece(begin, end, eligible);
                         piece.score(scorer, *w.memory, w.best);
                         w.scored += piece.scored();
                       });
  std::uint64_t scored = workers[0].scored;
  for (std::size_t i = 1; i < workers.size(); ++i) {
    workers[0].best.merge(workers[i].best);
    scored += workers[i].scored;
  }
  stats.distances += scored;
  stats.bytes_read += scored * codes.bytes_per_row();
  stats.plan = eligible.rare() ? "filter first" : "scan";
  return std::move(workers[0].best);
}

Result<std::vector<TopK>> scan_batch(const Codes& codes, const DenseInput& queries, std::size_t k,
                                     const Eligible& eligible, Run& run, SearchStats& stats) {
  const bool product = ProductScan::pays(codes, queries.rows());
  stats.plan = eligible.rare() ? "filter first" : product ? "matrix product" : "scan";
  std::vector<std::uint32_t> only;
  if (product && !eligible.all()) only = listed(eligible, 0, codes.rows());
  std::vector<TopK> all;
  all.reserve(queries.rows());
  for (std::size_t first = 0; first < queries.rows(); first += kQueryGroup) {
    const std::size_t count = std::min(kQueryGroup, queries.rows() - first);
    std::vector<std::unique_ptr<Scorer>> scorers(count);
    for (std::size_t q = 0; q < count; ++q) {
      QUIVER_TRY(scorers[q], codes.scorer(queries.row(first + q)));
    }
    std::vector<TopK> group =
        product ? ProductScan(codes, queries, first, scorers, k, eligible.all() ? nullptr : &only).run(run, stats)
                : scan_group(codes, scorers, k, eligible, run, stats);
    if (run.stop()) return run.stopped("searching");
    std::move(group.begin(), group.end(), std::back_inserter(all));
    stats.bytes_read += codes.bytes();
  }
  return all;
}

}  // namespace quiver::internal
