#include "bench/search/searcher.h"

#include <gmock/gmock.h>

#include <sstream>

#include "quiver/core/metric.h"
#include "quiver/core/random.h"
#include "quiver/core/temporary_folder.h"
#include "quiver/data/read_vectors.h"

namespace quiver::bench {
namespace {
using testing::HasSubstr;
using testing::StartsWith;

Matrix normal_rows(std::size_t rows, std::size_t dims, std::uint64_t seed) {
  Matrix out(rows, dims);
  for (std::size_t i = 0; i < rows; ++i) {
    Random random(seed, i);
    for (float& x : out.row(i)) x = random.normal();
  }
  return out;
}

class SearcherTest : public testing::Test {
 protected:
  void SetUp() override {
    base_ = normal_rows(500, 8, 1);
    queries_ = normal_rows(20, 8, 2);
    files_ = {folder_.path() / "base.fvecs",
              folder_.path() / "query.fvecs",
              folder_.path() / "truth.ivecs",
              folder_.path() / "drawn",
              "drawn",
              Metric::L2,
              10};
    const Space space{.id = {}, .dims = 8, .metric = Metric::L2, .prefix_of = {}};
    ASSERT_TRUE(write_vectors(files_.base, Rows::dense(Matrix::copy_of(base_.view()), space)).has_value());
    ASSERT_TRUE(write_vectors(files_.queries, Rows::dense(Matrix::copy_of(queries_.view()), space)).has_value());
    write_truth(files_.truth, nullptr);
  }
  void write_truth(const std::filesystem::path& path, const Mask* mask) {
    const auto truth = exact_rows(base_.view(), queries_.view(), Metric::L2, 10, mask, run_);
    ASSERT_TRUE(truth.has_value());
    ASSERT_TRUE(write_integers(path, truth->view()).has_value());
  }
  TemporaryFolder folder_;
  quiver::Run run_{{.seed = 1, .threads = 1}};
  Matrix base_, queries_;
  SearchFiles files_;
};

TEST_F(SearcherTest, AnswersInBothModesAndKeepsItsIndex) {
  for (const SearchMode mode : {SearchMode::Batch, SearchMode::Single}) {
    auto searcher = Searcher::open(files_, {.spec = "flat", .mode = mode}, run_);
    ASSERT_TRUE(searcher.has_value()) << searcher.error().message();
    EXPECT_EQ((*searcher)->ready().config, mode == SearchMode::Batch ? "flat/batch" : "flat/single");
    EXPECT_EQ((*searcher)->ready().bytes_per_vector, 8 * 4);
    const auto answer = (*searcher)->ask(9500, 3, run_);
    ASSERT_TRUE(answer.has_value());
    EXPECT_DOUBLE_EQ(answer->recall, 1);
    EXPECT_GE(answer->best_qps, answer->median_qps);
    EXPECT_GT(answer->p50_us, 0);
  }
  std::size_t kept = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    kept += entry.path().extension() == ".qvi" ? 1 : 0;
  }
  EXPECT_EQ(kept, 1U);
}

TEST_F(SearcherTest, SpeaksTheProtocol) {
  auto searcher = Searcher::open(files_, {.spec = "graph"}, run_);
  ASSERT_TRUE(searcher.has_value()) << searcher.error().message();
  const Mask mask = Mask::scattered(500, 0.1, 3);
  const auto mask_path = folder_.path() / "mask", truth_path = folder_.path() / "masked.ivecs";
  ASSERT_TRUE(mask.save(mask_path).has_value());
  write_truth(truth_path, &mask);
  std::istringstream in("9000 2\nfilter " + mask_path.string() + " " + truth_path.string() +
                        "\n9900\nfilter none\nfilter nowhere nothing\n20000\n0\n9000\n");
  std::ostringstream out;
  ASSERT_TRUE((*searcher)->serve(in, out, run_).has_value());
  std::vector<std::string> lines;
  std::istringstream text(out.str());
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  ASSERT_EQ(lines.size(), 7U) << out.str();
  EXPECT_TRUE(parse_ready(lines[0]).has_value()) << lines[0];
  EXPECT_GT(parse_answer(lines[1])->recall, 0.8) << lines[1];
  EXPECT_EQ(lines[2], "FILTER,50");
  EXPECT_GT(parse_answer(lines[3])->recall, 0.9) << lines[3];
  EXPECT_EQ(lines[4], "FILTER,500");
  EXPECT_THAT(lines[5], StartsWith("NO,"));
  EXPECT_THAT(lines[6], HasSubstr("NO,effort 20000"));
}

TEST_F(SearcherTest, FilesThatDoNotBelongTogetherAreNamed) {
  SearchFiles wrong = files_;
  wrong.k = 11;
  auto searcher = Searcher::open(wrong, {.spec = "flat"}, run_);
  ASSERT_FALSE(searcher.has_value());
  EXPECT_THAT(searcher.error().message(), HasSubstr("10 neighbours of 20 queries; wanted are 11 of 20"));

  wrong = files_;
  wrong.queries = folder_.path() / "short.fvecs";
  const Space space{.id = {}, .dims = 3, .metric = Metric::L2, .prefix_of = {}};
  ASSERT_TRUE(write_vectors(wrong.queries, Rows::dense(normal_rows(20, 3, 1), space)).has_value());
  searcher = Searcher::open(wrong, {.spec = "flat"}, run_);
  ASSERT_FALSE(searcher.has_value());
  EXPECT_THAT(searcher.error().message(), HasSubstr("same space"));

  const std::vector<std::int32_t> far(20 * 10, 500);
  wrong = files_;
  wrong.truth = folder_.path() / "far.ivecs";
  ASSERT_TRUE(write_integers(wrong.truth, {far.data(), 20, 10, 10}).has_value());
  searcher = Searcher::open(wrong, {.spec = "flat"}, run_);
  ASSERT_FALSE(searcher.has_value());
  EXPECT_THAT(searcher.error().message(), HasSubstr("names row 500 and there are 500"));
  EXPECT_EQ(name_of(SearchMode::Single), "single");
}

}  // namespace
}  // namespace quiver::bench
