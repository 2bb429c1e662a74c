// PCA projection: the linear map that keeps the most variance in the fewest dims; the baseline of every learned map.
//   C = 1/n sum (x - m)(x - m)^T,  C = V diag(l) V^T with l falling      x, m: (in),  C: (in, in)
//   y = V_k^T (x - m)                                                    y: (dims); reconstruction m + V_k y
// Pearson (1901). The axes are those of the sample the map is fitted on; a prefix of the result is the PCA of that
// length.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "quiver/core/linalg.h"
#include "quiver/core/random.h"
#include "quiver/core/statistics.h"
#include "quiver/data/catalogue.h"
#include "quiver/data/items_builder.h"
#include "quiver/data/read_vectors.h"
#include "quiver/model/linear.h"
#include "quiver/recipes/neighbours.h"
#include "quiver/recipes/recipe.h"

namespace quiver::recipes::pca_projection {
namespace {
const RecipeCard kCard{.slug = "pca-projection",
                       .paper = "Pearson, On lines and planes of closest fit to systems of points in space, 1901",
                       .claim = "the linear map that keeps the most variance in the fewest dims",
                       .stage = Stage::Base,
                       .reads = {{.name = "vectors", .modality = Modality::Rows}},
                       .gives = {Ability::Map}};

struct Options {
  std::uint32_t dims = 64;
  std::uint32_t sample = 50'000;
  template <class V>
  void visit(V& v) {
    v("dims", dims, "length of the mapped vectors", 1, 4096);
    v("sample", sample, "rows the axes are fitted on, drawn by the seed; fewer rows: all", 2, 10'000'000);
  }
};

constexpr std::size_t kQueries = 1000;  // of the reproduction
constexpr std::uint32_t kNeighbours = 10;

struct Axes {
  std::vector<float> mean;    // (in)
  Matrix basis;               // (dims, in), orthonormal rows
  std::vector<float> values;  // (in) variances along all axes, falling
};
Result<Axes> principal_axes(MatrixView rows, std::uint32_t dims) {
  if (dims > rows.cols) {
    return Error::invalid_argument(
        fmt::format("option 'dims': {} axes are asked for, the vectors have {} dims", dims, rows.cols));
  }
  if (rows.rows < 2)
    return Error::invalid_argument(fmt::format("PCA needs at least 2 vectors, there are {}", rows.rows));
  QUIVER_TRY(check_finite(rows, "vectors"));
  Axes axes;
  axes.mean = column_means(rows);
  const Matrix c = covariance(rows, axes.mean);  // (in, in)
  QUIVER_TRY(Eigen eigen, symmetric_eigen(c.view()));
  axes.values = std::move(eigen.values);
  axes.basis = Matrix::copy_of(eigen.vectors.view().slice(0, dims));
  return axes;
}

std::vector<std::size_t> halvings(std::size_t dims) {
  std::vector<std::size_t> out;
  for (std::size_t k = dims / 2; k >= 1; k /= 2) out.insert(out.begin(), k);
  return out;
}

Result<Model> model_of(const Axes& axes, const Space& reads, Card card) {
  const Port port{
      .name = "pca", .ability = Ability::Map, .space = {.metric = Metric::L2}, .dims = halvings(axes.basis.rows())};
  return linear_map(axes.basis.view(), axes.mean, reads, port, std::move(card));
}

Result<Fitted> fit(const Options& options, const Inputs& inputs, Run& run) {
  QUIVER_TRY(const Dataset* data, data_of(inputs, "train"));
  QUIVER_TRY(const Rows rows, data->items().only_rows());
  QUIVER_TRY(const Matrix all, float_rows(rows));
  const Matrix sample = drawn_rows(all.view(), options.sample, run.seed(), "pca-projection sample");
  QUIVER_TRY(const Axes axes, principal_axes(sample.view(), options.dims));
  if (run.stop()) return run.stopped("fitting principal axes");

  double total = 0, kept = 0;
  for (const float value : axes.values) total += value;
  ItemsBuilder spectrum({{.name = "axis", .modality = Modality::Number},
                         {.name = "variance", .modality = Modality::Number},
                         {.name = "kept", .modality = Modality::Number}});
  for (std::size_t i = 0; i < options.dims; ++i) {
    kept += axes.values[i];
    spectrum.number(0, static_cast<double>(i + 1));
    spectrum.number(1, axes.values[i]);
    spectrum.number(2, total > 0 ? kept / total : 1);
    spectrum.end_row();
  }
  QUIVER_TRY(Card card, card_for(kCard, to_json(options), *data, run));
  card.measured["variance_kept"] = total > 0 ? kept / total : 1;
  Fitted out;
  out.report.tables.emplace("spectrum", std::move(spectrum).build());
  if (sample.rows() <= axes.values.size()) {
    out.report.warnings.push_back(fmt::format("{} vectors span at most {} axes of {}; the later axes are arbitrary",
                                              sample.rows(), sample.rows() - 1, axes.values.size()));
  }
  QUIVER_TRY(out.model, model_of(axes, rows.space(), std::move(card)));
  return out;
}

// Everything an arm is judged by: does the short space keep the neighbours and the numbers of the long one?
struct Task {
  Matrix base, queries;  // (60000, 784), (1000, 784)
  Hits truth;
};
Result<Matrix> mnist(std::string_view file) {
  QUIVER_TRY(const auto path, find_file("mnist", file));
  QUIVER_TRY(const Rows rows, read_vectors(path));
  return float_rows(rows);
}
Result<Task> task_of(Run& run) {
  Task task;
  QUIVER_TRY(task.base, mnist("train-images-idx3-ubyte.gz"));
  QUIVER_TRY(const Matrix test, mnist("t10k-images-idx3-ubyte.gz"));
  task.queries = drawn_rows(test.view(), kQueries, run.seed(), "pca-projection queries");
  QUIVER_TRY(task.truth, exact_hits(task.base.view(), task.queries.view(), Metric::L2, kNeighbours, run));
  return task;
}

// Part of the queries' squared distance to the mean that is lost by going through the basis (orthonormal rows) and
// back: |x - m - B^T B (x - m)|^2 = |x - m|^2 - |B (x - m)|^2.
double lost(const Axes& axes, MatrixView queries, MatrixView mapped) {
  double whole = 0, kept = 0;
  for (std::size_t i = 0; i < queries.rows; ++i) {
    for (std::size_t j = 0; j < queries.cols; ++j) {
      const double d = static_cast<double>(queries.row(i)[j]) - axes.mean[j];
      whole += d * d;
    }
    for (const float y : mapped.row(i)) kept += static_cast<double>(y) * y;
  }
  return 1 - kept / whole;
}
// Adds the arm's numbers to `out`; gives its recall of each query.
Result<std::vector<double>> measure(std::string arm, const Axes& axes, const Task& task, Run& run,
                                    std::vector<Measured>& out) {
  const Card card{.recipe = std::string(kCard.slug), .data = "mnist", .data_licence = "see the data set"};
  const Space pixels{.dims = task.base.cols(), .metric = Metric::L2};
  QUIVER_TRY(const Model model, model_of(axes, pixels, card));
  const auto mapped = [&](MatrixView rows) {
    return model.map(Rows::borrowed(typed(rows), pixels, nullptr), {}, {}, run);
  };
  QUIVER_TRY(const Encoded base, mapped(task.base.view()));
  QUIVER_TRY(const Encoded queries, mapped(task.queries.view()));
  QUIVER_TRY(const MatrixView base_rows, base.rows.dense());
  QUIVER_TRY(const MatrixView query_rows, queries.rows.dense());
  QUIVER_TRY(const Hits found, exact_hits(base_rows, query_rows, Metric::L2, kNeighbours, run));
  std::vector<double> recall = overlap(task.truth, found, kNeighbours);
  out.push_back({arm, "recall@10", mean_of(recall)});
  out.push_back({std::move(arm), "lost", lost(axes, task.queries.view(), query_rows)});
  return recall;
}

// Arms: pca; the first dims coordinates as they are; a random orthonormal basis. All centred on the same mean.
Result<std::vector<Measured>> reproduce(const Options& options, Run& run) {
  QUIVER_TRY(const Task task, task_of(run));
  const Matrix sample = drawn_rows(task.base.view(), options.sample, run.seed(), "pca-projection sample");
  QUIVER_TRY(const Axes pca, principal_axes(sample.view(), options.dims));
  const std::size_t in = task.base.cols();
  Axes first{pca.mean, Matrix(options.dims, in), {}};
  Matrix normal(in, options.dims);
  Random random(run.seed(), stream_of("pca-projection random basis"));
  for (std::size_t i = 0; i < in; ++i) {
    for (float& x : normal.row(i)) x = random.normal();
  }
  for (std::size_t i = 0; i < options.dims; ++i) first.basis.row(i)[i] = 1;
  QUIVER_TRY(const Qr orthonormal, qr(normal.view()));
  const Axes any{pca.mean, transposed(orthonormal.q.view()), {}};

  std::vector<Measured> out;
  QUIVER_TRY(const auto by_pca, measure("pca", pca, task, run, out));
  QUIVER_TRY([[maybe_unused]] const auto by_first, measure("first", first, task, run, out));
  QUIVER_TRY(const auto by_random, measure("random", any, task, run, out));
  const Interval gain = paired_difference(by_pca, by_random, {.seed = run.seed()});
  for (const auto& [metric, value] :
       {std::pair("recall@10", gain.mean), {"recall@10.low", gain.low}, {"recall@10.high", gain.high}}) {
    out.push_back({"pca - random", metric, value});
  }
  if (run.stop()) return run.stopped("measuring projections");
  return out;
}
}  // namespace
}  // namespace quiver::recipes::pca_projection

QUIVER_RECIPE(pca_projection)
