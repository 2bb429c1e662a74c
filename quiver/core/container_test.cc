#include "quiver/core/container.h"

#include <gtest/gtest.h>

#include <fstream>
#include <numeric>

#include "quiver/core/temporary_folder.h"

namespace quiver {
namespace {
namespace fs = std::filesystem;

const std::vector<float>& numbers() {
  static const std::vector<float> values = [] {
    std::vector<float> v(37);
    std::iota(v.begin(), v.end(), 0.5F);
    return v;
  }();
  return values;
}
void save_example(const fs::path& path) {
  ContainerWriter writer("example", 3);
  writer.add("card", std::string("{\"a\": 1}"));
  writer.add("empty", std::span<const std::byte>());
  writer.add_array("numbers", std::span<const float>(numbers()));
  ASSERT_TRUE(writer.save(path).has_value());
}

TEST(ContainerTest, SectionsComeBackAligned) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "x";
  save_example(path);
  auto file = Container::open(path, "example", 3);
  ASSERT_TRUE(file.has_value()) << file.error().message();
  EXPECT_EQ(file->version(), 3U);
  EXPECT_EQ(file->names(), (std::vector<std::string>{"card", "empty", "numbers"}));
  EXPECT_EQ(*file->text("card"), "{\"a\": 1}");
  EXPECT_TRUE(file->section("empty")->empty());
  const auto back = file->array<float>("numbers");
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(std::vector<float>(back->begin(), back->end()), numbers());
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(back->data()) % 64, 0U);
  EXPECT_EQ(*container_kind(path), "example");
}
TEST(ContainerTest, WrongUseIsNamed) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "x";
  save_example(path);
  EXPECT_EQ(Container::open(path, "model", 3).error().message(),
            "opening " + path.string() + ": it is a Quiver example file where a model file is needed");
  EXPECT_EQ(Container::open(path, "example", 2).error().code(), Code::Unsupported);
  auto file = Container::open(path, "example", 3);
  EXPECT_NE(file->section("weights").error().message().find("no section 'weights'; there is card, empty, numbers"),
            std::string::npos);
  EXPECT_EQ(file->array<std::uint64_t>("numbers").error().code(), Code::Corruption);
  ASSERT_TRUE(write_file(folder.path() / "text", "hello, this is no container").has_value());
  EXPECT_NE(Container::open(folder.path() / "text", "example").error().message().find("wrong magic"),
            std::string::npos);
  ASSERT_TRUE(write_file(folder.path() / "empty", "").has_value());
  EXPECT_NE(Container::open(folder.path() / "empty", "example").error().message().find("the file is empty"),
            std::string::npos);
}

// Without the syncs of write_file(): these tests write thousands of files.
void scribble(const fs::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// The promise of the format: no truncation and no flipped bit goes unseen.
TEST(ContainerTest, EveryTruncationIsDetected) {
  const TemporaryFolder folder;
  save_example(folder.path() / "x");
  const std::string whole = *read_file(folder.path() / "x");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    scribble(folder.path() / "cut", std::string_view(whole).substr(0, size));
    const auto opened = Container::open(folder.path() / "cut", "example", 3);
    ASSERT_FALSE(opened.has_value()) << size;
    EXPECT_EQ(opened.error().code(), Code::Corruption) << size;
  }
  scribble(folder.path() / "cut", whole + "x");
  EXPECT_FALSE(Container::open(folder.path() / "cut", "example", 3).has_value());
}
TEST(ContainerTest, EveryFlippedByteIsDetected) {
  const TemporaryFolder folder;
  save_example(folder.path() / "x");
  const std::string whole = *read_file(folder.path() / "x");
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ (1 << (at % 8)));
    scribble(folder.path() / "flipped", changed);
    EXPECT_FALSE(Container::open(folder.path() / "flipped", "example", 3).has_value()) << at;
  }
}
TEST(ContainerTest, DigestFollowsContents) {
  const TemporaryFolder folder;
  save_example(folder.path() / "x");
  save_example(folder.path() / "y");
  EXPECT_EQ(Container::open(folder.path() / "x", "example", 3)->digest(),
            Container::open(folder.path() / "y", "example", 3)->digest());
  ContainerWriter other("example", 3);
  other.add("card", std::string("{\"a\": 2}"));
  ASSERT_TRUE(other.save(folder.path() / "z").has_value());
  EXPECT_NE(Container::open(folder.path() / "x", "example", 3)->digest(),
            Container::open(folder.path() / "z", "example", 3)->digest());
}

}  // namespace
}  // namespace quiver
