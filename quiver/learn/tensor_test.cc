#include "quiver/learn/tensor.h"

#include <gtest/gtest.h>

namespace quiver::learn {
namespace {

TEST(TensorTest, MatricesGoThereAndBack) {
  for (const auto& [rows, cols] : {std::pair<std::size_t, std::size_t>{0, 4}, {1, 1}, {3, 5}, {17, 16}}) {
    Matrix matrix(rows, cols);
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < cols; ++j) matrix.row(i)[j] = static_cast<float>(100 * i + j);
    }
    const Tensor tensor = to_tensor(matrix.view());
    ASSERT_EQ(tensor.sizes(),
              (std::vector<std::int64_t>{static_cast<std::int64_t>(rows), static_cast<std::int64_t>(cols)}));
    const Matrix back = to_matrix(tensor);
    ASSERT_EQ(back.rows(), rows);
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < cols; ++j) EXPECT_EQ(back.row(i)[j], matrix.row(i)[j]);
    }
  }
}

TEST(TensorTest, TransposedAndDoubleTensorsBecomeFloatRows) {
  const Tensor wide = torch::arange(6, torch::kFloat64).reshape({2, 3});
  const Matrix tall = to_matrix(wide.t());  // (3, 2)
  EXPECT_EQ(tall.row(0)[1], 3.0F);
  EXPECT_EQ(tall.row(2)[0], 2.0F);
}

TEST(TensorTest, ViewsShareTheTensor) {
  const Tensor tensor = torch::zeros({2, 2});
  values_of(tensor)[3] = 7;
  EXPECT_EQ(rows_of(tensor).row(1)[1], 7.0F);
  EXPECT_EQ(tensor[1][1].item<float>(), 7.0F);
}

TEST(TensorTest, VectorsAreCopied) {
  std::vector<float> values{1, 2, 3};
  const Tensor tensor = to_tensor(std::span<const float>(values));
  values[0] = 9;
  EXPECT_EQ(tensor[0].item<float>(), 1.0F);
  EXPECT_EQ(to_tensor(std::span<const float>()).numel(), 0);
}

TEST(TensorTest, ThreadsAreGivenBack) {
  const int before = torch::get_num_threads();
  {
    const TorchThreads threads(1);
    EXPECT_EQ(torch::get_num_threads(), 1);
  }
  EXPECT_EQ(torch::get_num_threads(), before);
}

}  // namespace
}  // namespace quiver::learn
