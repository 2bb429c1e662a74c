#include "quiver/data/catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <string>

#include "quiver/core/file.h"
#include "quiver/data/internal/testing.h"

namespace quiver {
namespace {
using internal::error_of;
using internal::TestFolder;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

// Sets an environment variable for one test.
class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) {
    if (const char* before = std::getenv(name); before != nullptr) before_ = before;
    ::setenv(name, value.c_str(), 1);
  }
  ~Environment() { ::setenv(name_, before_.c_str(), 1); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  const char* name_;
  std::string before_;
};

TEST(Catalogue, SaysEverythingOfEverySet) {
  std::string before;
  for (const PublicSet& set : catalogue()) {
    EXPECT_LT(before, set.name);  // sorted, so no name is there twice
    before = set.name;
    EXPECT_FALSE(set.what.empty()) << set.name;
    EXPECT_FALSE(set.licence.empty()) << set.name;
    EXPECT_THAT(std::string(set.address), MatchesRegex("https://github.com/[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+"))
        << set.name;
    EXPECT_EQ(set.fetchable(), set.instead.empty()) << set.name;
    std::set<std::string_view> names;
    for (const PublicFile& file : set.files) {
      EXPECT_TRUE(names.insert(file.name).second) << set.name << "/" << file.name;
      EXPECT_FALSE(file.name.starts_with('/') || file.name.find("..") != std::string_view::npos) << file.name;
      EXPECT_TRUE(file.path.ends_with(file.name.substr(file.name.rfind('-') + 1))) << file.path;
      EXPECT_EQ("https://github.com/" + std::string(file.repository), set.address);
      EXPECT_THAT(std::string(file.commit), MatchesRegex("[0-9a-f]+"));
      EXPECT_EQ(file.commit.size(), 40u);
      EXPECT_EQ(file.sha256.size(), 64u) << file.name;
      EXPECT_EQ(file.sha256.find_first_not_of("0123456789abcdef"), std::string_view::npos) << file.name;
      EXPECT_GT(file.bytes, 0u);
    }
  }
  EXPECT_GE(catalogue().size(), 30u);
}

TEST(Catalogue, FindsSetsByName) {
  const PublicSet* set = *find_set("stsb");
  EXPECT_TRUE(set->fetchable());
  EXPECT_EQ(set->licence, "CC BY-SA 4.0");
  const std::string message = error_of(find_set("stbs"));
  EXPECT_THAT(message, HasSubstr("no data set 'stbs', did you mean 'stsb'?"));
  EXPECT_THAT(message, HasSubstr("quiver data list"));
}

TEST(Catalogue, FindsFilesInTheDataFolder) {
  const TestFolder folder;
  const Environment data("QUIVER_DATA", folder.path().string());
  EXPECT_EQ(*data_folder(), folder.path());
  EXPECT_THAT(error_of(find_file("stsb", "stsb-en-dev.csv")), HasSubstr("fetch it: quiver data fetch stsb"));
  EXPECT_THAT(error_of(find_file("mnist", "x")), HasSubstr("take train/ and test/ from the address"));
  EXPECT_FALSE(find_file("no-such-set", "x").has_value());
  std::filesystem::create_directories(folder / "stsb");
  folder.write("stsb/stsb-en-dev.csv", "a");
  EXPECT_EQ(*find_file("stsb", "stsb-en-dev.csv"), folder / "stsb/stsb-en-dev.csv");
}

TEST(Catalogue, FindsWhatASetHoldsPacked) {
  const TestFolder folder;
  const Environment data("QUIVER_DATA", folder.path().string()), cache("QUIVER_CACHE", (folder / "cache").string());
  std::filesystem::create_directories(folder / "nltk-corpora/brown");
  folder.write("nltk-corpora/brown/ca01", "The/at jury/nn");
  const std::string command =
      "cd '" + (folder / "nltk-corpora").string() + "' && tar -cf brown.tar brown && rm -r brown";
  ASSERT_EQ(std::system(command.c_str()), 0);  // NOLINT(cert-env33-c, concurrency-mt-unsafe)
  const auto found = find_file("nltk-corpora", "brown/ca01");
  ASSERT_TRUE(found.has_value()) << found.error().message();
  EXPECT_EQ(*read_file(*found), "The/at jury/nn");
  EXPECT_EQ(*find_file("nltk-corpora", "brown/ca01"), *found);  // unpacked once
  EXPECT_THAT(error_of(find_file("nltk-corpora", "brown/ca02")), HasSubstr("quiver data fetch nltk-corpora"));
  folder.write("nltk-corpora/brown.tar", std::string(600, 'x'));
  EXPECT_THAT(error_of(find_file("nltk-corpora", "brown/ca01")), HasSubstr("brown.tar"));
}

TEST(Catalogue, TheDataFolderFollowsTheEnvironment) {
  const Environment data("QUIVER_DATA", "");
  {
    const Environment home("HOME", "/h/ada");
    EXPECT_EQ(*data_folder(), "/h/ada/.cache/quiver/data");
  }
  const Environment home("HOME", "");
  EXPECT_THAT(error_of(data_folder()), HasSubstr("neither QUIVER_DATA nor HOME is set"));
}

}  // namespace
}  // namespace quiver
