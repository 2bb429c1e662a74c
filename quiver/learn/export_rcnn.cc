#include "quiver/learn/export_rcnn.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "quiver/core/file.h"
#include "quiver/learn/guard.h"
#include "quiver/model/rcnn.h"

namespace quiver::learn {
namespace {
Result<void> add_parameter(Weights& weights, const std::string& name, const Tensor& parameter) {
  const Tensor packed = parameter.detach().contiguous();
  if (packed.dim() == 1) return weights.add(name, std::span<const float>(values_of(packed)));
  return weights.add(name, rows_of(packed));
}
}  // namespace

Result<Model> freeze(const Rcnn& body, const Tensor& words, const Tokenizer& tokenizer, const RcnnExport& as,
                     Card card) {
  return guarded("freezing an RCNN", [&]() -> Result<Model> {
    const auto extent = [](std::int64_t n) { return static_cast<std::size_t>(n); };
    Weights weights;
    QUIVER_TRY(weights.add("tokenizer", std::string_view(tokenizer.to_json())));
    QUIVER_TRY(add_parameter(weights, "words", words));
    for (const auto& [name, parameter] : body.named()) QUIVER_TRY(add_parameter(weights, name, parameter));
    RcnnConfig config{.vocabulary = extent(words.size(0)),
                      .word = extent(body.options().in),
                      .context = extent(body.options().context),
                      .hidden = extent(body.options().hidden),
                      .longest = as.longest,
                      .ports = {{"document", {.column = as.column, .steps = R"([{"step": "unit"}])"}}}};
    std::vector<Port> ports{{.name = "document",
                             .reads = {{.name = as.column}},
                             .space = {.dims = config.hidden, .metric = Metric::Cosine}}};
    if (as.classes) {
      QUIVER_TRY(add_parameter(weights, "classes/weight", as.classes->weight));
      QUIVER_TRY(add_parameter(weights, "classes/bias", as.classes->bias));
      config.ports["classes"] = {.column = as.column, .steps = R"([{"step": "linear", "name": "classes"}])"};
      // Scores are comparable between models that know the same classes, in the same order.
      const std::string space = "classes:" + digest_of(fmt::format("{}", fmt::join(as.classes->labels, "\n")));
      ports.push_back({.name = "classes",
                       .role = "classes",
                       .reads = {{.name = as.column}},
                       .space = {.id = space, .dims = extent(as.classes->weight.size(0)), .metric = Metric::Dot},
                       .labels = as.classes->labels});
    }
    return Model::make("rcnn", config.to_json(), std::move(ports), std::move(weights), std::move(card));
  });
}

}  // namespace quiver::learn
