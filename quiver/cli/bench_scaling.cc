// quiver bench scaling: what a query, a row and a build cost as rows grow, and what the fitted growth says of sets too
// large to measure. scaling_page.h says it in words.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "quiver/cli/inputs.h"
#include "quiver/cli/scaling_page.h"
#include "quiver/cli/verbs.h"
#include "quiver/core/file.h"
#include "quiver/core/metric.h"
#include "quiver/core/progress.h"
#include "quiver/core/random.h"
#include "quiver/data/inner_sphere.h"
#include "quiver/inspect/intrinsic_dimension.h"
#include "quiver/inspect/machine.h"
#include "quiver/inspect/order_risk.h"

namespace quiver::cli {
namespace {

struct ScalingFlags {
  std::string data, queries, generate, spec = "graph", metric, out;
  std::vector<int> rows = {10'000, 30'000, 100'000, 300'000, 1'000'000},
                   generate_rows = {10'000, 30'000, 100'000, 300'000, 1'000'000};
  std::vector<double> recalls = {0.9, 0.95, 0.99}, targets = {1e8, 1e9};
  std::size_t held_out = 1000;
  unsigned repeats = 3;
  std::uint32_t k = 10;
  template <class V>
  void visit(V& v) {
    v("data", data, "NAME=FILE: vectors; may be given several times");
    v("queries", queries, "NAME=FILE: their queries; a set without gives rows of its own, held out");
    v("rows", rows, "sizes to measure; those a set has", 200, 2e9);
    v("generate", generate, "NAME of a set: also measure generated rows of its length and intrinsic dimension");
    v("generate_rows", generate_rows, "sizes to generate", 200, 2e9);
    v("spec", spec, "the index to measure");
    v("metric", metric, "l2, dot, cosine, manhattan or hamming; empty: what the vectors say");
    v("recalls", recalls, "costs are given at these recalls", 0.01, 0.9999);
    v("targets", targets, "rows to extrapolate to", 1000, 1e12);
    v("held_out", held_out, "queries of a set without any, and of generated rows", 1, 1e6);
    v("repeats", repeats, "rounds of timing; the least counts", 1, 100);
    v("k", k, "hits a query gets", 1, 10000);
    v("out", out, "a folder for scaling.json, scaling.md and scaling.svg; empty: print only");
  }
};

// A set that is measured at several sizes: nested random parts of it, or of generated rows the first ones.
struct Family {
  ScalingSet set;
  Rows base, queries;
  std::vector<std::uint32_t> order;  // of real rows
};

constexpr std::uint32_t kLidPoints = 1000;
constexpr std::uint64_t kBaseStream = 1, kQueryStream = 2;

Result<Rows> first_rows(const Family& family, std::size_t count) {
  if (!family.order.empty()) return rows_at(family.base, std::span(family.order).first(count));
  QUIVER_TRY(const MatrixView all, family.base.dense());
  return Rows::borrowed(typed(all.slice(0, count)), family.base.space(), std::make_shared<Rows>(family.base));
}

Result<double> lid_of(const Rows& rows, Run& run) {
  QUIVER_TRY(const IntrinsicDimension id, intrinsic_dimension(rows, {.sample = kLidPoints}, run));
  return id.mean;
}

std::vector<Named> each(const std::string& lines, std::string_view otherwise) {
  std::vector<Named> out;
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t end = std::min(lines.find('\n', at), lines.size());
    out.push_back(named(lines.substr(at, end - at), otherwise));
    at = end + 1;
  }
  return out;
}

Result<Family> read_family(const Named& data, const ScalingFlags& flags, Run& run) {
  Family family{.set = {.name = data.role}, .base = {}, .queries = {}, .order = {}};
  QUIVER_TRY(family.base, read_rows(data.value, ""));
  Space space = family.base.space();
  if (!flags.metric.empty()) {
    QUIVER_TRY(space.metric, parse_metric(flags.metric));
    family.base = family.base.in_space(space);
  }
  const auto count = static_cast<std::uint32_t>(family.base.size());
  const std::vector<Named> asked = each(flags.queries, data.role);
  const auto found = std::ranges::find(asked, data.role, &Named::role);
  if (found != asked.end()) {
    QUIVER_TRY(family.queries, read_rows(found->value, ""));
    family.queries = family.queries.in_space(space);
    family.order = Random(run.seed(), stream_of("scaling")).permutation(count);
  } else {
    if (count <= flags.held_out) {
      return Error::invalid_argument(
          fmt::format("{}: {} rows, of which {} are to be held out as queries; give fewer "
                      "by --held-out, or queries by --queries {}=FILE",
                      data.value, count, flags.held_out, data.role));
    }
    HeldOut split = hold_out(count, static_cast<std::uint32_t>(flags.held_out), run.seed());
    QUIVER_TRY(family.queries, rows_at(family.base, split.queries));
    family.order = std::move(split.base);
    Random(run.seed(), stream_of("scaling")).shuffle(std::span(family.order));
  }
  QUIVER_TRY(family.set.lid, lid_of(family.base, run).within(fmt::format("measuring {}", data.value)));
  return family;
}

Result<Family> generated(const Family& like, const ScalingFlags& flags, Run& run) {
  const std::size_t dims = like.base.space().dims;
  QUIVER_TRY(const MatchedSphere match, match_lid(like.set.lid, like.base.size(), dims, run));
  const auto most = static_cast<std::size_t>(*std::ranges::max_element(flags.generate_rows));
  const InnerSphere sphere(match.inner, dims, run.seed());
  const Space space{.metric = Metric::L2};
  return Family{.set = {.name = like.set.name + ", generated", .lid = match.lid, .sphere = match.inner},
                .base = Rows::dense(sphere.draw(most, kBaseStream, run.threads()), space),
                .queries = Rows::dense(sphere.draw(flags.held_out, kQueryStream, run.threads()), space),
                .order = {}};
}

std::vector<std::size_t> sizes_of(std::span<const int> wanted, std::size_t most) {
  std::vector<std::size_t> sizes;
  for (const int rows : wanted) sizes.push_back(std::min(static_cast<std::size_t>(rows), most));
  std::sort(sizes.begin(), sizes.end());
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  return sizes;
}

Result<void> measure_family(Family& family, std::span<const int> wanted, const ScalingFlags& flags, Run& run) {
  ScalingOptions options{.spec = flags.spec, .k = flags.k, .repeats = flags.repeats};
  const std::size_t most = family.order.empty() ? family.base.size() : family.order.size();
  for (const std::size_t rows : sizes_of(wanted, most)) {
    auto stage = run.stage(fmt::format("{}, {} rows", family.set.name, grouped(rows)));
    QUIVER_TRY(const Rows part, first_rows(family, rows));
    QUIVER_TRY(ScalingPoint point, measure_scaling(part, family.queries, options, run));
    family.set.points.push_back(std::move(point));
  }
  return {};
}

// What was measured before an interruption is reported; nothing measured is the error.
Result<Answer> run_scaling(const ScalingFlags& flags, Run& run) {
  if (!flags.out.empty()) {
    std::error_code failed;
    std::filesystem::create_directories(flags.out, failed);
    if (failed) return Error::io(fmt::format("making the folder {}: {}", flags.out, failed.message()));
  }
  const std::vector<Named> sets = each(flags.data, "data");
  if (!flags.generate.empty() && std::ranges::find(sets, flags.generate, &Named::role) == sets.end()) {
    return Error::invalid_argument(fmt::format("--generate {} names none of the sets given by --data", flags.generate));
  }
  ScalingReport report{.spec = flags.spec, .k = flags.k, .recalls = flags.recalls, .targets = flags.targets};
  report.machine = describe_machine().cpu;
  report.threads = run.threads().count();
  const auto measure = [&]() -> Result<void> {
    for (const Named& data : sets) {
      QUIVER_TRY(Family family, read_family(data, flags, run));
      auto measured = measure_family(family, flags.rows, flags, run);
      if (!family.set.points.empty()) report.sets.push_back(family.set);
      QUIVER_TRY(std::move(measured));
      if (data.role != flags.generate) continue;
      QUIVER_TRY(Family sphere, generated(family, flags, run));
      family = {};
      auto more = measure_family(sphere, flags.generate_rows, flags, run);
      if (!sphere.set.points.empty()) report.sets.push_back(std::move(sphere.set));
      QUIVER_TRY(std::move(more));
    }
    return {};
  };
  const auto measured = measure();
  if (!measured.has_value()) {
    if (measured.error().code() != Code::Cancelled || report.sets.empty()) return measured.error();
    report.interrupted = true;
  }
  Answer answer{to_json(report), scaling_page(report)};
  if (!flags.out.empty()) {
    const std::filesystem::path folder(flags.out);
    QUIVER_TRY(write_file(folder / "scaling.json", dump_json(answer.json) + "\n"));
    QUIVER_TRY(write_file(folder / "scaling.md", answer.text));
    QUIVER_TRY(write_file(folder / "scaling.svg", plot_svg(scaling_plot(report))));
  }
  return answer;
}

}  // namespace

Verb bench_scaling_verb() {
  return make_verb<ScalingFlags>(
      {.name = "bench scaling",
       .summary = "measure how costs grow with rows, and extrapolate",
       .details = "Builds one index over growing parts of each set, asks it beside an exact scan, and fits how hops, "
                  "distances, bytes and CPU time grow at a recall. Counts are the same on every machine; CPU time is "
                  "not. What "
                  "lies beyond the sizes measured is marked as extrapolated.",
       .required = {"data"},
       .repeated = {"data", "queries"},
       .examples = {{"quiver bench scaling --data mine=base.fvecs --rows 10000,30000,100000 --threads 1", ""},
                    {"quiver bench scaling --data sift=base.fvecs --queries sift=query.fvecs --metric l2 "
                     "--generate sift --out results",
                     "also generated rows of the same intrinsic dimension, up to a million"}}},
      run_scaling);
}

}  // namespace quiver::cli
