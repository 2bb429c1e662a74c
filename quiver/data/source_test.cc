#include "quiver/data/source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "quiver/data/internal/gzip_for_tests.h"
#include "quiver/data/internal/testing.h"

namespace quiver {
namespace {
using internal::error_of;
using internal::gzip;
using internal::TestFolder;
using ::testing::HasSubstr;

TEST(Source, MapsPlainFilesAndUnpacksGzip) {
  const TestFolder folder;
  const std::string text = "some text\n" + std::string(100'000, 'x');
  const Source plain = *Source::open(folder.write("a.txt", text)),
               packed = *Source::open(folder.write("a.txt.gz", gzip(text)));
  EXPECT_EQ(plain.text(), text);
  EXPECT_EQ(packed.text(), text);
  EXPECT_EQ(packed.name(), "a.txt");
  EXPECT_EQ(plain.name(), "a.txt");
  EXPECT_TRUE(packed.in_memory());
  EXPECT_FALSE(plain.in_memory());
  EXPECT_EQ(Source::open(folder.write("two.gz", gzip("one ") + gzip("two")))->text(), "one two");
  EXPECT_EQ(Source::open(folder.write("empty.gz", gzip("")))->text(), "");
  EXPECT_EQ(Source::open(folder.write("empty", ""))->text(), "");
}

TEST(Source, ErrorsNameThePathAndTheCommand) {
  const TestFolder folder;
  EXPECT_EQ(Source::open(folder / "none").error().code(), Code::NotFound);
  EXPECT_THAT(error_of(Source::open(folder.path())), HasSubstr("it is a folder"));
  EXPECT_THAT(error_of(Source::open(folder.write("a.xz", std::string("\xFD"
                                                                     "7zXZ\0rest",
                                                                     10)))),
              HasSubstr("xz -dk"));
  EXPECT_THAT(error_of(Source::open(folder.write("a.zst", "\x28\xB5\x2F\xFDrest"))), HasSubstr("zstd -d"));
  EXPECT_THAT(error_of(Source::open(folder.write("a.bz2", "BZh9rest"))), HasSubstr("bzip2 -dk"));
  EXPECT_THAT(error_of(Source::open(folder.write("a.zip", "PK\x03\x04rest"))), HasSubstr("unzip"));
  const std::string packed = gzip("some text that is long enough to be cut");
  EXPECT_THAT(error_of(Source::open(folder.write("cut.gz", packed.substr(0, 20)))),
              HasSubstr("cut off after 20 bytes"));
  EXPECT_THAT(error_of(Source::open(folder.write("more.gz", packed + "junk"))), HasSubstr("begins no new member"));
  std::string bad = packed;
  bad[bad.size() - 6] = static_cast<char>(bad[bad.size() - 6] ^ 1);  // its checksum
  EXPECT_THAT(error_of(Source::open(folder.write("bad.gz", bad))), HasSubstr("damaged near byte"));
}

TEST(Source, DamagedGzipNeverCrashes) {
  const TestFolder folder;
  const std::string packed = gzip("0123456789 some text 0123456789");
  struct Read {
    std::size_t length;
    std::size_t size() const { return length; }
  };
  const auto read = [&](const std::string& damaged) -> Result<Read> {
    QUIVER_TRY(const Source source, Source::open(folder.write("a.gz", damaged)));
    return Read{1 + source.bytes().size()};
  };
  EXPECT_GT(internal::read_damaged(packed, read, 8, 500), 300);
}

}  // namespace
}  // namespace quiver
