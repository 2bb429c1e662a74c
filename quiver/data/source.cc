#include "quiver/data/source.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <new>

#include "quiver/core/file.h"

namespace quiver {
namespace {
struct Packing {
  std::string_view mark, name, command;
};
constexpr std::array kOtherPackings{
    Packing{std::string_view("\xFD"
                             "7zXZ\0",
                             6),
            "xz", "xz -dk"},
    Packing{"\x28\xB5\x2F\xFD", "zstd", "zstd -d"},
    Packing{"BZh", "bzip2", "bzip2 -dk"},
    Packing{"PK\x03\x04", "zip", "unzip"},
};
constexpr std::string_view kGzip = "\x1F\x8B";

// All members of a gzip file.
Result<std::string> unpack_gzip(std::string_view packed) {
  struct Inflate : z_stream {
    Inflate() : z_stream{} {}
    ~Inflate() { inflateEnd(this); }
    Inflate(const Inflate&) = delete;
    Inflate& operator=(const Inflate&) = delete;
  } stream;
  if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) return Error::resource_exhausted("starting zlib: out of memory");
  std::string out;
  out.resize(std::max<std::size_t>(packed.size() * 4, 1 << 12));
  std::size_t used = 0, taken = 0;
  const auto chunk = [](std::size_t size) {  // zlib counts in 32 bits
    return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max()));
  };
  for (;;) {
    if (used == out.size()) out.resize(out.size() * 2);
    const uInt input = chunk(packed.size() - taken), space = chunk(out.size() - used);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data() + taken));  // zlib does not write to it
    stream.avail_in = input;
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + used);
    stream.avail_out = space;
    const int status = inflate(&stream, Z_NO_FLUSH);
    taken += input - stream.avail_in;
    used += space - stream.avail_out;
    if (status == Z_STREAM_END) {
      if (taken == packed.size()) break;
      if (!packed.substr(taken).starts_with(kGzip)) {
        return Error::corruption(
            fmt::format("unpacking gzip: byte {} follows the end and begins no new member", taken));
      }
      inflateReset(&stream);
    } else if (status == Z_MEM_ERROR) {
      return Error::resource_exhausted("unpacking gzip: out of memory");
    } else if (status != Z_OK && !(status == Z_BUF_ERROR && used == out.size())) {
      return Error::corruption(taken == packed.size()
                                   ? fmt::format("unpacking gzip: the file is cut off after {} bytes", packed.size())
                                   : fmt::format("unpacking gzip: damaged near byte {} ({})", taken,
                                                 stream.msg != nullptr ? stream.msg : "bad data"));
    }
  }
  out.resize(used);
  return out;
}
}  // namespace

Result<Source> Source::open(const std::filesystem::path& path) {
  std::error_code failed;
  if (std::filesystem::is_directory(path, failed)) {
    return Error::invalid_argument(fmt::format("reading {}: it is a folder, not a data file", path.string()));
  }
  QUIVER_TRY(MappedFile file, MappedFile::open(path));
  for (const Packing& packing : kOtherPackings) {
    if (file.text().starts_with(packing.mark)) {
      return Error::unsupported(fmt::format("reading {}: it is packed by {}; unpack it first: {} {}", path.string(),
                                            packing.name, packing.command, path.string()));
    }
  }
  Source source;
  source.path_ = path;
  if (file.text().starts_with(kGzip)) {
    try {
      QUIVER_TRY(std::string bytes, unpack_gzip(file.text()).within("reading " + path.string()));
      source = of(std::move(bytes), path.string());
    } catch (const std::bad_alloc&) {
      return Error::resource_exhausted(fmt::format("reading {}: not enough memory to unpack it", path.string()));
    }
    source.in_memory_ = true;
    return source;
  }
  auto owner = std::make_shared<const MappedFile>(std::move(file));
  source.bytes_ = owner->bytes();
  source.owner_ = std::move(owner);
  return source;
}

Source Source::of(std::string bytes, std::string name) {
  Source source;
  source.path_ = std::move(name);
  source.in_memory_ = true;
  auto owner = std::make_shared<const std::string>(std::move(bytes));
  source.bytes_ = std::as_bytes(std::span(owner->data(), owner->size()));
  source.owner_ = std::move(owner);
  return source;
}

std::string Source::name() const {
  std::string name = path_.filename().string();
  if (name.ends_with(".gz")) name.resize(name.size() - 3);
  return name;
}

}  // namespace quiver
