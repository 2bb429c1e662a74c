// HNSW recall audit: does a graph index lose recall on these vectors, does intrinsic dimension foretell it, and does
// the order of insertion change it?
//   LID(x) = -1 / (1/k sum_i ln(r_i / r_k))         r_1 .. r_k: distances to the k nearest other rows, exact
//   recall@10 at effort ef of graphs built with M = 16, ef_construction = 128, in several orders of the same rows
// Elliott & Clark, "The Impacts of Data, Ordering, and Intrinsic Dimensionality on Recall in HNSW" (ICTIR 2024). The
// measurements: inspect/intrinsic_dimension.h, inspect/order_risk.h; the graph: index/hnsw.h. Data: directions of k
// dims drawn inside many (the paper's synthetic ladder), images of digits and of things, posts by their LSA vectors,
// and encoders ranked on a retrieval set by exact search and by the graph.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "quiver/core/random.h"
#include "quiver/core/statistics.h"
#include "quiver/data/inner_sphere.h"
#include "quiver/data/items_builder.h"
#include "quiver/index/ground_truth.h"
#include "quiver/index/spec.h"
#include "quiver/inspect/order_risk.h"
#include "quiver/inspect/ranking_metrics.h"
#include "quiver/recipes/cranfield.h"
#include "quiver/recipes/image_sets.h"
#include "quiver/recipes/lsa.h"
#include "quiver/recipes/neighbours.h"
#include "quiver/recipes/newsgroups.h"
#include "quiver/recipes/recipe.h"

namespace quiver::recipes::hnsw_recall {
namespace {
const RecipeCard kCard{
    .slug = "hnsw-recall",
    .paper = "The Impacts of Data, Ordering, and Intrinsic Dimensionality on Recall in HNSW",
    .arxiv = "2405.17813",
    .claim = "intrinsic dimension foretells what a graph index loses, and the order of insertion moves it",
    .stage = Stage::Inspect,
    .reads = {{.name = "vectors", .modality = Modality::Rows}}};

struct Options {
  std::string spec = "hnsw(16,128)", label;
  std::uint32_t lid_k = 100, queries = 500, shuffles = 5;
  std::vector<int> efforts = {10, 20, 50};
  bool quick = false;  // a tenth of the rows; for tests, until every set it reads is found packed too
  template <class V>
  void visit(V& v) {
    v("spec", spec, "the graph that is audited");
    v("label", label, "a column of categories: also insert category by category");
    v("lid_k", lid_k, "nearest other rows the intrinsic dimension is estimated from", 2, 100'000);
    v("queries", queries, "rows held out and searched for, where no queries are given", 1, 1'000'000);
    v("shuffles", shuffles, "random orders", 1, 100);
    v("efforts", efforts, "candidates a walk keeps");
  }
};
OrderRiskOptions risk_options(const Options& options) {
  OrderRiskOptions out{.spec = options.spec, .efforts = {}, .shuffles = options.shuffles, .lid = {.k = options.lid_k}};
  for (const int effort : options.efforts) out.efforts.push_back(static_cast<std::uint32_t>(std::max(1, effort)));
  return out;
}

Rows as_rows(Matrix matrix, const Space& space) { return Rows::dense(std::move(matrix), space); }
std::vector<std::uint32_t> at(std::span<const std::uint32_t> values, std::span<const std::uint32_t> rows) {
  std::vector<std::uint32_t> out;
  for (const std::uint32_t row : rows) out.push_back(values[row]);
  return out;
}

// An audit has no model to give: its tables are the result.
Result<Fitted> fit(const Options& options, const Inputs& inputs, Run& run) {
  QUIVER_TRY(const Dataset* data, data_of(inputs, "train"));
  QUIVER_TRY(const Rows rows, data->items().only_rows());
  QUIVER_TRY(const Matrix all, float_rows(rows));
  std::vector<std::uint32_t> categories;
  if (!options.label.empty()) {
    QUIVER_TRY(const Categories labels, data->items().categories(options.label));
    categories = labels.codes;
  }
  Rows base = rows, queries;
  if (inputs.data.contains("queries")) {
    QUIVER_TRY(const Dataset* asked, data_of(inputs, "queries"));
    QUIVER_TRY(queries, asked->items().only_rows());
  } else {
    if (options.queries >= all.rows()) {
      return Error::invalid_argument(fmt::format("{} rows, of which {} queries are to be held out; give fewer queries",
                                                 all.rows(), options.queries));
    }
    const HeldOut split = hold_out(static_cast<std::uint32_t>(all.rows()), options.queries, run.seed());
    base = as_rows(rows_at(all.view(), split.base), rows.space());
    queries = as_rows(rows_at(all.view(), split.queries), rows.space());
    if (!categories.empty()) categories = at(categories, split.base);
  }
  QUIVER_TRY(const OrderRisk risk, order_risk(base, queries, categories, risk_options(options), run));
  Fitted out;
  ItemsBuilder orders({{.name = "order", .modality = Modality::Text},
                       {.name = "effort", .modality = Modality::Number},
                       {.name = "recall", .modality = Modality::Number},
                       {.name = "low", .modality = Modality::Number},
                       {.name = "high", .modality = Modality::Number}});
  for (const OrderOutcome& outcome : risk.outcomes) {
    for (std::size_t e = 0; e < outcome.recall.size(); ++e) {
      orders.text(0, outcome.order);
      orders.number(1, options.efforts[e]);
      orders.number(2, outcome.recall[e].mean);
      orders.number(3, outcome.recall[e].low);
      orders.number(4, outcome.recall[e].high);
      orders.end_row();
    }
  }
  out.report.tables.emplace("orders", std::move(orders).build());
  out.report.tables.emplace("lid", Items::of("lid", risk.dimension.lid));
  if (risk.dimension.with_duplicates > 0) {
    out.report.warnings.push_back(
        fmt::format("{} points have duplicates, which were left out", risk.dimension.with_duplicates));
  }
  out.report.warnings.push_back(fmt::format("insert the rows {}", risk.advice));
  return out;
}

constexpr std::uint32_t kHits = 10;
// Rows of each set and how many queries are asked of them.
struct Sizes {
  std::uint32_t rows = 10'000, queries = 1000, real_queries = 2000;
};
Sizes sizes_of(const Options& options) { return options.quick ? Sizes{1000, 250, 250} : Sizes{}; }

// The ladder: the higher the dimension inside, the higher the LID and the lower the recall, whatever the length.
Result<void> on_spheres(std::size_t outer, std::span<const std::size_t> inners, const Options& options, Run& run,
                        std::vector<Measured>& out) {
  QUIVER_TRY(const IndexSpec spec, IndexSpec::parse(options.spec));
  const Sizes sizes = sizes_of(options);
  std::vector<double> dims, lids, recalls;
  double least_rise = INFINITY, most_gain = -INFINITY;
  for (const std::size_t inner : inners) {
    auto stage = run.stage(fmt::format("{} of {} dims", inner, outer));
    const InnerSphere sphere(inner, outer, run.seed());
    const Rows base = as_rows(sphere.draw(sizes.rows, 1, run.threads()), {.metric = Metric::L2});
    const Rows queries = as_rows(sphere.draw(sizes.queries, 2, run.threads()), {.metric = Metric::L2});
    const std::string arm = fmt::format("sphere{}/{}", outer, inner);
    QUIVER_TRY(const IntrinsicDimension id, intrinsic_dimension(base, {.k = options.lid_k}, run));
    out.push_back({arm, "lid", id.mean});
    out.push_back({arm, "lid_harmonic", id.harmonic_mean});
    QUIVER_TRY(const GroundTruth truth, exact_neighbours(base, queries, kHits, run));
    QUIVER_TRY(const auto index, build_index(spec, base, {}, run));
    for (const std::uint32_t effort : {10U, 50U, 200U}) {
      QUIVER_TRY(const Hits hits, index->search_batch(queries.view(), {.k = kHits, .effort = effort}, run));
      const double recall = truth.recall(hits, kHits);
      out.push_back({arm, fmt::format("recall@10-ef{}", effort), recall});
      if (effort != 50) continue;
      if (!recalls.empty()) {
        least_rise = std::min(least_rise, id.mean - lids.back());
        most_gain = std::max(most_gain, recall - recalls.back());
      }
      recalls.push_back(recall);
    }
    dims.push_back(static_cast<double>(inner));
    lids.push_back(id.mean);
  }
  const std::string ladder = fmt::format("sphere{}/ladder", outer);
  out.push_back({ladder, "spearman", spearman(dims, lids)});
  out.push_back({ladder, "least_rise_of_lid", least_rise});
  out.push_back({ladder, "most_gain_of_recall-ef50", most_gain});
  return {};
}

// A set of real vectors in every order.
struct Real {
  std::string name;
  Rows base, queries;
  std::vector<std::uint32_t> categories;
};

std::vector<double> mean_over(std::span<const OrderOutcome> outcomes, std::size_t effort) {
  std::vector<double> out(outcomes[0].per_query[effort].size());
  for (const OrderOutcome& outcome : outcomes) {
    for (std::size_t q = 0; q < out.size(); ++q) {
      out[q] += outcome.per_query[effort][q] / static_cast<double>(outcomes.size());
    }
  }
  return out;
}

// Wilson's interval of the mean with as many trials as would vary as the queries do: p (1 - p) / variance of the mean
// (Kish's effective sample size). Fewer than the hits, more than the queries.
Interval wilson_of_clusters(std::span<const double> per_query) {
  const double p = mean_of(per_query), n = static_cast<double>(per_query.size());
  double squares = 0;
  for (const double r : per_query) squares += (r - p) * (r - p);
  const double trials = squares > 0 ? p * (1 - p) * n * (n - 1) / squares : n * kHits;
  return wilson(static_cast<std::uint64_t>(std::llround(p * trials)), static_cast<std::uint64_t>(std::llround(trials)));
}

// How often intervals of audits on 200 of the queries hold the recall of all of them, out of 100 audits.
void on_audits(const std::string& set, std::span<const double> per_query, Run& run, std::vector<Measured>& out) {
  constexpr std::uint32_t kAudits = 100, kSample = 200;
  const double recall = mean_of(per_query);
  double complete = 0;
  for (const double r : per_query) complete += r == 1 ? 1 : 0;
  complete /= static_cast<double>(per_query.size());
  unsigned hits_hold = 0, queries_hold = 0, complete_holds = 0, bootstrap_holds = 0, effective_holds = 0;
  for (std::uint32_t audit = 0; audit < kAudits; ++audit) {
    Random random(mix(run.seed(), stream_of("audits")), audit);
    std::vector<double> drawn;
    double found = 0;
    std::uint64_t whole = 0;
    for (const std::uint32_t q : random.sample(static_cast<std::uint32_t>(per_query.size()), kSample)) {
      drawn.push_back(per_query[q]);
      found += per_query[q] * kHits;
      whole += per_query[q] == 1 ? 1 : 0;
    }
    const auto holds = [](const Interval& i, double value) { return i.low <= value && value <= i.high ? 1U : 0U; };
    // Hits of one query come and go together, so a trial is a query: its recall varies no more than a coin's would.
    queries_hold += holds(wilson(static_cast<std::uint64_t>(std::lround(found / kHits)), kSample), recall);
    hits_hold += holds(wilson(static_cast<std::uint64_t>(std::lround(found)), kSample * kHits), recall);
    complete_holds += holds(wilson(whole, kSample), complete);
    effective_holds += holds(wilson_of_clusters(drawn), recall);
    bootstrap_holds += holds(bootstrap_mean(drawn, {.seed = mix(run.seed(), audit), .resamples = 1000}), recall);
  }
  out.push_back({set + "/audit", "wilson_of_recall", queries_hold / double{kAudits}});
  out.push_back({set + "/audit", "wilson_of_hits", hits_hold / double{kAudits}});
  out.push_back({set + "/audit", "wilson_of_complete", complete_holds / double{kAudits}});
  out.push_back({set + "/audit", "wilson_of_effective", effective_holds / double{kAudits}});
  out.push_back({set + "/audit", "bootstrap_of_recall", bootstrap_holds / double{kAudits}});
}

Result<void> on_orders(const Real& set, const Options& options, Run& run, std::vector<Measured>& out) {
  auto stage = run.stage(set.name);
  QUIVER_TRY(const OrderRisk risk, order_risk(set.base, set.queries, set.categories, risk_options(options), run));
  out.push_back({set.name, "rows", static_cast<double>(set.base.size())});
  out.push_back({set.name, "lid", risk.dimension.mean});
  out.push_back({set.name, "lid_harmonic", risk.dimension.harmonic_mean});
  const std::span outcomes(risk.outcomes);
  std::vector<std::pair<std::string, std::vector<OrderOutcome>>> arms;
  arms.push_back({"random", {outcomes.begin(), outcomes.begin() + options.shuffles}});
  for (std::size_t i = options.shuffles; i < outcomes.size(); ++i) {
    std::string name = outcomes[i].order;
    std::ranges::replace(name, ' ', '-');
    arms.push_back({std::move(name), {outcomes[i]}});
  }
  for (std::size_t e = 0; e < options.efforts.size(); ++e) {
    const std::string metric = fmt::format("recall@10-ef{}", options.efforts[e]);
    std::vector<std::vector<double>> recalls;
    for (const auto& [name, members] : arms) {
      recalls.push_back(mean_over(members, e));
      out.push_back({set.name + "/" + name, metric, mean_of(recalls.back())});
    }
    const auto compare = [&](std::size_t a, std::size_t b) {
      const Interval gain = paired_difference(recalls[a], recalls[b], {.seed = run.seed()});
      const std::string name = fmt::format("{0}/{1} - {0}/{2}", set.name, arms[a].first, arms[b].first);
      out.push_back({name, metric, gain.mean});
      out.push_back({name, metric + ".low", gain.low});
      out.push_back({name, metric + ".high", gain.high});
    };
    compare(1, 2);  // descending and ascending
    compare(1, 0);
    if (e == 0) on_audits(set.name, outcomes[0].per_query[e], run, out);
  }
  for (const auto& [name, members] : arms) {
    out.push_back({set.name + "/" + name, "hub_skewness", members[0].hub_skewness});
    out.push_back({set.name + "/" + name, "unlinked", static_cast<double>(members[0].unlinked)});
  }
  return {};
}

// Pictures to build of and others to ask, drawn by the seed; groups are the classes, if they are to be inserted by
// class.
Real images(std::string name, const ImageTask& task, bool by_class, const Sizes& sizes, Run& run) {
  const auto drawn =
      Random(run.seed(), stream_of("images")).sample(static_cast<std::uint32_t>(task.train.size()), sizes.rows);
  const Matrix asked = pixel_rows(task.test.pictures);
  return Real{
      .name = std::move(name),
      .base = as_rows(pixel_rows(task.train.pictures.take(drawn)), {.metric = Metric::L2}),
      .queries = as_rows(drawn_rows(asked.view(), sizes.real_queries, run.seed(), "queries"), {.metric = Metric::L2}),
      .categories = by_class ? at(task.train.labels, drawn) : std::vector<std::uint32_t>()};
}
// Posts by their LSA vectors of 128 dims; groups are the categories.
Result<Real> posts_by_lsa(const Options& options, Run& run) {
  QUIVER_TRY(const std::vector<Post> posts, open_newsgroups());
  std::vector<std::string> bodies;
  std::vector<std::uint32_t> groups;
  for (const Post& post : posts) {
    if (bodies.empty() || post.group != posts[bodies.size() - 1].group)
      groups.push_back(static_cast<std::uint32_t>(bodies.size()));
    else
      groups.push_back(groups.back());
    bodies.push_back(post.body);
  }
  if (options.quick) {
    for (std::size_t i = 0; 10 * i < bodies.size(); ++i) {
      bodies[i] = bodies[10 * i];
      groups[i] = groups[10 * i];
    }
    bodies.resize((bodies.size() + 9) / 10);
  }
  QUIVER_TRY(const Lsa lsa, Lsa::fit(bodies, {.dims = 128}, run));
  const Matrix all = lsa.map(bodies, run.threads());
  std::vector<std::uint32_t> known;  // without posts of which no word is known
  for (std::uint32_t i = 0; i < all.rows(); ++i) {
    if (std::ranges::any_of(all.row(i), [](float x) { return x != 0; })) known.push_back(i);
  }
  const HeldOut split = hold_out(static_cast<std::uint32_t>(known.size()), sizes_of(options).real_queries, run.seed());
  const auto base = at(known, split.base);
  return Real{.name = "news",
              .base = as_rows(rows_at(all.view(), base), {.metric = Metric::L2}),
              .queries = as_rows(rows_at(all.view(), at(known, split.queries)), {.metric = Metric::L2}),
              .categories = at(groups, base)};
}

// Of pairs of sets, how many are ordered otherwise by LID than by what is lost.
double discordant_pairs(std::span<const Measured> measured, const std::string& recall_metric) {
  const auto value = [&](const std::string& arm, const std::string& metric) {
    const auto found =
        std::ranges::find_if(measured, [&](const Measured& m) { return m.arm == arm && m.metric == metric; });
    QUIVER_CHECK(found != measured.end());
    return found->value;
  };
  double discordant = 0;
  const std::string sets[] = {"mnist", "news", "cifar"};
  for (std::size_t a = 0; a < 3; ++a) {
    for (std::size_t b = a + 1; b < 3; ++b) {
      const double lids = value(sets[a], "lid") - value(sets[b], "lid");
      const double recalls = value(sets[a] + "/random", recall_metric) - value(sets[b] + "/random", recall_metric);
      discordant += lids * recalls < 0 ? 0 : 1;
    }
  }
  return discordant;
}

// Six encoders, the prefixes of one latent semantic analysis, ranked by NDCG@10 when searched exactly and by a graph at
// the least effort. 1,400 documents are too few for a claim.
Result<void> on_encoders(const Options& options, Run& run, std::vector<Measured>& out) {
  auto stage = run.stage("cranfield");
  constexpr std::size_t kDims[] = {32, 64, 128, 256, 384, 512};
  QUIVER_TRY(const Cranfield set, open_cranfield());
  QUIVER_TRY(const IndexSpec spec, IndexSpec::parse(options.spec));
  QUIVER_TRY(const Lsa lsa, Lsa::fit(set.documents, {.dims = std::end(kDims)[-1], .min_count = 2}, run));
  const Matrix documents = lsa.map(set.documents, run.threads()), questions = lsa.map(set.questions, run.threads());
  const auto prefix = [](const Matrix& rows, std::size_t dims) {
    return as_rows(Matrix::copy_of({rows.data(), rows.rows(), dims, rows.stride()}), {.metric = Metric::Cosine});
  };
  std::vector<double> exact, walked;
  for (const std::size_t dims : kDims) {
    const Rows base = prefix(documents, dims), asked = prefix(questions, dims);
    const auto ndcg = [&](const IndexSpec& with, std::uint32_t effort) -> Result<double> {
      QUIVER_TRY(const auto index, build_index(with, base, {}, run));
      QUIVER_TRY(const Hits hits, index->search_batch(asked.view(), {.k = kHits, .effort = effort}, run));
      return mean_of(ndcg_at(hits, set.relevant, kHits));
    };
    QUIVER_TRY(exact.emplace_back(), ndcg(IndexSpec{}, 0));
    QUIVER_TRY(walked.emplace_back(), ndcg(spec, kHits));
  }
  const auto place = [](std::span<const double> values, std::size_t of) {  // 1: the best
    return 1.0 + static_cast<double>(std::ranges::count_if(values, [&](double v) { return v > values[of]; }));
  };
  double furthest = 0;
  for (std::size_t i = 0; i < std::size(kDims); ++i) {
    const std::string arm = fmt::format("cranfield/lsa-{}", kDims[i]);
    out.push_back({arm, "ndcg@10-exact", exact[i]});
    out.push_back({arm, "ndcg@10-ef10", walked[i]});
    out.push_back({arm, "place-exact", place(exact, i)});
    out.push_back({arm, "place-ef10", place(walked, i)});
    furthest = std::max(furthest, std::abs(place(exact, i) - place(walked, i)));
  }
  out.push_back({"cranfield", "furthest_move", furthest});
  return {};
}

Result<std::vector<Measured>> reproduce(const Options& options, Run& run) {
  std::vector<Measured> out;
  const Sizes sizes = sizes_of(options);
  constexpr std::size_t kShort[] = {2, 4, 8, 16, 32, 64, 128, 256}, kLong[] = {2, 8, 64, 256, 1024};
  QUIVER_TRY(on_spheres(256, kShort, options, run, out));
  QUIVER_TRY(on_spheres(1024, kLong, options, run, out));
  QUIVER_TRY(const ImageTask mnist, open_mnist({28, 28, 1}, run));
  const Real digits = images("mnist", mnist, true, sizes, run);
  QUIVER_TRY(on_orders(digits, options, run, out));
  QUIVER_TRY(const Real posts, posts_by_lsa(options, run));
  QUIVER_TRY(on_orders(posts, options, run, out));
  QUIVER_TRY(const ImageTask cifar, open_cifar10(run));
  const Real things = images("cifar", cifar, false, sizes, run);
  Options fewer = options;
  fewer.shuffles = 1;
  QUIVER_TRY(on_orders(things, fewer, run, out));
  out.push_back({"sets", "discordant_pairs-ef10", discordant_pairs(out, "recall@10-ef10")});
  QUIVER_TRY(on_encoders(options, run, out));
  return out;
}
}  // namespace
}  // namespace quiver::recipes::hnsw_recall

QUIVER_RECIPE(hnsw_recall)
