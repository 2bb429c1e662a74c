#include "quiver/learn/objectives/matryoshka_2d.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "quiver/learn/objectives/angle.h"
#include "quiver/learn/objectives/contrastive.h"
#include "quiver/learn/objectives/gradient_check.h"

namespace quiver::learn {
namespace {
using testing::ElementsAre;
constexpr std::int64_t kSeed2D = 24;
constexpr std::int64_t kWhole2D = 32;

struct Case2D {
  std::vector<Tensors> exits;
  Tensors batch;
  explicit Case2D(std::size_t layers, torch::Dtype type = torch::kFloat32) {
    torch::manual_seed(kSeed2D);
    for (std::size_t n = 0; n < layers; ++n) {
      exits.push_back({{"left", torch::randn({5, kWhole2D}, type)}, {"right", torch::randn({5, kWhole2D}, type)}});
    }
    batch = {{"scores", torch::tensor({0.0, 2.0, 2.0, 3.0, 5.0}, type)}};
  }
};
const CoSent kInner2D({.tau = 5});
double loss_2d(const Tensors& out, const Tensors& batch, std::int64_t dims = kWhole2D) {
  return kInner2D(cut_to_prefix(out, kWhole2D, dims), batch).item<double>();
}
Tensor both_sides(const Tensors& out) { return torch::cat({out.at("left"), out.at("right")}); }

TEST(Matryoshka2DTest, DrawsEveryLayerBelowTheLastAndEveryLengthBelowTheWhole) {
  const Matryoshka2DOptions options = internal::checked_2d({.layers = 4, .whole = kWhole2D, .seed = 3});
  EXPECT_THAT(options.dims, ElementsAre(8, 16));
  std::map<std::size_t, int> layers;
  std::map<std::int64_t, int> dims;
  for (std::uint64_t step = 0; step < 600; ++step) {
    const auto draw = internal::draw_2d(options, step), again = internal::draw_2d(options, step);
    EXPECT_TRUE(draw.layer == again.layer && draw.dims == again.dims && draw.others == again.others);
    ++layers[draw.layer];
    ++dims[draw.dims];
  }
  ASSERT_EQ(layers.size(), 3U);
  for (std::size_t layer = 1; layer <= 3; ++layer) EXPECT_NEAR(layers[layer], 200, 50);
  EXPECT_EQ(dims.size(), 2U);
  EXPECT_NEAR(dims[8], 300, 60);
  Matryoshka2DOptions adaptive = options;
  adaptive.variant = Variant2D::AdaptiveLayer;
  std::map<std::int64_t, int> lengths;
  for (std::uint64_t step = 0; step < 300; ++step) ++lengths[internal::draw_2d(adaptive, step).dims];
  EXPECT_EQ(lengths.size(), 3U);
  EXPECT_TRUE(lengths.contains(kWhole2D));
  EXPECT_THAT(geometric_dims(256), ElementsAre(8, 16, 32, 64, 128));
  EXPECT_THAT(geometric_dims(8), ElementsAre());
}

TEST(Matryoshka2DTest, FirstVersionIsTheSumOfItsFiveTerms) {
  const Case2D one(4);
  const Matryoshka2D objective(kInner2D, {.layers = 4,
                                          .whole = kWhole2D,
                                          .teacher_weight = 2,
                                          .student_weight = 3,
                                          .kl_weight = 0.5,
                                          .temperature = 2,
                                          .seed = 3});
  for (std::uint64_t step = 0; step < 8; ++step) {
    const auto draw = internal::draw_2d(objective.options(), step);
    EXPECT_THAT(objective.layers_of(step), ElementsAre(draw.layer, 4U));
    const Tensors &deep = one.exits[3], &shallow = one.exits[draw.layer - 1];
    const double expected =
        2 * loss_2d(deep, one.batch) + 3 * loss_2d(shallow, one.batch) +
        0.5 * kl_of_coordinates(both_sides(shallow), both_sides(deep), {.temperature = 2}).item<double>() +
        2 * loss_2d(deep, one.batch, draw.dims) + 3 * loss_2d(shallow, one.batch, draw.dims);
    EXPECT_NEAR(objective(one.exits, one.batch, step).item<double>(), expected, 1e-4) << "step " << step;
  }
}

TEST(Matryoshka2DTest, AdaptiveLayersWeighByTheirDepth) {
  const Case2D one(5);
  const Matryoshka2D objective(
      kInner2D, {.variant = Variant2D::AdaptiveLayer, .layers = 5, .whole = kWhole2D, .temperature = 0.3, .seed = 4});
  for (std::uint64_t step = 0; step < 8; ++step) {
    const auto draw = internal::draw_2d(objective.options(), step);
    const Tensors &deep = one.exits[4], &shallow = one.exits[draw.layer - 1];
    const double kl =
        kl_of_coordinates(both_sides(shallow), both_sides(deep), {.temperature = 0.3}).item<double>() / (0.3 * 0.3);
    const double expected = loss_2d(deep, one.batch, draw.dims) +
                            loss_2d(shallow, one.batch, draw.others) / static_cast<double>(draw.layer) + 0.3 * kl;
    EXPECT_NEAR(objective(one.exits, one.batch, step).item<double>(), expected, 1e-4) << "step " << step;
  }
}

TEST(Matryoshka2DTest, EspressoReadsAllLayers) {
  const Case2D one(3);
  const std::int64_t k = 8;
  const Matryoshka2D objective(kInner2D, {.variant = Variant2D::Ese, .layers = 3, .whole = kWhole2D, .compressed = k});
  EXPECT_THAT(objective.layers_of(7), ElementsAre(1U, 2U, 3U));
  const auto compressing = [&](const Tensors& out) {
    const Tensor prefix = both_sides(out).narrow(1, 0, k), target = compressed_by_svd(both_sides(out), k);
    return loss_2d(out, one.batch, k) + (prefix - target).square().mean().item<double>() +
           kl_of_coordinates(prefix, target).item<double>();
  };
  const double expected = loss_2d(one.exits[2], one.batch) + compressing(one.exits[2]) +
                          (compressing(one.exits[0]) + compressing(one.exits[1]) / (1 + std::log(2.0))) / 2;
  EXPECT_NEAR(objective(one.exits, one.batch, 7).item<double>(), expected, 1e-4);
}

TEST(Matryoshka2DTest, WithoutTheDivergenceItHasNone) {
  const Case2D one(3);
  const Matryoshka2D bare(kInner2D, {.layers = 3, .whole = kWhole2D, .kl_weight = 0, .seed = 3});
  const auto draw = internal::draw_2d(bare.options(), 0);
  const Tensors &deep = one.exits[2], &shallow = one.exits[draw.layer - 1];
  EXPECT_NEAR(bare(one.exits, one.batch, 0).item<double>(),
              loss_2d(deep, one.batch) + loss_2d(shallow, one.batch) + loss_2d(deep, one.batch, draw.dims) +
                  loss_2d(shallow, one.batch, draw.dims),
              1e-4);
}

TEST(Matryoshka2DTest, GradientsAreSlopesAndReachTheTeacherUnlessDetached) {
  const Case2D one(2, torch::kFloat64);
  std::vector<Tensor> inputs;
  for (const Tensors& out : one.exits) {
    for (const auto& [name, tensor] : out) inputs.push_back(tensor);
  }
  for (const Variant2D variant : {Variant2D::V1, Variant2D::AdaptiveLayer}) {
    const Matryoshka2D objective(kInner2D, {.variant = variant, .layers = 2, .whole = kWhole2D});
    EXPECT_LT(largest_gradient_error([&] { return objective(one.exits, one.batch, 0); }, inputs), 1e-6);
  }
  const auto pull = [&](bool detach) {
    const Tensor guide = one.exits[1].at("left");
    guide.mutable_grad() = Tensor();
    const Matryoshka2D objective(kInner2D,
                                 {.layers = 2, .whole = kWhole2D, .teacher_weight = 0, .detach_teacher = detach});
    objective(one.exits, one.batch, 0).backward();
    return guide.grad().defined() ? guide.grad().abs().sum().item<double>() : 0.0;
  };
  EXPECT_GT(pull(false), 0);
  EXPECT_EQ(pull(true), 0);
}

TEST(Matryoshka2DTest, CompressionKeepsTheStrongestRelationsAndNoGradient) {
  torch::manual_seed(kSeed2D);
  const Tensor vectors = torch::randn({40, 12}).requires_grad_();
  const Tensor three = compressed_by_svd(vectors, 3), all = compressed_by_svd(vectors, 12);
  EXPECT_FALSE(three.requires_grad());
  EXPECT_TRUE(torch::allclose(three, all.narrow(1, 0, 3)));
  // E A A' E' is what all axes together keep: C C' of the whole.
  const Tensor relations = torch::softmax(torch::mm(vectors.t(), vectors) / std::sqrt(12.0), 1);
  const Tensor kept = torch::mm(vectors, relations);
  EXPECT_TRUE(torch::allclose(torch::mm(all, all.t()), torch::mm(kept, kept.t()), 1e-3, 1e-3));
  const Tensor lengths = all.norm(2, {0});
  EXPECT_GT(lengths[0].item<double>(), lengths[11].item<double>());
}

TEST(Matryoshka2DTest, SharesTheParametersOfWhatItWraps) {
  const Contrastive inner;
  const Matryoshka2D nested(inner, {.layers = 2, .whole = 16});
  ASSERT_EQ(nested.parameters().size(), 1U);
  EXPECT_TRUE(nested.parameters()[0].is_same(inner.parameters()[0]));
}

}  // namespace
}  // namespace quiver::learn
