#include "quiver/learn/export_residual_net.h"

#include "quiver/learn/guard.h"

namespace quiver::learn {

Result<Model> freeze(const ResidualNet& encoder, const ResidualNetExport& as, Card card) {
  return guarded("freezing a residual net", [&]() -> Result<Model> {
    Weights weights;
    for (const Convolution& convolution : plan_of(encoder.config()).all()) {
      const ResidualNet::Folded folded = encoder.folded(convolution);
      QUIVER_TRY(weights.add(convolution.name, rows_of(folded.taps)));
      QUIVER_TRY(weights.add(convolution.name + "_bias", std::span<const float>(values_of(folded.bias))));
    }
    QUIVER_TRY(weights.add("projection/weight", rows_of(encoder.named().find("projection/weight")->second)));
    QUIVER_TRY(weights.add("projection/bias",
                           std::span<const float>(values_of(encoder.named().find("projection/bias")->second))));
    const ResidualNetBodyConfig config{
        .net = encoder.config(),
        .steps = R"([{"step": "linear", "name": "projection"}, {"step": "unit"}])",
        .ports = {{"image", as.image_column}, {"bytes", as.bytes_column}},
    };
    const auto port = [&](std::string name, Field reads) {
      return Port{.name = std::move(name),
                  .reads = {std::move(reads)},
                  .space = {.dims = static_cast<std::size_t>(encoder.dims()), .metric = Metric::Cosine},
                  .dims = as.prefixes};
    };
    std::vector<Port> ports{port("image", {.name = as.image_column, .modality = Modality::Image}),
                            port("bytes", {.name = as.bytes_column, .modality = Modality::Rows})};
    return Model::make("residual_net", config.to_json(), std::move(ports), std::move(weights), std::move(card));
  });
}

}  // namespace quiver::learn
