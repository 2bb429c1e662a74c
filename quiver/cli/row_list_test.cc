#include "quiver/cli/row_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/core/file.h"
#include "quiver/core/temporary_folder.h"

namespace quiver::cli {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Result<std::vector<std::uint32_t>> rows_of(std::vector<std::string> words, std::size_t size = 100) {
  return parse_rows(words, size);
}

TEST(RowList, NumbersRangesAndFiles) {
  EXPECT_THAT(*rows_of({"7", "3-5", "0", "99-99"}), ElementsAre(7, 3, 4, 5, 0, 99));
  EXPECT_THAT(*rows_of({}), IsEmpty());
  const TemporaryFolder folder;
  const std::string path = (folder.path() / "gone.txt").string(), empty = (folder.path() / "none.txt").string();
  ASSERT_TRUE(write_file(path, "\n8,9\t10-12\r\n 1").has_value());
  ASSERT_TRUE(write_file(empty, " \n").has_value());
  EXPECT_THAT(*rows_of({"2", "@" + path, "@" + empty}), ElementsAre(2, 8, 9, 10, 11, 12, 1));
  ASSERT_TRUE(write_file(path, "8\nx").has_value());
  EXPECT_THAT(rows_of({"@" + path}).error().message(), HasSubstr("gone.txt: 'x' names no row"));
}

TEST(RowList, SaysWhatIsWrong) {
  for (const char* word : {"", "x", "-", "1-", "-1", "1.5", "1-2-3", "+1", "0x1", "99999999999999999999"}) {
    const auto rows = rows_of({word});
    ASSERT_FALSE(rows.has_value()) << word;
    EXPECT_EQ(rows.error().code(), Code::InvalidArgument) << word;
    EXPECT_THAT(rows.error().message(), HasSubstr("names no row; write a number such as 7")) << word;
  }
  EXPECT_THAT(rows_of({"9-3"}).error().message(), HasSubstr("ends before it begins; write 3-9"));
  EXPECT_THAT(rows_of({"0-4294967295"}).error().message(), HasSubstr("no row 4294967295: the index has rows 0 .. 99"));
  EXPECT_EQ(rows_of({"100"}).error().code(), Code::NotFound);
  EXPECT_THAT(rows_of({"0"}, 0).error().message(), HasSubstr("the index has none"));
  EXPECT_EQ(rows_of({"@nosuch.txt"}).error().code(), Code::NotFound);
}

}  // namespace
}  // namespace quiver::cli
