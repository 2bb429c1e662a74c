// What the tests of the readers share: a folder of their own, and damage done to files in every way that is cheap to
// do. For _test.cc files only.
#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "quiver/core/random.h"
#include "quiver/core/result.h"
#include "quiver/data/reader.h"

namespace quiver::internal {

// An empty folder, gone at the end of the test.
class TestFolder {
 public:
  TestFolder() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::path(::testing::TempDir()) /
            (std::string("quiver_") + test->test_suite_name() + "_" + test->name() + "_" + std::to_string(::getpid()));
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path write(const std::string& name, std::string_view bytes) const {
    std::ofstream(path_ / name, std::ios::binary) << bytes;
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

// The message of a Result that must have failed; empty (with a failed test) if it has not.
template <class T>
std::string error_of(const Result<T>& result) {
  EXPECT_FALSE(result.has_value());
  return result.has_value() ? std::string() : result.error().message();
}

// Reads every truncation of `bytes` and many with flipped bytes: each must give rows or an Error with words, never
// crash, never read past the end (sanitizers watch). Returns how many damaged inputs were refused.
template <class Read>
int read_damaged(const std::string& bytes, Read&& read, std::uint64_t seed, int flips = 2000) {
  int refused = 0;
  const auto check = [&](const std::string& damaged, const std::string& how) {
    const auto result = read(damaged);
    if (result.has_value()) {
      EXPECT_GT(result->size(), 0u) << how;
    } else {
      EXPECT_FALSE(result.error().message().empty()) << how;
      ++refused;
    }
  };
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    check(bytes.substr(0, size), "cut to " + std::to_string(size));
  }
  Random random(seed);
  for (int i = 0; i < flips; ++i) {
    std::string damaged = bytes;
    const auto count = 1 + random.below(3);
    for (std::uint64_t j = 0; j < count; ++j)
      damaged[random.below(damaged.size())] = static_cast<char>(random.below(256));
    check(damaged, "seed " + std::to_string(seed) + ", flip " + std::to_string(i));
  }
  return refused;
}

}  // namespace quiver::internal
