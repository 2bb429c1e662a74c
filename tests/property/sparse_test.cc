// The inverted lists against the definition: sort all inner products.
#include "quiver/index/sparse.h"

#include <algorithm>
#include <map>
#include <utility>

#include "quiver/index/spec.h"
#include "tests/property/generate.h"

namespace quiver {
namespace {
using property::done;
using property::Folder;
using property::value_of;

SparseRows sparse_rows(std::size_t rows, std::size_t dims, bool negative, std::uint64_t seed) {
  SparseRows out;
  out.dims = dims;
  for (std::size_t i = 0; i < rows; ++i) {
    Random random(seed, i);
    for (const std::uint32_t term :
         random.sample(static_cast<std::uint32_t>(dims), static_cast<std::uint32_t>(random.below(6)))) {
      out.terms.push_back(term);
      out.weights.push_back(static_cast<float>(random.below(4) + 1) *
                            (negative && random.below(2) == 0 ? -1.0F : 1.0F));
    }
    out.offsets.push_back(static_cast<std::uint32_t>(out.terms.size()));
  }
  return out;
}

std::vector<Hit> brute_force(const SparseRows& rows, const SparseRows& queries, std::size_t query, std::uint32_t k,
                             const std::vector<bool>& gone) {
  std::map<std::uint32_t, float> weights;
  for (std::uint32_t j = queries.offsets[query]; j < queries.offsets[query + 1]; ++j) {
    weights[queries.terms[j]] = queries.weights[j];
  }
  std::vector<Hit> hits;
  for (std::uint32_t i = 0; i + 1 < rows.offsets.size(); ++i) {
    float distance = 0;
    for (std::uint32_t j = rows.offsets[i]; j < rows.offsets[i + 1]; ++j) {
      const auto found = weights.find(rows.terms[j]);
      if (found != weights.end()) distance -= found->second * rows.weights[j];
    }
    if (distance != 0 && !gone[i]) hits.push_back({i, distance});
  }
  std::sort(hits.begin(), hits.end(), closer);
  hits.resize(std::min<std::size_t>(hits.size(), k));
  return hits;
}

RC_GTEST_PROP(Sparse, ListsAreBruteForce, ()) {
  const auto rows = *rc::gen::oneOf(rc::gen::inRange<std::size_t>(0, 60), rc::gen::inRange<std::size_t>(8000, 9000));
  const auto dims = *rc::gen::inRange<std::size_t>(1, 200);
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  const bool negative = *rc::gen::arbitrary<bool>();
  const auto k = *rc::gen::inRange<std::uint32_t>(0, 15);
  SparseRows base = sparse_rows(rows, dims, negative, seed);
  const SparseRows queries = sparse_rows(9, dims + 5, negative, seed + 1);  // some terms that no row has
  Run run({.threads = 3});
  const Space space{.id = "", .dims = dims, .metric = Metric::Dot};
  std::unique_ptr<Index> index =
      value_of(build_index(value_of(IndexSpec::parse("sparse")), base.view(), space, {}, run));
  std::vector<bool> gone(rows);
  if (rows > 0) {
    const auto row = *rc::gen::inRange<std::uint32_t>(0, static_cast<std::uint32_t>(rows));
    done(index->remove({&row, 1}));
    gone[row] = true;
  }
  const SparseRows more = sparse_rows(20, dims, negative, seed + 2);
  done(index->add(more.view()));
  for (std::size_t i = 0; i < 20; ++i) {
    for (std::uint32_t j = more.offsets[i]; j < more.offsets[i + 1]; ++j) {
      base.terms.push_back(more.terms[j]);
      base.weights.push_back(more.weights[j]);
    }
    base.offsets.push_back(static_cast<std::uint32_t>(base.terms.size()));
  }
  gone.resize(rows + 20);
  if (*rc::gen::arbitrary<bool>()) {
    const std::vector<std::uint32_t> left = value_of(index->compact(run));
    const SparseRows before = std::exchange(base, SparseRows{});
    base.dims = before.dims;
    for (const std::uint32_t row : left) {
      RC_ASSERT(!gone[row]);
      const auto first = before.offsets[row], last = before.offsets[row + 1];
      base.terms.insert(base.terms.end(), before.terms.begin() + first, before.terms.begin() + last);
      base.weights.insert(base.weights.end(), before.weights.begin() + first, before.weights.begin() + last);
      base.offsets.push_back(static_cast<std::uint32_t>(base.terms.size()));
    }
    RC_ASSERT(left.size() == static_cast<std::size_t>(std::count(gone.begin(), gone.end(), false)));
    RC_ASSERT(index->size() == left.size());
    gone.assign(left.size(), false);
  }

  const Folder folder;
  done(index->save(folder / "sparse.qvi"));
  const auto opened = value_of(open_index(folder / "sparse.qvi"));
  RC_ASSERT(opened->bytes() == index->bytes());
  const Hits batch = value_of(index->search_batch(queries.view(), {.k = k}, run));
  const Hits of_opened = value_of(opened->search_batch(queries.view(), {.k = k}, run));
  RC_ASSERT(batch.hits == of_opened.hits);
  for (std::size_t q = 0; q < 9; ++q) {
    const std::vector<Hit> expected = brute_force(base, queries, q, k, gone);
    const auto found = batch.of(q);
    RC_ASSERT(std::vector<Hit>(found.begin(), found.end()) == expected);
    Scratch scratch;
    std::vector<Hit> single(k);
    const SparseView one{queries.view().offsets.subspan(q, 2), queries.terms, queries.weights, queries.dims};
    single.resize(value_of(index->search(one, {.k = k}, scratch, single)));
    RC_ASSERT(single == expected);
  }
}

}  // namespace
}  // namespace quiver
