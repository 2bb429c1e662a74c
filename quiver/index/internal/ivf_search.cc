#include "quiver/index/internal/ivf_search.h"

#include <algorithm>
#include <numeric>

namespace quiver::internal {

double ivf_cost(const IvfParts& parts, double rows, double fine_rows) noexcept {
  const double row = 0.3 + static_cast<double>(parts.lists->bytes_per_row()) / 40;
  const double fine = 15 + static_cast<double>(parts.exact().bytes_per_row()) / 40;
  return rows * row + fine_rows * fine;
}

// Every query's nearest list first, then list by list; queries of a list in order.
void IvfSearch::order_by_list(Memory& memory) const {
  const std::size_t lists = parts_->partition->lists();
  memory.begins.assign(2 * lists + 1, 0);
  const auto key = [&](const Memory::Visit& visit) { return visit.probe.list + (visit.first ? 0 : lists); };
  for (const Memory::Visit& visit : memory.visits) ++memory.begins[key(visit) + 1];
  std::partial_sum(memory.begins.begin(), memory.begins.end(), memory.begins.begin());
  memory.ordered.resize(memory.visits.size());
  for (const Memory::Visit& visit : memory.visits) memory.ordered[memory.begins[key(visit)]++] = visit;
  std::swap(memory.visits, memory.ordered);
}

Result<void> IvfSearch::probe(const DenseInput& input, std::size_t first, std::size_t count, const IvfEffort& effort,
                              Memory& memory, SearchStats& stats) const {
  const IvfParts& parts = *parts_;
  if (memory.queries.size() < count) memory.queries.resize(count);
  memory.visits.clear();
  parts.short_space.queries(input.floats(first, count, memory.floats), memory.space, memory.points);
  for (std::size_t q = 0; q < count; ++q) {
    IvfQuery& state = memory.queries[q];
    state.point = memory.points.row(q).data();
    parts.partition->choose(state.point, effort.limits, parts.lists->sizes(), state.partition, state.probes);
    QUIVER_TRY(parts.lists->prepare(input.row(first + q), state));
    state.found.start(effort.candidates);
    for (const Probe& probe : state.probes) {
      memory.visits.push_back({probe, static_cast<std::uint32_t>(q), &probe == state.probes.data()});
      stats.distances += parts.lists->sizes()[probe.list];
      stats.bytes_read += parts.lists->sizes()[probe.list] * parts.lists->bytes_per_row();
    }
    stats.distances += parts.partition->lists();
  }
  if (count > 1) order_by_list(memory);
  for (std::size_t i = 0; i < memory.visits.size(); ++i) {
    if (i + 1 < memory.visits.size()) parts.lists->prefetch(memory.visits[i + 1].probe.list);
    const Memory::Visit& visit = memory.visits[i];
    parts.lists->scan(visit.probe, *effort.eligible, memory.queries[visit.query]);
  }
  return {};
}

void IvfSearch::prefetch(std::size_t query, Memory& memory) const {
  if (parts_->fine == nullptr) return;
  memory.positions.clear();
  for (const Hit& hit : memory.queries[query].found.finish()) memory.positions.push_back(hit.row);
  parts_->fine->prefetch(memory.positions);
}

Result<std::size_t> IvfSearch::finish(TypedView query, std::size_t number, const IvfEffort& effort, Memory& memory,
                                      std::span<Hit> out, SearchStats& stats) const {
  TopK best(effort.k);
  const std::span<const Hit> found = memory.queries[number].found.finish();
  if (parts_->fine == nullptr) {
    for (const Hit& hit : found) best.offer({parts_->row_at(hit.row), hit.distance});
    return best.sorted_into(out);
  }
  QUIVER_TRY(const std::unique_ptr<Scorer> scorer, parts_->fine->scorer(query));
  memory.positions.clear();
  for (const Hit& hit : found) memory.positions.push_back(hit.row);
  memory.distances.resize(std::max(memory.distances.size(), found.size()));
  scorer->score(memory.positions, memory.distances.data());
  for (std::size_t i = 0; i < found.size(); ++i) {
    best.offer({parts_->row_at(memory.positions[i]), memory.distances[i]});
  }
  stats.distances += found.size();
  stats.reranked += found.size();
  stats.bytes_read += found.size() * parts_->fine->bytes_per_row();
  return best.sorted_into(out);
}

}  // namespace quiver::internal
