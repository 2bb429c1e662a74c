// quiver demo: learn, encode, compress, index and search a real corpus, and say how good the result is.
#include "quiver/cli/demo.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>

#include "quiver/cli/table.h"
#include "quiver/cli/verbs.h"
#include "quiver/core/file.h"
#include "quiver/core/progress.h"
#include "quiver/data/read_vectors.h"
#include "quiver/data/rows_file.h"
#include "quiver/index/spec.h"
#include "quiver/recipes/registry.h"

namespace quiver::cli {
namespace demo {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRecipe = "wordnet-encoder";

// The document of an earlier run, if there is one and it reads.
Json earlier(const fs::path& file) {
  auto text = read_file(file);
  if (!text.has_value()) return Json::object();
  auto document = parse_json(*text);
  return document.has_value() && document->is_object() ? *std::move(document) : Json::object();
}

// Runs one step and notes its seconds in steps.json at once, so that a run that keeps its result can tell them.
class Steps {
 public:
  Steps(Run& run, fs::path file) : run_(run), file_(std::move(file)), noted_(earlier(file_)) {}

  void kept(const std::string& step, const fs::path& file, const std::string& why) {
    run_.log(fmt::format("{:<12} kept {}: {}", step, file.string(), why));
    seconds_[step] = {{"seconds", noted_.contains(step) ? noted_[step] : Json(nullptr)}, {"kept", true}};
  }
  template <class Work>
  auto make(const std::string& step, Work&& work) -> decltype(work()) {
    const auto start = std::chrono::steady_clock::now();
    auto result = work();
    if (!result.has_value()) return result;
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    seconds_[step] = {{"seconds", seconds}, {"kept", false}};
    noted_[step] = seconds;
    QUIVER_TRY(write_file(file_, dump_json(noted_) + "\n"));
    return result;
  }
  const Json& seconds() const { return seconds_; }

 private:
  Run& run_;
  fs::path file_;
  Json noted_, seconds_ = Json::object();
};

// What the model must say of itself to be kept.
Result<std::string> why_valid(const Model& model, const std::string& corpus_digest, const Json& options,
                              const Run& run) {
  const Card& card = model.card();
  QUIVER_TRY(Json told, parse_json(card.options));
  if (card.recipe != kRecipe || card.data_digest != corpus_digest)
    return Error::failed_precondition("it was made of another corpus");
  if (card.seed != run.seed()) return Error::failed_precondition(fmt::format("its seed is {}", card.seed));
  if (told != options) return Error::failed_precondition("it was made with other options");
  if (card.quiver != quiver_version()) return Error::failed_precondition(fmt::format("quiver {} made it", card.quiver));
  return std::string("same corpus, seed and options");
}

Result<Model> make_model(const Options& options, const Artefacts& made, Steps& steps, Run& run) {
  const fs::path file = made.folder / "model.qvm";
  QUIVER_TRY(const Recipe* recipe, find_recipe(kRecipe));
  Settings settings;
  if (options.quick) settings.set("quick", "true");
  QUIVER_TRY(Json complete, recipe->complete(settings));
  QUIVER_TRY(std::string digest, made.corpus.digest());
  if (fs::exists(file)) {
    auto found = Model::open(file);
    auto why = found.has_value() ? why_valid(*found, digest, complete, run) : Result<std::string>(found.error());
    if (why.has_value()) {
      steps.kept("learn", file, *why);
      return found;
    }
    run.log(fmt::format("{:<12} again, {} does not fit: {}", "learn", file.string(), why.error().message()));
  }
  return steps.make("learn", [&]() -> Result<Model> {
    Inputs inputs;
    inputs.data.emplace("train", made.corpus);
    QUIVER_TRY(Fitted fitted, recipe->fit(inputs, settings, run));
    QUIVER_CHECK(fitted.model.has_value());
    QUIVER_TRY(fitted.model->save(file));
    return *std::move(fitted.model);
  });
}

Result<Rows> make_vectors(const Artefacts& made, Steps& steps, Run& run) {
  const fs::path file = made.folder / "vectors.qvr";
  if (fs::exists(file)) {
    auto found = open_rows(file);
    if (found.has_value() && found->space().id == made.model->id() && found->size() == made.task.entries.size()) {
      steps.kept("encode", file, "same model");
      return found;
    }
  }
  return steps.make("encode", [&]() -> Result<Rows> {
    QUIVER_TRY(Encoded encoded, made.model->encode(made.task.entries, {.role = "item"}, run));
    QUIVER_TRY(save_rows(file, encoded.rows));
    return encoded.rows;
  });
}

Result<std::unique_ptr<Index>> make_index(const Artefacts& made, Steps& steps, Run& run) {
  const fs::path file = made.folder / "index.qvi";
  QUIVER_TRY(IndexSpec spec, IndexSpec::parse(kIndexSpec));
  if (fs::exists(file)) {
    auto found = open_index(file);
    if (found.has_value() && (*found)->space() == made.vectors.space() && (*found)->size() == made.vectors.size() &&
        spec.allows(*IndexSpec::parse((*found)->spec()))) {
      steps.kept("index", file, "same model and codes");
      return found;
    }
  }
  return steps.make("index", [&]() -> Result<std::unique_ptr<Index>> {
    // Sentences of the validation side show the index what queries look like; it calibrates its recall on them.
    QUIVER_TRY(const Encoded sentences,
               made.model->encode(Items::of("text", made.task.validation.texts), {.role = "query"}, run));
    QUIVER_TRY(const MatrixView queries, sentences.rows.dense());
    QUIVER_TRY(auto index, build_index(spec, made.vectors, queries, run));
    QUIVER_TRY(index->save(file));
    return index;
  });
}

Result<Json> make_document(const Options& options, const Artefacts& made, Steps& steps, Run& run) {
  const fs::path file = made.folder / "demo.json";
  Json before = earlier(file);
  const Json key{{"model", made.model->id()},   {"index", kIndexSpec}, {"seed", run.seed()},
                 {"version", quiver_version()}, {"out", options.out},  {"corpus", options.corpus},
                 {"samples_by", kSamplesBy}};
  const fs::path page = made.folder / "report.html";
  const auto save = [&](Json& document) {
    document["seconds"] = steps.seconds();
    return write_file(file, dump_json(document) + "\n");
  };
  Json document;
  if (before.contains("key") && before["key"] == key) {
    steps.kept("measure", file, "same model and index");
    document = std::move(before);
    if (document.contains("report") && fs::exists(page)) {
      steps.kept("report", page, "same numbers");
      QUIVER_TRY(save(document));
      return document;
    }
  } else {
    QUIVER_TRY(document, steps.make("measure", [&] { return measure(made, options, run); }));
    document["key"] = key;
  }
  QUIVER_TRY(save(document));  // before the page: drawing its map takes a while and may be interrupted
  QUIVER_TRY(steps.make("report", [&] { return write_report(document, made, run); }));
  document["report"] = page.string();
  QUIVER_TRY(save(document));
  return document;
}

Result<Answer> run_demo(const Options& options, Run& run) {
  Artefacts made{.corpus = {}, .task = {}, .model = {}, .vectors = {}, .index = {}, .folder = options.out};
  QUIVER_TRY(made.corpus, Dataset::open("wordnet:" + options.corpus));
  QUIVER_TRY(made.task, recipes::WordnetTask::of(made.corpus.items()));
  QUIVER_TRY(make_folders(made.folder));
  Steps steps(run, made.folder / "steps.json");
  const auto interrupted = [&](Error error) {
    if (error.code() != Code::Cancelled) return error;
    return Error::cancelled(fmt::format("{}; what is finished stays in {}, the same command goes on from there",
                                        error.message(), options.out));
  };
  const auto all = [&]() -> Result<Json> {
    QUIVER_TRY(made.model, make_model(options, made, steps, run));
    QUIVER_TRY(made.vectors, make_vectors(made, steps, run));
    QUIVER_TRY(made.index, make_index(made, steps, run));
    QUIVER_TRY(Json document, make_document(options, made, steps, run));
    return document;
  };
  auto document = all();
  if (!document.has_value()) return interrupted(std::move(document).error());
  std::string text = text_of(*document);
  return Answer{*std::move(document), std::move(text)};
}

}  // namespace
}  // namespace demo

Verb demo_verb() {
  return make_verb<demo::Options>(
      {.name = "demo",
       .summary = "learn, encode, compress, index and search a real corpus, and say how good the result is",
       .details =
           "The corpus is WordNet 3.0: 117,659 entries. The encoder is trained from scratch in a few minutes on two "
           "cores. Run it twice and what is still valid is kept; interrupt it and the next run goes on.",
       .examples = {{"quiver demo --out demo-out", "everything"},
                    {"quiver demo --out quick-out --quick", "the same steps in about a minute, lower numbers"}}},
      demo::run_demo);
}

}  // namespace quiver::cli
