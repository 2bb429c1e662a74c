#include "quiver/data/reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "quiver/data/internal/gzip_for_tests.h"
#include "quiver/data/internal/testing.h"

namespace quiver {
namespace {
using internal::error_of;
using internal::TestFolder;
using ::testing::HasSubstr;

std::string_view found(std::string bytes, std::string name, std::string_view format = "") {
  const auto reader = find_reader(Source::of(std::move(bytes), std::move(name)), format);
  return reader.has_value() ? (*reader)->name : "none";
}

TEST(Readers, AreFoundByNameMarkAndSuffix) {
  EXPECT_EQ(found("", "a.fvecs"), "fvecs");
  EXPECT_EQ(found("", "folder/a.jsonl.gz"), "jsonl");
  EXPECT_EQ(found("", "t10k-images-idx3-ubyte.gz"), "idx");
  EXPECT_EQ(found("", "a.b.tsv"), "tsv");
  EXPECT_EQ(found("\x93NUMPY...", "a.dat"), "npy");
  EXPECT_EQ(found("\x89HDF\r\n\x1A\n...", "a"), "hdf5");
  EXPECT_EQ(found("QUIVER\r\n", "a.txt"), "rows");
  EXPECT_EQ(found("a", "a.txt", "csv"), "csv");
  EXPECT_EQ(found("a", "a.unknown"), "none");
}

TEST(Readers, HaveOneNameAndSuffixEach) {
  std::set<std::string_view> names, suffixes;
  for (const Reader& reader : readers()) {
    EXPECT_TRUE(names.insert(reader.name).second) << reader.name;
    EXPECT_FALSE(reader.what.empty());
    EXPECT_FALSE(reader.suffixes.empty());
    for (const auto suffix : reader.suffixes) EXPECT_TRUE(suffixes.insert(suffix).second) << suffix;
  }
}

TEST(Readers, ErrorsBeginWithThePath) {
  const TestFolder folder;
  const auto path = folder.write("a.cvs", "x\n1\n");
  EXPECT_THAT(error_of(read_items(path, "", {})),
              HasSubstr("reading " + path.string() + ": neither its contents nor its name"));
  EXPECT_THAT(error_of(read_items(path, "", {})), HasSubstr(".csv"));
  EXPECT_THAT(error_of(read_items(path, "cvs", {})), HasSubstr("no format 'cvs', did you mean 'csv'?"));
  EXPECT_TRUE(read_items(path, "csv", {}).has_value());
  EXPECT_THAT(error_of(read_items(folder / "none.csv", "", {})), HasSubstr("none.csv"));
  const auto packed = folder.write("a.qvr.gz", internal::gzip("QUIVER\r\n..."));
  EXPECT_THAT(error_of(read_items(packed, "", {})), HasSubstr("gunzip"));
}

}  // namespace
}  // namespace quiver
