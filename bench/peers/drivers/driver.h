// What the drivers of the C++ peers share: the command line, the files, exact recall, clocks, and the conversation of
// ../README.md. A driver wraps one library in a Searcher and calls serve(); it needs nothing of Quiver.
//
//   struct Mine : driver::Searcher { void set_effort(int) override; void search(const float*, std::int32_t*) override;
//   }; int main(int count, char** words) {
//     driver::Job job = driver::open(count, words);                 // flags read, files loaded
//     const std::string file = job.cache + ".mine-M16";
//     const double cpu = job.built(file, [&] { build and save }, [&] { load });
//     Mine searcher;
//     return driver::serve(job, {"mine", "M16", cpu, bytes_a_vector}, searcher);
//   }
//
// Rates are per CPU second of the one thread that searches. The pass that warms the caches is the one whose answers are
// judged and whose calls are timed by wall clock. Distances are compared in double.
#pragma once
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

namespace driver {

[[noreturn]] inline void fail(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(2);
}
inline double seconds_on(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}
inline bool exists(const std::string& path) { return access(path.c_str(), R_OK) == 0; }
inline double file_size(const std::string& path) {
  struct stat found;
  return stat(path.c_str(), &found) == 0 ? static_cast<double>(found.st_size) : 0;
}

// Rows of an .fvecs or .ivecs file, contiguous, the first on a 64-byte boundary. Lives as long as the program.
template <class T>
struct Rows {
  std::size_t count = 0, dims = 0;
  T* data = nullptr;
  const T* row(std::size_t i) const { return data + i * dims; }

  static Rows read(const std::string& path) {
    FILE* file = std::fopen(path.c_str(), "rb");
    if (file == nullptr) fail("cannot read " + path);
    std::int32_t dims = 0;
    if (std::fread(&dims, 4, 1, file) != 1 || dims <= 0) fail(path + " is empty or damaged");
    Rows out;
    out.dims = static_cast<std::size_t>(dims);
    out.count = static_cast<std::size_t>(file_size(path)) / (4 * (out.dims + 1));
    out.data = static_cast<T*>(std::aligned_alloc(64, (out.count * out.dims * 4 + 63) / 64 * 64));
    std::vector<std::int32_t> line(out.dims + 1);
    std::rewind(file);
    for (std::size_t i = 0; i < out.count; ++i) {
      if (std::fread(line.data(), 4, line.size(), file) != line.size() || line[0] != dims) fail(path + " is damaged");
      std::memcpy(static_cast<void*>(out.data + i * out.dims), &line[1], 4 * out.dims);
    }
    std::fclose(file);
    return out;
  }
};

struct Mask {  // bit i of byte i / 8, lowest bit first
  std::vector<unsigned char> bits;
  std::size_t allowed = 0;
  bool allows(std::size_t row) const { return (bits[row / 8] >> (row % 8) & 1) != 0; }
};

struct Job {
  std::string cache, data = "data", metric = "l2", truth_path;
  int k = 10;
  bool rebuild = false;
  std::map<std::string, std::string> options;  // name=value
  Rows<float> base, queries;
  FILE* out = nullptr;  // where answers go: what libraries print is sent to stderr

  std::string text(const char* name, const char* otherwise) const {
    const auto found = options.find(name);
    return found == options.end() ? otherwise : found->second;
  }
  int number(const char* name, int otherwise) const {
    const auto found = options.find(name);
    return found == options.end() ? otherwise : std::atoi(found->second.c_str());
  }
  // Builds and saves what `file` is to hold unless it is there. Returns the CPU seconds that building took, then or
  // now.
  template <class Build>
  double built(const std::string& file, Build build) const {
    const std::string times = file + ".cpu";
    double seconds = -1;
    if (!rebuild && exists(file) && exists(times)) {
      FILE* in = std::fopen(times.c_str(), "r");
      if (std::fscanf(in, "%lf", &seconds) != 1) seconds = -1;
      std::fclose(in);
    }
    if (seconds >= 0) return seconds;
    seconds = build(file);
    FILE* note = std::fopen(times.c_str(), "w");
    if (note == nullptr) fail("cannot write " + times);
    std::fprintf(note, "%.3f\n", seconds);
    std::fclose(note);
    return seconds;
  }
  double distance(const float* a, const float* b) const {  // smaller is closer
    double sum = 0;
    for (std::size_t i = 0; i < base.dims; ++i) {
      const double x = a[i], y = b[i];
      sum += metric == "dot" ? -x * y : (x - y) * (x - y);
    }
    return sum;
  }
};

// CPU seconds of this process that `work` takes.
template <class Work>
double cpu_of(Work work) {
  const double start = seconds_on(CLOCK_PROCESS_CPUTIME_ID);
  work();
  return seconds_on(CLOCK_PROCESS_CPUTIME_ID) - start;
}

inline Job open(int count, char** words) {
  Job job;
  job.out = fdopen(dup(1), "w");
  dup2(2, 1);
  setvbuf(job.out, nullptr, _IOLBF, 0);
  std::string base, queries;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    const auto value = [&]() -> std::string {
      if (i + 1 == count) fail(word + " needs a value");
      return words[++i];
    };
    if (word == "--base")
      base = value();
    else if (word == "--queries")
      queries = value();
    else if (word == "--truth")
      job.truth_path = value();
    else if (word == "--cache")
      job.cache = value();
    else if (word == "--data")
      job.data = value();
    else if (word == "--metric")
      job.metric = value();
    else if (word == "-k")
      job.k = std::atoi(value().c_str());
    else if (word == "--rebuild")
      job.rebuild = true;
    else if (const auto equals = word.find('='); equals != std::string::npos && equals > 0 && word[0] != '-')
      job.options[word.substr(0, equals)] = word.substr(equals + 1);
    else
      fail("'" + word + "' is not understood; see README.md");
  }
  if (base.empty() || queries.empty() || job.truth_path.empty() || job.cache.empty())
    fail("--base, --queries, --truth and --cache are needed; see README.md");
  if (job.metric != "l2" && job.metric != "dot") fail("the metric is l2 or dot, not " + job.metric);
  job.base = Rows<float>::read(base);
  job.queries = Rows<float>::read(queries);
  return job;
}

class Searcher {
 public:
  virtual ~Searcher() = default;
  virtual void set_effort(int effort) = 0;
  virtual void search(const float* query, std::int32_t* rows) = 0;  // k of them; what is not found stays -1
  // All queries in one call, where the library has one.
  virtual bool has_batch() const { return false; }
  virtual void search_batch(const float* /*queries*/, std::size_t /*count*/, std::int32_t* /*rows*/) {}
  // From now on only rows that the mask lets through; nullptr: all. False if the library knows no filters.
  virtual bool filter(const Mask* /*mask*/) { return false; }
};

struct Self {
  std::string peer, config;
  double build_cpu_seconds = 0, bytes_per_vector = 0;
};

class Conversation {
 public:
  Conversation(const Job& job, const Self& self, Searcher& searcher) : job_(job), self_(self), searcher_(searcher) {
    if (searcher_.has_batch()) self_.config += "/batch";
    judge_by(job.truth_path);
  }

  int run() {
    std::fprintf(job_.out, "READY,%s,%s,%s,%.3f,%.1f\n", self_.peer.c_str(), self_.config.c_str(), job_.data.c_str(),
                 self_.build_cpu_seconds, self_.bytes_per_vector);
    std::fflush(job_.out);
    std::vector<char> line(1 << 16);
    while (std::fgets(line.data(), static_cast<int>(line.size()), stdin) != nullptr) {
      if (std::strncmp(line.data(), "filter ", 7) == 0) {
        filter(line.data() + 7);
      } else {
        int effort = 0, repeats = 1;
        if (std::sscanf(line.data(), "%d %d", &effort, &repeats) < 1 || effort <= 0) break;
        answer(effort, std::max(repeats, 1));
      }
      std::fflush(job_.out);
    }
    return 0;
  }

 private:
  void judge_by(const std::string& path) {
    const Rows<std::int32_t> truth = Rows<std::int32_t>::read(path);
    const std::size_t k = static_cast<std::size_t>(job_.k);
    if (truth.count < job_.queries.count || truth.dims < k) fail(path + " has too few neighbours");
    furthest_.clear();
    wanted_.clear();
    for (std::size_t q = 0; q < job_.queries.count; ++q) {
      std::size_t wanted = 0;
      while (wanted < k && truth.row(q)[wanted] >= 0) ++wanted;
      wanted_.push_back(wanted);
      const double exact =
          wanted == 0
              ? -HUGE_VAL
              : job_.distance(job_.queries.row(q), job_.base.row(static_cast<std::size_t>(truth.row(q)[wanted - 1])));
      furthest_.push_back(exact + 1e-7 * std::fabs(exact));
    }
    std::free(truth.data);
  }

  double recall(std::vector<std::int32_t> rows) const {
    const std::size_t k = static_cast<std::size_t>(job_.k);
    std::size_t all = 0, wanted = 0;
    for (std::size_t q = 0; q < job_.queries.count; ++q) {
      std::int32_t* found = &rows[q * k];
      std::sort(found, found + k);
      std::size_t hits = 0;
      for (std::size_t i = 0; i < k; ++i) {
        if (found[i] < 0 || static_cast<std::size_t>(found[i]) >= job_.base.count ||
            (i > 0 && found[i] == found[i - 1]))
          continue;
        if (job_.distance(job_.queries.row(q), job_.base.row(static_cast<std::size_t>(found[i]))) <= furthest_[q])
          ++hits;
      }
      all += std::min(hits, wanted_[q]);
      wanted += wanted_[q];
    }
    return wanted == 0 ? 1 : static_cast<double>(all) / static_cast<double>(wanted);
  }

  void search_all(std::vector<std::int32_t>& rows, std::vector<double>* seconds) {
    const std::size_t k = static_cast<std::size_t>(job_.k);
    std::fill(rows.begin(), rows.end(), -1);
    if (searcher_.has_batch()) return searcher_.search_batch(job_.queries.data, job_.queries.count, rows.data());
    for (std::size_t q = 0; q < job_.queries.count; ++q) {
      const double start = seconds != nullptr ? seconds_on(CLOCK_MONOTONIC) : 0;
      searcher_.search(job_.queries.row(q), &rows[q * k]);
      if (seconds != nullptr) seconds->push_back(seconds_on(CLOCK_MONOTONIC) - start);
    }
  }

  void answer(int effort, int repeats) {
    const auto count = static_cast<double>(job_.queries.count);
    std::vector<std::int32_t> rows(job_.queries.count * static_cast<std::size_t>(job_.k));
    std::vector<double> wall, rates;
    searcher_.set_effort(effort);
    search_all(rows, &wall);
    const double found = recall(rows);
    for (int i = 0; i < repeats; ++i) {
      const double start = seconds_on(CLOCK_THREAD_CPUTIME_ID);
      search_all(rows, nullptr);
      rates.push_back(count / (seconds_on(CLOCK_THREAD_CPUTIME_ID) - start));
    }
    std::sort(rates.begin(), rates.end());
    double p50 = 1e6 / rates.back();
    if (!wall.empty()) {
      std::nth_element(wall.begin(), wall.begin() + static_cast<std::ptrdiff_t>(wall.size() / 2), wall.end());
      p50 = 1e6 * wall[wall.size() / 2];
    }
    std::fprintf(job_.out, "%s,%s,%s,%d,%.5f,%.1f,%.1f,%.2f,%.3f,%.1f\n", self_.peer.c_str(), self_.config.c_str(),
                 job_.data.c_str(), effort, found, rates.back(), rates[rates.size() / 2], p50, self_.build_cpu_seconds,
                 self_.bytes_per_vector);
  }

  void filter(const char* words) {
    std::vector<char> mask_path(1 << 14), truth_path(1 << 14);
    const int count = std::sscanf(words, "%16383s %16383s", mask_path.data(), truth_path.data());
    if (count == 1 && std::string(mask_path.data()) == "none") {
      searcher_.filter(nullptr);
      judge_by(job_.truth_path);
      std::fprintf(job_.out, "FILTER,%zu\n", job_.base.count);
      return;
    }
    if (count != 2 || !exists(mask_path.data()) || !exists(truth_path.data())) {
      std::fprintf(job_.out, "NO,a filter names a mask and its neighbours\n");
      return;
    }
    mask_.bits.assign(static_cast<std::size_t>(file_size(mask_path.data())), 0);
    FILE* file = std::fopen(mask_path.data(), "rb");
    const bool whole = std::fread(mask_.bits.data(), 1, mask_.bits.size(), file) == mask_.bits.size();
    std::fclose(file);
    if (!whole || mask_.bits.size() != (job_.base.count + 7) / 8) {
      std::fprintf(job_.out, "NO,a mask of %zu rows has another size\n", job_.base.count);
      return;
    }
    mask_.allowed = 0;
    for (std::size_t i = 0; i < job_.base.count; ++i) mask_.allowed += mask_.allows(i) ? 1 : 0;
    if (!searcher_.filter(&mask_)) {
      std::fprintf(job_.out, "NO,%s has no filters\n", self_.peer.c_str());
      return;
    }
    judge_by(truth_path.data());
    std::fprintf(job_.out, "FILTER,%zu\n", mask_.allowed);
  }

  const Job& job_;
  Self self_;
  Searcher& searcher_;
  Mask mask_;
  std::vector<double> furthest_;     // the k-th exact distance of each query, and a hair
  std::vector<std::size_t> wanted_;  // min(k, rows let through)
};

inline int serve(const Job& job, const Self& self, Searcher& searcher) {
  return Conversation(job, self, searcher).run();
}

}  // namespace driver
