#include "quiver/core/file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "quiver/core/temporary_folder.h"

namespace quiver {
namespace {
namespace fs = std::filesystem;

TEST(FileTest, WritesWholeFilesAndReadsThemBack) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "note.txt";
  ASSERT_TRUE(write_file(path, "first").has_value());
  ASSERT_TRUE(write_file(path, "second").has_value());
  EXPECT_EQ(*read_file(path), "second");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1);
}
TEST(FileTest, AnUncommittedWriterLeavesTheOldFile) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "note.txt";
  ASSERT_TRUE(write_file(path, "old").has_value());
  {
    auto writer = FileWriter::create(path);
    ASSERT_TRUE(writer.has_value());
    ASSERT_TRUE(writer->write("half of the n").has_value());
  }
  EXPECT_EQ(*read_file(path), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1);
}
TEST(FileTest, LargeWritesAndPatchedHeaders) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "big";
  auto writer = FileWriter::create(path);
  ASSERT_TRUE(writer.has_value());
  const std::string block(700'000, 'x');
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(writer->write(block).has_value());
  const std::string huge(3'000'000, 'y');
  ASSERT_TRUE(writer->write(huge).has_value());
  ASSERT_TRUE(writer->write_at(2, std::as_bytes(std::span("HEAD", 4))).has_value());
  EXPECT_EQ(writer->position(), 6'500'000U);
  ASSERT_TRUE(writer->commit().has_value());
  const std::string back = *read_file(path);
  ASSERT_EQ(back.size(), 6'500'000U);
  EXPECT_EQ(back.substr(0, 8), "xxHEADxx");
  EXPECT_EQ(back[3'499'999], 'x');
  EXPECT_EQ(back[3'500'000], 'y');
}
TEST(FileTest, MissingFilesAndFoldersAreNamed) {
  const auto missing = read_file("/no/such/file");
  EXPECT_EQ(missing.error().code(), Code::NotFound);
  EXPECT_EQ(missing.error().message(), "opening /no/such/file: No such file or directory; check the path");
  EXPECT_EQ(read_file("/").error().code(), Code::InvalidArgument);
  EXPECT_EQ(write_file("/no/such/file", "x").error().code(), Code::NotFound);
}
TEST(FileTest, EmptyFilesMap) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_file(folder.path() / "empty", "").has_value());
  EXPECT_EQ(MappedFile::open(folder.path() / "empty")->size(), 0U);
}
TEST(FileTest, DigestsNameContents) {
  EXPECT_EQ(digest_of(std::string_view("")).size(), 32U);
  EXPECT_NE(digest_of(std::string_view("a")), digest_of(std::string_view("b")));
  const TemporaryFolder folder;
  ASSERT_TRUE(write_file(folder.path() / "a", "a").has_value());
  EXPECT_EQ(*digest_of_file(folder.path() / "a"), digest_of(std::string_view("a")));
}

}  // namespace
}  // namespace quiver
