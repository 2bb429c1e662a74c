// IvfPartition: which lists of an inverted file a row lies in and a query looks into. Centres are learned by k-means on
// short points (graph_space.h), a row goes to the nearest one, and a query probes, nearest first,
//
//   every list with |q - centre|^2 <= slack * |q - nearest centre|^2,
//
// so that a query amid one list reads little and one between many reads them all (Chen et al., "SPANN: highly-efficient
// billion-scale approximate nearest neighbor search", NeurIPS 2021).
//
//   const IvfPartition partition = *IvfPartition::fit(points, 512, run);
//   partition.assign(points, lists, run.threads());
//   partition.choose(point, {.slack = 1.2F}, sizes, scratch, probes);
//
// Thread-safety: immutable; a scratch has one owner. Cost: a query lists * dims products, and sorting what it probes.
#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "quiver/core/container.h"
#include "quiver/core/matrix.h"
#include "quiver/core/run.h"

namespace quiver::internal {

struct Probe {
  std::uint32_t list = 0;
  float distance = 0;  // |q - centre|^2
};

struct ProbeLimits {
  float slack = 1;
  std::size_t least_rows = 1;  // lists are added until they hold so many rows, whatever the slack
  std::size_t lists = 0;       // exactly so many instead; 0: as slack and rows say
};

class IvfPartition {
 public:
  struct Scratch {
    std::vector<float> distances;
    std::vector<std::uint32_t> chosen;
    std::vector<Probe> waiting;
  };
  IvfPartition() = default;
  // Requires: lists > 0, at least one point. Errors: Cancelled.
  static Result<IvfPartition> fit(MatrixView points, std::size_t lists, Run& run);

  std::size_t lists() const noexcept { return centres_.rows(); }
  std::size_t dims() const noexcept { return centres_.cols(); }
  std::span<const float> centre(std::size_t list) const { return centres_.row(list); }
  std::size_t bytes() const noexcept { return centres_.rows() * centres_.stride() * sizeof(float); }

  // lists_of[i] = the list of points[i].
  void assign(MatrixView points, std::span<std::uint32_t> lists_of, Threads& threads) const;
  // The lists to probe, nearest first, ties by number. sizes[l]: the rows in list l.
  void choose(const float* point, const ProbeLimits& limits, std::span<const std::uint32_t> sizes, Scratch& scratch,
              std::vector<Probe>& probes) const;

  void save(ContainerWriter& writer, std::string_view prefix) const;
  static Result<IvfPartition> load(const Container& file, std::string_view prefix, std::size_t dims);

 private:
  Matrix centres_;
  std::vector<float> stored_;  // the same without padding, as it is saved
};

}  // namespace quiver::internal
