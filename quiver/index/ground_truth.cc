#include "quiver/index/ground_truth.h"

#include <fmt/format.h>

#include <algorithm>

#include "quiver/core/container.h"
#include "quiver/core/json.h"
#include "quiver/core/statistics.h"
#include "quiver/index/spec.h"

namespace quiver {
namespace {
constexpr const char* kKind = "truth";
}

double tie_tolerant_recall(std::span<const Hit> truth, std::span<const Hit> found, std::uint32_t k) noexcept {
  truth = truth.first(std::min<std::size_t>(k, truth.size()));
  found = found.first(std::min<std::size_t>(k, found.size()));
  if (truth.empty()) return 1;
  const auto hit = [&](const Hit& h) { return h.distance <= truth.back().distance; };
  const auto right = static_cast<std::size_t>(std::count_if(found.begin(), found.end(), hit));
  return static_cast<double>(std::min(right, truth.size())) / static_cast<double>(truth.size());
}

std::vector<double> GroundTruth::recall_per_query(const Hits& found, std::uint32_t k) const {
  QUIVER_CHECK(found.queries() == hits.queries());
  std::vector<double> recalls(hits.queries());
  for (std::size_t q = 0; q < recalls.size(); ++q) recalls[q] = tie_tolerant_recall(hits.of(q), found.of(q), k);
  return recalls;
}
double GroundTruth::recall(const Hits& found, std::uint32_t k) const {
  const std::vector<double> recalls = recall_per_query(found, k);
  return recalls.empty() ? 1 : mean_of(recalls);
}

std::vector<double> GroundTruth::recall_by_rows(const Hits& found, std::uint32_t k) const {
  QUIVER_CHECK(found.queries() == hits.queries());
  std::vector<double> recalls;
  std::vector<std::uint32_t> right;
  for (std::size_t q = 0; q < hits.queries(); ++q) {
    const std::span<const Hit> known = hits.of(q);
    const std::size_t wanted = std::min<std::size_t>(k, known.size());
    right.clear();
    for (const Hit& hit : known) {
      if (right.size() < wanted || hit.distance <= known[wanted - 1].distance) right.push_back(hit.row);
    }
    const std::span<const Hit> answer = found.of(q).first(std::min<std::size_t>(k, found.of(q).size()));
    const auto got =
        std::ranges::count_if(answer, [&](const Hit& hit) { return std::ranges::find(right, hit.row) != right.end(); });
    recalls.push_back(wanted == 0 ? 1 : std::min(1.0, static_cast<double>(got) / static_cast<double>(wanted)));
  }
  return recalls;
}

Result<GroundTruth> exact_neighbours(const Rows& base, const Rows& queries, std::uint32_t k, Run& run) {
  QUIVER_TRY(const auto index, build_index({}, base, {}, run));
  QUIVER_TRY(const RowsView view, queries_for(*index, queries));
  QUIVER_TRY(Hits hits, index->search_batch(view, {.k = k}, run));
  return GroundTruth{std::move(hits)};
}

Result<void> GroundTruth::save(const std::filesystem::path& path) const {
  std::vector<std::uint32_t> rows;
  std::vector<float> distances;
  for (const Hit& hit : hits.hits) {
    rows.push_back(hit.row);
    distances.push_back(hit.distance);
  }
  ContainerWriter writer(kKind);
  writer.add("truth", dump_json({{"queries", hits.queries()}, {"k", hits.k}}));
  writer.add_array("counts", std::span<const std::uint32_t>(hits.counts));
  writer.add_array("rows", std::span<const std::uint32_t>(rows));
  writer.add_array("distances", std::span<const float>(distances));
  return writer.save(path).within("saving ground truth");
}

Result<GroundTruth> GroundTruth::open(const std::filesystem::path& path) {
  const auto open = [&]() -> Result<GroundTruth> {
    QUIVER_TRY(const Container file, Container::open(path, kKind));
    QUIVER_TRY(const std::string_view text, file.text("truth"));
    QUIVER_TRY(const Json header, parse_json(text));
    GroundTruth truth;
    QUIVER_TRY(truth.hits.k, get<std::uint32_t>(header, "k"));
    QUIVER_TRY(const auto counts, file.array<std::uint32_t>("counts"));
    QUIVER_TRY(const auto rows, file.array<std::uint32_t>("rows"));
    QUIVER_TRY(const auto distances, file.array<float>("distances"));
    const bool whole = rows.size() == counts.size() * truth.hits.k && distances.size() == rows.size() &&
                       std::all_of(counts.begin(), counts.end(), [&](std::uint32_t n) { return n <= truth.hits.k; });
    if (!whole) return Error::corruption("its sections do not agree with each other; compute it again");
    truth.hits.counts.assign(counts.begin(), counts.end());
    for (std::size_t i = 0; i < rows.size(); ++i) truth.hits.hits.push_back({rows[i], distances[i]});
    return truth;
  };
  return open().within("opening ground truth " + path.string());
}

}  // namespace quiver
