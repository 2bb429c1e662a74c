#include "quiver/recipes/arms.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <mutex>

#include "quiver/core/check.h"
#include "quiver/core/file.h"
#include "quiver/core/progress.h"

namespace quiver {
namespace {
namespace fs = std::filesystem;

// Folders by run. A run is handed to recipes by reference and knows nothing of arms, so this is kept beside it.
struct Folders {
  std::mutex mutex;
  std::map<const Run*, fs::path> of_run;
};
Folders& folders() {
  static Folders all;
  return all;
}

Result<std::vector<Measured>> open_arm(const fs::path& path) {
  QUIVER_TRY(const std::string text, read_file(path));
  QUIVER_TRY(const Json values, parse_json(text));
  return measured_of(values);
}
}  // namespace

Json measured_json(const std::vector<Measured>& values) {
  Json out = Json::array();
  for (const Measured& m : values) out.push_back({{"arm", m.arm}, {"metric", m.metric}, {"value", m.value}});
  return out;
}

Result<std::vector<Measured>> measured_of(const Json& values) {
  if (!values.is_array()) return Error::corruption("measured numbers are a JSON array; this is something else");
  std::vector<Measured> out;
  for (const Json& value : values) {
    Measured m;
    QUIVER_TRY(m.arm, get<std::string>(value, "arm"));
    QUIVER_TRY(m.metric, get<std::string>(value, "metric"));
    QUIVER_TRY(m.value, get<double>(value, "value"));
    out.push_back(std::move(m));
  }
  return out;
}

KeptArms::KeptArms(const Run& run, fs::path folder) : run_(&run) {
  const std::lock_guard lock(folders().mutex);
  folders().of_run[run_] = std::move(folder);
}
KeptArms::~KeptArms() {
  const std::lock_guard lock(folders().mutex);
  folders().of_run.erase(run_);
}

Arms::Arms(Run& run, std::vector<std::string> planned) : run_(run), planned_(std::move(planned)) {
  const std::lock_guard lock(folders().mutex);
  const auto found = folders().of_run.find(&run);
  if (found != folders().of_run.end()) folder_ = found->second;
}
fs::path Arms::kept(std::string_view name, std::string_view ending) const {
  return folder_.empty() ? fs::path() : folder_ / fmt::format("{}{}", digest_of(name).substr(0, 16), ending);
}

Result<void> Arms::measure(std::string_view arm, const std::function<Result<std::vector<Measured>>()>& how) {
  if (run_.stop()) return run_.stopped(fmt::format("measuring arm {}", arm));
  ++done_;
  const std::size_t all = std::max(planned_.size(), done_);
  const fs::path path = kept(arm, ".json");
  const bool keeps = !path.empty();
  if (keeps && fs::exists(path)) {
    if (auto before = open_arm(path); before.has_value()) {
      run_.log(fmt::format("  arm {} of {}, {}: measured before", done_, all, arm));
      measured_.insert(measured_.end(), before->begin(), before->end());
      return {};
    }
    run_.log(fmt::format("  arm {}: what was kept of it is damaged; it is measured again", arm));
  }
  const auto start = std::chrono::steady_clock::now();
  auto values = how();
  if (!values.has_value()) return std::move(values).error().within(fmt::format("arm {}", arm));
  for (Measured& m : *values) {
    if (m.arm.empty()) m.arm = arm;
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  seconds_ += seconds;
  ++timed_;
  if (keeps) {
    QUIVER_TRY(make_folders(folder_));
    QUIVER_TRY(write_file(path, dump_json(measured_json(*values))));
  }
  const std::size_t left = all - done_;
  run_.log(fmt::format(
      "  arm {} of {}, {}: {}{}", done_, all, arm, duration_text(seconds),
      left == 0 ? ""
                : fmt::format("; {} to go, about {}", left,
                              duration_text(seconds_ / static_cast<double>(timed_) * static_cast<double>(left)))));
  measured_.insert(measured_.end(), values->begin(), values->end());
  return {};
}

Result<Model> Arms::model(std::string_view name, const std::function<Result<Model>()>& fit) {
  const fs::path path = kept(name, ".qvm");
  const bool keeps = !path.empty();
  if (keeps && fs::exists(path)) {
    if (auto before = Model::open(path); before.has_value()) return before;
    run_.log(fmt::format("  model {}: what was kept of it is damaged; it is fitted again", name));
  }
  if (run_.stop()) return run_.stopped(fmt::format("fitting {}", name));
  auto made = fit();
  if (!made.has_value()) return std::move(made).error().within(fmt::format("fitting {}", name));
  if (keeps) {
    QUIVER_TRY(make_folders(folder_));
    QUIVER_TRY(made->save(path));
  }
  return made;
}

double Arms::value(std::string_view arm, std::string_view metric) const {
  const auto found = std::find_if(measured_.begin(), measured_.end(),
                                  [&](const Measured& m) { return m.arm == arm && m.metric == metric; });
  QUIVER_CHECK(found != measured_.end());
  return found->value;
}

}  // namespace quiver
