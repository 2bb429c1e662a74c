#include "quiver/recipes/lsa.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "quiver/core/linalg.h"
#include "quiver/core/random.h"
#include "quiver/data/text.h"

namespace quiver::recipes {
namespace {
constexpr std::size_t kSpare = 32;  // columns beyond dims, so that the last of these converge as well
constexpr std::size_t kTextGrain = 64;

bool is_word(std::string_view word) {
  return word.size() >= 2 && std::ranges::none_of(word, [](char c) { return c >= '0' && c <= '9'; });
}
// The different words of a text with their counts.
std::map<std::string, std::uint32_t, std::less<>> counts_of(WordSplitter& splitter, std::string_view text) {
  std::map<std::string, std::uint32_t, std::less<>> out;
  for (const std::string_view word : splitter.split(text)) {
    if (!is_word(word)) continue;
    if (const auto at = out.find(word); at != out.end())
      ++at->second;
    else
      out.emplace(word, 1);
  }
  return out;
}

// x b, row by row. x: (rows, dims), b: (dims, cols).
Matrix times(const SparseView& x, const Matrix& b, Threads& threads) {
  Matrix out(x.rows(), b.cols());
  threads.parallel_for(x.rows(), 256, [&](std::size_t begin, std::size_t end, unsigned) {
    for (std::size_t i = begin; i < end; ++i) {
      float* to = out.row(i).data();
      for (std::uint32_t t = x.offsets[i]; t < x.offsets[i + 1]; ++t) {
        const float weight = x.weights[t];
        const float* from = b.row(x.terms[t]).data();
        for (std::size_t j = 0; j < b.cols(); ++j) to[j] += weight * from[j];
      }
    }
  });
  return out;
}
SparseRows transposed_rows(const SparseView& x) {
  SparseRows out;
  out.dims = x.rows();
  out.offsets.assign(x.dims + 1, 0);
  for (const std::uint32_t term : x.terms) ++out.offsets[term + 1];
  for (std::size_t i = 0; i < x.dims; ++i) out.offsets[i + 1] += out.offsets[i];
  std::vector<std::uint32_t> next(out.offsets.begin(), out.offsets.end() - 1);
  out.terms.resize(x.terms.size());
  out.weights.resize(x.terms.size());
  for (std::uint32_t row = 0; row < x.rows(); ++row) {
    for (std::uint32_t t = x.offsets[row]; t < x.offsets[row + 1]; ++t) {
      const std::uint32_t at = next[x.terms[t]]++;
      out.terms[at] = row;
      out.weights[at] = x.weights[t];
    }
  }
  return out;
}
}  // namespace

SparseRows Lsa::weighted(std::span<const std::string> texts, Threads& threads) const {
  std::vector<std::vector<std::pair<std::uint32_t, float>>> rows(texts.size());
  threads.parallel_for(texts.size(), kTextGrain, [&](std::size_t begin, std::size_t end, unsigned) {
    WordSplitter splitter;
    for (std::size_t i = begin; i < end; ++i) {
      double squares = 0;
      for (const auto& [word, count] : counts_of(splitter, texts[i])) {
        const std::uint32_t id = words_.find(word);
        if (id == kNoWord || idf_[id] == 0) continue;
        rows[i].emplace_back(id, (1 + std::log(static_cast<float>(count))) * idf_[id]);
        squares += static_cast<double>(rows[i].back().second) * rows[i].back().second;
      }
      std::ranges::sort(rows[i]);
      for (auto& [id, weight] : rows[i]) weight = static_cast<float>(weight / std::sqrt(squares));
    }
  });
  SparseRows out;
  out.dims = words_.size();
  for (const auto& row : rows) {
    for (const auto& [id, weight] : row) {
      out.terms.push_back(id);
      out.weights.push_back(weight);
    }
    out.offsets.push_back(static_cast<std::uint32_t>(out.terms.size()));
  }
  return out;
}

Result<Lsa> Lsa::fit(std::span<const std::string> texts, const LsaOptions& options, Run& run) {
  Lsa out;
  VocabularyBuilder builder;  // counts texts, not places
  WordSplitter splitter;
  auto reading = run.stage("words", texts.size());
  for (const std::string& text : texts) {
    for (const auto& [word, count] : counts_of(splitter, text)) builder.add(word);
    reading.advance();
  }
  out.words_ = builder.build({.min_count = options.min_count, .max_size = options.max_words});
  if (std::min(out.words_.size(), texts.size()) < options.dims) {
    return Error::invalid_argument(
        fmt::format("{} texts with {} words cannot span {} dims; give more texts or fewer dims", texts.size(),
                    out.words_.size(), options.dims));
  }
  const auto n = static_cast<double>(texts.size());
  for (std::uint32_t id = 0; id < out.words_.size(); ++id) {
    const auto count = static_cast<double>(out.words_.count(id));
    out.idf_.push_back(count > options.max_part * n ? 0 : static_cast<float>(1 + std::log((1 + n) / (1 + count))));
  }
  const SparseRows x = out.weighted(texts, run.threads());
  const SparseRows xt = transposed_rows(x.view());

  const std::size_t width = std::min(options.dims + kSpare, std::min(texts.size(), out.words_.size()));
  Matrix basis(out.words_.size(), width);
  Random random(options.seed, stream_of("lsa"));
  for (std::size_t i = 0; i < basis.rows(); ++i) {
    for (float& value : basis.row(i)) value = random.normal();
  }
  const BlasThreads all_threads(run.threads().count());
  auto stage = run.stage("latent semantic analysis", options.rounds);
  for (unsigned round = 0; round < options.rounds; ++round) {  // V <- an orthonormal basis of X^T X V
    const Matrix mapped = times(x.view(), basis, run.threads());
    const Matrix back = times(xt.view(), mapped, run.threads());
    QUIVER_TRY(Qr orthonormal, qr(back.view()));
    basis = std::move(orthonormal.q);
    if (run.stop()) return run.stopped("latent semantic analysis");
    stage.advance();
  }
  // Within the subspace: the directions of most weight.
  const Matrix mapped = times(x.view(), basis, run.threads());
  Matrix gram(width, width);
  gemm_tn(mapped.view(), mapped.view(), gram);
  QUIVER_TRY(const Eigen axes, symmetric_eigen(gram.view()));
  out.terms_ = Matrix(basis.rows(), options.dims);
  gemm_nt(basis.view(), axes.vectors.view().slice(0, options.dims), out.terms_);
  return out;
}

Matrix Lsa::map(std::span<const std::string> texts, Threads& threads) const {
  const SparseRows x = weighted(texts, threads);
  Matrix out = times(x.view(), terms_, threads);
  normalize_rows(out);
  return out;
}

}  // namespace quiver::recipes
