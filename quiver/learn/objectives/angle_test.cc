#include "quiver/learn/objectives/angle.h"

#include <gtest/gtest.h>

#include <cmath>

#include "quiver/learn/objectives/gradient_check.h"
#include "quiver/learn/objectives/matryoshka.h"

namespace quiver::learn {
namespace {
static_assert(Objective<Angle> && Objective<Matryoshka<Angle>>);
constexpr std::int64_t kAngleSeed = 22;

std::vector<double> row_of(const Tensor& rows, std::int64_t i) {
  const Tensor row = rows[i].to(torch::kFloat64).contiguous();
  return {row.data_ptr<double>(), row.data_ptr<double>() + row.numel()};
}

TEST(AngleTest, AgreesWithComplexNumbers) {
  torch::manual_seed(kAngleSeed);
  for (const std::int64_t width : {2, 4, 10}) {
    const Tensor left = torch::randn({7, width}), right = torch::randn({7, width});
    const Tensor angles = complex_angles(left, right);
    for (std::int64_t i = 0; i < 7; ++i) {
      EXPECT_NEAR(angles[i].item<double>(), complex_angle_reference(row_of(left, i), row_of(right, i)), 1e-5)
          << "width " << width << " row " << i;
    }
  }
  const Tensor same = torch::randn({3, 6});
  EXPECT_TRUE(torch::allclose(complex_angles(same, 2 * same), torch::ones({3})));  // no turn, and lengths cancel
  EXPECT_TRUE(complex_angles(torch::zeros({2, 4}), torch::zeros({2, 4})).isfinite().all().item<bool>());
}

TEST(AngleTest, PartnersAreFoundAmongAllTextsOfTheBatch) {
  torch::manual_seed(kAngleSeed);
  const std::int64_t pairs = 4;
  const Tensor left = torch::randn({pairs, 6}), right = torch::randn({pairs, 6});
  const Tensor same = torch::tensor({true, false, true, true});
  double expected = 0;
  for (std::int64_t i = 0; i < 2 * pairs; ++i) {
    const auto text = [&](std::int64_t k) { return k < pairs ? left[k] : right[k - pairs]; };
    const auto cosine = [&](std::int64_t k) {
      return text(i).dot(text(k)).item<double>() / text(i).norm().item<double>() / text(k).norm().item<double>();
    };
    if (!same[i % pairs].item<bool>()) continue;
    double sum = 0;
    for (std::int64_t k = 0; k < 2 * pairs; ++k) sum += k == i ? 0 : std::exp(20 * cosine(k));
    expected += std::log(sum) - 20 * cosine((i + pairs) % (2 * pairs));
  }
  EXPECT_NEAR(partner_loss(left, right, same, 20).item<double>(), expected / static_cast<double>(2 * pairs), 1e-4);
  EXPECT_EQ(partner_loss(left, right, torch::zeros({pairs}, torch::kBool), 20).item<double>(), 0);
}

TEST(AngleTest, WeighsItsThreeTerms) {
  torch::manual_seed(kAngleSeed);
  const Tensors out{{"left", torch::randn({6, 8})}, {"right", torch::randn({6, 8})}};
  const Tensors batch{{"scores", torch::tensor({0.0F, 5.0F, 4.0F, 1.0F, 2.0F, 5.0F})}};
  const auto loss = [&](double cosine, double partners, double angle) {
    return Angle({.w_cos = cosine, .w_ibn = partners, .w_angle = angle, .same = 4})(out, batch).item<double>();
  };
  EXPECT_NEAR(loss(2, 3, 5), 2 * loss(1, 0, 0) + 3 * loss(0, 1, 0) + 5 * loss(0, 0, 1), 1e-3);
  EXPECT_NEAR(loss(1, 0, 0), CoSent()(out, batch).item<double>(), 1e-6);
  EXPECT_NEAR(loss(0, 0, 1),
              ranking_loss(complex_angles(out.at("left"), out.at("right")), batch.at("scores")).item<double>(), 1e-6);
  EXPECT_NEAR(loss(0, 1, 0),
              partner_loss(out.at("left"), out.at("right"), torch::tensor({false, true, true, false, false, true}), 20)
                  .item<double>(),
              1e-6);
  EXPECT_EQ(loss(0, 0, 0), 0);
}

TEST(AngleTest, GradientIsItsSlope) {
  torch::manual_seed(kAngleSeed);
  const Tensor left = torch::randn({4, 6}, torch::kFloat64), right = torch::randn({4, 6}, torch::kFloat64);
  const Tensor scores = torch::tensor({1.0, 3.0, 3.0, 5.0}, torch::kFloat64);
  const Angle objective({.w_ibn = 2, .same = 3});
  const auto loss = [&] { return objective({{"left", left}, {"right", right}}, {{"scores", scores}}); };
  EXPECT_LT(largest_gradient_error(loss, {left, right}), 1e-6) << "seed " << kAngleSeed;
}

TEST(AngleTest, BatchesOfOneScoreAreCounted) {
  torch::manual_seed(kAngleSeed);
  const Tensors out{{"left", torch::randn({3, 4}).requires_grad_()}, {"right", torch::randn({3, 4})}};
  const Angle objective({.w_ibn = 0});
  const Tensor loss = objective(out, {{"scores", torch::ones({3})}});
  loss.backward();
  EXPECT_EQ(loss.item<double>(), 0);
  EXPECT_EQ(out.at("left").grad().abs().sum().item<double>(), 0);
  EXPECT_EQ(objective.skipped(), 1U);
}

}  // namespace
}  // namespace quiver::learn
