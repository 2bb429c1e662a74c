// The lines that `quiver bench search` and a searcher exchange. A searcher is any program that takes the files of
// bench/peers/README.md, builds or loads its index, and then answers on stdout, one line for each line on stdin:
//
//   (started)           READY,hnswlib,M16-efC200,mnist,25.2,3284       peer, config, data, build CPU s, bytes a vector
//   40 3                hnswlib,M16-efC200,mnist,40,0.99430,7087.4,7082.5,140.92,25.2,3284
//                       ... effort, recall, best and median queries a CPU second of 3 passes, p50 us, as in READY
//   filter MASK TRUTH   FILTER,600                                     rows that the mask lets through
//   filter none         FILTER,60000
//   (not understood)    NO,why
//   0                   the program ends
//
// Effort is what trades speed for recall: ef, probes, or for Quiver the recall to ask for, in 1/10000. Fields hold no
// commas. Thread-safety: pure functions.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "quiver/core/result.h"

namespace quiver::bench {

struct Ready {
  std::string peer, config, data;
  double build_cpu_seconds = 0, bytes_per_vector = 0;
};
struct Answer {
  std::string peer{}, config{}, data{};
  std::uint32_t effort = 0;
  double recall = 0, best_qps = 0, median_qps = 0, p50_us = 0, build_cpu_seconds = 0, bytes_per_vector = 0;
};

// Errors: InvalidArgument that quotes the line; a NO line gives Unsupported with the searcher's reason.
Result<Ready> parse_ready(std::string_view line);
Result<Answer> parse_answer(std::string_view line);
Result<std::uint64_t> parse_filter(std::string_view line);  // rows let through

std::string to_line(const Ready& ready);
std::string to_line(const Answer& answer);
// The head of a file of answers.
inline constexpr std::string_view kAnswerColumns =
    "peer,config,data,effort,recall,qps_best,qps_median,p50_us,build_cpu_s,bytes_per_vector";

}  // namespace quiver::bench
