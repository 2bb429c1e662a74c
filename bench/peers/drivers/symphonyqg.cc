// SymphonyQG. Options: R=32 efB=200 iters=3. Effort: ef. Metric: l2, to 2,048 dimensions.
#include <symqglib/qg/qg_builder.hpp>

#include "bench/peers/drivers/driver.h"

namespace {

class Symphony final : public driver::Searcher {
 public:
  Symphony(symqg::QuantizedGraph& graph, int k) : graph_(graph), k_(static_cast<std::uint32_t>(k)) {}
  void set_effort(int effort) override { graph_.set_ef(static_cast<std::size_t>(effort)); }
  void search(const float* query, std::int32_t* rows) override {
    graph_.search(query, k_, reinterpret_cast<std::uint32_t*>(rows));
  }

 private:
  symqg::QuantizedGraph& graph_;
  std::uint32_t k_;
};

}  // namespace

int main(int count, char** words) {
  const driver::Job job = driver::open(count, words);
  if (job.metric != "l2") driver::fail("SymphonyQG knows l2 alone");
  if (job.base.dims > 2048) driver::fail("SymphonyQG stops above 2,048 dimensions");
  const auto degree = static_cast<std::size_t>(job.number("R", 32)),
             width = static_cast<std::size_t>(job.number("efB", 200));
  const std::string config = "R" + std::to_string(degree) + "-efB" + std::to_string(width);
  const std::string path = job.cache + ".symqg-" + config;
  const double cpu = job.built(path, [&](const std::string& file) {
    symqg::QuantizedGraph graph(job.base.count, degree, job.base.dims);
    const double seconds = driver::cpu_of([&] {
      symqg::QGBuilder builder(graph, static_cast<std::uint32_t>(width), job.base.data, 1);
      builder.build(static_cast<std::size_t>(job.number("iters", 3)));
    });
    graph.save_index(file.c_str());
    return seconds;
  });
  symqg::QuantizedGraph graph(job.base.count, degree, job.base.dims);
  graph.load_index(path.c_str());
  Symphony searcher(graph, job.k);
  const double bytes = driver::file_size(path) / static_cast<double>(job.base.count);
  return driver::serve(job, {"symqg", config, cpu, bytes}, searcher);
}
