#include "quiver/inspect/internal/advice_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

#include "quiver/core/progress.h"
#include "quiver/index/spec.h"

namespace quiver::internal {
namespace {
constexpr std::size_t kFinalists = 4;  // at least so many see all rows
constexpr double kAsFast = 1.05;       // timings differ by so much for no reason
constexpr double kNearRecall = 0.05;   // below the recall asked for and still worth another round

bool fits(const Advice& advice, const AdviseOptions& options, const AdviceCandidate& candidate) {
  return options.memory == 0 || advice.bytes_of(candidate) <= static_cast<double>(options.memory);
}
double seconds_at(const AdviceCandidate& candidate) {
  return candidate.reaches ? candidate.points[*candidate.reaches].seconds : INFINITY;
}
double best_recall(const AdviceCandidate& candidate) {
  double best = 0;
  for (const AdvicePoint& point : candidate.points) best = std::max(best, point.tuned.mean);
  return best;
}
std::string structure_of(const AdviceCandidate& candidate) {
  const auto spec = IndexSpec::parse(candidate.spec);
  return spec.has_value() ? spec->structure : candidate.spec;
}
void mark_front(std::vector<AdviceCandidate>& candidates) {
  const auto each = [&](const auto& use) {
    for (AdviceCandidate& c : candidates) {
      for (AdvicePoint& p : c.points) use(c, p);
    }
  };
  each([&](const AdviceCandidate& c, AdvicePoint& p) {
    p.on_front = c.rows == candidates.front().rows;
    each([&](const AdviceCandidate& other, const AdvicePoint& q) {
      if (other.rows != c.rows) return;
      const bool as_good = q.recall.mean >= p.recall.mean && q.seconds <= p.seconds && other.bytes <= c.bytes;
      const bool better = q.recall.mean > p.recall.mean || q.seconds < p.seconds || other.bytes < c.bytes;
      if (as_good && better) p.on_front = false;
    });
  });
}

std::string ratio(double times) { return times < 9.95 ? fmt::format("{:.1f}", times) : fmt::format("{:.0f}", times); }

std::string described(const Advice& advice, const AdviceCandidate& candidate, const AdvicePoint& point,
                      std::uint32_t k) {
  return fmt::format(
      "\"{}\" finds recall@{} {:.4f} ({:.4f} .. {:.4f}) at {} queries a CPU second in {:.0f} bytes a row, "
      "{:.3g} MB in all",
      candidate.spec, k, point.recall.mean, point.recall.low, point.recall.high,
      grouped(static_cast<std::uint64_t>(1 / point.seconds)), candidate.bytes, advice.bytes_of(candidate) / 1e6);
}

}  // namespace

std::vector<std::string> survivors(Advice& advice, const AdviseOptions& options, std::size_t round_rows) {
  std::vector<AdviceCandidate*> fitting, rest;
  for (AdviceCandidate& candidate : advice.candidates) {
    if (candidate.rows != round_rows) continue;
    const bool near = best_recall(candidate) >= options.recall - kNearRecall;
    (fits(advice, options, candidate) && near ? fitting : rest).push_back(&candidate);
  }
  const auto by_speed = [](const AdviceCandidate* a, const AdviceCandidate* b) {
    return std::pair(seconds_at(*a), -best_recall(*a)) < std::pair(seconds_at(*b), -best_recall(*b));
  };
  std::ranges::stable_sort(fitting, by_speed);
  std::ranges::stable_sort(rest, {}, [](const AdviceCandidate* c) { return c->bytes; });
  std::set<std::string> structures;
  const std::size_t most = std::max(kFinalists, (fitting.size() + 1) / 2);
  std::vector<std::string> out;
  for (std::size_t i = 0; i < fitting.size(); ++i) {
    const bool first_of_its_kind = structures.insert(structure_of(*fitting[i])).second;
    if (i < most || first_of_its_kind) {
      out.push_back(fitting[i]->spec);
    } else {
      fitting[i]->dropped = fmt::format("{} others are faster on {} rows", i, grouped(round_rows));
    }
  }
  for (std::size_t i = 0; i < rest.size(); ++i) {
    AdviceCandidate& candidate = *rest[i];
    if (fitting.empty() && i < 2) {
      out.push_back(candidate.spec);
    } else if (!fits(advice, options, candidate)) {
      candidate.dropped = fmt::format("all rows would take {:.3g} GB", advice.bytes_of(candidate) / 1e9);
    } else {
      candidate.dropped =
          fmt::format("its recall ends at {:.3f} on {} rows", best_recall(candidate), grouped(round_rows));
    }
  }
  return out;
}

void conclude(Advice& advice, const AdviseOptions& options) {
  std::ranges::stable_sort(advice.candidates, [](const AdviceCandidate& a, const AdviceCandidate& b) {
    return std::tuple(!a.dropped.empty(), b.rows, seconds_at(a)) <
           std::tuple(!b.dropped.empty(), a.rows, seconds_at(b));
  });
  mark_front(advice.candidates);
  const std::size_t most = advice.candidates.front().rows;
  const AdviceCandidate *exact = nullptr, *smallest = nullptr, *nearest = nullptr, *larger = nullptr;
  std::vector<std::size_t> right;  // reach the recall and fit, fastest first
  for (std::size_t i = 0; i < advice.candidates.size(); ++i) {
    AdviceCandidate& candidate = advice.candidates[i];
    if (candidate.points.empty()) continue;
    candidate.fits = fits(advice, options, candidate);
    if (candidate.spec == "flat" && candidate.rows == most) exact = &candidate;
    if (candidate.fits && (nearest == nullptr || best_recall(candidate) > best_recall(*nearest))) nearest = &candidate;
    if (!candidate.reaches) continue;
    if (smallest == nullptr || candidate.bytes < smallest->bytes) smallest = &candidate;
    if (candidate.rows != most) continue;
    if (candidate.fits) right.push_back(i);
    if (!candidate.fits && (larger == nullptr || seconds_at(candidate) < seconds_at(*larger))) larger = &candidate;
  }
  std::ranges::stable_sort(right, {}, [&](std::size_t i) { return seconds_at(advice.candidates[i]); });
  const std::uint32_t k = options.k;
  if (!right.empty()) {
    std::size_t chosen = 0;
    for (std::size_t i = 1; i < right.size(); ++i) {
      const AdviceCandidate &one = advice.candidates[right[i]], &so_far = advice.candidates[right[chosen]];
      if (seconds_at(one) > kAsFast * seconds_at(advice.candidates[right[0]])) break;
      if (one.bytes < so_far.bytes) chosen = i;
    }
    advice.best = right[chosen];
    const AdviceCandidate& best = advice.candidates[*advice.best];
    const AdvicePoint& point = best.points[*best.reaches];
    const auto times = [&](const AdviceCandidate& other) { return seconds_at(other) / point.seconds; };
    advice.why = described(advice, best, point, k);
    const AdviceCandidate* next = right.size() < 2 ? nullptr : &advice.candidates[right[chosen == 0 ? 1 : 0]];
    if (next != nullptr && times(*next) > kAsFast) {
      advice.why += fmt::format(": {} times as fast as the next, \"{}\"", ratio(times(*next)), next->spec);
    } else if (next != nullptr) {
      advice.why += fmt::format(": about as fast as \"{}\"", next->spec);
      if (best.bytes < next->bytes) advice.why += ", in less memory";
    }
    if (exact != nullptr && exact != &best && exact != next && exact->reaches) {
      advice.why += fmt::format(", and {} times as fast as an exact scan", ratio(times(*exact)));
    }
    if (larger != nullptr && times(*larger) < 1) {
      advice.why += fmt::format("; with {:.3g} MB, \"{}\" would be {} times as fast", advice.bytes_of(*larger) / 1e6,
                                larger->spec, ratio(1 / times(*larger)));
    }
    if (point.recall.high < options.recall) {
      advice.why += fmt::format("; on the queries held back that is below {:g}: ask for a little more", options.recall);
    }
    return;
  }
  advice.why = fmt::format("nothing measured reaches recall {:g}", options.recall);
  if (options.memory > 0) {
    advice.why += fmt::format(" within {:.3g} MB", static_cast<double>(options.memory) / 1e6);
  }
  const auto best_point = [](const AdviceCandidate& c) -> const AdvicePoint& {
    return *std::ranges::max_element(c.points, {}, [](const AdvicePoint& p) { return p.tuned.mean; });
  };
  if (smallest != nullptr) {
    advice.why +=
        "; the least memory that reaches it: " + described(advice, *smallest, smallest->points[*smallest->reaches], k);
  }
  if (nearest != nullptr) {
    advice.why += "; the most recall that fits: " + described(advice, *nearest, best_point(*nearest), k);
  }
}

}  // namespace quiver::internal
