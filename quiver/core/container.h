// Container: a file of named, checksummed sections. Models, codes, indexes and checkpoints are Containers; each says in
// its own header which sections it writes. Layout, byte by byte: docs/reference/formats/container.md. Little-endian.
//
//   ContainerWriter writer("model");                          // the kind: what the file holds
//   writer.add("card", text);
//   writer.add("tensors/table", bytes);
//   QUIVER_TRY(writer.save("encoder.qvm"));                    // written aside, synced, renamed into place
//
//   QUIVER_TRY(auto file, Container::open("encoder.qvm", "model"));
//   QUIVER_TRY(auto table, file.section("tensors/table"));     // a span into the mapping, on a 64-byte boundary
//
// Every byte of the file is covered by a checksum: header, sections with their padding, table of contents. open()
// verifies all of them (about 10 GB/s), so any truncation and any flipped bit is Corruption, not a wrong answer.
// Thread-safety: an open Container is immutable; copies share the mapping.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/file.h"
#include "quiver/core/result.h"

namespace quiver {

class ContainerWriter {
 public:
  explicit ContainerWriter(std::string kind, std::uint32_t version = 1);  // kind: at most 15 bytes of text
  // Names are unique, non-empty, at most 200 bytes. Borrowed bytes must live until save().
  void add(std::string name, std::span<const std::byte> borrowed);
  void add(std::string name, std::string owned);
  template <class T>
  requires std::is_trivially_copyable_v<T>
  void add_array(std::string name, std::span<const T> borrowed) { add(std::move(name), std::as_bytes(borrowed)); }
  Result<void> save(const std::filesystem::path& path) const;

 private:
  struct Section {
    std::string name, owned;
    std::span<const std::byte> borrowed;
    std::span<const std::byte> bytes() const { return owned.empty() ? borrowed : std::as_bytes(std::span(owned)); }
  };
  std::string kind_;
  std::uint32_t version_;
  std::vector<Section> sections_;
};

class Container {
 public:
  // Errors: Corruption (truncated, flipped, not a Quiver file: says which), InvalidArgument (another kind), Unsupported
  // (written by a newer version than `newest`).
  static Result<Container> open(const std::filesystem::path& path, std::string_view kind, std::uint32_t newest = 1);

  const std::string& kind() const noexcept;
  std::uint32_t version() const noexcept;
  std::vector<std::string> names() const;
  bool has(std::string_view name) const noexcept;
  Result<std::span<const std::byte>> section(std::string_view name) const;
  Result<std::string_view> text(std::string_view name) const;
  template <class T>
  requires std::is_trivially_copyable_v<T> Result<std::span<const T>> array(std::string_view name)
  const {
    QUIVER_TRY(auto bytes, section(name));
    if (bytes.size() % sizeof(T) != 0) return wrong_size(name, bytes.size(), sizeof(T));
    return std::span<const T>(reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T));
  }
  // Keeps the mapping alive: hand it to whatever borrows a section.
  std::shared_ptr<const void> owner() const noexcept;
  std::string digest() const;  // of the whole contents, by its checksums

 private:
  struct State;
  Error wrong_size(std::string_view name, std::size_t size, std::size_t element) const;
  std::shared_ptr<const State> state_;
};

// What kind of Quiver file this is ("model", "index", ...), without reading it all.
Result<std::string> container_kind(const std::filesystem::path& path);

}  // namespace quiver
