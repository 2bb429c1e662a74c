// quiver convert: vectors from one file format, element type or metric to another; a model's weights as safetensors, or
// a smaller model of fewer layers and coordinates.
#include <fmt/format.h>

#include "quiver/cli/inputs.h"
#include "quiver/cli/table.h"
#include "quiver/cli/verbs.h"
#include "quiver/core/metric.h"
#include "quiver/core/progress.h"
#include "quiver/data/read_vectors.h"
#include "quiver/model/cut.h"
#include "quiver/model/model.h"
#include "quiver/model/safetensors.h"

namespace quiver::cli {
namespace {
constexpr std::string_view kModel = ".qvm", kSafetensors = ".safetensors";

struct ConvertFlags {
  std::string input, output, column, element, metric;
  std::size_t rows = 0, dims = 0;
  std::uint32_t layers = 0;
  bool normalize = false;
  template <class V>
  void visit(V& v) {
    v("input", input, "the vectors: .qvr, .npy, .fvecs, .bvecs, .hdf5, ... or a data set spec; or a model, .qvm");
    v("output", output,
      "where they go, by suffix: .qvr, .npy, .fvecs or .bvecs; a model's tensors: .safetensors; a cut model: .qvm");
    v("column", column, "the column that holds them; empty: the only one");
    v("rows", rows, "how many rows there must be; 0: any");
    v("element", element, "f32, f16, bf16, i8, u8 or bit; empty: as they are");
    v("metric", metric, "declare the metric (a .qvr keeps it): l2, dot, cosine, manhattan or hamming; empty: as it is");
    v("normalize", normalize, "scale every vector to length 1; a zero vector stays zero");
    v("layers", layers, "of a model: keep so many layers; 0: all");
    v("dims", dims, "of a model: keep so many coordinates of its vectors; 0: all");
  }
};

// The rows as floats in memory of their own.
Result<Matrix> floats_of(const Rows& rows) {
  const RowsView view = rows.view();
  if (const auto* typed_rows = std::get_if<TypedView>(&view)) return to_float(*typed_rows);
  QUIVER_TRY(MatrixView dense, rows.dense());
  return Matrix::copy_of(dense);
}

// A model of fewer layers and coordinates.
Result<Answer> cut_to(const ConvertFlags& options, const Model& model) {
  QUIVER_TRY(const CutModel cut, cut_model(model, {.layers = options.layers, .dims = options.dims}));
  QUIVER_TRY(cut.model.save(options.output));
  const std::size_t before = model.weights().bytes(), after = cut.model.weights().bytes();
  std::string text = fmt::format("{}: {} instead of {}, vectors of {} numbers\n", options.output, human_bytes(after),
                                 human_bytes(before), cut.model.ports().front().space.dims);
  for (const std::string& warning : cut.warnings) text += fmt::format("Warning: {}\n", warning);
  return Answer{{{"output", options.output},
                 {"id", cut.model.id()},
                 {"parent", model.id()},
                 {"bytes", after},
                 {"parent_bytes", before},
                 {"warnings", cut.warnings}},
                text};
}

// A model becomes a smaller one, or the tensors it holds, for programs that read safetensors.
Result<Answer> convert_model(const ConvertFlags& options) {
  const bool cuts = options.output.ends_with(kModel);
  if ((!cuts && !options.output.ends_with(kSafetensors)) || !options.column.empty() || options.rows != 0 ||
      options.normalize || !options.element.empty() || !options.metric.empty() ||
      (!cuts && (options.layers != 0 || options.dims != 0))) {
    return Error::unsupported(
        fmt::format("{} is a model: its tensors are written to a {} file without any other option, or it is cut by "
                    "--layers and --dims to a {} file",
                    options.input, kSafetensors, kModel));
  }
  QUIVER_TRY(const Model model, Model::open(options.input));
  if (cuts) return cut_to(options, model);
  const Safetensors::Metadata metadata{{"format", "pt"},
                                       {"quiver_body", std::string(model.body())},
                                       {"quiver_config", std::string(model.config())},
                                       {"quiver_id", std::string(model.id())}};
  QUIVER_TRY(write_safetensors(options.output, model.weights(), metadata));
  const std::size_t count = model.weights().tensors().size();
  return Answer{
      {{"output", options.output}, {"tensors", count}, {"bytes", model.weights().bytes()}},
      fmt::format("{}: {} tensors, {}\n", options.output, grouped(count), human_bytes(model.weights().bytes()))};
}

Result<Answer> run_convert(const ConvertFlags& options, Run&) {
  QUIVER_TRY(check_writable(options.output));
  if (options.input.ends_with(kModel)) return convert_model(options);
  if (options.output.ends_with(kSafetensors)) {
    return Error::unsupported(
        fmt::format("{} takes the tensors of a model, and {} is no {} file", options.output, options.input, kModel));
  }
  if (options.layers != 0 || options.dims != 0 || options.output.ends_with(kModel)) {
    return Error::unsupported(fmt::format("--layers, --dims and a {} output are for models, and {} is no {} file",
                                          kModel, options.input, kModel));
  }
  QUIVER_TRY(Rows rows, read_rows(options.input, options.column, options.rows));
  Space space = rows.space();
  if (!options.metric.empty()) {
    QUIVER_TRY(space.metric, parse_metric(options.metric));
  }
  std::size_t zero_rows = 0;
  if (options.normalize || !options.element.empty()) {
    QUIVER_TRY(Matrix floats, floats_of(rows));
    if (options.normalize) zero_rows = normalize_rows(floats);
    if (options.element.empty() || options.element == "f32") {
      rows = Rows::dense(std::move(floats), space);
    } else {
      QUIVER_TRY(Element element, parse_element(options.element));
      QUIVER_TRY(TypedMatrix converted, to_element(floats.view(), element).within(options.input));
      rows = Rows::dense(std::move(converted), space);
    }
  } else {
    rows = rows.in_space(space);
  }
  QUIVER_TRY(write_vectors(options.output, rows));
  std::string text =
      fmt::format("{}: {} vectors of {} numbers\n", options.output, grouped(rows.size()), rows.space().dims);
  if (zero_rows > 0) text += fmt::format("{} of them have length 0 and stayed so\n", grouped(zero_rows));
  return Answer{{{"output", options.output},
                 {"rows", rows.size()},
                 {"dims", rows.space().dims},
                 {"metric", name_of(rows.space().metric)},
                 {"zero_rows", zero_rows}},
                text};
}

}  // namespace

Verb convert_verb() {
  return make_verb<ConvertFlags>(
      {.name = "convert",
       .summary = "change the format, element type or metric of vectors; write a model's tensors, or a smaller model",
       .positional = {"input", "output"},
       .required = {"input", "output"},
       .examples = {{"quiver convert base.fvecs base.npy", "for NumPy"},
                    {"quiver convert base.npy base.qvr --metric cosine --normalize --rows 1000000",
                     "declared and checked"},
                    {"quiver convert words.qvm words.safetensors", "a model's tensors, for other programs"},
                    {"quiver convert sentences.qvm small.qvm --layers 3 --dims 64",
                     "half the time a text, a quarter of the index"}}},
      run_convert);
}

}  // namespace quiver::cli
