#include "quiver/data/read_hdf5.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hdf5.h>

#include <vector>

#include "quiver/core/file.h"
#include "quiver/data/dataset.h"
#include "quiver/data/internal/gzip_for_tests.h"
#include "quiver/data/internal/testing.h"
#include "quiver/data/read_vectors.h"

namespace quiver {
namespace {
using internal::error_of;
using internal::TestFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Writes files as ann-benchmarks does.
class Writer {
 public:
  explicit Writer(const std::filesystem::path& path)
      : file_(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT)) {}
  ~Writer() { H5Fclose(file_); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  void matrix(const char* name, hid_t type, std::vector<hsize_t> sizes, const void* values, bool packed = false) {
    const hid_t space = H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr);
    const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
    if (packed) {
      H5Pset_chunk(properties, static_cast<int>(sizes.size()), sizes.data());
      H5Pset_deflate(properties, 6);
    }
    const hid_t set = H5Dcreate2(file_, name, type, space, H5P_DEFAULT, properties, H5P_DEFAULT);
    EXPECT_GE(H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), 0);
    H5Dclose(set);
    H5Pclose(properties);
    H5Sclose(space);
  }
  void distance(const std::string& text, bool variable) {
    const hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
    H5Tset_size(type, variable ? H5T_VARIABLE : text.size());
    const hid_t attribute = H5Acreate2(file_, "distance", type, space, H5P_DEFAULT, H5P_DEFAULT);
    const char* pointer = text.c_str();
    EXPECT_GE(H5Awrite(attribute, type, variable ? static_cast<const void*>(&pointer) : pointer), 0);
    H5Aclose(attribute);
    H5Sclose(space);
    H5Tclose(type);
  }

 private:
  hid_t file_;
};

constexpr float kTrain[] = {1, 2, 3, 4, 5, 6}, kTest[] = {1, 2, 3};
constexpr std::int32_t kNeighbors[] = {0, 1};
constexpr float kDistances[] = {0, 27};

std::filesystem::path sample(const TestFolder& folder, bool packed = false) {
  const auto path = folder / "a.hdf5";
  Writer writer(path);
  writer.matrix("train", H5T_NATIVE_FLOAT, {2, 3}, kTrain, packed);
  writer.matrix("test", H5T_NATIVE_FLOAT, {1, 3}, kTest, packed);
  writer.matrix("neighbors", H5T_NATIVE_INT32, {1, 2}, kNeighbors);
  writer.matrix("distances", H5T_NATIVE_FLOAT, {1, 2}, kDistances);
  writer.distance("euclidean", true);
  return path;
}

TEST(Hdf5, ReadsTheLayoutOfAnnBenchmarks) {
  const TestFolder folder;
  for (const bool packed : {false, true}) {
    const auto path = sample(folder, packed);
    const Rows train = *read_vectors(path);
    EXPECT_EQ(train.size(), 2u);
    EXPECT_THAT(train.dense()->row(1), ElementsAre(4, 5, 6));
    EXPECT_EQ(train.space().metric, Metric::L2);
    const auto test = *Dataset::open(path.string() + "?part=test");
    EXPECT_THAT(test.items().only_rows()->dense()->row(0), ElementsAre(1, 2, 3));
    EXPECT_THAT((*test.items().number_lists("distances"))[0], ElementsAre(0, 27));
    EXPECT_THAT(read_integers(path)->values, ElementsAre(0, 1));
  }
}

TEST(Hdf5, ReadsPackedFilesFromMemory) {
  const TestFolder folder;
  const auto path = folder.write("b.hdf5.gz", internal::gzip(*read_file(sample(folder))));
  EXPECT_THAT(read_vectors(path)->dense()->row(0), ElementsAre(1, 2, 3));
}

TEST(Hdf5, TakesTheMetricFromTheFileOrTheSpec) {
  const TestFolder folder;
  for (const bool variable : {false, true}) {
    {
      Writer writer(folder / "c.h5");
      writer.matrix("train", H5T_NATIVE_DOUBLE, {1, 1}, std::vector<double>{1}.data());
      writer.distance("angular", variable);
    }
    EXPECT_EQ(read_vectors(folder / "c.h5")->space().metric, Metric::Cosine);
  }
  EXPECT_EQ(Dataset::open((folder / "c.h5").string() + "?metric=dot")->items().only_rows()->space().metric,
            Metric::Dot);
  {
    Writer writer(folder / "d.h5");
    writer.matrix("train", H5T_NATIVE_UINT8, {1, 3}, "\1\0\1");
    writer.distance("jaccard", true);
  }
  EXPECT_THAT(error_of(read_vectors(folder / "d.h5")), HasSubstr("its distance is 'jaccard'"));
  const Rows bits = *read_vectors(folder / "d.h5", {.metric = Metric::Hamming});
  EXPECT_EQ(std::get<TypedView>(bits.view()).element, Element::U8);
}

TEST(Hdf5, ErrorsSayWhatIsWrong) {
  const TestFolder folder;
  const auto path = sample(folder);
  EXPECT_THAT(error_of(Dataset::open(path.string() + "?part=trian")),
              HasSubstr("it has no matrix 'trian'; it holds distances, neighbors, test, train"));
  {
    Writer writer(folder / "e.h5");
    const std::vector<float> nan = {1, std::numeric_limits<float>::quiet_NaN()};
    writer.matrix("train", H5T_NATIVE_FLOAT, {1, 2}, nan.data());
    writer.matrix("flat", H5T_NATIVE_FLOAT, {2}, kTrain);
    writer.matrix("wide", H5T_NATIVE_INT32, {1, 2}, kNeighbors);
  }
  EXPECT_THAT(error_of(read_vectors(folder / "e.h5")), HasSubstr("row 0"));
  EXPECT_THAT(error_of(read_vectors(folder / "e.h5", {.part = "flat"})), HasSubstr("'flat' is not two-dimensional"));
  EXPECT_THAT(error_of(read_vectors(folder / "e.h5", {.part = "wide"})),
              HasSubstr("'wide' holds neither floats nor bytes"));
  EXPECT_THAT(error_of(read_vectors(folder.write("f.h5", std::string(kHdf5Mark) + "rest"))),
              HasSubstr("damaged or cut off"));
}

TEST(Hdf5, DamageNeverCrashes) {
  const TestFolder folder;
  const std::string bytes = *read_file(sample(folder));
  const auto read = [](const std::string& damaged) {
    return read_hdf5_within(Source::of(damaged, "x.hdf5"), {.part = "test"}, std::chrono::milliseconds(300));
  };
  int refused = 0;
  for (std::size_t size = 0; size < bytes.size(); size += 64)
    refused += read(bytes.substr(0, size)).has_value() ? 0 : 1;
  EXPECT_GT(refused, 10);
  Random random(13);
  for (int i = 0; i < 400; ++i) {
    std::string damaged = bytes;
    for (std::uint64_t n = 1 + random.below(3); n > 0; --n) {
      damaged[random.below(damaged.size())] = static_cast<char>(random.below(256));
    }
    const auto result = read(damaged);
    EXPECT_TRUE(result.has_value() || !result.error().message().empty());
  }
}

}  // namespace
}  // namespace quiver
