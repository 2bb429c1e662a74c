#include "quiver/data/read_hdf5.h"

#include <fmt/format.h>
#include <hdf5.h>

#include <algorithm>
#include <array>
#include <limits>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "quiver/data/internal/array.h"

namespace quiver {
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

// Turns off the library's printing for as long as it lives.
class Quiet {
 public:
  Quiet() {
    H5Eget_auto2(H5E_DEFAULT, &function_, &data_);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  }
  ~Quiet() { H5Eset_auto2(H5E_DEFAULT, function_, data_); }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;

 private:
  H5E_auto2_t function_ = nullptr;
  void* data_ = nullptr;
};

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
  QUIVER_TRY(internal::check_counts(sizes[0], sizes[1]).within(name));
  const Type type(H5Dget_type(out.matrix.get()));
  out.kind = H5Tget_class(type.get());
  out.width = H5Tget_size(type.get());
  out.is_signed = out.kind == H5T_INTEGER && H5Tget_sign(type.get()) == H5T_SGN_2;
  // A matrix cannot be much larger than its file: deflate packs at most 1032 to 1. Keeps a damaged shape from asking
  // for all memory there is.
  hsize_t values = 0, bytes = 0;
  if (__builtin_mul_overflow(sizes[0], sizes[1], &values) ||
      __builtin_mul_overflow(values, hsize_t{std::max<std::size_t>(out.width, 1)}, &bytes) ||
      bytes / 1032 > file_size) {
    return Error::corruption(
        fmt::format("'{}' claims {} x {} values, more than the file can hold", name, sizes[0], sizes[1]));
  }
  out.rows = sizes[0];
  out.cols = sizes[1];
  return out;
}

// Reads into memory whose rows are `stride` values apart.
Result<void> read_values(const Opened& from, hid_t memory_type, std::size_t stride, void* out,
                         const std::string& name) {
  const std::array<hsize_t, 2> extent{from.rows, stride}, start{0, 0}, count{from.rows, from.cols};
  const Dataspace memory(H5Screate_simple(2, extent.data(), nullptr));
  if (!memory || H5Sselect_hyperslab(memory.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr) < 0 ||
      H5Dread(from.matrix.get(), memory_type, memory.get(), H5S_ALL, H5P_DEFAULT, out) < 0) {
    return Error::corruption(fmt::format("the HDF5 library cannot read '{}': the file is damaged or cut off", name));
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

Result<Items> vectors_of(const File& file, const std::string& name, Metric metric, std::size_t file_size) {
  QUIVER_TRY(const Opened from, open_matrix(file, name, file_size));
  const Space space{.id = {}, .metric = metric, .prefix_of = {}};
  if (from.kind == H5T_FLOAT) {
    Matrix out(from.rows, from.cols);
    QUIVER_TRY(read_values(from, H5T_NATIVE_FLOAT, out.stride(), out.data(), name));
    QUIVER_TRY(check_finite(out.view(), name));
    return Items::of("vectors", Rows::dense(std::move(out), space));
  }
  if ((from.kind == H5T_INTEGER || from.kind == H5T_ENUM) && from.width == 1) {  // h5py writes booleans as an enum
    TypedMatrix out(from.is_signed ? Element::I8 : Element::U8, from.rows, from.cols);
    const Type as_stored(H5Dget_type(from.matrix.get()));
    QUIVER_TRY(read_values(from, as_stored.get(), out.stride(), out.row(0), name));
    return Items::of("vectors", Rows::dense(std::move(out), space));
  }
  return Error::unsupported(fmt::format("'{}' holds neither floats nor bytes", name));
}

Result<Items> lists_of(const File& file, const std::string& name, std::size_t file_size) {
  QUIVER_TRY(const Opened from, open_matrix(file, name, file_size));
  if (from.kind != H5T_INTEGER && from.kind != H5T_FLOAT) {
    return Error::unsupported(fmt::format("'{}' does not hold numbers", name));
  }
  QUIVER_TRY(internal::check_counts(from.rows * from.cols, 1).within(name));
  std::vector<double> numbers(from.rows * from.cols);
  QUIVER_TRY(read_values(from, H5T_NATIVE_DOUBLE, from.cols, numbers.data(), name));
  return Items::of(name, std::move(numbers), from.cols);
}
}  // namespace

Result<Items> read_hdf5(const Source& source, const ReadOptions& options) {
  static std::mutex one_at_a_time;
  const std::lock_guard lock(one_at_a_time);
  const Quiet quiet;
  const std::string part = options.part.empty() ? "train" : options.part;
  const std::size_t size = source.bytes().size();
  QUIVER_TRY(const File file, open_file(source));
  QUIVER_TRY(const Metric metric, metric_of(file, options));
  QUIVER_TRY(Items items, vectors_of(file, part, metric, size));
  if (part != "test") return items;
  for (const char* name : {"neighbors", "distances"}) {
    if (H5Lexists(file.get(), name, H5P_DEFAULT) <= 0) continue;
    QUIVER_TRY(const Items lists, lists_of(file, name, size));
    QUIVER_TRY(items, items.beside(lists).within(fmt::format("test and {}", name)));
  }
  return items;
}

}  // namespace quiver
