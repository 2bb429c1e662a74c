#include "bench/search/protocol.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <vector>

namespace quiver::bench {
namespace {

std::vector<std::string_view> fields_of(std::string_view line) {
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  std::vector<std::string_view> fields;
  for (std::size_t from = 0; from <= line.size();) {
    const std::size_t comma = std::min(line.find(',', from), line.size());
    fields.push_back(line.substr(from, comma - from));
    from = comma + 1;
  }
  return fields;
}

// Takes the fields of one line, one after another; the first that is wrong is remembered.
class Fields {
 public:
  Fields(std::string_view line, std::string_view expected) : line_(line), expected_(expected), all_(fields_of(line)) {}
  std::size_t count() const { return all_.size(); }
  std::string_view first() const { return all_[0]; }
  std::string text() { return std::string(all_[next_++]); }
  double number() {
    const std::string_view field = all_[next_++];
    double value = 0;
    const auto [end, failed] = std::from_chars(field.data(), field.data() + field.size(), value);
    if (failed != std::errc{} || end != field.data() + field.size() || !std::isfinite(value) || value < 0) {
      wrong_ = true;
      return 0;
    }
    return value;
  }
  Error wrong() const {
    if (all_[0] == "NO") {
      return Error::unsupported(
          fmt::format("the searcher says no: {}", line_.substr(std::min<std::size_t>(3, line_.size()))));
    }
    return Error::invalid_argument(fmt::format("a searcher wrote '{}'; expected {}", line_, expected_));
  }
  bool failed() const { return wrong_; }

 private:
  std::string_view line_, expected_;
  std::vector<std::string_view> all_;
  std::size_t next_ = 0;
  bool wrong_ = false;
};

}  // namespace

Result<Ready> parse_ready(std::string_view line) {
  Fields fields(line, "READY,peer,config,data,build_cpu_s,bytes_per_vector");
  if (fields.count() != 6 || fields.first() != "READY") return fields.wrong();
  fields.text();
  Ready ready;
  ready.peer = fields.text();
  ready.config = fields.text();
  ready.data = fields.text();
  ready.build_cpu_seconds = fields.number();
  ready.bytes_per_vector = fields.number();
  if (fields.failed()) return fields.wrong();
  return ready;
}

Result<Answer> parse_answer(std::string_view line) {
  Fields fields(line, kAnswerColumns);
  if (fields.count() != 10) return fields.wrong();
  Answer answer;
  answer.peer = fields.text();
  answer.config = fields.text();
  answer.data = fields.text();
  const double effort = fields.number();
  answer.recall = fields.number();
  answer.best_qps = fields.number();
  answer.median_qps = fields.number();
  answer.p50_us = fields.number();
  answer.build_cpu_seconds = fields.number();
  answer.bytes_per_vector = fields.number();
  if (fields.failed() || effort > 4e9 || answer.recall > 1) return fields.wrong();
  answer.effort = static_cast<std::uint32_t>(effort);
  return answer;
}

Result<std::uint64_t> parse_filter(std::string_view line) {
  Fields fields(line, "FILTER,rows");
  if (fields.count() != 2 || fields.first() != "FILTER") return fields.wrong();
  fields.text();
  const double rows = fields.number();
  if (fields.failed()) return fields.wrong();
  return static_cast<std::uint64_t>(rows);
}

std::string to_line(const Ready& r) {
  return fmt::format("READY,{},{},{},{:.3f},{:.1f}", r.peer, r.config, r.data, r.build_cpu_seconds, r.bytes_per_vector);
}

std::string to_line(const Answer& a) {
  return fmt::format("{},{},{},{},{:.5f},{:.1f},{:.1f},{:.2f},{:.3f},{:.1f}", a.peer, a.config, a.data, a.effort,
                     a.recall, a.best_qps, a.median_qps, a.p50_us, a.build_cpu_seconds, a.bytes_per_vector);
}

}  // namespace quiver::bench
