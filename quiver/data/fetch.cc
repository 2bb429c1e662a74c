#include "quiver/data/fetch.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

#include "quiver/core/file.h"

namespace quiver {
namespace {
namespace fs = std::filesystem;

constexpr std::string_view kBase = "https://raw.githubusercontent.com";

std::string address_of(const PublicFile& file) {
  const char* mirror = std::getenv("QUIVER_DATA_MIRROR");
  std::string base(mirror != nullptr && *mirror != '\0' ? mirror : kBase);
  while (base.ends_with('/')) base.pop_back();
  std::string address = fmt::format("{}/{}/{}/", base, file.repository, file.commit);
  for (const char c : file.path) {  // everything but unreserved characters and '/' is escaped
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~/").find(c) != std::string_view::npos;
    if (plain)
      address.push_back(c);
    else
      address += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return address;
}

class Descriptor {
 public:
  explicit Descriptor(int id) : id_(id) {}
  ~Descriptor() {
    if (id_ >= 0) ::close(id_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return id_; }

 private:
  int id_;
};

Error system_error(std::string_view doing, const fs::path& path, int code) {
  std::string text = fmt::format("{} {}: {}", doing, path.string(), std::strerror(code));
  if (code == ENOSPC || code == EDQUOT) {
    return Error::resource_exhausted(std::move(text) + "; free some space and fetch again, what has arrived is kept");
  }
  return Error::io(std::move(text));
}

// One download into an open file: what the callbacks of libcurl share.
struct Download {
  CURL* curl = nullptr;
  int descriptor = -1;
  std::uint64_t had = 0;       // bytes of an earlier attempt
  std::uint64_t expected = 0;  // of the whole file
  std::uint64_t written = 0;   // by this attempt
  int failed = 0;              // errno of a write
  bool checked = false, too_long = false;
  Run* run = nullptr;
  Run::Stage* stage = nullptr;
};

std::size_t on_bytes(char* data, std::size_t, std::size_t size, void* user) {
  auto& download = *static_cast<Download*>(user);
  if (!download.checked) {
    download.checked = true;
    long status = 0;
    curl_easy_getinfo(download.curl, CURLINFO_RESPONSE_CODE, &status);
    if (download.had > 0 && status == 200) {  // the server sends the whole file again
      if (::ftruncate(download.descriptor, 0) != 0) download.failed = errno;
      download.had = 0;
    }
  }
  if (download.had + download.written + size > download.expected) {
    download.too_long = true;
    return 0;
  }
  for (std::size_t done = 0; done < size && download.failed == 0;) {
    const ssize_t count = ::write(download.descriptor, data + done, size - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0)
      download.failed = errno;
    else
      done += static_cast<std::size_t>(count);
  }
  if (download.failed != 0) return 0;
  download.written += size;
  download.stage->advance(size);
  return size;
}
int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Download*>(user)->run->stop() ? 1 : 0;
}

Result<void> check_outcome(CURLcode code, long status, const Download& download, const PublicFile& file,
                           const fs::path& part, const std::string& address, const char* detail) {
  if (download.run->stop()) return download.run->stopped(fmt::format("fetching {}", file.name));
  if (download.failed != 0) return system_error("writing", part, download.failed);
  if (download.too_long) {
    std::error_code ignored;
    fs::remove(part, ignored);
    return Error::corruption(
        fmt::format("fetching {}: it is longer than the {} bytes on record; nothing was kept", address, file.bytes));
  }
  if (status >= 400) {
    return Error::unavailable(
        fmt::format("fetching {}: the server answers {}{}", address, status,
                    status == 404 ? "; the file has been moved or removed" : "; try again later"));
  }
  if (code != CURLE_OK) {
    return Error::unavailable(fmt::format("fetching {}: {}; try again, what has arrived is kept", address,
                                          *detail != '\0' ? detail : curl_easy_strerror(code)));
  }
  if (download.had + download.written != file.bytes) {
    return Error::unavailable(fmt::format("fetching {}: {} of {} bytes arrived; try again to continue", address,
                                          download.had + download.written, file.bytes));
  }
  return {};
}

// Continues or begins NAME.part until it has all bytes. Returns how many came over the network.
Result<std::uint64_t> download_part(const PublicFile& file, const fs::path& part, Run& run, Run::Stage& stage) {
  const Descriptor out(::open(part.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (out.get() < 0) return system_error("opening", part, errno);
  if (::flock(out.get(), LOCK_EX | LOCK_NB) != 0) {
    return Error::unavailable(
        fmt::format("fetching {}: another process is fetching it; wait for it to end", part.string()));
  }
  struct stat info {};
  if (::fstat(out.get(), &info) != 0) return system_error("reading", part, errno);
  auto had = static_cast<std::uint64_t>(info.st_size);
  if (had > file.bytes) {  // not an earlier part of this file
    if (::ftruncate(out.get(), 0) != 0) return system_error("writing", part, errno);
    had = 0;
  }
  stage.advance(had);
  if (had == file.bytes) return std::uint64_t{0};

  static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(global == CURLE_OK ? curl_easy_init() : nullptr,
                                                                 &curl_easy_cleanup);
  if (!curl) return Error::resource_exhausted("starting libcurl: out of memory");
  const std::string address = address_of(file);
  std::array<char, CURL_ERROR_SIZE> detail{};
  Download download{
      .curl = curl.get(), .descriptor = out.get(), .had = had, .expected = file.bytes, .run = &run, .stage = &stage};
  curl_easy_setopt(curl.get(), CURLOPT_URL, address.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_MAXREDIRS, 5L);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_CONNECTTIMEOUT, 20L);
  curl_easy_setopt(curl.get(), CURLOPT_LOW_SPEED_LIMIT, 100L);  // under 100 bytes a second for a minute: give up
  curl_easy_setopt(curl.get(), CURLOPT_LOW_SPEED_TIME, 60L);
  curl_easy_setopt(curl.get(), CURLOPT_USERAGENT, "quiver-data");
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, detail.data());
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, on_bytes);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &download);
  curl_easy_setopt(curl.get(), CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(curl.get(), CURLOPT_XFERINFODATA, &download);
  curl_easy_setopt(curl.get(), CURLOPT_NOPROGRESS, 0L);
  const std::string range = fmt::format("{}-", had);
  if (had > 0) curl_easy_setopt(curl.get(), CURLOPT_RANGE, range.c_str());
  const CURLcode code = curl_easy_perform(curl.get());
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  QUIVER_TRY(check_outcome(code, status, download, file, part, address, detail.data()));
  if (::fsync(out.get()) != 0) return system_error("writing", part, errno);
  return download.written;
}

Result<bool> is_right(const fs::path& path, const PublicFile& file) {
  std::error_code failed;
  if (!fs::exists(path, failed) || fs::file_size(path, failed) != file.bytes) return false;
  QUIVER_TRY(const std::string sha256, sha256_of_file(path));
  return sha256 == file.sha256;
}

// Returns the bytes that came over the network, or nothing if the file was there.
Result<std::uint64_t> fetch_file(const PublicFile& file, const fs::path& path, Run& run, Run::Stage& stage) {
  QUIVER_TRY(make_folders(path.parent_path()));
  const fs::path part = path.string() + ".part";
  QUIVER_TRY(const std::uint64_t bytes, download_part(file, part, run, stage));
  QUIVER_TRY(const std::string sha256, sha256_of_file(part));
  std::error_code failed;
  if (sha256 != file.sha256) {
    fs::remove(part, failed);
    return Error::corruption(fmt::format("fetching {}: its sha256 is {} where {} is on record; nothing was kept",
                                         address_of(file), sha256, file.sha256));
  }
  fs::rename(part, path, failed);
  if (failed) return system_error("renaming", part, failed.value());
  return bytes;
}
}  // namespace

Result<std::string> sha256_of_file(const fs::path& path) {
  QUIVER_TRY(const MappedFile file, MappedFile::open(path));
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(file.bytes().data(), file.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    return Error::internal(fmt::format("computing the sha256 of {}: OpenSSL refuses", path.string()));
  }
  std::string text;
  for (unsigned i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

Result<Fetched> fetch_set(const PublicSet& set, Run& run) {
  if (!set.fetchable()) {
    return Error::unsupported(fmt::format("'{}' cannot be fetched: {} ({})", set.name, set.instead, set.address));
  }
  QUIVER_TRY(const fs::path folder, data_folder());
  Fetched out{.folder = folder / set.name};
  std::uint64_t total = 0;
  for (const PublicFile& file : set.files) total += file.bytes;
  Run::Stage stage = run.stage(fmt::format("fetch {}", set.name), total);
  for (const PublicFile& file : set.files) {
    if (run.stop()) return run.stopped(fmt::format("fetching {}", set.name));
    const fs::path path = out.folder / file.name;
    QUIVER_TRY(const bool right, is_right(path, file));
    ++out.files;
    if (right) {
      ++out.kept;
      stage.advance(file.bytes);
      continue;
    }
    QUIVER_TRY(const std::uint64_t bytes, fetch_file(file, path, run, stage));
    out.bytes += bytes;
  }
  return out;
}

}  // namespace quiver
