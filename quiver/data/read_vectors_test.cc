#include "quiver/data/read_vectors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/core/file.h"
#include "quiver/data/internal/gzip_for_tests.h"
#include "quiver/data/internal/testing.h"

namespace quiver {
namespace {
using internal::error_of;
using internal::TestFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Rows sample() {
  Matrix matrix(3, 4);
  for (std::size_t i = 0; i < 12; ++i) matrix.row(i / 4)[i % 4] = static_cast<float>(i);
  return Rows::dense(std::move(matrix), Space{.id = "qv:1", .metric = Metric::Cosine, .prefix_of = {}});
}

TEST(ReadVectors, EveryFormatGivesTheSameRows) {
  const TestFolder folder;
  for (const char* name : {"a.fvecs", "a.npy", "a.qvr"}) {
    ASSERT_TRUE(write_vectors(folder / name, sample()).has_value()) << name;
    const Rows back = *read_vectors(folder / name);
    EXPECT_THAT(back.dense()->row(2), ElementsAre(8, 9, 10, 11)) << name;
    EXPECT_EQ(back.space().id, std::string(name) == "a.qvr" ? "qv:1" : "") << name;
  }
  const auto packed = folder.write("b.fvecs.gz", internal::gzip(*read_file(folder / "a.fvecs")));
  EXPECT_THAT(read_vectors(packed)->dense()->row(0), ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(read_vectors(packed, {.metric = Metric::Dot})->space().metric, Metric::Dot);
}

TEST(ReadVectors, ErrorsNameTheFile) {
  const TestFolder folder;
  EXPECT_THAT(error_of(read_vectors(folder.write("a.csv", "x,y\n1,2\n"))),
              HasSubstr("a.csv: looking for the vectors: no column"));
  EXPECT_THAT(error_of(read_vectors(folder / "none.fvecs")), HasSubstr("none.fvecs"));
  EXPECT_THAT(error_of(read_integers(folder / "a.csv")), HasSubstr("no column 'neighbors'"));
  EXPECT_THAT(error_of(read_vectors(folder.write("empty.fvecs", ""))), HasSubstr("empty.fvecs: the set is empty"));
}

TEST(ReadVectors, IntegersMustBeWholeAndSmall) {
  const TestFolder folder;
  const auto path = folder.write("n.jsonl", "{\"neighbors\": [1, 2]}\n{\"neighbors\": [3, 4]}\n");
  EXPECT_THAT(read_integers(path)->values, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(error_of(read_integers(folder.write("b.jsonl", "{\"neighbors\": [5000000000]}\n"))),
              HasSubstr("row 0 holds 5"));
  EXPECT_THAT(error_of(read_integers(folder.write("c.jsonl", "{\"neighbors\": [1.5]}\n"))),
              HasSubstr("row 0 holds 1.5"));
  EXPECT_THAT(error_of(read_integers(folder.write("d.jsonl", "{\"neighbors\": [1]}\n{\"neighbors\": [1, 2]}\n"))),
              HasSubstr("row 1 has 2 numbers, the first row has 1"));
}

}  // namespace
}  // namespace quiver
