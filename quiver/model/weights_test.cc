#include "quiver/model/weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace quiver {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;

Matrix counting(std::size_t rows, std::size_t cols) {
  Matrix m(rows, cols);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < cols; ++j) m.row(i)[j] = static_cast<float>(i * cols + j);
  }
  return m;
}

TEST(Weights, PackMatricesOfAnyWidth) {
  for (const auto& [rows, cols] : {std::pair{0, 3}, {1, 1}, {3, 5}, {2, 16}, {5, 17}}) {
    Weights weights;
    const Matrix m = counting(static_cast<std::size_t>(rows), static_cast<std::size_t>(cols));
    ASSERT_TRUE(weights.add("m", m.view()));
    const auto view = weights.matrix("m");
    ASSERT_TRUE(view) << view.error().message();
    EXPECT_EQ(view->stride, m.cols());
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(view->data) % 64, 0u);
    for (std::size_t i = 0; i < m.rows(); ++i) EXPECT_THAT(view->row(i), testing::ElementsAreArray(m.row(i)));
    EXPECT_EQ(weights.bytes(), m.rows() * m.cols() * 4);
  }
}

TEST(Weights, HoldVectorsAndText) {
  Weights weights;
  const std::vector<float> bias{1, 2, 3};
  ASSERT_TRUE(weights.add("bias", std::span<const float>(bias)));
  ASSERT_TRUE(weights.add("words", std::string_view("a\nb")));
  ASSERT_TRUE(weights.add("nothing", std::string_view()));
  EXPECT_THAT(*weights.vector("bias", 3), ElementsAre(1, 2, 3));
  EXPECT_EQ(*weights.text("words"), "a\nb");
  EXPECT_EQ(*weights.text("nothing"), "");
  EXPECT_TRUE(weights.has("bias"));
  EXPECT_FALSE(weights.has("bia"));
}

TEST(Weights, DigestTellsNumbersShapesAndNamesApart) {
  const Matrix m = counting(2, 3), wide = counting(3, 2);
  Matrix changed = counting(2, 3);
  changed.row(1)[2] += 1;
  const auto digest = [](std::string name, MatrixView view) {
    Weights weights;
    EXPECT_TRUE(weights.add(std::move(name), view));
    return weights.digest();
  };
  const std::string of_m = digest("m", m.view());
  EXPECT_EQ(digest("m", m.view()), of_m);
  EXPECT_NE(digest("n", m.view()), of_m);
  EXPECT_NE(digest("m", wide.view()), of_m);
  EXPECT_NE(digest("m", changed.view()), of_m);
}

TEST(Weights, RefuseWhatIsNotWhole) {
  Weights weights;
  Matrix m = counting(2, 3);
  ASSERT_TRUE(weights.add("m", m.view()));
  EXPECT_THAT(weights.add("m", m.view()).error().message(), HasSubstr("two tensors are named 'm'"));
  EXPECT_THAT(weights.add("", m.view()).error().message(), HasSubstr("1 to 180 bytes"));
  EXPECT_THAT(weights.add(std::string(181, 'x'), m.view()).error().message(), HasSubstr("has 181"));
  m.row(1)[1] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(weights.add("bad", m.view()).error().message(),
              HasSubstr("tensor 'bad' f32 (2, 3): row 1, column 1 is NaN"));
  m.row(1)[1] = -std::numeric_limits<float>::infinity();
  EXPECT_THAT(weights.add("bad", m.view()).error().message(), HasSubstr("NaN or infinite"));
  const std::vector<std::uint16_t> halves{0x3c00, 0x7c00};  // 1, infinity
  EXPECT_THAT(
      weights.add("half", Tensor{Element::F16, {2}, std::as_bytes(std::span(halves)), nullptr}).error().message(),
      HasSubstr("row 0, column 1"));
  EXPECT_THAT(
      weights.add("half", Tensor{Element::Bf16, {3}, std::as_bytes(std::span(halves)), nullptr}).error().message(),
      HasSubstr("needs 6 bytes, there are 4"));
}

TEST(Weights, HalvesWiden) {
  const std::vector<std::uint16_t> halves{0x3c00, 0xc000}, bfloats{0x3f80, 0xc000};  // 1, -2 in both
  Weights weights;
  ASSERT_TRUE(weights.add("half", Tensor{Element::F16, {2}, std::as_bytes(std::span(halves)), nullptr}));
  ASSERT_TRUE(weights.add("bfloat", Tensor{Element::Bf16, {1, 2}, std::as_bytes(std::span(bfloats)), nullptr}));
  ASSERT_TRUE(weights.add("text", std::string_view("as it is")));
  const Weights wide = weights.widened();
  EXPECT_THAT(*wide.vector("half", 2), testing::ElementsAre(1, -2));
  EXPECT_THAT(wide.matrix("bfloat", 1, 2)->row(0), testing::ElementsAre(1, -2));
  EXPECT_EQ(wide.tensors().find("text")->second.bytes.data(), weights.tensors().find("text")->second.bytes.data());
  EXPECT_TRUE(Weights().widened().tensors().empty());
}

TEST(Weights, AmongManyTheNearestIsNamed) {
  Weights weights;
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(weights.add("layers/" + std::to_string(i) + "/norm", std::string_view("x")));
  }
  EXPECT_THAT(weights.tensor("layers/7/nrom").error().message(),
              HasSubstr("tensor 'layers/7/nrom' is missing; the model holds 40, the nearest is 'layers/7/norm'"));
}

TEST(Weights, SayWhatIsThereInstead) {
  Weights weights;
  const Matrix m = counting(2, 3);
  ASSERT_TRUE(weights.add("m", m.view()));
  ASSERT_TRUE(weights.add("t", std::string_view("text")));
  EXPECT_THAT(weights.matrix("x").error().message(), HasSubstr("tensor 'x' is missing; the model holds m, t"));
  EXPECT_THAT(Weights().matrix("x").error().message(), HasSubstr("holds none"));
  EXPECT_THAT(weights.matrix("t").error().message(), HasSubstr("'t' is u8 (4), expected an f32 matrix"));
  EXPECT_THAT(weights.matrix("m", 3, 2).error().message(), HasSubstr("f32 (2, 3), expected (3, 2)"));
  EXPECT_THAT(weights.vector("m", 6).error().message(), HasSubstr("f32 (2, 3), expected f32 (6)"));
  EXPECT_THAT(weights.text("m").error().message(), HasSubstr("expected text"));
  EXPECT_EQ(weights.text("m").error().code(), Code::Corruption);
}

}  // namespace
}  // namespace quiver
