#include "quiver/inspect/recall.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/core/random.h"
#include "quiver/index/spec.h"

namespace quiver {
namespace {
using testing::HasSubstr;

const Space kSpace{.id = "", .dims = 16, .metric = Metric::Cosine, .prefix_of = "", .prefix_dims = 0};

Matrix noise(std::size_t rows, std::uint64_t seed) {
  Matrix out(rows, kSpace.dims);
  for (std::size_t i = 0; i < rows; ++i) {
    Random random(seed, i);
    for (float& x : out.row(i)) x = random.normal();
  }
  return out;
}
std::unique_ptr<Index> built(const char* spec, const Matrix& base) {
  quiver::Run run({.threads = 1});
  auto index = build_index(*IndexSpec::parse(spec), base.view(), kSpace, {}, run);
  EXPECT_TRUE(index.has_value()) << index.error().message();
  return *std::move(index);
}

TEST(AuditRecall, ExactIsOneAndCodesLoseALittle) {
  const Matrix base = noise(2000, 1), queries = noise(150, 2);
  const auto exact = built("flat", base);
  quiver::Run run({.seed = 7, .threads = 2});
  const auto self = audit_recall(*exact, *exact, queries.view(), {.k = 10, .sample = 100}, run);
  ASSERT_TRUE(self.has_value()) << self.error().message();
  EXPECT_EQ(self->queries, 100U);
  EXPECT_EQ(self->at_k.mean, 1);
  EXPECT_EQ(self->complete.mean, 1);
  EXPECT_LT(self->complete.low, 1);  // Wilson stays honest at 1

  const auto four = audit_recall(*built("flat + lvq(4)", base), *exact, queries.view(), {.k = 10, .sample = 0}, run);
  const auto eight = audit_recall(*built("flat + lvq(8)", base), *exact, queries.view(), {.k = 10, .sample = 0}, run);
  const auto again =
      audit_recall(*built("flat + lvq(4) + rerank(f32)", base), *exact, queries.view(), {.k = 10, .sample = 0}, run);
  ASSERT_TRUE(four.has_value() && eight.has_value() && again.has_value());
  EXPECT_EQ(four->per_query.size(), 150U);
  EXPECT_GT(four->at_k.mean, 0.7);
  EXPECT_LT(four->at_k.high, eight->at_k.low);
  EXPECT_GT(eight->at_k.mean, 0.97);
  EXPECT_GT(again->at_k.mean, 0.999);
}

TEST(AuditRecall, TiesDoNotSpeakAgainstAnIndex) {
  Matrix base(50, kSpace.dims);
  for (std::size_t i = 0; i < 50; ++i) base.row(i)[0] = 1;  // all alike: any ten are right
  const auto exact = built("flat", base);
  quiver::Run run({.threads = 1});
  const auto recall = audit_recall(*built("flat + lvq(4)", base), *exact, base.view(), {.k = 10, .sample = 5}, run);
  ASSERT_TRUE(recall.has_value());
  EXPECT_EQ(recall->at_k.mean, 1);
}

TEST(AuditRecall, SaysWhatIsWrong) {
  const Matrix base = noise(10, 1), fewer = noise(9, 1);
  const auto index = built("flat", base), other = built("flat", fewer);
  quiver::Run run({.threads = 1});
  EXPECT_THAT(audit_recall(*other, *index, base.view(), {}, run).error().message(), HasSubstr("9 rows"));
  EXPECT_THAT(audit_recall(*index, *index, base.view().slice(0, 0), {}, run).error().message(), HasSubstr("0 queries"));
  EXPECT_THAT(audit_recall(*index, *index, base.view(), {.k = 0}, run).error().message(), HasSubstr("k = 0"));
  EXPECT_EQ(audit_recall(*index, *index, RaggedView{}, {}, run).error().code(), Code::InvalidArgument);
  run.cancel();
  EXPECT_EQ(audit_recall(*index, *index, base.view(), {}, run).error().code(), Code::Cancelled);
}

}  // namespace
}  // namespace quiver
