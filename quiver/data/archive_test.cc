#include "quiver/data/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "quiver/core/file.h"
#include "quiver/data/internal/testing.h"

namespace quiver {
namespace {
using internal::error_of;
using internal::TestFolder;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

using Entries = std::vector<std::pair<std::string, std::string>>;  // name, content; a link's begins with "->"

void pack(const fs::path& path, const Entries& entries) {
  archive* writer = archive_write_new();
  const bool zip = path.extension() == ".zip";
  if (zip) {
    archive_write_set_format_zip(writer);
  } else {
    archive_write_set_format_pax_restricted(writer);
    if (path.extension() == ".gz") archive_write_add_filter_gzip(writer);
    if (path.extension() == ".xz") archive_write_add_filter_xz(writer);
  }
  ASSERT_EQ(archive_write_open_filename(writer, path.c_str()), ARCHIVE_OK);
  for (const auto& [name, content] : entries) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_perm(entry, 0600);
    if (content.starts_with("->")) {
      archive_entry_set_filetype(entry, AE_IFLNK);
      archive_entry_set_symlink(entry, content.c_str() + 2);
    } else {
      archive_entry_set_filetype(entry, AE_IFREG);
      archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
    }
    archive_write_header(writer, entry);
    if (!content.starts_with("->")) archive_write_data(writer, content.data(), content.size());
    archive_entry_free(entry);
  }
  archive_write_close(writer);
  archive_write_free(writer);
}

TEST(Archive, UnpacksTarsAndZips) {
  const TestFolder folder;
  const Entries entries{{"set/a.txt", "first"}, {"set/deep/b.txt", std::string(200'000, 'x')}, {"set/empty", ""}};
  for (const char* name : {"set.tar", "set.tar.gz", "set.tar.xz", "set.zip"}) {
    pack(folder / name, entries);
    const fs::path out = folder / (std::string("out-") + name);
    ASSERT_TRUE(is_archive(folder / name));
    const auto done = unpack(folder / name, out);
    ASSERT_TRUE(done.has_value()) << name << ": " << done.error().message();
    for (const auto& [place, content] : entries) EXPECT_EQ(read_file(out / place).value_or("missing"), content) << name;
  }
}

TEST(Archive, KnowsAnArchiveByItsName) {
  EXPECT_FALSE(is_archive("a.txt.gz"));
  EXPECT_FALSE(is_archive("tar"));
  EXPECT_TRUE(is_archive("x/y.tgz"));
}

TEST(Archive, WritesNowhereElse) {
  const TestFolder folder;
  for (const char* name : {"../escaped.txt", "set/../../escaped.txt", "/tmp/quiver-escaped.txt"}) {
    pack(folder / "bad.tar", {{"set/fine.txt", "fine"}, {name, "bad"}});
    const auto done = unpack(folder / "bad.tar", folder / "out");
    ASSERT_FALSE(done.has_value()) << name;
    EXPECT_EQ(done.error().code(), Code::Corruption);
    EXPECT_THAT(done.error().message(), HasSubstr("leads out of the folder"));
    EXPECT_FALSE(fs::exists(folder / "escaped.txt"));
    EXPECT_FALSE(fs::exists("/tmp/quiver-escaped.txt"));
  }
  pack(folder / "link.tar", {{"set/link", "->/etc/passwd"}});
  EXPECT_THAT(error_of(unpack(folder / "link.tar", folder / "out")), HasSubstr("neither a file nor a folder"));
}

TEST(Archive, SaysWhatIsWrongWithADamagedOne) {
  const TestFolder folder;
  EXPECT_THAT(error_of(unpack(folder / "none.zip", folder / "out")), HasSubstr("there is no such file"));
  folder.write("text.zip", "this is no zip at all");
  EXPECT_THAT(error_of(unpack(folder / "text.zip", folder / "out")), HasSubstr("text.zip"));
  pack(folder / "cut.tar", {{"set/long.txt", std::string(100'000, 'x')}});
  const std::string whole = *read_file(folder / "cut.tar");
  folder.write("cut.tar", whole.substr(0, 50'000));
  const auto cut = unpack(folder / "cut.tar", folder / "out");
  ASSERT_FALSE(cut.has_value());
  EXPECT_EQ(cut.error().code(), Code::Corruption);
  EXPECT_THAT(cut.error().message(), HasSubstr("set/long.txt"));
}

}  // namespace
}  // namespace quiver
