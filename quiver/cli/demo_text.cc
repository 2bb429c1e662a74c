#include <fmt/format.h>

#include "quiver/cli/demo.h"
#include "quiver/cli/table.h"
#include "quiver/core/progress.h"

namespace quiver::cli::demo {
namespace {

std::string interval(const Json& value, int digits = 3) {
  return fmt::format("{:.{}f} ({:.{}f} .. {:.{}f})", value["mean"].get<double>(), digits, value["low"].get<double>(),
                     digits, value["high"].get<double>(), digits);
}

std::string signed_interval(const Json& value) {
  return fmt::format("{:+.3f} ({:+.3f} .. {:+.3f})", value["mean"].get<double>(), value["low"].get<double>(),
                     value["high"].get<double>());
}

std::string quality(const Json& task) {
  Table table({"arm", "MRR@10", "recall@10", "recall@100"});
  for (const auto& [name, arm] : task["arms"].items()) {
    table.add({name, interval(arm["mrr@10"]), interval(arm["recall@10"]), interval(arm["recall@100"])});
  }
  return fmt::format(
      "Find the entry an example sentence was written for: {} sentences of entries that training never saw, among all "
      "{}\n"
      "{}encoder - bm25 in MRR@10: {}; fused - the better part in recall@10: {}\n"
      "95 % bootstrap intervals over queries. Chosen on the validation side: {}\n",
      grouped(task["test_queries"].get<std::uint64_t>()), grouped(task["entries"].get<std::uint64_t>()), table.text(),
      signed_interval(task["differences"]["encoder - bm25"]["mrr@10"]),
      signed_interval(task["differences"]["fused - best"]["recall@10"]), chosen_text(task));
}

std::string indexes(const Json& document) {
  Table table({"index", "bytes/vector", "recall@10 of exact search", "queries/s", "in batches of 256"});
  for (const char* name : {"compression", "graph"}) {
    const Json& index = document[name];
    table.add({index["spec"].get<std::string>(), fmt::format("{:.0f}", index["bytes_per_vector"].get<double>()),
               interval(index["recall@10"], 4),
               fmt::format("{:.0f}", index["one_by_one"]["queries_per_second"].get<double>()),
               fmt::format("{:.0f}", index["batches_of_256"]["queries_per_second"].get<double>())});
  }
  return fmt::format("{}Floats take {:.0f} bytes a vector; {} threads; encoding a query takes {}\n", table.text(),
                     document["compression"]["bytes_per_vector_f32"].get<double>(), document["threads"].get<unsigned>(),
                     human_seconds(document["encoding"]["p50_seconds"].get<double>()));
}

std::string samples(const Json& list) {
  std::string out = "Descriptions of our own, answered by encoder and BM25 fused\n";
  for (const Json& sample : list) {
    out += fmt::format("\"{}\"\n", sample["query"].get<std::string>());
    for (const Json& hit : sample["hits"]) {
      out += fmt::format("  {:.3f}  {}\n", hit["score"].get<double>(), shorten(hit["label"].get<std::string>(), 100));
    }
  }
  return out;
}

std::string seconds(const Json& steps) {
  std::string out;
  for (const auto& [step, entry] : steps.items()) {
    const std::string time = entry["seconds"].is_number() ? duration_text(entry["seconds"].get<double>()) : "unknown";
    out += fmt::format("{}{} {}{}", out.empty() ? "" : ", ", step, time, entry["kept"].get<bool>() ? " (kept)" : "");
  }
  return out;
}

// "WordNet 3.0 Copyright 2006 by Princeton University. All rights reserved." out of the licence notice.
std::string copyright_line(const std::string& notice) {
  const std::size_t at = notice.find("WordNet 3.0 Copyright");
  if (at == std::string::npos) return "WordNet 3.0";
  return notice.substr(at, notice.find('\n', at) - at);
}

}  // namespace

std::string chosen_text(const Json& task) {
  const Json &bm25 = task["bm25"], &fusion = task["fusion"];
  return fmt::format("bm25 k1 {:g}, b {:g}; fused: bm25 k1 {:g}, b {:g}, weight {:g}", bm25["k1"].get<double>(),
                     bm25["b"].get<double>(), fusion["k1"].get<double>(), fusion["b"].get<double>(),
                     fusion["weight"].get<double>());
}

std::string text_of(const Json& document) {
  return fmt::format(
      "{}\n{}\n{}\nSeconds: {}\n\nYour own query, answered by the encoder alone:\n  {}\n\nData: {} Its licence is in "
      "{}/report.html\n",
      quality(document["task"]), indexes(document), samples(document["samples"]), seconds(document["seconds"]),
      document["command"].get<std::string>(), copyright_line(document["corpus"]["notice"].get<std::string>()),
      document["key"]["out"].get<std::string>());
}

}  // namespace quiver::cli::demo
