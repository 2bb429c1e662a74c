#include <fmt/format.h>

#include <array>

#include "quiver/cli/demo.h"
#include "quiver/cli/timing.h"
#include "quiver/index/spec.h"
#include "quiver/inspect/recall.h"

namespace quiver::cli::demo {
namespace {

constexpr std::array<const char*, 5> kSamples{
    "a large wild cat with a mane", "to run away from something", "the scientific study of stars and planets",
    "extremely happy and excited", "a vehicle with two wheels moved by pedals"};
constexpr std::uint32_t kShown = 3;

Json json_of(const Interval& interval) {
  return {{"mean", interval.mean}, {"low", interval.low}, {"high", interval.high}};
}

// Our own words, answered by the best arm: the index finds as for a user's words, BM25 beside it.
Result<Json> samples(const Artefacts& made, const recipes::WordnetComparison& chosen, Run& run) {
  QUIVER_TRY(TextColumn labels, made.task.entries.text("text"));
  const std::vector<std::string> texts(kSamples.begin(), kSamples.end());
  QUIVER_TRY(Encoded queries, made.model->encode(Items::of("text", texts), {.role = "query"}, run));
  QUIVER_TRY(Hits hits,
             recipes::search_fused(made.task, chosen, *made.index, made.vectors, texts, queries.rows, kShown, run));
  Json list = Json::array();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    Json found = Json::array();
    for (const Hit& hit : hits.of(i))
      found.push_back({{"row", hit.row}, {"score", -hit.distance}, {"label", labels[hit.row]}});
    list.push_back({{"query", texts[i]}, {"arm", kSamplesBy}, {"hits", std::move(found)}});
  }
  return list;
}

// Size, recall against exact search, and speed of one index.
Result<Json> measured(const Index& index, const Artefacts& made, const Rows& queries, Run& run) {
  QUIVER_TRY(auto exact, build_index(IndexSpec{}, made.vectors, {}, run));
  QUIVER_TRY(RowsView view, queries_for(index, queries));
  const SearchParams params{.k = 10, .recall = kRecall};
  QUIVER_TRY(Recall recall, audit_recall(index, *exact, view, {.k = 10, .sample = 0, .params = params}, run));
  const std::size_t count = std::min<std::size_t>(queries.size(), 1000);
  QUIVER_TRY(const MatrixView floats, queries.dense());
  const auto encode = [&](std::size_t first, std::size_t number) -> Result<Rows> {
    return Rows::borrowed(typed(floats.slice(first, number)), queries.space(), nullptr);
  };
  QUIVER_TRY(Searched one, search_timed(index, {.queries = count, .encode = encode}, params, run));
  QUIVER_TRY(Searched many, search_timed(index, {.queries = count, .encode = encode, .batch = 256}, params, run));
  const auto rows = static_cast<double>(made.vectors.size());
  return Json{{"spec", index.spec()},
              {"bytes_per_vector", static_cast<double>(index.bytes()) / rows},
              {"bytes_per_vector_f32", static_cast<double>(exact->bytes()) / rows},
              {"recall@10", json_of(recall.at_k)},
              {"one_by_one", to_json(one.searching)},
              {"batches_of_256", to_json(many.searching)}};
}

Result<Json> encoding(const Artefacts& made, Run& run) {
  const std::size_t count = std::min<std::size_t>(made.task.test.texts.size(), 1000);
  const std::vector<std::string> texts(made.task.test.texts.begin(),
                                       made.task.test.texts.begin() + static_cast<std::ptrdiff_t>(count));
  const Items queries = Items::of("text", texts);
  RunOptions silent;
  silent.seed = run.seed();
  silent.threads = run.threads().count();
  Run quiet(silent);  // a progress line for each of a thousand queries would help nobody
  const auto encode = [&](std::size_t first, std::size_t number) -> Result<Rows> {
    QUIVER_TRY(Encoded encoded, made.model->encode(queries.slice(first, number), {.role = "query"}, quiet));
    return encoded.rows;
  };
  QUIVER_TRY(Searched one, search_timed(*made.index, {.queries = count, .encode = encode}, {.recall = kRecall}, run));
  return to_json(one.encoding);
}

}  // namespace

Result<Json> measure(const Artefacts& made, const Options& options, Run& run) {
  QUIVER_TRY(Encoded validation,
             made.model->encode(Items::of("text", made.task.validation.texts), {.role = "query"}, run));
  QUIVER_TRY(Encoded test, made.model->encode(Items::of("text", made.task.test.texts), {.role = "query"}, run));
  QUIVER_TRY(auto comparison, recipes::compare_on_wordnet(made.task, {made.vectors, validation.rows, test.rows}, run));
  QUIVER_TRY(const IndexSpec codes, IndexSpec::parse(kCodesSpec));
  QUIVER_TRY(const auto scanned, build_index(codes, made.vectors, {}, run));
  QUIVER_TRY(Json compressed, measured(*scanned, made, test.rows, run));
  QUIVER_TRY(Json walked, measured(*made.index, made, test.rows, run));
  QUIVER_TRY(Json encoded, encoding(made, run));
  QUIVER_TRY(Json shown, samples(made, comparison, run));
  QUIVER_TRY(std::string digest, made.corpus.digest());
  return Json{{"corpus", {{"spec", made.corpus.spec()}, {"digest", digest}, {"notice", made.corpus.notice()}}},
              {"model", {{"id", made.model->id()}, {"dims", made.vectors.space().dims}, {"quick", options.quick}}},
              {"task", recipes::to_json(comparison, run.seed())},
              {"threads", run.threads().count()},
              {"encoding", std::move(encoded)},
              {"compression", std::move(compressed)},
              {"graph", std::move(walked)},
              {"samples", std::move(shown)},
              {"command",
               fmt::format("quiver search --index {0}/index.qvi --model {0}/model.qvm --labels wordnet:{1}:text --text "
                           "\"your own words\"",
                           options.out, options.corpus)}};
}

}  // namespace quiver::cli::demo
