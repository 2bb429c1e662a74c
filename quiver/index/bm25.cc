#include "quiver/index/bm25.h"

#include <cmath>

namespace quiver {

Bm25 Bm25::of(SparseView counts) {
  Bm25 bm25;
  bm25.counts_ = counts;
  bm25.document_frequency_.assign(counts.dims, 0);
  bm25.lengths_.assign(counts.rows(), 0);
  double total = 0;
  for (std::size_t d = 0; d < counts.rows(); ++d) {
    double length = 0;
    for (std::uint32_t j = counts.offsets[d]; j < counts.offsets[d + 1]; ++j) {
      if (counts.weights[j] <= 0) continue;
      ++bm25.document_frequency_[counts.terms[j]];
      length += counts.weights[j];
    }
    bm25.lengths_[d] = static_cast<float>(length);
    total += length;
  }
  bm25.average_length_ = counts.rows() > 0 ? total / static_cast<double>(counts.rows()) : 0;
  return bm25;
}

float Bm25::idf(std::uint32_t term) const noexcept {
  const double df = term < document_frequency_.size() ? document_frequency_[term] : 0;
  const auto n = static_cast<double>(counts_.rows());
  return static_cast<float>(std::log(1 + (n - df + 0.5) / (df + 0.5)));
}

SparseRows Bm25::impacts(const Bm25Options& options) const {
  std::vector<float> idfs(counts_.dims);
  for (std::uint32_t t = 0; t < idfs.size(); ++t) idfs[t] = idf(t);
  SparseRows out;
  out.dims = counts_.dims;
  out.terms.reserve(counts_.terms.size());
  out.weights.reserve(counts_.terms.size());
  out.offsets.reserve(counts_.offsets.size());
  const double k1 = options.k1, b = options.b;
  for (std::size_t d = 0; d < counts_.rows(); ++d) {
    const double relative = average_length_ > 0 ? lengths_[d] / average_length_ : 0;
    const double norm = k1 * (1 - b + b * relative);
    for (std::uint32_t j = counts_.offsets[d]; j < counts_.offsets[d + 1]; ++j) {
      const double tf = counts_.weights[j];
      if (tf <= 0) continue;
      out.terms.push_back(counts_.terms[j]);
      out.weights.push_back(static_cast<float>(idfs[counts_.terms[j]] * tf * (k1 + 1) / (tf + norm)));
    }
    out.offsets.push_back(static_cast<std::uint32_t>(out.terms.size()));
  }
  return out;
}

}  // namespace quiver
