#include "quiver/model/linear.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "quiver/core/json.h"
#include "quiver/core/linalg.h"
#include "quiver/core/space_json.h"
#include "quiver/model/layers.h"

namespace quiver {
namespace {
constexpr std::size_t kBlock = 1024;

class Linear final : public ModelBody {
 public:
  // `special`: the layers of ports that do not share `layers`, by the port's name.
  Linear(Layers layers, std::map<std::string, Layers, std::less<>> special, Space reads)
      : layers_(std::move(layers)), special_(std::move(special)), reads_(std::move(reads)) {}

  Result<Encoded> map(const Port& port, const Rows& rows, const Items&, Run& run) const override {
    QUIVER_TRY(const std::size_t dims,
               comparable(rows.space(), reads_).within(fmt::format("mapping rows by port '{}'", port.name)));
    const auto found = special_.find(port.name);
    const Layers& layers = found == special_.end() ? layers_ : found->second;
    if (dims != layers_.in() || rows.space().dims != layers_.in()) {
      return Error::invalid_argument(fmt::format("mapping rows by port '{}': rows have {} dims, it reads {}", port.name,
                                                 rows.space().dims, layers_.in()));
    }
    Matrix widened;
    MatrixView input;
    const RowsView view = rows.view();
    if (const auto* typed = std::get_if<TypedView>(&view)) {
      widened = to_float(*typed);
      input = widened.view();
    } else {
      QUIVER_TRY(input, rows.dense());
    }
    Matrix out(input.rows, layers.out());
    auto stage = run.stage("map", input.rows);
    const BlasThreads one(1);  // each worker multiplies its own block
    run.threads().parallel_for(input.rows, kBlock, [&](std::size_t begin, std::size_t end, unsigned) {
      for (; begin < end && !run.stop(); begin += kBlock) {
        const std::size_t count = std::min(kBlock, end - begin);
        const Matrix mapped = layers.apply(Matrix::copy_of(input.slice(begin, count)));
        for (std::size_t i = 0; i < count; ++i)
          std::copy_n(mapped.row(i).data(), mapped.cols(), out.row(begin + i).data());
        stage.advance(count);
      }
    });
    if (run.stop()) return run.stopped("mapping rows");
    return Encoded{Rows::dense(std::move(out), port.space), {}};
  }

 private:
  Layers layers_;
  std::map<std::string, Layers, std::less<>> special_;
  Space reads_;
};
}  // namespace

Result<std::unique_ptr<const ModelBody>> make_linear(std::string_view config, std::span<const Port> ports,
                                                     const Weights& weights) {
  QUIVER_TRY(const Json object, parse_json(config).within("the config of a linear map"));
  QUIVER_TRY(const std::size_t in, get<std::size_t>(object, "in"));
  QUIVER_TRY(const Json steps, get<Json>(object, "steps"));
  QUIVER_TRY(Layers layers, Layers::parse(dump_json(steps, -1), in, weights));
  std::map<std::string, Layers, std::less<>> special;
  if (object.contains("steps_of")) {
    QUIVER_TRY(const auto lists, (get<std::map<std::string, Json>>(object, "steps_of")));
    for (const auto& [name, list] : lists) {
      if (std::ranges::find(ports, name, &Port::name) == ports.end())
        return Error::invalid_argument(
            fmt::format("a linear map has steps of a port '{}', which it does not have", name));
      QUIVER_TRY(special[name], Layers::parse(dump_json(list, -1), in, weights));
    }
  }
  Space reads{.dims = in};
  if (object.contains("reads")) {
    QUIVER_TRY(reads, space_from_json(object["reads"]));
  }
  if (reads.dims != in) {
    return Error::invalid_argument(
        fmt::format("a linear map reads {} dims but declares a space of {}", in, reads.dims));
  }
  for (const Port& port : ports) {
    if (port.ability != Ability::Map) {
      return Error::invalid_argument(
          fmt::format("port '{}': a linear map can map, not {}", port.name, name_of(port.ability)));
    }
    const auto found = special.find(port.name);
    const std::size_t gives = found == special.end() ? layers.out() : found->second.out();
    if (port.space.dims != gives) {
      return Error::invalid_argument(
          fmt::format("port '{}' promises {} dims, the map gives {}", port.name, port.space.dims, gives));
    }
  }
  return std::unique_ptr<const ModelBody>(
      std::make_unique<Linear>(std::move(layers), std::move(special), std::move(reads)));
}

Result<Model> linear_map(MatrixView basis, std::span<const float> mean, const Space& reads, Port port, Card card) {
  QUIVER_CHECK(mean.empty() || mean.size() == basis.cols);
  QUIVER_CHECK(reads.dims == basis.cols);
  Weights weights;
  QUIVER_TRY(weights.add("linear/weight", basis));
  if (!mean.empty()) {  // (x - m) B^T = x B^T - B m
    std::vector<float> bias(basis.rows);
    for (std::size_t i = 0; i < basis.rows; ++i) {
      double sum = 0;
      for (std::size_t j = 0; j < basis.cols; ++j) sum += static_cast<double>(basis.row(i)[j]) * mean[j];
      bias[i] = static_cast<float>(-sum);
    }
    QUIVER_TRY(weights.add("linear/bias", std::span<const float>(bias)));
  }
  port.ability = Ability::Map;
  port.space.dims = basis.rows;
  const Json config{{"in", basis.cols},
                    {"steps", Json::array({{{"step", "linear"}, {"name", "linear"}}})},
                    {"reads", space_to_json(reads)}};
  return Model::make("linear", dump_json(config, -1), {std::move(port)}, std::move(weights), std::move(card));
}

}  // namespace quiver
