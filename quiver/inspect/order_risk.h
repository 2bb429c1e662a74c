// Order risk: how much recall a graph built by insertion (index/hnsw.h) loses or gains by the order its rows come in
// (Elliott & Clark, "The Impacts of Data, Ordering, and Intrinsic Dimensionality on Recall in HNSW", ICTIR 2024). The
// same rows are built in several orders with the same parameters and the same draws of levels, and asked the same
// queries.
//
//   QUIVER_TRY(OrderRisk risk, order_risk(rows, queries, labels.codes, {.efforts = {10, 50}}, run));
//   risk.outcomes[0].order, .recall[0]       // "shuffled 1": recall@10 at effort 10, with an interval over queries
//   risk.spread[0], risk.advice              // largest minus smallest; what to do about it
//
// Orders: shuffled several times, descending and ascending LID (intrinsic_dimension.h) and, with categories, one after
// the other and in reverse. Queries must not be rows. Advice is shuffled unless an order beats every shuffle by more
// than the queries' noise. Cost: an exact search for LID and one build an order; orders are built on the run's threads
// at once.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "quiver/core/statistics.h"
#include "quiver/index/spec.h"
#include "quiver/inspect/intrinsic_dimension.h"

namespace quiver {

struct OrderRiskOptions {
  std::string spec = "hnsw(16,128)";
  std::uint32_t k = 10;
  std::vector<std::uint32_t> efforts = {10, 50};
  std::uint32_t shuffles = 3;
  LidOptions lid = {};  // sample must stay 0: an order needs every row's
};

struct OrderOutcome {
  std::string order;                           // "shuffled 1", "lid descending", "category reversed"
  std::vector<Interval> recall;                // per effort; bootstrap over queries
  std::vector<std::vector<double>> per_query;  // per effort
  double hub_skewness = 0;                     // of the number of links to a row: the larger, the fewer rows are hubs
  std::size_t unlinked = 0;                    // rows no row links to on the lowest level: a walk cannot find them
};

struct OrderRisk {
  IntrinsicDimension dimension;
  std::vector<OrderOutcome> outcomes;
  std::vector<double> spread;  // per effort: the best order's recall minus the worst one's
  std::string advice;          // the order to build in: "shuffled" or an outcome's
};

// `categories`: one number a row, or empty. Errors: of intrinsic_dimension() and build_index(); InvalidArgument (a spec
// that is not hnsw, no queries, no efforts or shuffles, another number of categories than rows).
Result<OrderRisk> order_risk(const Rows& base, const Rows& queries, std::span<const std::uint32_t> categories,
                             const OrderRiskOptions& options, Run& run);

// Rows held out as queries, drawn by the seed, and all others in their order. Requires: queries <= rows.
struct HeldOut {
  std::vector<std::uint32_t> base, queries;
};
HeldOut hold_out(std::uint32_t rows, std::uint32_t queries, std::uint64_t seed);

double skewness_of(std::span<const std::uint32_t> values) noexcept;  // third standardised moment; 0 if all are equal

}  // namespace quiver
