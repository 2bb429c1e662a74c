// LeanVec: rows and queries become short by linear maps that keep their products, learned from a sample of the queries.
//   <q, x> ~ <A^T q, B^T x>       A, B: (in, dims) with orthonormal columns, so as to make
//   L(A, B) = |Q A B^T X^T - Q X^T|^2  small;        Q: (m, in) queries, X: (n, in) rows less their mean
//   z = A^T q, y = B^T (x - mean) are searched by lvq(8) codes; candidates are ordered by lvq(8) codes of the full rows
// Tepper, Bhati, Aguerrebere, Hildebrand, Willke (TMLR 2024). The maps and how they are found: compress/leanvec.h;
// centring and metrics: compress/projection.h; both levels under one graph: index/spec.h. Data: pixels (queries like
// rows), subject lines against posts and Japanese questions against sentences (queries unlike rows).
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "quiver/compress/projection.h"
#include "quiver/compress/spec.h"
#include "quiver/core/linalg.h"
#include "quiver/core/random.h"
#include "quiver/core/space_json.h"
#include "quiver/core/statistics.h"
#include "quiver/data/catalogue.h"
#include "quiver/data/items_builder.h"
#include "quiver/data/read_vectors.h"
#include "quiver/index/spec.h"
#include "quiver/recipes/image_sets.h"
#include "quiver/recipes/jaquad.h"
#include "quiver/recipes/lsa.h"
#include "quiver/recipes/neighbours.h"
#include "quiver/recipes/newsgroups.h"
#include "quiver/recipes/race.h"
#include "quiver/recipes/recipe.h"

namespace quiver::recipes::leanvec {
namespace {
const RecipeCard kCard{
    .slug = "leanvec",
    .paper = "LeanVec: Searching vectors faster by making them fit",
    .arxiv = "2312.16335",
    .claim = "short vectors that keep the order of the long ones, learned from a sample of the queries",
    .stage = Stage::Compress,
    .reads = {{.name = "vectors", .modality = Modality::Rows}},
    .gives = {Ability::Map}};

struct Options {
  std::string method = "es+fw";
  std::uint32_t dims = 0;
  double energy = 0.95;
  std::uint32_t sample = 100'000;
  template <class V>
  void visit(V& v) {
    v.choice("method", method, "how the maps are found; all but pca, random and truncate learn from queries",
             {"pca", "random", "truncate", "es", "fw", "es+fw", "sphering"});
    v("dims", dims, "length of the mapped vectors; 0: the multiple of 16 that keeps the energy", 0, 65'536);
    v("energy", energy, "part of the rows' variance to keep where dims is 0", 0.01, 1);
    v("sample", sample, "rows, and queries, the maps are fitted on, drawn by the seed", 2, 10'000'000);
  }
};
ProjectionOptions projection_options(const Options& options) {
  return {.method = options.method, .dims = options.dims, .energy = options.energy, .sample = options.sample};
}

// A port for rows and one for queries, in one space.
Result<Model> model_of(const Projection& projection, const Space& reads, Card card) {
  Weights weights;
  Json steps[2];  // of rows, of queries
  for (const bool query : {false, true}) {
    const std::string name = query ? "query" : "item";
    const MatrixView map = query ? projection.query_map() : projection.row_map();
    QUIVER_TRY(weights.add(name + "/weight", map));
    if (!query || projection.metric() == Metric::L2) {
      std::vector<float> bias(map.rows);
      for (std::size_t i = 0; i < map.rows; ++i) {
        double sum = 0;
        for (std::size_t j = 0; j < map.cols; ++j) sum += static_cast<double>(map.row(i)[j]) * projection.mean()[j];
        bias[i] = static_cast<float>(-sum);
      }
      QUIVER_TRY(weights.add(name + "/bias", std::span<const float>(bias)));
    }
    if (projection.metric() == Metric::Cosine) steps[query ? 1 : 0].push_back({{"step", "unit"}});
    steps[query ? 1 : 0].push_back({{"step", "linear"}, {"name", name}});
  }
  Space accepted = reads;
  accepted.dims = projection.from();
  const Json config = {{"in", projection.from()},
                       {"steps", steps[0]},
                       {"steps_of", {{"query", steps[1]}}},
                       {"reads", space_to_json(accepted)}};
  const Space gives{.dims = projection.to(), .metric = projection.short_metric()};
  return Model::make("linear", dump_json(config, -1),
                     {{.name = "item", .ability = Ability::Map, .role = "item", .space = gives},
                      {.name = "query", .ability = Ability::Map, .role = "query", .space = gives}},
                     std::move(weights), std::move(card));
}

Result<Fitted> fit(const Options& options, const Inputs& inputs, Run& run) {
  QUIVER_TRY(const Dataset* data, data_of(inputs, "train"));
  QUIVER_TRY(const Rows rows, data->items().only_rows());
  QUIVER_TRY(const Matrix base, float_rows(rows));
  Fitted out;
  Matrix queries;
  if (learns_from_queries(options.method) || inputs.data.contains("queries")) {
    QUIVER_TRY(const Dataset* asked, data_of(inputs, "queries"));
    QUIVER_TRY(const Rows query_rows, asked->items().only_rows());
    QUIVER_TRY(queries, float_rows(query_rows));
    QUIVER_TRY(const std::string of_rows, data->digest());
    QUIVER_TRY(const std::string of_queries, asked->digest());
    if (of_rows == of_queries) {
      out.report.warnings.push_back("the queries are the rows themselves: they teach no more than method 'pca' knows");
    }
  }
  QUIVER_TRY(const Projection projection,
             fit_projection(projection_options(options), base.view(), queries.view(), rows.space().metric, run));

  QUIVER_TRY(Card card, card_for(kCard, to_json(options), *data, run));
  if (projection.kept().has_value()) card.measured["variance_kept"] = *projection.kept();
  if (projection.loss().has_value()) card.measured["product_loss"] = *projection.loss();
  ItemsBuilder spectrum(
      {{.name = "axis", .modality = Modality::Number}, {.name = "variance", .modality = Modality::Number}});
  for (std::size_t i = 0; i < projection.spectrum().size(); ++i) {
    spectrum.number(0, static_cast<double>(i + 1));
    spectrum.number(1, projection.spectrum()[i]);
    spectrum.end_row();
  }
  out.report.tables.emplace("spectrum", std::move(spectrum).build());
  if (queries.rows() > 0 && queries.rows() < base.cols()) {
    out.report.warnings.push_back(
        fmt::format("{} queries are fewer than the {} dims they are to teach about: expect less "
                    "from other queries",
                    queries.rows(), base.cols()));
  }
  QUIVER_TRY(out.model, model_of(projection, rows.space(), std::move(card)));
  return out;
}

constexpr std::uint32_t kNeighbours = 10, kCandidates = 100;
constexpr std::uint32_t kTestQueries = 1000, kLearnQueries = 8000;
constexpr std::size_t kTuneQueries = 2000;  // of those that do not test: they choose lengths and efforts
constexpr const char* kGraph = "hnsw(16,128)";

// What all arms are judged on. Queries to learn from and to test with are different ones.
struct Task {
  std::string name;
  Metric metric = Metric::L2;
  Matrix base, learn, test;
  std::uint32_t sample = 100'000;  // rows a map is fitted on
  Hits truth;
};
struct Arm {
  std::string method;
  std::size_t dims;
  bool centre = true,
       turned = false;  // turned: short vectors are rotated at random, so that no coordinate dwarfs others
  std::string name() const {
    return fmt::format("{}{}{}@{}", method, centre ? "" : "-uncentred", turned ? "-turned" : "", dims);
  }
};

// An orthonormal turn of the short space, drawn by the seed: distances and products stay.
Result<Matrix> turned(const Matrix& rows, std::uint64_t seed) {
  Matrix normal(rows.cols(), rows.cols());
  Random random(seed, stream_of("turned"));
  for (std::size_t i = 0; i < normal.rows(); ++i) {
    for (float& x : normal.row(i)) x = random.normal();
  }
  QUIVER_TRY(const Qr basis, qr(normal.view()));
  Matrix out(rows.rows(), rows.cols());
  gemm_nt(rows.view(), basis.q.view(), out);
  return out;
}

class Judge {
 public:
  Judge(Task task, Run& run, std::vector<Measured>& out) : task_(std::move(task)), run_(run), out_(out) {}

  Result<void> measure(const Arm& arm) {
    auto stage = run_.stage(fmt::format("{} {}", task_.name, arm.name()));
    QUIVER_TRY(const Short vectors, shortened(arm));
    QUIVER_TRY(const Hits found,
               exact_hits(vectors.base.view(), vectors.test.view(), vectors.metric, kCandidates, run_));
    note(arm.name(), "recall@10", overlap(task_.truth, found, kNeighbours));
    note(arm.name(), "recall@10-in-50", overlap(task_.truth, found, 50));
    note(arm.name(), "recall@10-in-100", overlap(task_.truth, found, 100));
    if (vectors.loss.has_value()) out_.push_back({full(arm.name()), "loss", *vectors.loss});
    return {};
  }

  // Short rows as `primary` codes choose 50 candidates, full rows as `secondary` codes order them: what LeanVec stores.
  Result<void> measure_stored(const Arm& arm, std::string_view primary, std::string_view secondary) {
    const std::string name = fmt::format("{}:{}+{}", arm.name(), primary, secondary);
    QUIVER_TRY(const Short vectors, shortened(arm));
    QUIVER_TRY(const IndexSpec coarse, IndexSpec::parse(fmt::format("flat + {}", primary)));
    const Space short_space{.dims = arm.dims, .metric = vectors.metric};
    QUIVER_TRY(const auto index, build_index(coarse, vectors.base.view(), short_space, {}, run_));
    QUIVER_TRY(Hits found, index->search_batch(vectors.test.view(), {.k = 50}, run_));
    const Space full_space{.dims = task_.base.cols(), .metric = task_.metric};
    QUIVER_TRY(const QuantizerSpec fine, QuantizerSpec::parse(secondary));
    QUIVER_TRY(const auto quantizer, make_quantizer(fine, full_space));
    QUIVER_TRY(quantizer->fit(task_.base.view(), {}, run_));
    QUIVER_TRY(const auto codes, quantizer->encode(task_.base.view(), run_));
    for (std::size_t q = 0; q < found.queries(); ++q) {
      const std::span<Hit> hits(found.hits.data() + q * found.k, found.counts[q]);
      QUIVER_TRY(const auto scorer, codes->scorer(task_.test.view().slice(q, 1)));
      for (Hit& hit : hits) scorer->score(std::span(&hit.row, 1), &hit.distance);
      std::ranges::sort(hits, closer);
    }
    note(name, "recall@10", overlap(task_.truth, found, kNeighbours));
    out_.push_back(
        {full(name), "bytes", static_cast<double>(coarse.codes->bytes_per_row(short_space) + codes->bytes_per_row())});
    out_.push_back({full("f16"), "bytes", 2.0 * static_cast<double>(task_.base.cols())});
    return {};
  }

  // The shortest length at which 50 candidates hold 99 of 100 neighbours of queries that neither teach nor test. One
  // fit serves all lengths: directions come in the order of their variance.
  Result<std::size_t> choose_length() {
    constexpr std::size_t kLengths[] = {32, 48, 64, 96, 128, 160, 192, 256};
    auto stage = run_.stage(fmt::format("{} choosing a length", task_.name));
    QUIVER_TRY(const Projection longest,
               fit_projection({.method = "pca", .dims = std::end(kLengths)[-1], .sample = task_.sample},
                              task_.base.view(), {}, task_.metric, run_));
    Matrix base, asked;
    longest.rows(task_.base.view(), base, &run_.threads());
    longest.queries(tune(), asked, &run_.threads());
    QUIVER_TRY(const Hits truth, exact_hits(task_.base.view(), tune(), task_.metric, kNeighbours, run_));
    for (const std::size_t dims : kLengths) {
      const auto prefix = [&](const Matrix& rows) { return MatrixView{rows.data(), rows.rows(), dims, rows.stride()}; };
      QUIVER_TRY(const Hits found, exact_hits(prefix(base), prefix(asked), longest.short_metric(), 50, run_));
      if (mean_of(overlap(truth, found, 50)) >= 0.99) return dims;
    }
    return std::end(kLengths)[-1];
  }

  // One graph over floats, over 8-bit codes and over LeanVec's two levels: speed at equal recall, and what building
  // takes. Racers named without a length have the one that choose_length() finds.
  Result<void> measure_speed(std::initializer_list<std::size_t> lengths) {
    QUIVER_TRY(const std::size_t chosen, choose_length());
    const auto leanvec = [&](std::string name, std::size_t dims) {
      return Racer{full(name), fmt::format("{} + pca({}) + lvq(8) + rerank(lvq(8))", kGraph, dims)};
    };
    std::vector<Racer> racers{{full("f32"), kGraph}, leanvec("leanvec", chosen)};
    for (const std::size_t dims : lengths) racers.push_back(leanvec(fmt::format("leanvec@{}", dims), dims));
    const bool judged = lengths.size() > 0;  // lvq(8) of this set is in a bar
    if (judged || run_.ordinal() == 0) racers.push_back({full("lvq(8)"), fmt::format("{} + lvq(8)", kGraph)});
    if (run_.ordinal() == 0) racers.push_back({full("graph"), "graph"});
    out_.push_back({full("leanvec"), "dims", static_cast<double>(chosen)});
    const Course course{.base = task_.base.view(),
                        .space = {.dims = task_.base.cols(), .metric = task_.metric},
                        .tune = tune(),
                        .test = task_.test.view()};
    QUIVER_TRY(const std::vector<Measured> measured, race(course, racers, {}, run_));
    out_.insert(out_.end(), measured.begin(), measured.end());
    return {};
  }

  // Arm "a - b": the difference over the test queries, with its interval.
  void compare(const Arm& a, const Arm& b, const std::string& metric) {
    const Interval gain =
        paired_difference(recalls_.at({a.name(), metric}), recalls_.at({b.name(), metric}), {.seed = run_.seed()});
    const std::string name = fmt::format("{} - {}", full(a.name()), full(b.name()));
    out_.push_back({name, metric, gain.mean});
    out_.push_back({name, metric + ".low", gain.low});
    out_.push_back({name, metric + ".high", gain.high});
  }

 private:
  struct Short {
    Matrix base, test;
    Metric metric;
    std::optional<double> loss;
  };
  Result<Short> shortened(const Arm& arm) {
    // The loss of arms that learn nothing from queries costs a pass over them; where rows are long it is left out.
    const bool learns = learns_from_queries(arm.method) || task_.base.cols() < 1000;
    QUIVER_TRY(const Projection projection,
               fit_projection({.method = arm.method, .dims = arm.dims, .sample = task_.sample, .centre = arm.centre},
                              task_.base.view(), learns ? task_.learn.view() : MatrixView(), task_.metric, run_));
    Short out{Matrix(), Matrix(), projection.short_metric(), projection.loss()};
    projection.rows(task_.base.view(), out.base, &run_.threads());
    projection.queries(task_.test.view(), out.test, &run_.threads());
    if (arm.turned) {
      for (Matrix* rows : {&out.base, &out.test}) {
        QUIVER_TRY(*rows, turned(*rows, run_.seed()));
      }
    }
    return out;
  }
  void note(const std::string& arm, const std::string& metric, std::vector<double> per_query) {
    out_.push_back({full(arm), metric, mean_of(per_query)});
    recalls_[{arm, metric}] = std::move(per_query);
  }
  MatrixView tune() const { return task_.learn.view().slice(0, std::min(kTuneQueries, task_.learn.rows())); }
  std::string full(const std::string& arm) const { return task_.name + "/" + arm; }

  Task task_;
  Run& run_;
  std::vector<Measured>& out_;
  std::map<std::pair<std::string, std::string>, std::vector<double>> recalls_;
};

Result<Judge> judge_of(Task task, Run& run, std::vector<Measured>& out) {
  QUIVER_TRY(task.truth, exact_hits(task.base.view(), task.test.view(), task.metric, kNeighbours, run));
  return Judge(std::move(task), run, out);
}
// Splits `queries` by the seed into those that test and those that teach.
Result<Judge> judge_of(Task task, MatrixView queries, Run& run, std::vector<Measured>& out) {
  const auto order =
      Random(run.seed(), stream_of("leanvec queries")).permutation(static_cast<std::uint32_t>(queries.rows));
  if (order.size() < kTestQueries + queries.cols) {
    return Error::invalid_argument(fmt::format("{}: {} queries are too few, {} test and at least {} teach", task.name,
                                               order.size(), kTestQueries, queries.cols));
  }
  const std::span<const std::uint32_t> all(order);
  task.test = rows_at(queries, all.first(kTestQueries));
  const auto others = all.subspan(kTestQueries);
  task.learn = rows_at(queries, others.first(std::min<std::size_t>(others.size(), kLearnQueries)));
  return judge_of(std::move(task), run, out);
}

Result<Matrix> pixels(std::string_view set, std::string_view file) {
  QUIVER_TRY(const auto path, find_file(set, file));
  QUIVER_TRY(const Rows rows, read_vectors(path));
  return float_rows(rows);
}

// Queries like rows: nothing can be gained over PCA, and nothing may be lost.
Result<void> on_mnist(Run& run, std::vector<Measured>& out) {
  Task task;
  task.name = "mnist";
  QUIVER_TRY(task.base, pixels("mnist", "train-images-idx3-ubyte.gz"));
  QUIVER_TRY(const Matrix queries, pixels("mnist", "t10k-images-idx3-ubyte.gz"));
  task.sample = 30'000;
  QUIVER_TRY(Judge judge, judge_of(std::move(task), queries.view(), run, out));
  for (const Arm& arm : {Arm{"pca", 96}, {"pca", 96, false}, {"random", 96}, {"es", 96}, {"es+fw", 96}}) {
    QUIVER_TRY(judge.measure(arm));
  }
  if (run.ordinal() == 0) {  // shown, not judged
    for (const Arm& arm : {Arm{"truncate", 96}, {"fw", 96}, {"pca", 160}, {"random", 160}}) {
      QUIVER_TRY(judge.measure(arm));
    }
  }
  judge.compare({"pca", 96}, {"random", 96}, "recall@10");
  judge.compare({"es+fw", 96}, {"pca", 96}, "recall@10");
  QUIVER_TRY(judge.measure_stored({"pca", 160}, "lvq(8)", "lvq(8)"));
  QUIVER_TRY(judge.measure_stored({"pca", 160}, "lvq(4)", "lvq(8)"));
  QUIVER_TRY(judge.measure_stored({.method = "pca", .dims = 160, .turned = true}, "lvq(4)", "lvq(8)"));
  return judge.measure_speed({160});
}
Result<void> on_cifar(Run& run, std::vector<Measured>& out) {
  Task task;
  task.name = "cifar";
  QUIVER_TRY(const ImageTask cifar, open_cifar10(run));
  task.base = pixel_rows(cifar.train.pictures);
  const Matrix queries = pixel_rows(cifar.test.pictures);
  task.sample = 10'000;
  QUIVER_TRY(Judge judge, judge_of(std::move(task), queries.view(), run, out));
  for (const Arm& arm : {Arm{"pca", 96}, {"random", 96}, {"es", 96}}) QUIVER_TRY(judge.measure(arm));
  if (run.ordinal() == 0) QUIVER_TRY(judge.measure({"truncate", 96}));
  judge.compare({"pca", 96}, {"random", 96}, "recall@10");
  judge.compare({"es", 96}, {"pca", 96}, "recall@10");
  return judge.measure_speed({});
}
// Without those of which no word is known.
Matrix known_rows(const Lsa& lsa, const std::vector<std::string>& texts, Run& run) {
  const Matrix all = lsa.map(texts, run.threads());
  std::vector<std::uint32_t> kept;
  for (std::uint32_t i = 0; i < all.rows(); ++i) {
    if (std::ranges::any_of(all.row(i), [](float x) { return x != 0; })) kept.push_back(i);
  }
  return rows_at(all.view(), kept);
}
// Queries unlike rows: subject lines against the bodies of posts, as unit vectors of latent semantic analysis.
Result<void> on_newsgroups(Run& run, std::vector<Measured>& out) {
  QUIVER_TRY(const std::vector<Post> posts, open_newsgroups());
  std::vector<std::string> bodies, subjects;
  for (const Post& post : posts) {
    bodies.push_back(post.body);
    if (!post.subject.empty()) subjects.push_back(post.subject);
  }
  std::ranges::sort(subjects);
  subjects.erase(std::ranges::unique(subjects).begin(), subjects.end());
  QUIVER_TRY(const Lsa lsa, Lsa::fit(bodies, {.dims = 384}, run));
  Task task;
  task.name = "news";
  task.metric = Metric::Dot;
  task.base = known_rows(lsa, bodies, run);
  const Matrix queries = known_rows(lsa, subjects, run);
  out.push_back({"news/data", "rows", static_cast<double>(task.base.rows())});
  out.push_back({"news/data", "queries", static_cast<double>(queries.rows())});
  QUIVER_TRY(Judge judge, judge_of(std::move(task), queries.view(), run, out));
  for (const std::size_t dims : {96U, 48U, 192U}) {
    if (dims != 96 && run.ordinal() > 0) break;  // shown, not judged: of the first seed alone
    for (const char* method : {"pca", "random", "truncate", "es", "fw", "es+fw", "sphering"}) {
      QUIVER_TRY(judge.measure({method, dims}));
    }
    QUIVER_TRY(judge.measure({"pca", dims, false}));
    judge.compare({"es+fw", dims}, {"pca", dims}, "recall@10-in-50");
    judge.compare({"es+fw", dims}, {"random", dims}, "recall@10-in-50");
  }
  return {};
}

// Questions against sentences, which the paper's encoders see as two towers. No encoder is trained here: both are
// latent semantic analysis of the sentences' words, and questions are unlike sentences by nature.
Result<void> on_questions(Run& run, std::vector<Measured>& out) {
  if (run.ordinal() > 0) return {};  // shown, not judged
  QUIVER_TRY(const Jaquad texts, open_jaquad());
  QUIVER_TRY(const Lsa lsa, Lsa::fit(texts.sentences, {.dims = 256}, run));
  Task task;
  task.name = "jaquad-lsa";
  task.metric = Metric::Dot;
  task.base = known_rows(lsa, texts.sentences, run);
  const Matrix train = known_rows(lsa, texts.train_questions, run), dev = known_rows(lsa, texts.dev_questions, run);
  task.learn = drawn_rows(train.view(), kLearnQueries, run.seed(), "questions");
  task.test = drawn_rows(dev.view(), kTestQueries, run.seed(), "questions");
  out.push_back({"jaquad-lsa/data", "rows", static_cast<double>(task.base.rows())});
  QUIVER_TRY(Judge judge, judge_of(std::move(task), run, out));
  for (const char* method : {"pca", "random", "truncate", "es", "es+fw", "sphering"}) {
    QUIVER_TRY(judge.measure({method, 64}));
  }
  judge.compare({"es+fw", 64}, {"pca", 64}, "recall@10-in-50");
  judge.compare({"es+fw", 64}, {"random", 64}, "recall@10-in-50");
  return {};
}

Result<std::vector<Measured>> reproduce(const Options&, Run& run) {
  std::vector<Measured> out;
  for (const auto part : {on_newsgroups, on_questions, on_mnist, on_cifar}) {
    QUIVER_TRY(part(run, out));
    if (run.stop()) return run.stopped("measuring projections");
  }
  return out;
}
}  // namespace
}  // namespace quiver::recipes::leanvec

QUIVER_RECIPE(leanvec)
