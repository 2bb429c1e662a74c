#include "quiver/learn/encoders/text_bag.h"

#include <algorithm>
#include <cmath>

#include "quiver/core/check.h"
#include "quiver/learn/parameters.h"

namespace quiver::learn {
namespace {
// log(texts / texts with the feature), scaled to 1 for a feature of no text.
Tensor inverse_document_frequency(const TextFeatures& features) {
  const auto texts = static_cast<float>(features.fitted_texts());
  Tensor weights = torch::empty({features.rows(), 1});  // (rows, 1)
  const std::span<float> values = values_of(weights);
  for (std::size_t row = 0; row < values.size(); ++row) {
    const float ratio = (texts + 1) / (static_cast<float>(features.counts()[row]) + 1);
    values[row] = texts > 0 ? std::log(ratio) / std::log(texts + 1) : 1.0F;
  }
  return weights;
}

void add_weighted(float weight, const float* row, float* sum, std::size_t dim) {
  for (std::size_t j = 0; j < dim; ++j) sum[j] += weight * row[j];
}

// The entries of a batch by feature: entries of one feature are neighbours.
struct EntriesByFeature {
  std::vector<std::uint64_t> order;  // feature << 32 | entry, rising
  std::vector<std::size_t> first;    // begin of each feature's entries; one more: the end
  std::vector<std::uint32_t> bag;    // per entry
  explicit EntriesByFeature(const FeatureBags& bags) {
    for (std::size_t entry = 0; entry < bags.features.size(); ++entry)
      order.push_back(std::uint64_t{bags.features[entry]} << 32 | entry);
    std::ranges::sort(order);
    for (std::size_t at = 0; at < order.size(); ++at) {
      if (at == 0 || order[at] >> 32 != order[at - 1] >> 32) first.push_back(at);
    }
    first.push_back(order.size());
    bag.resize(bags.features.size());
    for (std::size_t i = 0; i < bags.size(); ++i)
      std::fill(bag.begin() + static_cast<std::ptrdiff_t>(bags.offsets[i]),
                bag.begin() + static_cast<std::ptrdiff_t>(bags.offsets[i + 1]), static_cast<std::uint32_t>(i));
  }
  std::size_t count() const noexcept { return first.size() - 1; }
  std::uint32_t feature(std::size_t u) const { return static_cast<std::uint32_t>(order[first[u]] >> 32); }
  std::size_t entry(std::size_t at) const { return static_cast<std::size_t>(order[at] & 0xFFFFFFFF); }
};
}  // namespace

void FeatureBags::drop(double rate, Random& random) {
  const std::size_t begin = offsets.back(), end = features.size();
  if (rate <= 0 || begin == end) return;
  const std::size_t survivor = begin + random.below(end - begin);
  std::size_t kept = begin;
  for (std::size_t entry = begin; entry < end; ++entry) {
    if (random.uniform() < rate && entry != survivor) continue;
    features[kept] = features[entry];
    weightings[kept++] = weightings[entry];
  }
  features.resize(kept);
  weightings.resize(kept);
}

TextBag::TextBag(TextFeatures features, const TextBagOptions& options, std::uint64_t seed)
    : features_(std::move(features)),
      table_("table", random_parameter("text_bag/table", {features_.rows(), options.dim},
                                       1 / std::sqrt(static_cast<float>(options.dim)), seed)) {
  QUIVER_CHECK(!options.weightings.empty() && options.weightings.size() < 256);
  for (const std::string& name : options.weightings)
    weights_.emplace_back("weights/" + name, inverse_document_frequency(features_));
}

void TextBag::append(std::string_view text, std::uint8_t weighting, FeatureBags& bags) {
  QUIVER_CHECK(weighting < weights_.size());
  ids_.clear();
  features_.append(text, scratch_, ids_);
  bags.add(ids_, weighting);
}

Tensor TextBag::forward(std::shared_ptr<const FeatureBags> bags) {
  const auto dim = static_cast<std::size_t>(table_.dim());
  Tensor sums = torch::zeros({static_cast<std::int64_t>(bags->size()), table_.dim()});  // (bags, dim)
  const std::span<float> out = values_of(sums), table = values_of(table_.value());
  std::vector<std::span<const float>> weights;
  for (const Table& each : weights_) weights.emplace_back(values_of(each.value()));
  at::parallel_for(0, sums.size(0), 64, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
      for (std::size_t entry = bags->offsets[i]; entry < bags->offsets[i + 1]; ++entry) {
        const std::uint32_t row = bags->features[entry];
        add_weighted(weights[bags->weightings[entry]][row], table.data() + row * dim, out.data() + i * dim, dim);
      }
    }
  });
  if (torch::GradMode::is_enabled()) {
    sums.requires_grad_();
    sums.register_hook([this, bags = std::move(bags)](const Tensor& gradient) { backward(*bags, gradient); });
  }
  return sums;
}

void TextBag::backward(const FeatureBags& bags, const Tensor& outer) {
  const auto dim = static_cast<std::size_t>(table_.dim());
  const Tensor packed = outer.contiguous();
  const float* gradient = packed.data_ptr<float>();  // (bags, dim)
  const EntriesByFeature by(bags);
  const std::span<float> table = values_of(table_.value());
  RowGradient rows{std::vector<std::uint32_t>(by.count()),
                   torch::zeros({static_cast<std::int64_t>(by.count()), table_.dim()})};
  std::vector<float> of_entry(bags.features.size());  // of each entry's weight: <row, gradient of its bag>
  float* out = rows.values.data_ptr<float>();
  at::parallel_for(0, static_cast<std::int64_t>(by.count()), 64, [&](std::int64_t begin, std::int64_t end) {
    for (auto u = static_cast<std::size_t>(begin); u < static_cast<std::size_t>(end); ++u) {
      const std::uint32_t feature = rows.rows[u] = by.feature(u);
      const float* row = table.data() + feature * dim;
      for (std::size_t at = by.first[u]; at < by.first[u + 1]; ++at) {
        const std::size_t entry = by.entry(at);
        const float* g = gradient + by.bag[entry] * dim;
        add_weighted(values_of(weights_[bags.weightings[entry]].value())[feature], g, out + u * dim, dim);
        float dot = 0;
        for (std::size_t j = 0; j < dim; ++j) dot += row[j] * g[j];
        of_entry[entry] = dot;
      }
    }
  });
  for (std::size_t c = 0; c < weights_.size(); ++c) {
    RowGradient part;
    std::vector<float> values;
    for (std::size_t at = 0; at < by.order.size(); ++at) {
      const std::size_t entry = by.entry(at);
      if (bags.weightings[entry] != c) continue;
      const std::uint32_t feature = bags.features[entry];
      if (part.rows.empty() || part.rows.back() != feature) {
        part.rows.push_back(feature);
        values.push_back(0);
      }
      values.back() += of_entry[entry];
    }
    part.values = to_tensor(values).unsqueeze(1);  // (rows of the batch, 1)
    weights_[c].accumulate(std::move(part));
  }
  table_.accumulate(std::move(rows));
}

}  // namespace quiver::learn
