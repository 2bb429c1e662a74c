// Tests on real data. QUIVER_REAL_DATA(path, set, file) names a file of a public set, or ends the test:
//
//   TEST(Mnist, HasSeventyThousandImages) {
//     QUIVER_REAL_DATA(const auto images, "mnist", "train-images-idx3-ubyte.gz");
//     ...
//   }
//
//   QUIVER_DATA not set, or no folder   the test is skipped
//   QUIVER_DATA a folder                the file must be in it, else the test fails: it must not pass by skipping
//
// At its end the test program prints how many tests asked for real data and how many were skipped. For _test.cc only.
#pragma once
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace quiver {

class RealData {
 public:
  enum class Found : unsigned char { Yes, Skip, Missing };
  static Found look_for(const std::string& set, const std::string& file, std::filesystem::path& out) {
    static RealData tally;
    const char* folder = std::getenv("QUIVER_DATA");
    std::error_code failed;
    if (folder == nullptr || !std::filesystem::is_directory(folder, failed)) {
      ++tally.skipped_;
      return Found::Skip;
    }
    ++tally.run_;
    out = std::filesystem::path(folder) / set / file;
    return std::filesystem::exists(out, failed) ? Found::Yes : Found::Missing;
  }

 private:
  RealData() = default;
  ~RealData() { std::printf("[real data] run: %d, skipped: %d\n", run_, skipped_); }
  int run_ = 0, skipped_ = 0;
};

}  // namespace quiver

#define QUIVER_REAL_DATA(declaration, set, file)                                          \
  std::filesystem::path QUIVER_REAL_NAME(__LINE__);                                       \
  switch (::quiver::RealData::look_for(set, file, QUIVER_REAL_NAME(__LINE__))) {          \
    case ::quiver::RealData::Found::Yes:                                                  \
      break;                                                                              \
    case ::quiver::RealData::Found::Skip:                                                 \
      GTEST_SKIP() << "QUIVER_DATA is not set: no " set "/" file;                         \
    case ::quiver::RealData::Found::Missing:                                              \
      FAIL() << QUIVER_REAL_NAME(__LINE__) << " is missing; try: quiver data fetch " set; \
  }                                                                                       \
  declaration = QUIVER_REAL_NAME(__LINE__)
#define QUIVER_REAL_NAME(line) QUIVER_REAL_JOIN(quiver_real_data_, line)
#define QUIVER_REAL_JOIN(a, b) QUIVER_REAL_JOIN2(a, b)
#define QUIVER_REAL_JOIN2(a, b) a##b
