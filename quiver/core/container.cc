#include "quiver/core/container.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace quiver {
namespace fs = std::filesystem;
namespace {
// The layout, in full in docs/reference/formats/container.md:
//   header   64 bytes
//   sections each on a 64-byte boundary, padded with zeros
//   table    one entry per section, at the end of the file
constexpr std::size_t kAlign = 64;
constexpr std::array<char, 8> kMagic{'Q', 'U', 'I',  'V',
                                     'E', 'R', '\r', '\n'};  // CR LF: a text-mode copy breaks it visibly
constexpr std::uint32_t kLayout = 1;
constexpr std::size_t kNameLimit = 200;

struct Header {
  std::array<char, 8> magic;
  std::uint32_t layout;       // of this container format
  std::uint32_t version;      // of the kind's own sections
  std::array<char, 16> kind;  // zero-padded text
  std::uint64_t table_offset, table_size, table_checksum;
  std::uint64_t header_checksum;  // of the 56 bytes before it
};
static_assert(sizeof(Header) == kAlign);

struct Entry {
  std::uint64_t offset, size, checksum;  // the checksum covers the section and its zero padding
  std::uint32_t name_size, reserved;     // the name follows, padded with zeros to 8 bytes
};
static_assert(sizeof(Entry) == 32);

constexpr std::uint64_t padded(std::uint64_t n, std::uint64_t step) { return (n + step - 1) / step * step; }
std::uint64_t checksum_of(const void* data, std::size_t size) { return XXH3_64bits(data, size); }
std::uint64_t header_checksum(const Header& header) { return checksum_of(&header, offsetof(Header, header_checksum)); }

Error damaged(const fs::path& path, std::string_view how) {
  return Error::corruption(fmt::format("opening {}: {}; restore it from a copy or make it again", path.string(), how));
}
}  // namespace

ContainerWriter::ContainerWriter(std::string kind, std::uint32_t version) : kind_(std::move(kind)), version_(version) {
  QUIVER_CHECK(!kind_.empty() && kind_.size() < sizeof(Header::kind));
}
void ContainerWriter::add(std::string name, std::span<const std::byte> borrowed) {
  QUIVER_CHECK(!name.empty() && name.size() <= kNameLimit);
  QUIVER_CHECK(std::none_of(sections_.begin(), sections_.end(), [&](const Section& s) { return s.name == name; }));
  sections_.push_back({std::move(name), {}, borrowed});
}
void ContainerWriter::add(std::string name, std::string owned) {
  add(std::move(name), std::span<const std::byte>());
  sections_.back().owned = std::move(owned);
}

Result<void> ContainerWriter::save(const fs::path& path) const {
  static constexpr std::array<std::byte, kAlign> kZeros{};
  QUIVER_TRY(auto file, FileWriter::create(path));
  Header header{kMagic, kLayout, version_, {}, 0, 0, 0, 0};
  std::copy(kind_.begin(), kind_.end(), header.kind.begin());
  QUIVER_TRY(file.write(std::as_bytes(std::span(&header, 1))));
  std::string table;
  for (const Section& section : sections_) {
    const std::span<const std::byte> bytes = section.bytes();
    const std::uint64_t padding = padded(bytes.size(), kAlign) - bytes.size();
    XXH3_state_t* state = XXH3_createState();
    XXH3_64bits_reset(state);
    XXH3_64bits_update(state, bytes.data(), bytes.size());
    XXH3_64bits_update(state, kZeros.data(), padding);
    const Entry entry{file.position(), bytes.size(), XXH3_64bits_digest(state),
                      static_cast<std::uint32_t>(section.name.size()), 0};
    XXH3_freeState(state);
    table.append(reinterpret_cast<const char*>(&entry), sizeof(entry));
    table.append(section.name);
    table.resize(padded(table.size(), 8), '\0');
    QUIVER_TRY(file.write(bytes));
    QUIVER_TRY(file.write(std::span(kZeros).first(padding)));
  }
  header.table_offset = file.position();
  header.table_size = table.size();
  header.table_checksum = checksum_of(table.data(), table.size());
  header.header_checksum = header_checksum(header);
  QUIVER_TRY(file.write(table));
  QUIVER_TRY(file.write_at(0, std::as_bytes(std::span(&header, 1))));
  return file.commit();
}

struct Container::State {
  explicit State(MappedFile mapped) : file(std::move(mapped)) {}
  struct Section {
    std::string name;
    std::span<const std::byte> bytes;
    std::uint64_t checksum;
  };
  MappedFile file;
  fs::path path;
  std::string kind;
  std::uint32_t version = 0;
  std::vector<Section> sections;

  const Section* find(std::string_view name) const {
    const auto found = std::find_if(sections.begin(), sections.end(), [&](const Section& s) { return s.name == name; });
    return found == sections.end() ? nullptr : &*found;
  }
};

namespace {
Result<Header> read_header(const fs::path& path, std::span<const std::byte> bytes) {
  Header header{};
  if (bytes.size() < kMagic.size() || std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) != 0) {
    return damaged(path, bytes.empty() ? "the file is empty" : "it does not begin like a Quiver file (wrong magic)");
  }
  if (bytes.size() < sizeof(header))
    return damaged(path, fmt::format("it ends after {} bytes, inside its header", bytes.size()));
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (header.header_checksum != header_checksum(header)) return damaged(path, "its header fails its checksum");
  if (header.layout != kLayout) {
    return Error::unsupported(
        fmt::format("opening {}: container layout {} is newer than this build reads ({}); use a newer quiver",
                    path.string(), header.layout, kLayout));
  }
  return header;
}
std::string kind_of(const Header& header) {
  return {header.kind.data(), ::strnlen(header.kind.data(), header.kind.size())};
}
}  // namespace

Result<Container> Container::open(const fs::path& path, std::string_view kind, std::uint32_t newest) {
  QUIVER_TRY(auto mapped, MappedFile::open(path));
  auto state = std::make_shared<State>(std::move(mapped));
  const std::span<const std::byte> bytes = state->file.bytes();
  QUIVER_TRY(const Header header, read_header(path, bytes));
  state->path = path;
  state->kind = kind_of(header);
  state->version = header.version;
  if (state->kind != kind) {
    return Error::invalid_argument(
        fmt::format("opening {}: it is a Quiver {} file where a {} file is needed", path.string(), state->kind, kind));
  }
  if (header.version > newest) {
    return Error::unsupported(
        fmt::format("opening {}: version {} of a {} file is newer than this build reads ({}); use a newer quiver",
                    path.string(), header.version, kind, newest));
  }
  const bool fits = header.table_offset >= sizeof(Header) && header.table_offset <= bytes.size() &&
                    header.table_size == bytes.size() - header.table_offset;
  if (!fits) {
    return damaged(path, fmt::format("it holds {} bytes where its header promises {}", bytes.size(),
                                     header.table_offset + header.table_size));
  }
  std::span<const std::byte> table = bytes.subspan(header.table_offset);
  if (checksum_of(table.data(), table.size()) != header.table_checksum) {
    return damaged(path, "its table of contents fails its checksum");
  }
  std::uint64_t expected = sizeof(Header);  // sections follow each other without a gap, so that every byte is covered
  while (!table.empty()) {
    Entry entry{};
    if (table.size() < sizeof(entry)) return damaged(path, "its table of contents is cut short");
    std::memcpy(&entry, table.data(), sizeof(entry));
    table = table.subspan(sizeof(entry));
    const std::uint64_t name_room = padded(entry.name_size, 8);
    if (entry.name_size == 0 || entry.name_size > kNameLimit || name_room > table.size() || entry.offset != expected ||
        entry.size > header.table_offset - entry.offset ||
        padded(entry.size, kAlign) > header.table_offset - entry.offset) {
      return damaged(path, "its table of contents names a section outside the file");
    }
    const std::string name(reinterpret_cast<const char*>(table.data()), entry.name_size);
    table = table.subspan(name_room);
    expected = entry.offset + padded(entry.size, kAlign);
    if (checksum_of(bytes.data() + entry.offset, padded(entry.size, kAlign)) != entry.checksum) {
      return damaged(path, fmt::format("section '{}' fails its checksum", name));
    }
    state->sections.push_back({name, bytes.subspan(entry.offset, entry.size), entry.checksum});
  }
  if (expected != header.table_offset) return damaged(path, "it holds bytes that no section claims");
  Container container;
  container.state_ = std::move(state);
  return container;
}

const std::string& Container::kind() const noexcept { return state_->kind; }
std::uint32_t Container::version() const noexcept { return state_->version; }
std::vector<std::string> Container::names() const {
  std::vector<std::string> names;
  for (const State::Section& section : state_->sections) names.push_back(section.name);
  return names;
}
bool Container::has(std::string_view name) const noexcept { return state_->find(name) != nullptr; }
Result<std::span<const std::byte>> Container::section(std::string_view name) const {
  if (const State::Section* found = state_->find(name)) return found->bytes;
  return Error::corruption(fmt::format("reading {}: it has no section '{}'; there is {}", state_->path.string(), name,
                                       fmt::join(names(), ", ")));
}
Result<std::string_view> Container::text(std::string_view name) const {
  QUIVER_TRY(auto bytes, section(name));
  return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}
Error Container::wrong_size(std::string_view name, std::size_t size, std::size_t element) const {
  return Error::corruption(fmt::format("reading {}: section '{}' holds {} bytes, not a multiple of {}",
                                       state_->path.string(), name, size, element));
}
std::shared_ptr<const void> Container::owner() const noexcept { return state_; }
std::string Container::digest() const {
  std::string sums = fmt::format("{} {}\n", state_->kind, state_->version);
  for (const State::Section& section : state_->sections) {
    sums += fmt::format("{} {} {:016x}\n", section.name, section.bytes.size(), section.checksum);
  }
  return digest_of(sums);
}

Result<std::string> container_kind(const fs::path& path) {
  QUIVER_TRY(auto mapped, MappedFile::open(path));
  QUIVER_TRY(const Header header, read_header(path, mapped.bytes()));
  return kind_of(header);
}

}  // namespace quiver
