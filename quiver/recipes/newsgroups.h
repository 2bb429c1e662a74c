// 20 Newsgroups as texts: one post a file, <folder>/<group>/<number>, in Latin-1, headers first.
//
//   QUIVER_TRY(const std::vector<Post> posts, read_posts(folder));     // in order of group and number
//   posts[0].subject, posts[0].body
//
// The subject is the Subject line without "Re:", the body all that follows the first empty line. Posts whose body was
// seen before, or is empty, are left out. Errors: NotFound (no folder, no posts), Io. Cost: 18,846 small files, a
// second.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/result.h"

namespace quiver::recipes {

struct Post {
  std::string group, number, subject, body;
};
Result<std::vector<Post>> read_posts(const std::filesystem::path& folder);
Post parse_post(std::string_view latin1);  // group and number stay empty
// The folder of posts of the public set 20newsgroups: 20news-bydate, unpacked.
Result<std::vector<Post>> open_newsgroups();

}  // namespace quiver::recipes
