#include "quiver/index/hard_negatives.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "quiver/core/metric.h"
#include "quiver/index/spec.h"

namespace quiver {
namespace {
Result<void> check_sizes(const PairsToMine& pairs) {
  const std::size_t queries = pairs.queries->size(), texts = pairs.texts->size();
  const auto agree = [](std::string_view what, std::size_t given, std::size_t wanted) -> Result<void> {
    if (given == wanted) return {};
    return Error::invalid_argument(fmt::format("mining negatives: {} {} are given for {}", given, what, wanted));
  };
  QUIVER_TRY(agree("positives", pairs.positives.size(), queries));
  if (!pairs.groups.empty()) QUIVER_TRY(agree("groups of texts", pairs.groups.size(), texts));
  if (!pairs.text_keys.empty()) QUIVER_TRY(agree("keys of texts", pairs.text_keys.size(), texts));
  if (!pairs.query_keys.empty()) QUIVER_TRY(agree("keys of queries", pairs.query_keys.size(), queries));
  for (std::size_t i = 0; i < queries; ++i) {
    if (pairs.positives[i] < texts) continue;
    return Error::invalid_argument(fmt::format(
        "mining negatives: the positive of query {} is row {}, there are {} texts", i, pairs.positives[i], texts));
  }
  return {};
}

Result<void> check_options(const MiningOptions& options, Metric metric) {
  if (options.count == 0) return Error::invalid_argument("mining negatives: 0 a query are asked for; take at least 1");
  if (!(options.max_ratio > 0 && options.max_ratio <= 1)) {
    return Error::invalid_argument(
        fmt::format("mining negatives: a ratio of {} to the positive's score; it must be above 0 and at most 1",
                    options.max_ratio));
  }
  if (metric != Metric::Cosine && metric != Metric::Dot) {
    return Error::invalid_argument(
        fmt::format("mining negatives: {} is a distance, of which there is no part; give vectors compared by cosine or "
                    "dot",
                    name_of(metric)));
  }
  return {};
}

// Chooses among the hits of one query.
class Chooser {
 public:
  Chooser(const PairsToMine& pairs, const MiningOptions& options, HardNegatives& out)
      : pairs_(pairs), options_(options), out_(out) {
    for (std::size_t i = 0; i < pairs.query_keys.size(); ++i) {
      answers_[pairs.query_keys[i]].push_back(pairs.positives[i]);
    }
  }

  // most: the score that a negative must stay below.
  void choose(std::size_t query, std::span<const Hit> hits, Metric metric, float most) {
    const std::uint32_t positive = pairs_.positives[query];
    taken_.clear();
    std::span<const std::uint32_t> answers(&positive, 1);
    if (!pairs_.query_keys.empty()) answers = answers_.find(pairs_.query_keys[query])->second;
    for (const std::uint32_t answer : answers) taken_.insert(key_of(answer));
    std::uint32_t found = 0;
    for (const Hit& hit : hits) {
      if (found == options_.count) break;
      if (hit.row == positive) continue;
      if (std::ranges::find(answers, hit.row) != answers.end() || same_group(hit.row, answers)) {
        ++out_.related;
      } else if (taken_.contains(key_of(hit.row))) {
        ++out_.equal;
      } else if (score_of(metric, hit.distance) >= most) {
        ++out_.too_close;
      } else {
        taken_.insert(key_of(hit.row));
        out_.rows.push_back(hit.row);
        ++found;
      }
    }
    if (found < options_.count) ++out_.short_of;
    out_.offsets.push_back(static_cast<std::uint32_t>(out_.rows.size()));
  }

 private:
  std::uint64_t key_of(std::uint32_t row) const { return pairs_.text_keys.empty() ? row : pairs_.text_keys[row]; }
  bool same_group(std::uint32_t row, std::span<const std::uint32_t> answers) const {
    if (pairs_.groups.empty()) return false;
    return std::ranges::any_of(answers, [&](std::uint32_t a) { return pairs_.groups[a] == pairs_.groups[row]; });
  }

  const PairsToMine& pairs_;
  const MiningOptions& options_;
  HardNegatives& out_;
  std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> answers_;  // by key of the query
  std::unordered_set<std::uint64_t> taken_;                                // keys that this query has
};
}  // namespace

Result<HardNegatives> mine_hard_negatives(const PairsToMine& pairs, const MiningOptions& options, Run& run) {
  QUIVER_CHECK(pairs.queries != nullptr && pairs.texts != nullptr);
  QUIVER_TRY(comparable(pairs.queries->space(), pairs.texts->space()));
  const Metric metric = pairs.texts->space().metric;
  QUIVER_TRY(check_options(options, metric));
  QUIVER_TRY(check_sizes(pairs));
  QUIVER_TRY(const MatrixView queries, pairs.queries->dense());
  QUIVER_TRY(const MatrixView texts, pairs.texts->dense());
  HardNegatives out;
  if (queries.empty()) return out;
  QUIVER_TRY(const IndexSpec spec, IndexSpec::parse(options.index));
  QUIVER_TRY(const auto index, build_index(spec, *pairs.texts, {}, run));
  const std::uint32_t wanted = std::max(options.candidates, options.count) + 1;  // one of them is the positive
  QUIVER_TRY(const RowsView asked, queries_for(*index, *pairs.queries));
  QUIVER_TRY(const Hits hits, index->search_batch(asked, {.k = wanted}, run));
  Chooser chooser(pairs, options, out);
  for (std::size_t i = 0; i < queries.rows; ++i) {
    const auto own = static_cast<float>(distance(metric, queries.row(i), texts.row(pairs.positives[i])));
    chooser.choose(i, hits.of(i), metric, static_cast<float>(options.max_ratio) * score_of(metric, own));
  }
  return out;
}

}  // namespace quiver
