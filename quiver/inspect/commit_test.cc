#include "quiver/inspect/commit.h"

#include <gtest/gtest.h>

namespace quiver {
namespace {

TEST(Commit, IsFortyHexDigitsOrNothing) {
  const std::string commit = commit_here();
  if (commit.empty()) return;  // not in a repository
  EXPECT_EQ(commit.find_first_not_of("0123456789abcdef"), commit.size() > 40 ? 40U : std::string::npos) << commit;
  EXPECT_TRUE(commit.size() == 40 || commit.substr(40) == "+changes") << commit;
}

}  // namespace
}  // namespace quiver
