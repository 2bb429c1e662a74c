#include "quiver/model/latent_attention.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "quiver/core/random.h"
#include "quiver/core/temporary_folder.h"

namespace quiver {
namespace {
using testing::HasSubstr;

constexpr std::uint64_t kLatentSeed = 41;
constexpr std::size_t kStateDim = 6, kLatentHeads = 2, kFeedWidth = 10;

Matrix normals(Random& random, std::size_t rows, std::size_t cols) {
  Matrix out(rows, cols);
  for (std::size_t i = 0; i < rows; ++i) {
    for (float& x : out.row(i)) x = 0.5F * random.normal();
  }
  return out;
}
// width: of a head. Names as published, or ours.
Weights some_weights(std::size_t latents, std::size_t width) {
  Random random(kLatentSeed);
  Weights out;
  const auto matrix = [&](const std::string& name, std::size_t rows, std::size_t cols) {
    const Matrix values = normals(random, rows, cols);
    EXPECT_TRUE(out.add("latent/" + name, values.view()).has_value());
  };
  const auto vector = [&](const std::string& name, std::size_t count, float around) {
    std::vector<float> values(count);
    for (float& x : values) x = around + 0.3F * random.normal();
    EXPECT_TRUE(out.add("latent/" + name, std::span<const float>(values)).has_value());
  };
  const std::size_t inner = kLatentHeads * width;
  matrix("latents", latents, kStateDim);
  matrix("query", inner, kStateDim);
  matrix("key_value", 2 * inner, kStateDim);
  matrix("out", kStateDim, inner);
  matrix("feed/in", 2 * kFeedWidth, kStateDim);
  matrix("feed/out", kStateDim, kFeedWidth);
  vector("feed/in_bias", 2 * kFeedWidth, 0);
  vector("feed/out_bias", kStateDim, 0);
  for (const std::string name : {"norm", "latents_norm", "feed/norm"}) {
    vector(name, kStateDim, 1);
    vector(name + "_shift", kStateDim, 0);
  }
  return out;
}
Weights without(const Weights& all, std::string_view name) {
  Weights out;
  for (const auto& [each, tensor] : all.tensors()) {
    if (each == name) continue;
    EXPECT_TRUE(out.add(each, tensor).has_value());
  }
  return out;
}

using Vector = std::vector<double>;
Vector times(MatrixView weight, const Vector& x) {
  Vector out(weight.rows, 0);
  for (std::size_t i = 0; i < weight.rows; ++i) {
    for (std::size_t j = 0; j < weight.cols; ++j) out[i] += static_cast<double>(weight.row(i)[j]) * x[j];
  }
  return out;
}
// The equations of the header for one token, in double and without a matrix product.
Vector mixed_by_hand(const Weights& weights, const Vector& h, std::size_t width) {
  const auto m = [&](const std::string& name) { return *weights.matrix("latent/" + name); };
  const auto v = [&](const std::string& name, std::size_t count) { return *weights.vector("latent/" + name, count); };
  const auto norm = [&](const Vector& x, const std::string& name) {
    double mean = 0, variance = 0;
    for (const double a : x) mean += a / kStateDim;
    for (const double a : x) variance += (a - mean) * (a - mean) / kStateDim;
    Vector out(kStateDim);
    for (std::size_t i = 0; i < kStateDim; ++i) {
      out[i] = (x[i] - mean) / std::sqrt(variance + 1e-5) * v(name, kStateDim)[i] + v(name + "_shift", kStateDim)[i];
    }
    return out;
  };
  const Vector queries = times(m("query"), norm(h, "norm"));
  const std::size_t inner = queries.size();
  const MatrixView latents = m("latents");
  std::vector<Vector> both;
  for (std::size_t r = 0; r < latents.rows; ++r) {
    both.push_back(times(m("key_value"), norm(Vector(latents.row(r).begin(), latents.row(r).end()), "latents_norm")));
  }
  Vector answer(inner, 0);
  for (std::size_t first = 0; first < inner; first += width) {
    Vector weight(latents.rows);
    double total = 0;
    for (std::size_t r = 0; r < latents.rows; ++r) {
      double score = 0;
      for (std::size_t i = first; i < first + width; ++i) score += queries[i] * both[r][i];
      total += weight[r] = std::exp(score / std::sqrt(static_cast<double>(width)));
    }
    for (std::size_t r = 0; r < latents.rows; ++r) {
      for (std::size_t i = first; i < first + width; ++i) answer[i] += weight[r] / total * both[r][inner + i];
    }
  }
  Vector o = times(m("out"), answer);
  for (std::size_t i = 0; i < kStateDim; ++i) o[i] += h[i];  // H itself, not norm(H)
  Vector middle = times(m("feed/in"), norm(o, "feed/norm")), gated(kFeedWidth);
  for (std::size_t i = 0; i < kFeedWidth; ++i) {
    const double gate = middle[kFeedWidth + i] + v("feed/in_bias", 2 * kFeedWidth)[kFeedWidth + i];
    gated[i] = (middle[i] + v("feed/in_bias", 2 * kFeedWidth)[i]) * gate * 0.5 * (1 + std::erf(gate / std::sqrt(2.0)));
  }
  const Vector fed = times(m("feed/out"), gated);
  for (std::size_t i = 0; i < kStateDim; ++i) o[i] += fed[i] + v("feed/out_bias", kStateDim)[i];
  return o;
}

TEST(LatentAttentionBody, IsTheEquationsOfTheHeader) {
  for (const std::size_t latents : {std::size_t{1}, std::size_t{5}, std::size_t{33}}) {
    for (const std::size_t width : {std::size_t{3}, kStateDim}) {  // a released head is as wide as its states
      const Weights weights = some_weights(latents, width);
      const auto latent = LatentAttention::open(kLatentHeads, kStateDim, weights);
      ASSERT_TRUE(latent.has_value()) << latent.error().message();
      EXPECT_EQ(latent->latents(), latents);
      LatentAttention::Scratch scratch;
      for (const std::size_t tokens : {std::size_t{7}, std::size_t{0}, std::size_t{1}, std::size_t{3}}) {
        Random random(kLatentSeed, tokens);
        const Matrix states = normals(random, tokens, kStateDim);
        const MatrixView mixed = latent->mix(states.view(), scratch);
        ASSERT_EQ(mixed.rows, tokens);
        for (std::size_t i = 0; i < tokens; ++i) {
          const Vector wanted = mixed_by_hand(weights, Vector(states.row(i).begin(), states.row(i).end()), width);
          for (std::size_t j = 0; j < kStateDim; ++j)
            EXPECT_NEAR(mixed.row(i)[j], wanted[j], 1e-4) << "seed " << kLatentSeed;
        }
      }
    }
  }
}

TEST(LatentAttentionBody, NamesTheTensorThatDoesNotFit) {
  const Weights weights = some_weights(4, 3);
  const auto refusal = [&](const Weights& given, std::size_t heads = kLatentHeads) {
    return LatentAttention::open(heads, kStateDim, given).error().message();
  };
  for (const char* name : {"latent/latents", "latent/query", "latent/feed/out_bias", "latent/latents_norm_shift"}) {
    EXPECT_THAT(refusal(without(weights, name)), HasSubstr(name));
  }
  EXPECT_THAT(refusal(weights, 4), HasSubstr("'latent/query' has 6 rows, which 4 heads do not share equally"));
  EXPECT_THAT(refusal(weights, 0), HasSubstr("0 heads"));
  Weights other = without(weights, "latent/key_value");
  const Matrix odd(7, kStateDim), none(0, kStateDim);
  ASSERT_TRUE(other.add("latent/key_value", odd.view()).has_value());
  EXPECT_THAT(refusal(other), HasSubstr("latent/key_value"));
  Weights empty = without(weights, "latent/latents");
  ASSERT_TRUE(empty.add("latent/latents", none.view()).has_value());
  EXPECT_THAT(refusal(empty), HasSubstr("has no rows"));
}

TEST(LatentAttentionBody, ReadsThePublishedNamesInBothSpellings) {
  const std::map<std::string, std::string> published{
      {"latent/latents", "latents"},
      {"latent/norm", "cross_attend_blocks.0.norm.weight"},
      {"latent/norm_shift", "cross_attend_blocks.0.norm.bias"},
      {"latent/latents_norm", "cross_attend_blocks.0.norm_context.weight"},
      {"latent/latents_norm_shift", "cross_attend_blocks.0.norm_context.bias"},
      {"latent/query", "cross_attend_blocks.0.fn.to_q.weight"},
      {"latent/key_value", "cross_attend_blocks.0.fn.to_kv.weight"},
      {"latent/out", "cross_attend_blocks.0.fn.to_out.weight"},
      {"latent/feed/norm", "cross_attend_blocks.1.norm.weight"},
      {"latent/feed/norm_shift", "cross_attend_blocks.1.norm.bias"},
      {"latent/feed/in", "cross_attend_blocks.1.fn.net.0.*weight"},
      {"latent/feed/in_bias", "cross_attend_blocks.1.fn.net.0.*bias"},
      {"latent/feed/out", "cross_attend_blocks.1.fn.net.2.weight"},
      {"latent/feed/out_bias", "cross_attend_blocks.1.fn.net.2.bias"}};
  const TemporaryFolder folder;
  const Weights weights = some_weights(4, kStateDim);
  for (const std::string spelling : {"", "proj."}) {
    Weights file;
    for (const auto& [name, tensor] : weights.tensors()) {
      std::string foreign = published.at(name);
      if (const std::size_t star = foreign.find('*'); star != std::string::npos) foreign.replace(star, 1, spelling);
      ASSERT_TRUE(file.add("latent_attention_model." + foreign, tensor).has_value());
    }
    ASSERT_TRUE(write_safetensors(folder.path() / "head.safetensors", file).has_value());
    const auto read = read_latent_attention(*Safetensors::open(folder.path() / "head.safetensors"));
    ASSERT_TRUE(read.has_value()) << read.error().message();
    EXPECT_EQ(read->digest(), weights.digest());
    EXPECT_TRUE(LatentAttention::open(kLatentHeads, kStateDim, *read).has_value());
  }
  ASSERT_TRUE(write_safetensors(folder.path() / "other.safetensors", without(weights, "latent/out")).has_value());
  EXPECT_THAT(read_latent_attention(*Safetensors::open(folder.path() / "other.safetensors")).error().message(),
              HasSubstr("the file has no latent attention"));
}

}  // namespace
}  // namespace quiver
