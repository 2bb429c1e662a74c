#include "quiver/index/sparse.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "quiver/compress/dense_input.h"
#include "quiver/core/metric.h"
#include "quiver/index/internal/index_file.h"
#include "quiver/simd/kernels.h"

namespace quiver {
namespace {
using internal::Eligible;
using internal::Removed;

constexpr std::size_t kBlockRows = 8192;  // 32 KiB of accumulators
constexpr std::size_t kQueryGrain = 4;    // queries a thread takes at a time

// Strict rising terms below dims, finite weights: checked once, relied on everywhere.
Result<void> check_rows(const SparseView& rows, std::size_t dims, bool any_term, std::string_view what) {
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    for (std::uint32_t j = rows.offsets[i]; j < rows.offsets[i + 1]; ++j) {
      if (!std::isfinite(rows.weights[j])) {
        return Error::invalid_argument(fmt::format("{}: row {}, term {} has weight {}; remove or repair that row", what,
                                                   i, rows.terms[j], rows.weights[j]));
      }
      if (j > rows.offsets[i] && rows.terms[j] <= rows.terms[j - 1]) {
        return Error::invalid_argument(fmt::format("{}: row {} has term {} behind term {}; terms must rise strictly",
                                                   what, i, rows.terms[j], rows.terms[j - 1]));
      }
      if (!any_term && rows.terms[j] >= dims) {
        return Error::invalid_argument(
            fmt::format("{}: row {} has term {}, the space has {} terms", what, i, rows.terms[j], dims));
      }
    }
  }
  return {};
}

Result<SparseView> as_sparse(const RowsView& rows, std::string_view what) {
  if (const auto* sparse = std::get_if<SparseView>(&rows)) return *sparse;
  return Error::invalid_argument(fmt::format("{}: takes sparse rows, these are {}", what, name_of(form_of(rows))));
}

struct Posting {
  std::span<const std::uint32_t> rows;
  std::span<const float> weights;
  float query_weight;
};
}  // namespace

struct SparseIndex::State {
  Space space;
  std::size_t rows = 0;
  // The lists: owned vectors after build and add, spans into the file after open.
  std::vector<std::uint64_t> owned_offsets;
  std::vector<std::uint32_t> owned_rows;
  std::vector<float> owned_weights;
  std::span<const std::uint64_t> offsets;    // dims + 1
  std::span<const std::uint32_t> list_rows;  // rising within a term
  std::span<const float> weights;
  bool negative = false;  // some weight is below 0
  std::shared_ptr<const void> owner;
  Removed removed;

  void use_owned() {
    offsets = owned_offsets;
    list_rows = owned_rows;
    weights = owned_weights;
    owner.reset();
    find_negative();
  }
  void find_negative() {
    negative = std::any_of(weights.begin(), weights.end(), [](float w) { return w < 0; });
  }

  // The lists with `added` behind the rows there are: a counting sort by term, old entries first.
  void merge(const SparseView& added) {
    std::vector<std::uint64_t> starts(space.dims + 1);
    for (const std::uint32_t term : added.terms) ++starts[term + 1];
    for (std::size_t t = 0; t < space.dims; ++t) {
      const std::uint64_t held = offsets.empty() ? 0 : offsets[t + 1] - offsets[t];
      starts[t + 1] += starts[t] + held;
    }
    std::vector<std::uint32_t> new_rows(starts.back());
    std::vector<float> new_weights(starts.back());
    std::vector<std::uint64_t> next(starts.begin(), starts.end() - 1);
    for (std::size_t t = 0; t < space.dims && !offsets.empty(); ++t) {
      const auto first = static_cast<std::ptrdiff_t>(offsets[t]), last = static_cast<std::ptrdiff_t>(offsets[t + 1]);
      std::copy(list_rows.begin() + first, list_rows.begin() + last,
                new_rows.begin() + static_cast<std::ptrdiff_t>(next[t]));
      std::copy(weights.begin() + first, weights.begin() + last,
                new_weights.begin() + static_cast<std::ptrdiff_t>(next[t]));
      next[t] += static_cast<std::uint64_t>(last - first);
    }
    for (std::size_t i = 0; i < added.rows(); ++i) {
      for (std::uint32_t j = added.offsets[i]; j < added.offsets[i + 1]; ++j) {
        const std::uint64_t at = next[added.terms[j]]++;
        new_rows[at] = static_cast<std::uint32_t>(rows + i);
        new_weights[at] = added.weights[j];
      }
    }
    rows += added.rows();
    owned_offsets = std::move(starts);
    owned_rows = std::move(new_rows);
    owned_weights = std::move(new_weights);
    use_owned();
  }

  // The lists of these rows alone, rising; rows[i] becomes row i.
  void keep(std::span<const std::uint32_t> kept) {
    constexpr std::uint32_t kGone = std::numeric_limits<std::uint32_t>::max();
    std::vector<std::uint32_t> numbers(rows, kGone);
    for (std::size_t i = 0; i < kept.size(); ++i) numbers[kept[i]] = static_cast<std::uint32_t>(i);
    std::vector<std::uint64_t> starts(1);
    std::vector<std::uint32_t> new_rows;
    std::vector<float> new_weights;
    for (std::size_t t = 0; t < space.dims; ++t) {
      for (std::uint64_t at = offsets[t]; at < offsets[t + 1]; ++at) {
        if (numbers[list_rows[at]] == kGone) continue;
        new_rows.push_back(numbers[list_rows[at]]);
        new_weights.push_back(weights[at]);
      }
      starts.push_back(new_rows.size());
    }
    new_rows.shrink_to_fit();
    new_weights.shrink_to_fit();
    rows = kept.size();
    owned_offsets = std::move(starts);
    owned_rows = std::move(new_rows);
    owned_weights = std::move(new_weights);
    use_owned();
  }

  // One query against all rows; `accumulators` and `chosen` are scratch.
  TopK search(std::span<const std::uint32_t> terms, std::span<const float> query_weights, std::size_t k,
              const Eligible& eligible, std::vector<float>& accumulators, std::vector<std::uint32_t>& chosen,
              SearchStats& stats) const {
    TopK best(k);
    std::vector<Posting> lists;
    bool below_zero = negative;
    for (std::size_t j = 0; j < terms.size(); ++j) {
      if (terms[j] >= space.dims || query_weights[j] == 0) continue;
      const std::uint64_t first = offsets[terms[j]], count = offsets[terms[j] + 1] - first;
      if (count > 0)
        lists.push_back({list_rows.subspan(first, count), weights.subspan(first, count), query_weights[j]});
      below_zero |= query_weights[j] < 0;
      stats.bytes_read += count * 8;
    }
    accumulators.resize(kBlockRows);
    chosen.resize(kBlockRows);
    // Without negative weights every hit is below 0, which spares the rows that no list touches.
    const float ceiling =
        below_zero ? std::numeric_limits<float>::infinity() : -std::numeric_limits<float>::denorm_min();
    for (;;) {
      std::uint32_t lowest = std::numeric_limits<std::uint32_t>::max();
      for (const Posting& list : lists) {
        if (!list.rows.empty()) lowest = std::min(lowest, list.rows.front());
      }
      if (lowest == std::numeric_limits<std::uint32_t>::max()) break;
      const std::size_t first = lowest / kBlockRows * kBlockRows, count = std::min(kBlockRows, rows - first);
      std::fill_n(accumulators.begin(), count, 0.0F);
      for (Posting& list : lists) {
        const auto end = std::lower_bound(list.rows.begin(), list.rows.end(), first + count);
        const auto taken = static_cast<std::size_t>(end - list.rows.begin());
        for (std::size_t i = 0; i < taken; ++i) {
          accumulators[list.rows[i] - first] -= list.query_weight * list.weights[i];
        }
        stats.distances += taken;
        list.rows = list.rows.subspan(taken);
        list.weights = list.weights.subspan(taken);
      }
      const std::size_t found =
          simd::kernels().select_below(accumulators.data(), count, std::min(best.threshold(), ceiling), chosen.data());
      for (std::size_t i = 0; i < found; ++i) {
        const Hit hit{static_cast<std::uint32_t>(first + chosen[i]), accumulators[chosen[i]]};
        if (hit.distance == 0 || !(hit.distance <= best.threshold())) continue;
        if (eligible.all() || eligible(hit.row)) best.offer(hit);
      }
    }
    return best;
  }
};

SparseIndex::SparseIndex(std::unique_ptr<State> state) : state_(std::move(state)) {}
SparseIndex::~SparseIndex() = default;

Result<std::unique_ptr<SparseIndex>> SparseIndex::build(const RowsView& rows, const Space& space, Run& run) {
  constexpr std::string_view kStep = "building inverted lists";
  QUIVER_TRY(const SparseView sparse, as_sparse(rows, kStep));
  if (space.metric != Metric::Dot) {
    return Error::invalid_argument(fmt::format(
        "{}: their distance is dot, the space has {}; declare the rows' metric dot", kStep, name_of(space.metric)));
  }
  auto state = std::make_unique<State>();
  state->space = space;
  if (state->space.dims == 0) state->space.dims = sparse.dims;
  QUIVER_TRY(check_rows(sparse, state->space.dims, false, kStep));
  if (run.stop()) return run.stopped(kStep);
  state->merge(sparse);
  return std::unique_ptr<SparseIndex>(new SparseIndex(std::move(state)));
}

const Space& SparseIndex::space() const noexcept { return state_->space; }
std::size_t SparseIndex::size() const noexcept { return state_->rows; }
std::size_t SparseIndex::live() const noexcept { return state_->rows - state_->removed.count(); }
std::size_t SparseIndex::bytes() const noexcept {
  const State& s = *state_;
  return s.offsets.size_bytes() + s.list_rows.size_bytes() + s.weights.size_bytes() + s.removed.words().size_bytes();
}

Result<void> SparseIndex::add(const RowsView& rows) {
  constexpr std::string_view kStep = "adding to inverted lists";
  QUIVER_TRY(const SparseView sparse, as_sparse(rows, kStep));
  QUIVER_TRY(check_rows(sparse, state_->space.dims, false, kStep));
  if (sparse.rows() > kMaxRows - state_->rows) {
    return Error::invalid_argument(
        fmt::format("{}: {} rows on top of {} are more than 2^32 - 1; split them", kStep, sparse.rows(), state_->rows));
  }
  state_->merge(sparse);
  return {};
}

Result<void> SparseIndex::remove(std::span<const std::uint32_t> rows) {
  return internal::remove_rows(state_->removed, rows, state_->rows);
}

Result<std::vector<std::uint32_t>> SparseIndex::compact(Run& run) {
  if (run.stop()) return run.stopped("compacting inverted lists");
  std::vector<std::uint32_t> rows = internal::rows_left(state_->removed, state_->rows);
  state_->keep(rows);
  state_->removed = {};
  return rows;
}

Result<std::size_t> SparseIndex::search(const RowsView& query, const SearchParams& params, Scratch& scratch,
                                        std::span<Hit> out, SearchStats* stats) const {
  constexpr std::string_view kStep = "searching inverted lists";
  QUIVER_TRY(const SparseView sparse, as_sparse(query, kStep));
  if (sparse.rows() != 1) {
    return Error::invalid_argument(
        fmt::format("{}: {} queries were given for one search; use search_batch", kStep, sparse.rows()));
  }
  QUIVER_TRY(check_rows(sparse, state_->space.dims, true, kStep));
  const std::size_t k = std::min<std::size_t>(params.k, live());
  if (k == 0) return std::size_t{0};
  QUIVER_CHECK(out.size() >= std::min<std::size_t>(params.k, size()));
  SearchStats own;
  SearchStats& counted = stats != nullptr ? *stats : own;
  counted.plan = "inverted lists";
  Scratch::Worker& memory = scratch.worker(0);
  const std::uint32_t first = sparse.offsets[0], count = sparse.offsets[1] - first;
  return state_
      ->search(sparse.terms.subspan(first, count), sparse.weights.subspan(first, count), k,
               Eligible(state_->removed, params.filter), memory.floats, memory.numbers, counted)
      .sorted_into(out);
}

Result<Hits> SparseIndex::search_batch(const RowsView& queries, const SearchParams& params, Run& run,
                                       SearchStats* stats) const {
  constexpr std::string_view kStep = "searching inverted lists";
  QUIVER_TRY(const SparseView sparse, as_sparse(queries, kStep));
  QUIVER_TRY(check_rows(sparse, state_->space.dims, true, kStep));
  const std::size_t k = std::min<std::size_t>(params.k, live());
  Hits hits{static_cast<std::uint32_t>(k), std::vector<Hit>(k * sparse.rows()),
            std::vector<std::uint32_t>(sparse.rows())};
  if (k == 0) return hits;
  struct Worker {
    std::vector<float> accumulators;
    std::vector<std::uint32_t> chosen;
    SearchStats stats;
  };
  std::vector<Worker> workers(run.threads().count());
  const Eligible eligible(state_->removed, params.filter);
  run.threads().parallel_for(sparse.rows(), kQueryGrain, [&](std::size_t begin, std::size_t end, unsigned worker) {
    Worker& w = workers[worker];
    for (std::size_t q = begin; q < end && !run.stop(); ++q) {
      const std::uint32_t first = sparse.offsets[q], count = sparse.offsets[q + 1] - first;
      const TopK best = state_->search(sparse.terms.subspan(first, count), sparse.weights.subspan(first, count), k,
                                       eligible, w.accumulators, w.chosen, w.stats);
      hits.counts[q] = static_cast<std::uint32_t>(best.sorted_into(std::span(hits.hits).subspan(q * k, k)));
    }
  });
  if (run.stop()) return run.stopped(kStep);
  if (stats != nullptr) {
    stats->plan = "inverted lists";
    for (const Worker& w : workers) stats->add_counts(w.stats);
  }
  return hits;
}

Result<void> SparseIndex::save(const std::filesystem::path& path) const {
  const State& s = *state_;
  ContainerWriter writer(internal::kIndexKind, internal::kIndexVersion);
  internal::save_index_header(writer, {spec(), s.space, s.rows, live()}, s.removed);
  writer.add_array("lists/offsets", s.offsets);
  writer.add_array("lists/rows", s.list_rows);
  writer.add_array("lists/weights", s.weights);
  return writer.save(path).within("saving index");
}

Result<std::unique_ptr<SparseIndex>> SparseIndex::open(const Container& file) {
  QUIVER_TRY(const internal::IndexHeader header, internal::read_index_header(file));
  auto state = std::make_unique<State>();
  state->space = header.space;
  state->rows = header.rows;
  QUIVER_TRY(state->removed, internal::read_removed(file, header));
  QUIVER_TRY(state->offsets, file.array<std::uint64_t>("lists/offsets"));
  QUIVER_TRY(state->list_rows, file.array<std::uint32_t>("lists/rows"));
  QUIVER_TRY(state->weights, file.array<float>("lists/weights"));
  state->owner = file.owner();
  const State& s = *state;
  const bool whole =
      s.offsets.size() == s.space.dims + 1 && s.offsets.front() == 0 && s.offsets.back() == s.list_rows.size() &&
      s.list_rows.size() == s.weights.size() && std::is_sorted(s.offsets.begin(), s.offsets.end()) &&
      std::all_of(s.list_rows.begin(), s.list_rows.end(), [&](std::uint32_t row) { return row < s.rows; });
  if (!whole) return Error::corruption("the inverted lists do not agree with each other; build the index again");
  state->find_negative();
  return std::unique_ptr<SparseIndex>(new SparseIndex(std::move(state)));
}

}  // namespace quiver
