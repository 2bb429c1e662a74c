#include "quiver/learn/objectives/distillation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "quiver/learn/objectives/gradient_check.h"

namespace quiver::learn {
namespace {
constexpr std::int64_t kDistillationSeed = 23;

// By loops, in double precision.
double kl_reference(const Tensor& student, const Tensor& teacher, double temperature) {
  double sum = 0;
  const auto soft = [&](const Tensor& row) {
    std::vector<double> p;
    double total = 0;
    for (std::int64_t k = 0; k < row.numel(); ++k)
      total += p.emplace_back(std::exp(row[k].item<double>() / temperature));
    for (double& x : p) x /= total;
    return p;
  };
  for (std::int64_t i = 0; i < student.size(0); ++i) {
    const std::vector<double> p = soft(teacher[i]), q = soft(student[i]);
    for (std::size_t k = 0; k < p.size(); ++k) sum += p[k] * std::log(p[k] / q[k]);
  }
  return temperature * temperature * sum / static_cast<double>(student.size(0));
}

TEST(DistillationTest, IsTheDivergenceOverCoordinates) {
  torch::manual_seed(kDistillationSeed);
  for (const double temperature : {0.3, 1.0, 4.0}) {
    for (const std::int64_t texts : {1, 2, 9}) {
      const Tensor student = torch::randn({texts, 5}), teacher = torch::randn({texts, 5});
      EXPECT_NEAR(kl_of_coordinates(student, teacher, {.temperature = temperature}).item<double>(),
                  kl_reference(student, teacher, temperature), 1e-4)
          << "temperature " << temperature << " texts " << texts;
    }
  }
  const Tensor same = torch::randn({4, 5});
  EXPECT_NEAR(kl_of_coordinates(same, same + 3).item<double>(), 0, 1e-6);  // softmax forgets what all share
  EXPECT_EQ(kl_of_coordinates(torch::zeros({0, 5}), torch::zeros({0, 5})).item<double>(), 0);
}

TEST(DistillationTest, MovesBothSidesUnlessTheTeacherIsDetached) {
  torch::manual_seed(kDistillationSeed);
  const Tensor student = torch::randn({3, 4}, torch::kFloat64), teacher = torch::randn({3, 4}, torch::kFloat64);
  EXPECT_LT(largest_gradient_error([&] { return kl_of_coordinates(student, teacher, {.temperature = 2}); },
                                   {student, teacher}),
            1e-7);
  EXPECT_LT(largest_gradient_error([&] { return mse_of_coordinates(student, teacher); }, {student, teacher}), 1e-7);
  Tensor guide = teacher.detach().clone().requires_grad_();
  kl_of_coordinates(student, guide, {.detach_teacher = true}).backward();
  EXPECT_FALSE(guide.grad().defined());
  mse_of_coordinates(student, guide, true).backward();
  EXPECT_FALSE(guide.grad().defined());
}

TEST(DistillationTest, SquaresAreAveragedOverAllCoordinates) {
  const Tensor student = torch::tensor({1.0F, 2.0F, 3.0F, 4.0F}).view({2, 2}), teacher = torch::zeros({2, 2});
  EXPECT_FLOAT_EQ(mse_of_coordinates(student, teacher).item<float>(), 7.5F);
  EXPECT_EQ(mse_of_coordinates(torch::zeros({0, 2}), torch::zeros({0, 2})).item<float>(), 0);
}

}  // namespace
}  // namespace quiver::learn
