#include "quiver/data/internal/hdf5_stream.h"

#include <fmt/format.h>
#include <hdf5.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "quiver/data/internal/array.h"

namespace quiver::internal {
namespace {
// Owns one HDF5 handle; the function that closes it depends on its kind.
template <herr_t (*close)(hid_t)>
class Handle {
 public:
  explicit Handle(hid_t id = -1) : id_(id) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)) {}
  Handle& operator=(Handle&&) = delete;
  ~Handle() {
    if (id_ >= 0) close(id_);
  }
  hid_t get() const { return id_; }
  explicit operator bool() const { return id_ >= 0; }

 private:
  hid_t id_;
};
using File = Handle<H5Fclose>;
using Properties = Handle<H5Pclose>;
using Dataspace = Handle<H5Sclose>;
using Type = Handle<H5Tclose>;
using Matrix5 = Handle<H5Dclose>;
using Attribute = Handle<H5Aclose>;

Result<File> open_file(const Source& source) {
  const Properties access(H5Pcreate(H5P_FILE_ACCESS));
  std::string name = source.path().string();
  if (source.in_memory()) {  // unpacked gzip: opened as an image, no temporary file
    name = "in-memory";
    if (H5Pset_fapl_core(access.get(), 1 << 20, false) < 0 ||
        H5Pset_file_image(access.get(), const_cast<std::byte*>(source.bytes().data()), source.bytes().size()) < 0) {
      return Error::resource_exhausted("opening the unpacked HDF5 file: out of memory");
    }
  }
  File file(H5Fopen(name.c_str(), H5F_ACC_RDONLY, access.get()));
  if (!file) return Error::corruption("the HDF5 library cannot open it: it is damaged or cut off");
  return file;
}

std::vector<std::string> names_in(const File& file) {
  std::vector<std::string> names;
  const auto collect = [](hid_t, const char* name, const H5L_info_t*, void* out) -> herr_t {
    static_cast<std::vector<std::string>*>(out)->emplace_back(name);
    return 0;
  };
  hsize_t at = 0;
  H5Literate(file.get(), H5_INDEX_NAME, H5_ITER_INC, &at, collect, &names);
  return names;
}

struct Opened {
  Matrix5 matrix;
  std::size_t rows = 0, cols = 0;
  H5T_class_t kind = H5T_NO_CLASS;
  std::size_t width = 0;  // bytes of a value
  bool is_signed = false;
};

Result<Opened> open_matrix(const File& file, const std::string& name, std::size_t file_size) {
  Opened out{.matrix = Matrix5(H5Dopen2(file.get(), name.c_str(), H5P_DEFAULT))};
  if (!out.matrix) {
    const auto names = names_in(file);
    return Error::not_found(fmt::format("it has no matrix '{}'; it holds {}", name,
                                        names.empty() ? "nothing" : fmt::format("{}", fmt::join(names, ", "))));
  }
  const Dataspace space(H5Dget_space(out.matrix.get()));
  std::array<hsize_t, 2> sizes{};
  if (H5Sget_simple_extent_ndims(space.get()) != 2 ||
      H5Sget_simple_extent_dims(space.get(), sizes.data(), nullptr) != 2) {
    return Error::unsupported(fmt::format("'{}' is not two-dimensional", name));
  }
  QUIVER_TRY(check_counts(sizes[0], sizes[1]).within(name));
  const Type type(H5Dget_type(out.matrix.get()));
  out.kind = H5Tget_class(type.get());
  out.width = H5Tget_size(type.get());
  out.is_signed = out.kind == H5T_INTEGER && H5Tget_sign(type.get()) == H5T_SGN_2;
  if (!could_hold(sizes[0], sizes[1], out.width, file_size)) {
    return Error::corruption(
        fmt::format("'{}' claims {} x {} values, more than the file can hold", name, sizes[0], sizes[1]));
  }
  out.rows = sizes[0];
  out.cols = sizes[1];
  return out;
}

// Sends the values, a few megabytes of rows at a time.
Result<void> send_values(const Opened& from, hid_t memory_type, const std::string& name, ChildSink& sink) {
  const std::size_t width = H5Tget_size(memory_type), row = from.cols * width;
  const std::size_t step = std::max<std::size_t>(1, (std::size_t{4} << 20) / row);
  std::vector<std::byte> block(std::min(step, from.rows) * row);
  const Dataspace all(H5Dget_space(from.matrix.get()));
  for (std::size_t first = 0; first < from.rows; first += step) {
    const std::array<hsize_t, 2> start{first, 0}, count{std::min(step, from.rows - first), from.cols};
    const Dataspace memory(H5Screate_simple(2, count.data(), nullptr));
    if (!memory || H5Sselect_hyperslab(all.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr) < 0 ||
        H5Dread(from.matrix.get(), memory_type, memory.get(), all.get(), H5P_DEFAULT, block.data()) < 0) {
      return Error::corruption(fmt::format("the HDF5 library cannot read '{}': the file is damaged or cut off", name));
    }
    sink.write(std::span(block).first(count[0] * row));
  }
  return {};
}

Result<Metric> metric_of(const File& file, const ReadOptions& options) {
  if (options.metric) return *options.metric;
  if (H5Aexists(file.get(), "distance") <= 0) return Metric::L2;
  const Attribute attribute(H5Aopen(file.get(), "distance", H5P_DEFAULT));
  const Type type(attribute ? H5Aget_type(attribute.get()) : hid_t{-1});
  std::string text;
  if (type && H5Tget_class(type.get()) == H5T_STRING) {
    if (H5Tis_variable_str(type.get()) > 0) {
      char* value = nullptr;
      const Type memory(H5Tcopy(type.get()));
      if (H5Aread(attribute.get(), memory.get(), static_cast<void*>(&value)) >= 0 && value != nullptr) {
        text = value;
        H5free_memory(value);
      }
    } else if (const std::size_t size = H5Tget_size(type.get()); size > 0 && size <= 256) {
      std::vector<char> value(size + 1, '\0');
      if (H5Aread(attribute.get(), type.get(), value.data()) >= 0) text = value.data();
    }
  }
  if (text == "euclidean") return Metric::L2;
  if (text == "angular") return Metric::Cosine;
  if (text == "hamming") return Metric::Hamming;
  if (text == "dot" || text == "ip") return Metric::Dot;
  return Error::unsupported(
      fmt::format("its distance is '{}'; choose another with ?metric=l2, dot, cosine or hamming", text));
}

void send_frame(Hdf5Frame frame, ChildSink& sink) { sink.write(std::as_bytes(std::span(&frame, 1))); }

Result<void> send_vectors(const File& file, const std::string& name, Metric metric, std::size_t file_size,
                          ChildSink& sink) {
  QUIVER_TRY(const Opened from, open_matrix(file, name, file_size));
  Hdf5Frame frame{.kind = Hdf5Frame::Vectors, .metric = metric, .rows = from.rows, .cols = from.cols};
  if (from.kind == H5T_FLOAT) {
    send_frame(frame, sink);
    return send_values(from, H5T_NATIVE_FLOAT, name, sink);
  }
  if ((from.kind == H5T_INTEGER || from.kind == H5T_ENUM) && from.width == 1) {  // h5py writes booleans as an enum
    frame.element = from.is_signed ? Element::I8 : Element::U8;
    const Type as_stored(H5Dget_type(from.matrix.get()));
    send_frame(frame, sink);
    return send_values(from, as_stored.get(), name, sink);
  }
  return Error::unsupported(fmt::format("'{}' holds neither floats nor bytes", name));
}

Result<void> send_lists(const File& file, Hdf5Frame::Kind kind, const std::string& name, std::size_t file_size,
                        ChildSink& sink) {
  QUIVER_TRY(const Opened from, open_matrix(file, name, file_size));
  if (from.kind != H5T_INTEGER && from.kind != H5T_FLOAT) {
    return Error::unsupported(fmt::format("'{}' does not hold numbers", name));
  }
  send_frame({.kind = kind, .rows = from.rows, .cols = from.cols}, sink);
  return send_values(from, H5T_NATIVE_DOUBLE, name, sink);
}

Result<void> send_all(const Source& source, const ReadOptions& options, ChildSink& sink) {
  const std::string part = options.part.empty() ? "train" : options.part;
  const std::size_t size = source.bytes().size();
  QUIVER_TRY(const File file, open_file(source));
  QUIVER_TRY(const Metric metric, metric_of(file, options));
  QUIVER_TRY(send_vectors(file, part, metric, size, sink));
  if (part == "test") {
    for (const auto& [kind, name] :
         {std::pair{Hdf5Frame::Neighbors, "neighbors"}, {Hdf5Frame::Distances, "distances"}}) {
      if (H5Lexists(file.get(), name, H5P_DEFAULT) > 0) QUIVER_TRY(send_lists(file, kind, name, size, sink));
    }
  }
  send_frame({.kind = Hdf5Frame::End}, sink);
  return {};
}
}  // namespace

bool could_hold(std::uint64_t rows, std::uint64_t cols, std::size_t width, std::size_t file_size) noexcept {
  constexpr std::uint64_t kDeflate = 1032;
  std::uint64_t values = 0, bytes = 0;
  return !__builtin_mul_overflow(rows, cols, &values) &&
         !__builtin_mul_overflow(values, std::uint64_t{std::max<std::size_t>(width, 1)}, &bytes) &&
         bytes / kDeflate <= file_size;
}

void stream_hdf5(const Source& source, const ReadOptions& options, ChildSink& sink) {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);  // no printing
  const auto sent = send_all(source, options, sink);
  if (sent.has_value()) return;
  const std::string& message = sent.error().message();
  send_frame({.kind = Hdf5Frame::Failed, .code = sent.error().code(), .rows = message.size()}, sink);
  sink.write(std::as_bytes(std::span(message)));
}

}  // namespace quiver::internal
