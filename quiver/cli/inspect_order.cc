// quiver inspect order-risk: how much recall depends on the order in which rows enter a graph.
#include <fmt/format.h>

#include <algorithm>

#include "quiver/cli/inputs.h"
#include "quiver/cli/table.h"
#include "quiver/cli/verbs.h"
#include "quiver/core/progress.h"
#include "quiver/inspect/order_risk.h"

namespace quiver::cli {
namespace {

struct OrderFlags {
  std::string file, column, label, spec = "hnsw(16,128)";
  std::uint32_t k = 10, queries = 500, shuffles = 3, lid_k = 100;
  std::vector<int> efforts = {10, 50};
  template <class V>
  void visit(V& v) {
    v("file", file, "the vectors: .qvr, .npy, .fvecs, .hdf5, ... or a data set spec");
    v("column", column, "the column that holds them; empty: the only one");
    v("label", label, "a column of categories: also build category by category");
    v("spec", spec, "the graph to build: hnsw(M,ef_construction), with codes if you like");
    v("k", k, "hits compared", 1, 10000);
    v("efforts", efforts, "candidates a walk keeps, separated by commas");
    v("queries", queries, "rows held out of the graph and searched for", 1, 1 << 24);
    v("shuffles", shuffles, "random orders", 1, 100);
    v("lid_k", lid_k, "nearest other rows the intrinsic dimension is estimated from", 1, 100000);
  }
};

Result<Answer> run_order(const OrderFlags& options, Run& run) {
  QUIVER_TRY(const Dataset data, Dataset::open(options.file));
  const std::string column = options.column.empty() ? vectors_column(data.items()) : options.column;
  QUIVER_TRY(const Rows rows,
             (column.empty() ? data.items().only_rows() : data.items().rows(column)).within(options.file));
  if (rows.size() <= options.queries) {
    return Error::invalid_argument(
        fmt::format("{}: {} rows, of which {} queries are to be held out; give a smaller "
                    "--queries",
                    options.file, rows.size(), options.queries));
  }
  const auto [base, asked] = hold_out(static_cast<std::uint32_t>(rows.size()), options.queries, run.seed());
  std::vector<std::uint32_t> categories;
  if (!options.label.empty()) {
    QUIVER_TRY(const Categories labels, data.items().categories(options.label));
    for (const std::uint32_t row : base) categories.push_back(labels.codes[row]);
  }
  QUIVER_TRY(const Rows base_rows, rows_at(rows, base));
  QUIVER_TRY(const Rows query_rows, rows_at(rows, asked));
  OrderRiskOptions risk_options{
      .spec = options.spec, .k = options.k, .efforts = {}, .shuffles = options.shuffles, .lid = {.k = options.lid_k}};
  for (const int effort : options.efforts)
    risk_options.efforts.push_back(static_cast<std::uint32_t>(std::max(1, effort)));
  QUIVER_TRY(const OrderRisk risk, order_risk(base_rows, query_rows, categories, risk_options, run));

  std::vector<std::string> heads = {"order"};
  for (const std::uint32_t effort : risk_options.efforts)
    heads.push_back(fmt::format("recall@{}, effort {}", options.k, effort));
  heads.insert(heads.end(), {"hub skewness", "unlinked rows"});
  Table table(std::move(heads));
  Json orders = Json::array();
  for (const OrderOutcome& outcome : risk.outcomes) {
    std::vector<std::string> cells = {outcome.order};
    Json recalls = Json::array();
    for (std::size_t e = 0; e < outcome.recall.size(); ++e) {
      const Interval& r = outcome.recall[e];
      cells.push_back(fmt::format("{:.4f} ({:.4f} .. {:.4f})", r.mean, r.low, r.high));
      recalls.push_back({{"effort", risk_options.efforts[e]}, {"mean", r.mean}, {"low", r.low}, {"high", r.high}});
    }
    cells.push_back(fmt::format("{:.2f}", outcome.hub_skewness));
    cells.push_back(grouped(outcome.unlinked));
    table.add(std::move(cells));
    orders.push_back({{"order", outcome.order},
                      {"recall", std::move(recalls)},
                      {"hub_skewness", outcome.hub_skewness},
                      {"unlinked", outcome.unlinked}});
  }
  std::string spreads;
  for (std::size_t e = 0; e < risk.spread.size(); ++e) {
    spreads += fmt::format("{}{:.4f} at effort {}", e == 0 ? "" : ", ", risk.spread[e], risk_options.efforts[e]);
  }
  return Answer{{{"file", options.file},
                 {"spec", options.spec},
                 {"rows", base.size()},
                 {"queries", asked.size()},
                 {"k", options.k},
                 {"mean_lid", risk.dimension.mean},
                 {"orders", std::move(orders)},
                 {"spread", risk.spread},
                 {"advice", risk.advice}},
                fmt::format("{}: {} rows, {} others as queries, \"{}\", intrinsic dimension {:.1f}\n{}"
                            "Best minus worst order: {}\nAdvice: build {}\n",
                            options.file, grouped(base.size()), grouped(asked.size()), options.spec,
                            risk.dimension.mean, table.text(), spreads, risk.advice)};
}

}  // namespace

Verb inspect_order_verb() {
  return make_verb<OrderFlags>(
      {.name = "inspect order-risk",
       .summary = "say how much recall depends on the order in which rows enter a graph",
       .details =
           "Builds the same graph in several orders: shuffled, by descending and ascending intrinsic dimension and, "
           "with --label, category by category. Rows held out are the queries. Shuffled is the advice unless an "
           "order beats every shuffle by more than noise.",
       .positional = {"file"},
       .required = {"file"},
       .examples = {{"quiver inspect order-risk notes.qvr --queries 200", ""},
                    {"quiver inspect order-risk items.jsonl --column vector --label topic", ""}}},
      run_order);
}

}  // namespace quiver::cli
