#include "quiver/inspect/ranking_metrics.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <unordered_map>

namespace quiver {
namespace {
// What each metric reads of one query: the grades of the ranking, place by place, and the grades of all judged rows.
struct Judged {
  std::vector<float> ranking;  // at most k; a row that comes again counts 0
  std::vector<float> all;      // falling
  std::size_t relevant() const {
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [](float g) { return g > 0; }));
  }
};

Judged judge(std::span<const Hit> hits, const Relevance& relevance, std::size_t query, std::uint32_t k) {
  std::unordered_map<std::uint32_t, float> grades;
  Judged judged;
  for (std::uint32_t i = relevance.offsets[query]; i < relevance.offsets[query + 1]; ++i) {
    if (grades.emplace(relevance.rows[i], relevance.grades[i]).second) judged.all.push_back(relevance.grades[i]);
  }
  std::sort(judged.all.begin(), judged.all.end(), std::greater<>());
  for (const Hit& hit : hits.first(std::min<std::size_t>(k, hits.size()))) {
    const auto found = grades.find(hit.row);
    judged.ranking.push_back(found == grades.end() ? 0 : found->second);
    if (found != grades.end()) found->second = 0;
  }
  return judged;
}

std::vector<double> per_query(const Hits& hits, const Relevance& relevance, std::uint32_t k,
                              const std::function<double(const Judged&)>& metric) {
  QUIVER_CHECK(hits.queries() == relevance.queries());
  std::vector<double> values(hits.queries());
  for (std::size_t q = 0; q < values.size(); ++q) {
    const Judged judged = judge(hits.of(q), relevance, q, k);
    values[q] = judged.relevant() == 0 ? 0 : metric(judged);
  }
  return values;
}

double count_relevant(const Judged& judged) {
  return static_cast<double>(
      std::count_if(judged.ranking.begin(), judged.ranking.end(), [](float grade) { return grade > 0; }));
}

double discounted_gain(std::span<const float> grades, std::size_t k) {
  double gain = 0;
  for (std::size_t i = 0; i < std::min(k, grades.size()); ++i) {
    if (grades[i] > 0) gain += grades[i] / std::log2(static_cast<double>(i) + 2);
  }
  return gain;
}

// The fused ranking of one query out of the scores that each row collected.
void write_fused(std::unordered_map<std::uint32_t, double>& scores, std::size_t query, Hits& out) {
  TopK best(out.k);
  for (const auto& [row, score] : scores) best.offer({row, static_cast<float>(1 - score)});
  out.counts[query] = static_cast<std::uint32_t>(best.sorted_into(std::span(out.hits).subspan(query * out.k, out.k)));
}

Hits empty_hits(const Hits& a, const Hits& b, std::uint32_t k) {
  QUIVER_CHECK(a.queries() == b.queries());
  return {k, std::vector<Hit>(a.queries() * k), std::vector<std::uint32_t>(a.queries())};
}

// Closest hit 1, farthest 0; a list whose hits are all equally far is all 1.
void add_scaled(std::span<const Hit> hits, double weight, std::unordered_map<std::uint32_t, double>& scores) {
  if (hits.empty()) return;
  const double low = hits.front().distance, high = hits.back().distance;
  for (const Hit& hit : hits) {
    scores[hit.row] += weight * (high > low ? (high - static_cast<double>(hit.distance)) / (high - low) : 1);
  }
}
}  // namespace

Relevance Relevance::single(std::span<const std::uint32_t> row_of_query) {
  Relevance relevance;
  for (const std::uint32_t row : row_of_query) relevance.add_query({&row, 1});
  return relevance;
}
void Relevance::add_query(std::span<const std::uint32_t> relevant) {
  const std::vector<float> ones(relevant.size(), 1.0F);
  add_query(relevant, ones);
}
void Relevance::add_query(std::span<const std::uint32_t> judged, std::span<const float> graded) {
  QUIVER_CHECK(judged.size() == graded.size());
  rows.insert(rows.end(), judged.begin(), judged.end());
  grades.insert(grades.end(), graded.begin(), graded.end());
  offsets.push_back(static_cast<std::uint32_t>(rows.size()));
}

std::vector<double> reciprocal_rank(const Hits& hits, const Relevance& relevance, std::uint32_t k) {
  return per_query(hits, relevance, k, [](const Judged& judged) {
    const auto first = std::find_if(judged.ranking.begin(), judged.ranking.end(), [](float g) { return g > 0; });
    return first == judged.ranking.end() ? 0 : 1 / static_cast<double>(first - judged.ranking.begin() + 1);
  });
}
std::vector<double> recall_at(const Hits& hits, const Relevance& relevance, std::uint32_t k) {
  return per_query(hits, relevance, k, [](const Judged& judged) {
    return count_relevant(judged) / static_cast<double>(judged.relevant());
  });
}
std::vector<double> precision_at(const Hits& hits, const Relevance& relevance, std::uint32_t k) {
  return per_query(hits, relevance, k, [k](const Judged& judged) { return k == 0 ? 0 : count_relevant(judged) / k; });
}
std::vector<double> ndcg_at(const Hits& hits, const Relevance& relevance, std::uint32_t k) {
  return per_query(hits, relevance, k, [k](const Judged& judged) {
    const double ideal = discounted_gain(judged.all, k);
    return ideal > 0 ? discounted_gain(judged.ranking, k) / ideal : 0;
  });
}
std::vector<double> average_precision(const Hits& hits, const Relevance& relevance, std::uint32_t k) {
  return per_query(hits, relevance, k, [](const Judged& judged) {
    double sum = 0, found = 0;
    for (std::size_t i = 0; i < judged.ranking.size(); ++i) {
      if (judged.ranking[i] <= 0) continue;
      found += 1;
      sum += found / static_cast<double>(i + 1);
    }
    return sum / static_cast<double>(judged.relevant());
  });
}

Hits fuse_weighted(const Hits& a, const Hits& b, double weight, std::uint32_t k) {
  Hits out = empty_hits(a, b, k);
  for (std::size_t q = 0; q < out.queries(); ++q) {
    std::unordered_map<std::uint32_t, double> scores;
    add_scaled(a.of(q), weight, scores);
    add_scaled(b.of(q), 1 - weight, scores);
    write_fused(scores, q, out);
  }
  return out;
}

Hits fuse_reciprocal(const Hits& a, const Hits& b, std::uint32_t k, double constant) {
  Hits out = empty_hits(a, b, k);
  for (std::size_t q = 0; q < out.queries(); ++q) {
    std::unordered_map<std::uint32_t, double> scores;
    for (const Hits* list : {&a, &b}) {
      const std::span<const Hit> hits = list->of(q);
      for (std::size_t i = 0; i < hits.size(); ++i) scores[hits[i].row] += 1 / (constant + static_cast<double>(i) + 1);
    }
    write_fused(scores, q, out);
  }
  return out;
}

}  // namespace quiver
