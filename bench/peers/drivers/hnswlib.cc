// hnswlib. Options: M=16 efC=200. Effort: ef. Metrics: l2, dot. Filters: its functor.
#include <hnswlib/hnswlib.h>

#include <memory>

#include "bench/peers/drivers/driver.h"

namespace {

struct Allowed final : hnswlib::BaseFilterFunctor {
  const driver::Mask* mask = nullptr;
  bool operator()(hnswlib::labeltype row) override { return mask->allows(row); }
};

class Hnsw final : public driver::Searcher {
 public:
  Hnsw(hnswlib::SpaceInterface<float>& space, const std::string& file, int k)
      : graph_(&space, file), k_(static_cast<std::size_t>(k)) {}
  void set_effort(int effort) override { graph_.setEf(static_cast<std::size_t>(effort)); }
  void search(const float* query, std::int32_t* rows) override {
    auto found = graph_.searchKnn(query, k_, allowed_.mask != nullptr ? &allowed_ : nullptr);
    for (std::size_t i = found.size(); i-- > 0; found.pop()) rows[i] = static_cast<std::int32_t>(found.top().second);
  }
  bool filter(const driver::Mask* mask) override {
    allowed_.mask = mask;
    return true;
  }

 private:
  hnswlib::HierarchicalNSW<float> graph_;
  Allowed allowed_;
  std::size_t k_;
};

}  // namespace

int main(int count, char** words) {
  const driver::Job job = driver::open(count, words);
  const int m = job.number("M", 16), ef = job.number("efC", 200);
  const std::string config = "M" + std::to_string(m) + "-efC" + std::to_string(ef);
  std::unique_ptr<hnswlib::SpaceInterface<float>> space;
  if (job.metric == "dot")
    space = std::make_unique<hnswlib::InnerProductSpace>(job.base.dims);
  else
    space = std::make_unique<hnswlib::L2Space>(job.base.dims);
  const std::string path = job.cache + ".hnswlib-" + config;
  const double cpu = job.built(path, [&](const std::string& file) {
    hnswlib::HierarchicalNSW<float> graph(space.get(), job.base.count, static_cast<std::size_t>(m),
                                          static_cast<std::size_t>(ef));
    const double seconds = driver::cpu_of([&] {
      for (std::size_t i = 0; i < job.base.count; ++i) graph.addPoint(job.base.row(i), i);
    });
    graph.saveIndex(file);
    return seconds;
  });
  Hnsw searcher(*space, path, job.k);
  const double bytes = driver::file_size(path) / static_cast<double>(job.base.count);
  return driver::serve(job, {"hnswlib", config, cpu, bytes}, searcher);
}
