#include "quiver/index/internal/ivf_partition.h"

#include <algorithm>

#include "quiver/compress/kmeans.h"
#include "quiver/core/random.h"
#include "quiver/simd/kernels.h"

namespace quiver::internal {
namespace {
constexpr std::size_t kIterations = 10;
constexpr std::size_t kSamplePerList = 64;

struct Nearer {
  bool operator()(const Probe& a, const Probe& b) const noexcept {
    return a.distance < b.distance || (a.distance == b.distance && a.list < b.list);
  }
};
}  // namespace

Result<IvfPartition> IvfPartition::fit(MatrixView points, std::size_t lists, Run& run) {
  QUIVER_CHECK(lists > 0 && points.rows > 0);
  QUIVER_TRY(Kmeans learned, fit_kmeans(points,
                                        {.clusters = lists,
                                         .iterations = kIterations,
                                         .sample_per_cluster = kSamplePerList,
                                         .seed = mix(run.seed(), stream_of("inverted lists"))},
                                        run));
  IvfPartition made;
  made.centres_ = std::move(learned.centroids);
  for (std::size_t i = 0; i < made.lists(); ++i) {
    const auto row = made.centres_.row(i);
    made.stored_.insert(made.stored_.end(), row.begin(), row.end());
  }
  return made;
}

void IvfPartition::assign(MatrixView points, std::span<std::uint32_t> lists_of, Threads& threads) const {
  assign_to_centroids(points, centres_.view(), lists_of, {}, threads);
}

void IvfPartition::choose(const float* point, const ProbeLimits& limits, std::span<const std::uint32_t> sizes,
                          Scratch& scratch, std::vector<Probe>& probes) const {
  const std::size_t count = lists();
  scratch.distances.resize(count);
  scratch.chosen.resize(count);
  float* distances = scratch.distances.data();
  const simd::Kernels& kernels = simd::kernels();
  kernels.distance(Metric::L2, Element::F32)(point, reinterpret_cast<const std::byte*>(centres_.data()),
                                             centres_.stride() * sizeof(float), nullptr, count, dims(), distances);
  const auto nearest_of_all = [&](const auto& wants_more) {
    // A heap, nearest on top: only as many are put in order as are wanted.
    const auto later = [](const Probe& a, const Probe& b) { return Nearer{}(b, a); };
    std::vector<Probe>& waiting = scratch.waiting;
    waiting.clear();
    for (std::uint32_t l = 0; l < count; ++l) waiting.push_back({l, distances[l]});
    std::make_heap(waiting.begin(), waiting.end(), later);
    probes.clear();
    while (!waiting.empty() && wants_more(waiting.front())) {
      probes.push_back(waiting.front());
      std::pop_heap(waiting.begin(), waiting.end(), later);
      waiting.pop_back();
    }
  };
  if (limits.lists > 0) return nearest_of_all([&](const Probe&) { return probes.size() < limits.lists; });
  const float bound = distances[kernels.least(distances, count)] * limits.slack;
  const std::size_t within = kernels.select_below(distances, count, bound, scratch.chosen.data());
  probes.clear();
  std::size_t rows = 0;
  for (std::size_t i = 0; i < within; ++i) {
    const std::uint32_t list = scratch.chosen[i];
    probes.push_back({list, distances[list]});
    rows += sizes[list];
  }
  if (rows >= limits.least_rows) {
    std::sort(probes.begin(), probes.end(), Nearer{});
    return;
  }
  rows = 0;
  nearest_of_all([&](const Probe& next) {
    const bool wanted = next.distance <= bound || rows < limits.least_rows;
    rows += sizes[next.list];
    return wanted;
  });
}

void IvfPartition::save(ContainerWriter& writer, std::string_view prefix) const {
  writer.add_array(std::string(prefix) + "centres", std::span<const float>(stored_));
}

Result<IvfPartition> IvfPartition::load(const Container& file, std::string_view prefix, std::size_t dims) {
  QUIVER_TRY(const auto stored, file.array<float>(std::string(prefix) + "centres"));
  if (stored.empty() || stored.size() % dims != 0) {
    return Error::corruption("the centres of the inverted lists do not fit its points; build the index again");
  }
  IvfPartition made;
  made.stored_.assign(stored.begin(), stored.end());
  made.centres_ = Matrix::copy_of({stored.data(), stored.size() / dims, dims, dims});
  return made;
}

}  // namespace quiver::internal
