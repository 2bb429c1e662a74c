// glass (pyglass). Options: graph=NSG|HNSW R=32 L=50 (NSG) or 200 (HNSW), codes of the build bq=SQ8U, of the walk
// sq=SQ8U|SQ4U|FP16|FP32, of the last order rq=FP16|SQ8|SQ8U|FP32 or empty, batch=0|1 (all queries in one call, its own
// loop on one thread), tune_ef=32 for its choice of prefetches. Effort: ef. Metrics: l2, dot.
#include <omp.h>

#include <glass/hnsw/hnsw.hpp>
#include <glass/nsg/nsg.hpp>
#include <glass/searcher/graph_searcher.hpp>
#include <memory>

#include "bench/peers/drivers/driver.h"

namespace {

// Bytes that a vector takes in codes of that name, with glass's padding.
double code_bytes(const std::string& codes, std::size_t dims) {
  const auto padded = [&](double multiple) { return std::ceil(static_cast<double>(dims) / multiple) * multiple; };
  if (codes == "SQ8U") return padded(64);
  if (codes == "SQ8") return padded(16);
  if (codes == "SQ4U") return padded(128) / 2;
  if (codes == "FP16" || codes == "BF16") return 2 * padded(32);
  return codes == "FP32" ? 4 * padded(16) : 0;
}

class Glass final : public driver::Searcher {
 public:
  Glass(std::unique_ptr<glass::GraphSearcherBase> graph, int k, std::size_t queries, bool batch)
      : graph_(std::move(graph)), k_(k), batch_(batch), scores_(queries * static_cast<std::size_t>(k) * 2) {}
  void set_effort(int effort) override { graph_->SetEf(effort); }
  void search(const float* query, std::int32_t* rows) override { graph_->Search(query, k_, rows, scores_.data()); }
  bool has_batch() const override { return batch_; }
  void search_batch(const float* queries, std::size_t count, std::int32_t* rows) override {
    graph_->SearchBatch(queries, static_cast<int>(count), k_, rows, scores_.data());
  }

 private:
  std::unique_ptr<glass::GraphSearcherBase> graph_;
  int k_;
  bool batch_;
  std::vector<float> scores_;
};

}  // namespace

int main(int count, char** words) {
  const driver::Job job = driver::open(count, words);
  omp_set_num_threads(1);
  const std::string kind = job.text("graph", "NSG"), built_on = job.text("bq", "SQ8U"), walked = job.text("sq", "SQ8U"),
                    ordered = job.text("rq", "FP16"), metric = job.metric == "dot" ? "IP" : "L2";
  const int degree = job.number("R", 32), width = job.number("L", kind == "NSG" ? 50 : 200);
  const int rows = static_cast<int>(job.base.count), dims = static_cast<int>(job.base.dims);
  const std::string graph_config = kind + std::to_string(degree) + "-L" + std::to_string(width) + "-" + built_on;
  const std::string path = job.cache + ".glass-" + graph_config;
  const double cpu = job.built(path, [&](const std::string& file) {
    std::unique_ptr<glass::Builder> builder = kind == "NSG" ? glass::create_nsg(built_on, degree, width, false)
                                                            : glass::create_hnsw(metric, built_on, degree, width);
    glass::Graph<int> graph;
    const double seconds = driver::cpu_of([&] { graph = builder->Build(job.base.data, rows, dims); });
    graph.save(file);
    return seconds;
  });
  glass::Graph<int> graph;
  graph.load(path, "glass");
  auto inner = glass::create_searcher(std::move(graph), metric, walked, ordered);
  inner->SetData(job.base.data, rows, dims);
  inner->SetEf(job.number("tune_ef", 32));
  inner->Optimize(1);
  const std::string config = graph_config + "/" + walked + (ordered.empty() ? "" : "+" + ordered);
  const double bytes = driver::file_size(path) / static_cast<double>(job.base.count) +
                       code_bytes(walked, job.base.dims) + code_bytes(ordered, job.base.dims);
  Glass searcher(std::move(inner), job.k, job.queries.count, job.number("batch", 1) != 0);
  return driver::serve(job, {"glass", config, cpu, bytes}, searcher);
}
