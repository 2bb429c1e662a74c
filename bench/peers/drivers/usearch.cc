// usearch in C++, one query a call. Options: M=16 efC=200. Effort: expansion. Metrics: l2, dot. Filters: its predicate.
// Its l2 and inner product are loops that the compiler turns into vectors.
#include <usearch/index_dense.hpp>

#include "bench/peers/drivers/driver.h"

namespace {
namespace lib = unum::usearch;

class Usearch final : public driver::Searcher {
 public:
  Usearch(const std::string& file, int k)
      : graph_(lib::index_dense_t::make(file.c_str()).index), k_(static_cast<std::size_t>(k)), keys_(k_) {
    if (!graph_) driver::fail("cannot read " + file);
  }
  void set_effort(int effort) override { graph_.change_expansion_search(static_cast<std::size_t>(effort)); }
  void search(const float* query, std::int32_t* rows) override {
    const auto allowed = [this](lib::index_dense_t::vector_key_t row) { return mask_->allows(row); };
    const auto found =
        mask_ != nullptr ? graph_.filtered_search(query, k_, allowed, kThread) : graph_.search(query, k_, kThread);
    const std::size_t count = found.dump_to(keys_.data(), k_);
    for (std::size_t i = 0; i < count; ++i) rows[i] = static_cast<std::int32_t>(keys_[i]);
  }
  bool filter(const driver::Mask* mask) override {
    mask_ = mask;
    return true;
  }

 private:
  static constexpr std::size_t kThread = 0;
  lib::index_dense_t graph_;
  const driver::Mask* mask_ = nullptr;
  std::size_t k_;
  std::vector<lib::index_dense_t::vector_key_t> keys_;
};

}  // namespace

int main(int count, char** words) {
  const driver::Job job = driver::open(count, words);
  const int m = job.number("M", 16), ef = job.number("efC", 200);
  const std::string config = "M" + std::to_string(m) + "-efC" + std::to_string(ef);
  const std::string path = job.cache + ".usearch-one-" + config;
  const double cpu = job.built(path, [&](const std::string& file) {
    const auto kind = job.metric == "dot" ? lib::metric_kind_t::ip_k : lib::metric_kind_t::l2sq_k;
    lib::index_dense_config_t options(static_cast<std::size_t>(m), static_cast<std::size_t>(ef));
    options.enable_key_lookups = false;
    auto made = lib::index_dense_t::make({job.base.dims, kind, lib::scalar_kind_t::f32_k}, options);
    if (!made || !made.index.try_reserve({job.base.count, 1})) driver::fail("usearch cannot make an index");
    const double seconds = driver::cpu_of([&] {
      for (std::size_t i = 0; i < job.base.count; ++i) made.index.add(i, job.base.row(i), 0);
    });
    if (!made.index.save(file.c_str())) driver::fail("cannot write " + file);
    return seconds;
  });
  Usearch searcher(path, job.k);
  const double bytes = driver::file_size(path) / static_cast<double>(job.base.count);
  return driver::serve(job, {"usearch-one", config, cpu, bytes}, searcher);
}
