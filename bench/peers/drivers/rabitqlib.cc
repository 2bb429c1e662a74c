// RaBitQ-Library's graph: SymphonyQG made re-entrant, padded to multiples of 64. Options: R=32 efB=200. Effort: ef.
// Metrics: l2, dot.
#include <rabitqlib/index/symqg/qg.hpp>
#include <rabitqlib/index/symqg/qg_builder.hpp>

#include "bench/peers/drivers/driver.h"

namespace {

using Graph = rabitqlib::symqg::QuantizedGraph<float>;

class Rabitq final : public driver::Searcher {
 public:
  Rabitq(Graph& graph, int k) : graph_(graph), k_(static_cast<std::uint32_t>(k)) {}
  void set_effort(int effort) override { graph_.set_ef(static_cast<std::size_t>(effort)); }
  void search(const float* query, std::int32_t* rows) override {
    graph_.search(query, k_, reinterpret_cast<std::uint32_t*>(rows));
  }

 private:
  Graph& graph_;
  std::uint32_t k_;
};

}  // namespace

int main(int count, char** words) {
  const driver::Job job = driver::open(count, words);
  const auto degree = static_cast<std::size_t>(job.number("R", 32)),
             width = static_cast<std::size_t>(job.number("efB", 200));
  const std::string config = "symqg-R" + std::to_string(degree) + "-efB" + std::to_string(width);
  const std::string path = job.cache + ".rqlib-" + config;
  const double cpu = job.built(path, [&](const std::string& file) {
    Graph graph(job.base.count, job.base.dims, degree,
                job.metric == "dot" ? rabitqlib::METRIC_IP : rabitqlib::METRIC_L2);
    const double seconds = driver::cpu_of([&] {
      rabitqlib::symqg::QGBuilder builder(graph, static_cast<std::uint32_t>(width), job.base.data, 1);
      builder.build();
    });
    graph.save(file.c_str());
    return seconds;
  });
  Graph graph;
  graph.load(path.c_str());
  Rabitq searcher(graph, job.k);
  const double bytes = driver::file_size(path) / static_cast<double>(job.base.count);
  return driver::serve(job, {"rqlib", config, cpu, bytes}, searcher);
}
