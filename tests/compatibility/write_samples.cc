// Writes the sample files as this build does: samples.h.
#include <cstdio>
#include <filesystem>

#include "quiver/index/spec.h"
#include "tests/compatibility/samples.h"

namespace quiver {
namespace {

Result<void> write_samples(const std::filesystem::path& folder) {
  for (const Sample& sample : kSamples) {
    Run run({.seed = 1, .threads = 1});
    const Space space{.id = "qv:sample", .dims = kSampleDims, .metric = Metric::L2, .prefix_of = "", .prefix_dims = 0};
    const Matrix rows = sample_rows(0, kSampleRows), more = sample_rows(kSampleRows, kGone.size());
    QUIVER_TRY(const IndexSpec spec, IndexSpec::parse(sample.spec));
    QUIVER_TRY(const auto index, build_index(spec, rows.view(), space, {}, run));
    if (sample.changed) {
      QUIVER_TRY(index->remove(kGone));
      QUIVER_TRY(index->add(more.view()));
    }
    QUIVER_TRY(index->save(folder / (std::string(sample.name) + ".qvi")));
  }
  return {};
}

}  // namespace
}  // namespace quiver

int main(int count, char** words) {
  if (count != 2) {
    std::fputs("use: write_samples FOLDER\n", stderr);
    return 2;
  }
  const auto written = quiver::write_samples(words[1]);
  if (written.has_value()) return 0;
  std::fprintf(stderr, "write_samples: %s\n", written.error().message().c_str());
  return quiver::exit_status(written.error().code());
}
