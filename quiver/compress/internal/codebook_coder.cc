#include "quiver/compress/internal/codebook_coder.h"

#include <algorithm>
#include <cmath>

#include "quiver/compress/internal/block_scorer.h"
#include "quiver/compress/internal/error_bounds.h"
#include "quiver/core/random.h"

namespace quiver::internal {

CodebookCoder::CodebookCoder(std::string spec, const Space& of, Codebooks books, LearnRotation learn_rotation,
                             std::shared_ptr<const MatrixRotation> rotation)
    : Coder(of),
      spec_(std::move(spec)),
      books_(std::move(books)),
      learn_rotation_(learn_rotation),
      rotation_(std::move(rotation)) {
  if (books_.values().empty()) return;
  const CodebookShape& shape = books_.shape();
  for (std::size_t i = 0; rotation_ != nullptr && i < shape.dims; ++i) {
    const auto row = rotation_->matrix().row(i);
    rotation_values_.insert(rotation_values_.end(), row.begin(), row.end());
  }
  centre_.resize(shape.dims);
  for (std::size_t g = 0; g < shape.groups; ++g) {
    for (std::size_t s = 0; s < shape.stages; ++s) {
      double longest = 0;
      for (std::size_t c = 0; c < shape.centroids; ++c) {
        const auto centroid = books_.centroid(g, s, c);
        longest = std::max(longest, norm_of(centroid));
        if (s > 0) continue;
        for (std::size_t j = 0; j < centroid.size(); ++j) {
          centre_[shape.begin(g) + j] += centroid[j] / static_cast<float>(shape.centroids);
        }
      }
      longest_centroid_.push_back(longest);
    }
  }
}

std::vector<SharedArray> CodebookCoder::shared() const {
  if (books_.values().empty()) return {};
  std::vector<SharedArray> arrays{shared_array("codebooks", books_.values())};
  if (rotation_ != nullptr) arrays.push_back(shared_array("rotation", rotation_values_));
  return arrays;
}

Result<CoderPtr> CodebookCoder::load(const Container& file, std::string_view prefix) const {
  const CodebookShape& shape = books_.shape();
  QUIVER_TRY(std::vector<float> values, read_shared(file, prefix, "codebooks", shape.values()));
  std::shared_ptr<const MatrixRotation> rotation;
  if (learn_rotation_ != nullptr) {
    QUIVER_TRY(const std::vector<float> stored, read_shared(file, prefix, "rotation", shape.dims * shape.dims));
    rotation = std::make_shared<MatrixRotation>(Matrix::copy_of({stored.data(), shape.dims, shape.dims, shape.dims}));
  }
  return std::make_shared<CodebookCoder>(spec_, space(), Codebooks(shape, std::move(values)), learn_rotation_,
                                         std::move(rotation));
}

Result<CoderPtr> CodebookCoder::fit(MatrixView base, MatrixView, Run& run) const {
  const CodebookShape& shape = books_.shape();
  const Matrix sample = learning_sample(shape, base, run.seed());
  std::shared_ptr<const MatrixRotation> rotation;
  Matrix rotated;
  MatrixView rows = sample.view();
  if (learn_rotation_ != nullptr) {
    QUIVER_TRY(Matrix learned, learn_rotation_(shape, sample.view(), run));
    rotation = std::make_shared<MatrixRotation>(std::move(learned));
    rotated = Matrix(sample.rows(), shape.dims);
    for (std::size_t i = 0; i < sample.rows(); ++i) rotation->apply(sample.row(i), rotated.row(i).data());
    rows = rotated.view();
  }
  QUIVER_TRY(Codebooks books, Codebooks::learn(shape, rows, run.seed(), run));
  return std::make_shared<CodebookCoder>(spec_, space(), std::move(books), learn_rotation_, std::move(rotation));
}

float CodebookCoder::addend_of(const std::uint8_t* codes) const {
  const CodebookShape& shape = books_.shape();
  double sum = 0;
  std::vector<double> rest;
  for (std::size_t g = 0; g < shape.groups; ++g, codes += shape.stages) {
    rest.assign(shape.width(g), 0.0);
    for (std::size_t s = 1; s < shape.stages; ++s) {
      const auto centroid = books_.centroid(g, s, codes[s]);
      for (std::size_t j = 0; j < rest.size(); ++j) rest[j] += centroid[j];
    }
    const auto first = books_.centroid(g, 0, codes[0]);
    for (std::size_t j = 0; j < rest.size(); ++j) {
      sum += rest[j] * (2 * (static_cast<double>(first[j]) - centre_[shape.begin(g) + j]) + rest[j]);
    }
  }
  return static_cast<float>(sum);
}

bool CodebookCoder::encode(std::span<const float> row, std::byte* to, CodingScratch& scratch) const {
  const double squares = dot_of(row, row);
  if (squares > FLT_MAX) return false;
  scratch.codes.resize(codes() + 1);
  scratch.codes.back() = 0;  // the other half of an odd code's byte
  if (rotation_ != nullptr) {
    scratch.first.resize(row.size());
    rotation_->apply(row, scratch.first.data());
    row = scratch.first;
  }
  books_.encode(row, scratch.codes.data(), scratch.second);
  auto* packed_codes = reinterpret_cast<std::uint8_t*>(to + parts().bytes());
  for (std::size_t i = 0; i < codes(); i += packed() ? 2 : 1) {
    *packed_codes++ =
        static_cast<std::uint8_t>(packed() ? scratch.codes[i] | scratch.codes[i + 1] << 4 : scratch.codes[i]);
  }
  float inverse = 0;
  if (parts().factor && squares > 0) {
    scratch.second.resize(row.size());
    books_.decode(scratch.codes.data(), scratch.second.data());
    const double length = norm_of(scratch.second);
    inverse = length > 0 ? static_cast<float>(1 / length) : 0;
  }
  parts().write(to, inverse, parts().addend ? addend_of(scratch.codes.data()) : 0);
  return std::isfinite(inverse);
}

void CodebookCoder::decode(const std::byte* row, float* out) const noexcept {
  if (parts().factor && parts().factor_of(row) == 0) {
    std::fill_n(out, space().dims, 0.0F);
    return;
  }
  thread_local std::vector<std::uint8_t> unpacked;
  thread_local std::vector<float> turned;
  const auto* stored = reinterpret_cast<const std::uint8_t*>(row + parts().bytes());
  if (packed()) {
    unpacked.resize(codes());
    for (std::size_t i = 0; i < codes(); ++i) {
      unpacked[i] = static_cast<std::uint8_t>(i % 2 == 0 ? stored[i / 2] & 15 : stored[i / 2] >> 4);
    }
    stored = unpacked.data();
  }
  if (rotation_ == nullptr) {
    books_.decode(stored, out);
    return;
  }
  turned.resize(space().dims);
  books_.decode(stored, turned.data());
  rotation_->invert(turned, out);
}

CodebookCoder::Prepared CodebookCoder::prepare(std::span<const float> query) const {
  const CodebookShape& shape = books_.shape();
  const Metric metric = space().metric;
  const double query_norm = norm_of(query);
  std::vector<float> q(query.begin(), query.end());
  if (metric == Metric::Cosine) {
    for (float& x : q) x = query_norm > 0 ? static_cast<float>(x / query_norm) : 0;
  }
  if (rotation_ != nullptr) rotation_->apply(std::vector<float>(q), q.data());
  std::vector<float> off = q;  // less the centre
  for (std::size_t j = 0; j < off.size(); ++j) off[j] -= centre_[j];

  std::vector<float> entries(shape.codes() * shape.centroids);
  double size = 0;    // of the absolute terms of a distance, at most
  double spread = 0;  // of what later stages add, at most
  float* to = entries.data();
  for (std::size_t g = 0; g < shape.groups; ++g) {
    for (std::size_t s = 0; s < shape.stages; ++s, to += shape.centroids) {
      const bool squared = metric == Metric::L2 && s == 0;
      const bool doubled = metric == Metric::L2 && s > 0;
      const MatrixView book = books_.book(g, s);
      const auto part = std::span<const float>(doubled ? off : q).subspan(shape.begin(g), shape.width(g));
      simd::kernels().distance(squared ? Metric::L2 : Metric::Dot, Element::F32)(
          part.data(), reinterpret_cast<const std::byte*>(book.data), book.stride * sizeof(float), nullptr, book.rows,
          book.cols, to);
      const double longest = longest_centroid_[g * shape.stages + s], length = norm_of(part);
      size += squared ? (length + longest) * (length + longest) : (doubled ? 2 : 1) * length * longest;
      if (s > 0) spread += longest;
      for (std::size_t c = 0; doubled && c < shape.centroids; ++c) to[c] *= 2;
    }
  }
  AffineQuery affine{.parts = parts()};
  if (metric == Metric::L2) affine.least = 0;
  if (metric == Metric::Cosine) affine.offset = 1;
  const double ulps = table_ulps(packed() ? (codes() + 1) / 2 : codes()) +
                      static_cast<double>(simd::error_ulps(shape.width(0) + 1)) + static_cast<double>(shape.stages) + 4;
  const double turning = rotation_ != nullptr ? 4 * rotation_->error() : 0;
  spread += norm_of(centre_);
  affine.bound = [=, dims = shape.dims](double shortest, double longest) {
    const double unit = ulps * 0x1p-24, tiny = static_cast<double>(dims) * FLT_MIN;
    const double reach = query_norm + longest + spread;
    switch (metric) {
      case Metric::L2:
        return 2 * unit * size + (unit + turning) * reach * reach + tiny;
      case Metric::Cosine:
        if (!squarable(query_norm) || !squarable(shortest) || !squarable(longest)) return HUGE_VAL;
        return longest == 0 || query_norm == 0
                   ? 0
                   : (unit * (size + longest + spread) + turning * longest + tiny) / shortest + 4 * unit + turning;
      default:
        return unit * (size + query_norm * (longest + spread)) + turning * query_norm * longest + tiny;
    }
  };
  return {std::move(affine), std::move(entries)};
}

std::unique_ptr<Scorer> CodebookCoder::scorer(std::span<const float> query, const RowStore& rows) const {
  Prepared made = prepare(query);
  return std::make_unique<TableScorer>(std::move(made.affine), rows,
                                       packed() ? tables_of_pairs(made.entries) : std::move(made.entries));
}

std::unique_ptr<Scorer> CodebookCoder::block_scorer(std::span<const float> query, const RowStore& rows) const {
  Prepared made = prepare(query);
  return std::make_unique<BlockScorer>(std::move(made.affine), rows, *blocks(), made.entries);
}

}  // namespace quiver::internal
