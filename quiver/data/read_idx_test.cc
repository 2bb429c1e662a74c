#include "quiver/data/read_idx.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quiver/data/internal/testing.h"
#include "quiver/data/read_vectors.h"
#include "quiver/data/test_data.h"

namespace quiver {
namespace {
using internal::error_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string idx(char type, std::vector<std::uint32_t> shape, std::string_view values) {
  std::string bytes{0, 0, type, static_cast<char>(shape.size())};
  for (const std::uint32_t size : shape) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(size >> shift & 0xFF));
  }
  bytes += values;
  return bytes;
}
Result<Items> read(std::string bytes) { return read_idx(Source::of(std::move(bytes), "x.idx"), {}); }

TEST(Idx, ReadsImagesAndLabels) {
  const Items images = *read(idx(8, {2, 2, 2}, "abcdefgh"));
  const Rows rows = *images.rows("vectors");
  const auto view = std::get<TypedView>(rows.view());
  EXPECT_EQ(view.element, Element::U8);
  EXPECT_EQ(view.dims, 4u);
  EXPECT_EQ(view.bytes.row(1)[3], std::byte{'h'});
  EXPECT_THAT(*read(idx(8, {3}, "\1\2\3"))->numbers("label"), ElementsAre(1, 2, 3));
  const Items integers = *read(idx(0x0C, {1, 2}, std::string_view("\0\0\1\0\xFF\xFF\xFF\xFF", 8)));
  EXPECT_THAT(integers.rows("vectors")->dense()->row(0), ElementsAre(256, -1));
  const Items floats = *read(idx(0x0D, {1, 1}, std::string_view("\x3F\x80\0\0", 4)));
  EXPECT_THAT(floats.rows("vectors")->dense()->row(0), ElementsAre(1));
}

TEST(Idx, ErrorsSayWhatIsWrong) {
  EXPECT_THAT(error_of(read("")), HasSubstr("inside its idx header"));
  EXPECT_THAT(error_of(read("abcd")), HasSubstr("wrong magic"));
  EXPECT_THAT(error_of(read(idx(7, {1}, "a"))), HasSubstr("idx type is 0x07"));
  EXPECT_THAT(error_of(read(idx(8, {2, 2}, "abc"))), HasSubstr("2 x 2 values of 1 bytes, but 3 bytes follow"));
  EXPECT_THAT(error_of(read(idx(8, {0, 2}, ""))), HasSubstr("empty"));
  EXPECT_THAT(error_of(read(idx(8, {}, "a"))), HasSubstr("a single value"));
  EXPECT_THAT(error_of(read(std::string("\0\0\x08\x03\0\0", 6))), HasSubstr("inside its idx header"));
}

TEST(Idx, DamageNeverCrashes) {
  const std::string bytes = idx(8, {3, 2, 2}, "abcdefghijkl");
  EXPECT_GT(internal::read_damaged(
                bytes, [](const std::string& d) { return read(d); }, 6),
            27);
}

TEST(Idx, ReadsMnist) {
  QUIVER_REAL_DATA(const auto images, "mnist", "t10k-images-idx3-ubyte.gz");
  QUIVER_REAL_DATA(const auto labels, "mnist", "t10k-labels-idx1-ubyte.gz");
  const Rows rows = *read_vectors(images);
  EXPECT_EQ(rows.size(), 10'000u);
  EXPECT_EQ(rows.space().dims, 784u);
  const Items items = *read_items(labels, "", {});
  EXPECT_EQ(items.size(), 10'000u);
  EXPECT_THAT(items.numbers("label")->first(5), ElementsAre(7, 2, 1, 0, 4));
}

}  // namespace
}  // namespace quiver
