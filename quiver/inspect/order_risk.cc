#include "quiver/inspect/order_risk.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "quiver/core/random.h"
#include "quiver/index/ground_truth.h"
#include "quiver/index/hnsw.h"
#include "quiver/index/insertion_order.h"

namespace quiver {
namespace {

struct Order {
  std::string name;
  std::vector<std::uint32_t> rows;
};

Result<std::vector<Order>> orders_of(std::size_t rows, std::span<const double> lid,
                                     std::span<const std::uint32_t> categories, const OrderRiskOptions& options,
                                     std::uint64_t seed) {
  std::vector<Order> orders;
  for (std::uint32_t i = 0; i < options.shuffles; ++i) {
    QUIVER_TRY(auto shuffled, insertion_order(InsertionOrder::Shuffled, {.rows = rows, .seed = mix(seed, i)}));
    orders.push_back({fmt::format("shuffled {}", i + 1), std::move(shuffled)});
  }
  QUIVER_TRY(auto descending, insertion_order(InsertionOrder::LidDescending, {.rows = rows, .lid = lid}));
  const auto reversed = [](std::vector<std::uint32_t> order) {
    std::ranges::reverse(order);
    return order;
  };
  orders.push_back({"lid descending", descending});
  orders.push_back({"lid ascending", reversed(std::move(descending))});
  if (!categories.empty()) {
    std::vector<std::uint32_t> grouped(rows);
    std::iota(grouped.begin(), grouped.end(), 0U);
    std::ranges::stable_sort(grouped, {}, [&](std::uint32_t row) { return categories[row]; });
    orders.push_back({"category", grouped});
    orders.push_back({"category reversed", reversed(std::move(grouped))});
  }
  return orders;
}

class Trial {
 public:
  Trial(const IndexSpec& spec, const Rows& base, RowsView queries, const GroundTruth& truth,
        const OrderRiskOptions& options, std::uint64_t seed)
      : spec_(spec), base_(base), queries_(queries), truth_(truth), options_(options), seed_(seed) {}

  Result<OrderOutcome> of(const Order& order) const {
    Run alone({.seed = seed_, .threads = 1});  // one seed for all: their levels are drawn alike
    QUIVER_TRY(const auto index, HnswIndex::build(spec_, base_.view(), base_.space(), {}, alone, order.rows));
    OrderOutcome out;
    out.order = order.name;
    for (const std::uint32_t effort : options_.efforts) {
      QUIVER_TRY(const Hits hits, index->search_batch(queries_, {.k = options_.k, .effort = effort}, alone));
      out.per_query.push_back(truth_.recall_per_query(hits, options_.k));
      out.recall.push_back(bootstrap_mean(out.per_query.back(), {.seed = seed_}));
    }
    const auto degrees = dynamic_cast<const HnswIndex&>(*index).in_degrees();
    out.hub_skewness = skewness_of(degrees);
    out.unlinked = static_cast<std::size_t>(std::ranges::count(degrees, 0U));
    return out;
  }

 private:
  const IndexSpec& spec_;
  const Rows& base_;
  RowsView queries_;
  const GroundTruth& truth_;
  const OrderRiskOptions& options_;
  std::uint64_t seed_;
};

// The best order at the first effort, if it beats every shuffle beyond the queries' noise.
std::string advice_for(std::span<const OrderOutcome> outcomes, std::uint32_t shuffles, std::uint64_t seed) {
  const auto best = std::ranges::max_element(outcomes, {}, [](const OrderOutcome& o) { return o.recall[0].mean; });
  for (std::uint32_t i = 0; i < shuffles; ++i) {
    const Interval gain = paired_difference(best->per_query[0], outcomes[i].per_query[0], {.seed = seed});
    if (!(gain.low > 0)) return "shuffled";
  }
  return best->order;
}
}  // namespace

HeldOut hold_out(std::uint32_t rows, std::uint32_t queries, std::uint64_t seed) {
  const auto all = Random(seed, stream_of("held-out queries")).permutation(rows);
  HeldOut out{{all.begin() + queries, all.end()}, {all.begin(), all.begin() + queries}};
  std::ranges::sort(out.base);
  return out;
}

double skewness_of(std::span<const std::uint32_t> values) noexcept {
  const auto count = static_cast<double>(values.size());
  double mean = 0, second = 0, third = 0;
  for (const std::uint32_t value : values) mean += value / count;
  for (const std::uint32_t value : values) {
    const double off = value - mean;
    second += off * off / count;
    third += off * off * off / count;
  }
  return second > 0 ? third / std::pow(second, 1.5) : 0;
}

Result<OrderRisk> order_risk(const Rows& base, const Rows& queries, std::span<const std::uint32_t> categories,
                             const OrderRiskOptions& options, Run& run) {
  QUIVER_TRY(const IndexSpec spec, IndexSpec::parse(options.spec));
  if (spec.structure != "hnsw" || spec.rerank) {
    return Error::invalid_argument(fmt::format(
        "measuring order risk: '{}' is not built by insertion; write hnsw(M,ef_construction), with codes if you like",
        options.spec));
  }
  if (queries.size() == 0 || options.efforts.empty() || options.shuffles == 0 || options.k == 0) {
    return Error::invalid_argument(
        fmt::format("measuring order risk: {} queries, {} efforts, {} shuffles, k = {}; give at least one of each",
                    queries.size(), options.efforts.size(), options.shuffles, options.k));
  }
  if (!categories.empty() && categories.size() != base.size()) {
    return Error::invalid_argument(
        fmt::format("measuring order risk: {} categories for {} rows; give one a row", categories.size(), base.size()));
  }
  OrderRisk risk;
  QUIVER_TRY(risk.dimension, intrinsic_dimension(base, {.k = options.lid.k}, run));
  QUIVER_TRY(const auto exact, build_index({}, base, {}, run));
  QUIVER_TRY(const RowsView asked, queries_for(*exact, queries));
  GroundTruth truth;
  QUIVER_TRY(truth.hits, exact->search_batch(asked, {.k = options.k}, run));
  QUIVER_TRY(const std::vector<Order> orders,
             orders_of(base.size(), risk.dimension.lid, categories, options, run.seed()));

  const Trial trial(spec, base, asked, truth, options, run.seed());
  std::vector<std::optional<Result<OrderOutcome>>> results(orders.size());
  auto stage = run.stage("building in every order", orders.size());
  run.threads().parallel_for(orders.size(), 1, [&](std::size_t begin, std::size_t end, unsigned) {
    for (std::size_t i = begin; i < end && !run.stop(); ++i) {
      results[i] = trial.of(orders[i]);
      stage.advance();
    }
  });
  if (run.stop()) return run.stopped("measuring order risk");
  for (auto& result : results) {
    QUIVER_TRY(OrderOutcome outcome, *std::move(result));
    risk.outcomes.push_back(std::move(outcome));
  }
  for (std::size_t e = 0; e < options.efforts.size(); ++e) {
    const auto [low, high] =
        std::ranges::minmax(risk.outcomes, {}, [&](const OrderOutcome& o) { return o.recall[e].mean; });
    risk.spread.push_back(high.recall[e].mean - low.recall[e].mean);
  }
  risk.advice = advice_for(risk.outcomes, options.shuffles, run.seed());
  return risk;
}

}  // namespace quiver
