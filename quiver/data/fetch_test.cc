#include "quiver/data/fetch.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "quiver/core/file.h"
#include "quiver/data/internal/testing.h"

namespace quiver {
namespace {
using internal::error_of;
using internal::TestFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// An HTTP server on the loopback: answers one request a connection, with what the test put there.
class Server {
 public:
  struct Page {
    std::string body;
    int status = 200;
    bool ranges = true;                       // honours Range
    std::size_t cut_after = ~std::size_t{0};  // closes the connection early
  };
  Server() : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_, 8), 0);
    EXPECT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~Server() {
    stop_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  std::string base() const { return fmt::format("http://127.0.0.1:{}", port_); }
  void put(const std::string& path, Page page) {
    const std::lock_guard lock(mutex_);
    pages_[path] = std::move(page);
  }
  std::vector<std::string> requests() const {  // "GET /path [range]"
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void serve() {
    while (!stop_) {
      const int client = ::accept(listener_, nullptr, nullptr);
      if (client < 0) break;
      answer(client);
      ::close(client);
    }
  }
  void answer(int client) {
    std::string request;
    char buffer[4096];
    while (request.find("\r\n\r\n") == std::string::npos) {
      const ssize_t count = ::recv(client, buffer, sizeof(buffer), 0);
      if (count <= 0) return;
      request.append(buffer, static_cast<std::size_t>(count));
    }
    const std::string path = request.substr(4, request.find(' ', 4) - 4);
    std::size_t first = 0;
    if (const auto at = request.find("Range: bytes="); at != std::string::npos)
      first = std::stoul(request.substr(at + 13));
    const std::lock_guard lock(mutex_);
    requests_.push_back(first > 0 ? fmt::format("{} from {}", path, first) : path);
    const auto found = pages_.find(path);
    Page page = found == pages_.end() ? Page{.body = "no such page", .status = 404} : found->second;
    if (page.status == 200 && first > 0 && page.ranges) {
      page.body.erase(0, first);
      page.status = 206;
    }
    std::string reply =
        fmt::format("HTTP/1.1 {} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", page.status, page.body.size());
    reply += page.body.substr(0, page.cut_after);
    for (std::size_t sent = 0; sent < reply.size();) {
      const ssize_t count = ::send(client, reply.data() + sent, reply.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) break;
      sent += static_cast<std::size_t>(count);
    }
  }

  int listener_;
  int port_ = 0;
  std::thread thread_;
  std::atomic<bool> stop_ = false;
  mutable std::mutex mutex_;
  std::map<std::string, Page> pages_;
  std::vector<std::string> requests_;
};

// A set of one file, "abc", and a folder and server for it.
class Fetch : public ::testing::Test {
 protected:
  static constexpr std::string_view kSha = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  const PublicFile files_[1] = {{"a b.txt", "owner/name", "c0ffee", "some/a b.txt", 3, kSha}};
  const PublicSet set_{"tiny", "three letters", "CC0", "https://example.org", files_, ""};
  const std::string page_ = "/owner/name/c0ffee/some/a%20b.txt";
  TestFolder folder_;
  Server server_;
  quiver::Run run_{RunOptions{}};

  void SetUp() override {
    before_ = std::getenv("QUIVER_DATA") != nullptr ? std::getenv("QUIVER_DATA") : "";
    ::setenv("QUIVER_DATA", folder_.path().c_str(), 1);
    ::setenv("QUIVER_DATA_MIRROR", (server_.base() + "/").c_str(), 1);
    ::setenv("no_proxy", "127.0.0.1", 1);
  }
  void TearDown() override {
    ::setenv("QUIVER_DATA", before_.c_str(), 1);
    ::unsetenv("QUIVER_DATA_MIRROR");
  }
  std::filesystem::path file() const { return folder_ / "tiny/a b.txt"; }
  std::filesystem::path part() const { return folder_ / "tiny/a b.txt.part"; }
  void write_part(std::string_view bytes) {
    std::filesystem::create_directories(folder_ / "tiny");
    folder_.write("tiny/a b.txt.part", bytes);
  }

 private:
  std::string before_;
};

TEST_F(Fetch, BringsAFileOnceAndKeepsIt) {
  server_.put(page_, {.body = "abc"});
  const Fetched first = *fetch_set(set_, run_);
  EXPECT_EQ(first.folder, folder_ / "tiny");
  EXPECT_EQ(first.files, 1u);
  EXPECT_EQ(first.kept, 0u);
  EXPECT_EQ(first.bytes, 3u);
  EXPECT_EQ(*read_file(file()), "abc");
  EXPECT_FALSE(std::filesystem::exists(part()));
  const Fetched second = *fetch_set(set_, run_);
  EXPECT_EQ(second.kept, 1u);
  EXPECT_EQ(second.bytes, 0u);
  EXPECT_THAT(server_.requests(), ElementsAre(page_));
}

TEST_F(Fetch, ReplacesAFileThatIsWrong) {
  server_.put(page_, {.body = "abc"});
  std::filesystem::create_directories(folder_ / "tiny");
  folder_.write("tiny/a b.txt", "xyz");
  EXPECT_EQ(fetch_set(set_, run_)->bytes, 3u);
  EXPECT_EQ(*read_file(file()), "abc");
}

TEST_F(Fetch, ContinuesWhatWasInterrupted) {
  server_.put(page_, {.body = "abc", .cut_after = 2});
  const auto cut = fetch_set(set_, run_);
  EXPECT_THAT(error_of(cut), HasSubstr("try again"));
  EXPECT_EQ(cut.error().code(), Code::Unavailable);
  EXPECT_EQ(*read_file(part()), "ab");
  server_.put(page_, {.body = "abc"});
  EXPECT_EQ(fetch_set(set_, run_)->bytes, 1u);
  EXPECT_EQ(*read_file(file()), "abc");
  EXPECT_THAT(server_.requests(), ElementsAre(page_, page_ + " from 2"));
}

TEST_F(Fetch, BeginsAgainWhereTheServerCannotContinue) {
  write_part("xx");
  server_.put(page_, {.body = "abc", .ranges = false});
  EXPECT_TRUE(fetch_set(set_, run_).has_value());
  EXPECT_EQ(*read_file(file()), "abc");
}

TEST_F(Fetch, APartThatIsCompleteNeedsNoNetwork) {
  write_part("abc");
  EXPECT_EQ(fetch_set(set_, run_)->bytes, 0u);
  EXPECT_TRUE(server_.requests().empty());
}

TEST_F(Fetch, APartThatIsTooLongIsDropped) {
  write_part("abcdef");
  server_.put(page_, {.body = "abc"});
  EXPECT_EQ(fetch_set(set_, run_)->bytes, 3u);
}

TEST_F(Fetch, AWrongChecksumKeepsNothing) {
  server_.put(page_, {.body = "abd"});
  const auto result = fetch_set(set_, run_);
  EXPECT_THAT(error_of(result), HasSubstr("its sha256 is"));
  EXPECT_THAT(error_of(result), HasSubstr("nothing was kept"));
  EXPECT_EQ(result.error().code(), Code::Corruption);
  EXPECT_FALSE(std::filesystem::exists(file()));
  EXPECT_FALSE(std::filesystem::exists(part()));
}

TEST_F(Fetch, AFileLongerThanOnRecordKeepsNothing) {
  server_.put(page_, {.body = "abcd"});
  EXPECT_THAT(error_of(fetch_set(set_, run_)), HasSubstr("longer than the 3 bytes on record"));
  EXPECT_FALSE(std::filesystem::exists(part()));
}

TEST_F(Fetch, ErrorsNameTheStatus) {
  const auto missing = fetch_set(set_, run_);
  EXPECT_THAT(error_of(missing), HasSubstr("the server answers 404; the file has been moved or removed"));
  EXPECT_EQ(missing.error().code(), Code::Unavailable);
  server_.put(page_, {.body = "busy", .status = 503});
  EXPECT_THAT(error_of(fetch_set(set_, run_)), HasSubstr("answers 503; try again later"));
  EXPECT_FALSE(std::filesystem::exists(file()));
  ::setenv("QUIVER_DATA_MIRROR", "http://127.0.0.1:1", 1);
  EXPECT_THAT(error_of(fetch_set(set_, run_)), HasSubstr("http://127.0.0.1:1/owner/name"));
  ::setenv("QUIVER_DATA_MIRROR", "file:///etc", 1);  // only http and https
  EXPECT_FALSE(fetch_set(set_, run_).has_value());
}

TEST_F(Fetch, StopsWhenCancelled) {
  run_.cancel();
  EXPECT_EQ(fetch_set(set_, run_).error().code(), Code::Cancelled);
  EXPECT_TRUE(server_.requests().empty());
}

TEST_F(Fetch, OneProcessAtATime) {
  write_part("a");
  const int other = ::open(part().c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_EQ(::flock(other, LOCK_EX), 0);
  EXPECT_THAT(error_of(fetch_set(set_, run_)), HasSubstr("another process is fetching it"));
  ::close(other);
  server_.put(page_, {.body = "abc"});
  EXPECT_TRUE(fetch_set(set_, run_).has_value());
}

TEST_F(Fetch, AFullDiskKeepsWhatHasArrived) {
  std::filesystem::create_directories(folder_ / "tiny");
  std::filesystem::create_symlink("/dev/full", part());
  server_.put(page_, {.body = "abc"});
  const auto result = fetch_set(set_, run_);
  EXPECT_EQ(result.error().code(), Code::ResourceExhausted);
  EXPECT_THAT(error_of(result), HasSubstr("free some space and fetch again"));
}

TEST_F(Fetch, AFolderThatCannotBeMadeIsNamed) {
  folder_.write("file", "x");
  ::setenv("QUIVER_DATA", (folder_ / "file").c_str(), 1);
  EXPECT_THAT(error_of(fetch_set(set_, run_)), HasSubstr("file/tiny"));
}

TEST_F(Fetch, SetsWithoutFilesSayWhy) {
  const PublicSet none{"none", "", "", "https://example.org", {}, "its terms forbid it"};
  const auto result = fetch_set(none, run_);
  EXPECT_THAT(error_of(result), HasSubstr("'none' cannot be fetched: its terms forbid it (https://example.org)"));
  EXPECT_EQ(result.error().code(), Code::Unsupported);
}

TEST_F(Fetch, Sha256IsTheStandardOne) {
  EXPECT_EQ(*sha256_of_file(folder_.write("abc", "abc")), kSha);
  EXPECT_EQ(*sha256_of_file(folder_.write("empty", "")),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_FALSE(sha256_of_file(folder_ / "none").has_value());
}

}  // namespace
}  // namespace quiver
