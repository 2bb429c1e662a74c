// What the tests of whole indexes share: one made from a spec, its hits, its recall beside a scan, filters, and files
// with one section changed. For _test.cc files only.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "quiver/core/container.h"
#include "quiver/index/ground_truth.h"
#include "quiver/index/internal/testing.h"
#include "quiver/index/spec.h"

namespace quiver::internal {

inline constexpr std::uint64_t kSeed = 17;
inline constexpr std::uint64_t kQueries = 7;  // the stream of queries around the same centres

inline Space space_of(std::size_t dims, Metric metric) {
  return {.id = "", .dims = dims, .metric = metric, .prefix_of = "", .prefix_dims = 0};
}
inline std::unique_ptr<Index> made(const char* spec, const RowsView& base, Metric metric, unsigned threads = 2) {
  quiver::Run run({.seed = kSeed, .threads = threads});
  auto index = build_index(*IndexSpec::parse(spec), base, space_of(dims_of(base), metric), {}, run);
  EXPECT_TRUE(index.has_value()) << index.error().message();
  return *std::move(index);
}
inline Hits all_hits(const Index& index, const RowsView& queries, const SearchParams& params,
                     SearchStats* stats = nullptr) {
  quiver::Run run({.threads = 2});
  auto hits = index.search_batch(queries, params, run, stats);
  EXPECT_TRUE(hits.has_value()) << hits.error().message();
  return *std::move(hits);
}
inline std::vector<Hit> hits_of(const Index& index, const RowsView& query, const SearchParams& params,
                                Scratch& scratch) {
  std::vector<Hit> hits(std::min<std::size_t>(params.k, index.size()));
  const auto found = index.search(query, params, scratch, hits);
  EXPECT_TRUE(found.has_value()) << found.error().message();
  hits.resize(found.has_value() ? *found : 0);
  return hits;
}
inline std::vector<Hit> of_query(const Hits& hits, std::size_t q) { return {hits.of(q).begin(), hits.of(q).end()}; }

// By the rows that a scan of the same codes finds, so that only the search is judged.
inline double recall_beside(const Index& index, const Index& exact, const RowsView& queries,
                            const SearchParams& params) {
  return GroundTruth{all_hits(exact, queries, {.k = params.k, .filter = params.filter})}.recall(
      all_hits(index, queries, params), params.k);
}

class Some final : public RowFilter {
 public:
  explicit Some(std::uint32_t n, double selectivity = -1) : n_(n), selectivity_(selectivity) {}
  bool allows(std::uint32_t row) const noexcept override { return n_ > 0 && row % n_ == 0; }
  double selectivity() const noexcept override { return selectivity_ >= 0 ? selectivity_ : n_ == 0 ? 0 : 1.0 / n_; }

 private:
  std::uint32_t n_;
  double selectivity_;
};

// A file as save() writes it, with one section put in another's place.
inline Result<std::unique_ptr<Index>> opened_with(const std::filesystem::path& from, const std::string& name,
                                                  const std::string& content) {
  const Container file = *Container::open(from, "index");
  ContainerWriter writer("index");
  for (const std::string& section : file.names()) {
    writer.add(section, section == name ? content : std::string(*file.text(section)));
  }
  const std::filesystem::path changed = from.parent_path() / "changed.qvi";
  EXPECT_TRUE(writer.save(changed).has_value());
  return open_index(changed);
}

}  // namespace quiver::internal
