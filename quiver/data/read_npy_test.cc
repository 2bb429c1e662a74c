#include "quiver/data/read_npy.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "quiver/data/internal/testing.h"
#include "quiver/data/read_vectors.h"

namespace quiver {
namespace {
using internal::error_of;
using internal::TestFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string npy(std::string_view header, std::string_view values, char major = 1) {
  std::string bytes(kNpyMark);
  bytes += {major, 0};
  const auto size = static_cast<std::uint32_t>(header.size());
  bytes.append(reinterpret_cast<const char*>(&size), major == 1 ? 2 : 4);
  bytes += header;
  bytes += values;
  return bytes;
}
std::string header(std::string_view descr, std::string_view shape, bool fortran = false) {
  return fmt::format("{{'descr': '{}', 'fortran_order': {}, 'shape': {}, }}\n", descr, fortran ? "True" : "False",
                     shape);
}
template <class T>
std::string raw(std::initializer_list<T> values, bool swap = false) {
  std::string bytes;
  for (T value : values) {
    std::string one(reinterpret_cast<const char*>(&value), sizeof(T));
    if (swap) std::ranges::reverse(one);
    bytes += one;
  }
  return bytes;
}
Result<Items> read(std::string bytes) { return read_npy(Source::of(std::move(bytes), "test.npy"), {}); }
std::vector<float> second_row(const Items& items) {
  const Rows rows = *items.rows("vectors");
  const RowsView view = rows.view();
  const Matrix floats = std::holds_alternative<TypedView>(view) ? to_float(std::get<TypedView>(view))
                                                                : Matrix::copy_of(std::get<MatrixView>(view));
  return {floats.row(1).begin(), floats.row(1).end()};
}
Element element_of(const Items& items) {
  const RowsView view = items.rows("vectors")->view();
  return std::holds_alternative<TypedView>(view) ? std::get<TypedView>(view).element : Element::F32;
}

TEST(Npy, ReadsEveryType) {
  const auto check = [](const std::string& descr, const std::string& values, Element element) {
    const auto items = read(npy(header(descr, "(2, 2)"), values));
    ASSERT_TRUE(items.has_value()) << descr << ": " << items.error().message();
    EXPECT_EQ(element_of(*items), element) << descr;
    EXPECT_THAT(second_row(*items), ElementsAre(3, 4)) << descr;
  };
  check("<f4", raw<float>({1, 2, 3, 4}), Element::F32);
  check(">f4", raw<float>({1, 2, 3, 4}, true), Element::F32);
  check("<f8", raw<double>({1, 2, 3, 4}), Element::F32);
  check("<f2", raw<std::uint16_t>({0x3C00, 0x4000, 0x4200, 0x4400}), Element::F16);
  check(">f2", raw<std::uint16_t>({0x3C00, 0x4000, 0x4200, 0x4400}, true), Element::F16);
  check("|i1", raw<std::int8_t>({-1, 2, 3, 4}), Element::I8);
  check("|u1", raw<std::uint8_t>({255, 2, 3, 4}), Element::U8);
  check("<i2", raw<std::int16_t>({-1, 2, 3, 4}), Element::F32);
  check(">i4", raw<std::int32_t>({-1, 2, 3, 4}, true), Element::F32);
  check("<i4", raw<std::int32_t>({1 << 24, -(1 << 24), 3, 4}), Element::F32);
  check("<i8", raw<std::int64_t>({-1, 2, 3, 4}), Element::F32);
  check("<u8", raw<std::uint64_t>({1, 2, 3, 4}), Element::F32);
}

TEST(Npy, ReadsOrdersVersionsAndShapes) {
  EXPECT_THAT(second_row(*read(npy(header("<f4", "(2, 3)", true), raw<float>({1, 2, 3, 4, 5, 6})))),
              ElementsAre(2, 4, 6));
  EXPECT_THAT(second_row(*read(npy(header("|u1", "(2, 2)", true), raw<std::uint8_t>({1, 2, 3, 4})))),
              ElementsAre(2, 4));
  EXPECT_THAT(second_row(*read(npy(header("<f4", "(2, 1)"), raw<float>({1, 2}), 2))), ElementsAre(2));
  EXPECT_THAT(second_row(*read(npy(header("<f4", "(2, 1)"), raw<float>({1, 2}), 3))), ElementsAre(2));
  EXPECT_THAT(second_row(*read(npy(header("<f4", "(2, 1, 2)"), raw<float>({1, 2, 3, 4})))), ElementsAre(3, 4));
  EXPECT_THAT(
      second_row(*read(npy("{\"shape\":(2L,1L),\"descr\":\"<f4\",\"fortran_order\":False}", raw<float>({1, 2})))),
      ElementsAre(2));
  const Items numbers = *read(npy(header("<i8", "(3,)"), raw<std::int64_t>({5, -6, 7})));
  EXPECT_THAT(*numbers.numbers("value"), ElementsAre(5, -6, 7));
}

TEST(Npy, ErrorsSayWhatIsWrong) {
  const std::string four = raw<float>({1, 2, 3, 4});
  EXPECT_THAT(error_of(read("not numpy")), HasSubstr("wrong magic"));
  EXPECT_THAT(error_of(read(std::string(kNpyMark))), HasSubstr("inside its npy header"));
  EXPECT_THAT(error_of(read(npy(header("<f4", "(2, 2)"), four, 9))), HasSubstr("version 9.0"));
  EXPECT_THAT(error_of(read(npy(header("<c8", "(2, 2)"), four))), HasSubstr("of type '<c8'"));
  EXPECT_THAT(error_of(read(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (4,)}", four))),
              HasSubstr("structured"));
  EXPECT_THAT(error_of(read(npy("{'shape': (4,)}", four))), HasSubstr("not understood"));
  EXPECT_THAT(error_of(read(npy("{'descr': '<f4', 'descr': '<f4'}", four))), HasSubstr("not understood"));
  EXPECT_THAT(error_of(read(npy("__import__('os')", four))), HasSubstr("not understood"));
  EXPECT_THAT(error_of(read(npy(header("<f4", "(2, 3)"), four))),
              HasSubstr("2 x 3 values of 4 bytes, but 16 bytes follow"));
  EXPECT_THAT(error_of(read(npy(header("<f4", "(2, 1)"), four))), HasSubstr("16 bytes follow"));
  EXPECT_THAT(error_of(read(npy(header("<f4", "()"), four))), HasSubstr("a single value"));
  EXPECT_THAT(error_of(read(npy(header("<f4", "(0, 4)"), ""))), HasSubstr("empty"));
  EXPECT_THAT(error_of(read(npy(header("<f4", "(4, 0)"), ""))), HasSubstr("dimension 0"));
  EXPECT_THAT(error_of(read(npy(header("<f4", "(3, 6148914691236517206)"), four))), HasSubstr("values"));
  EXPECT_THAT(error_of(read(npy(header("<f4", "(2, 9223372036854775808, 9223372036854775808)"), four))),
              HasSubstr("overflows"));
  EXPECT_THAT(error_of(read(npy(header("<f4", "(5000000000, 1)"), four))), HasSubstr("5000000000 rows, more than"));
  EXPECT_THAT(error_of(read(npy(header("<f4", "(1, 2, 2)", true), four))),
              HasSubstr("Fortran order with more than two"));
}

TEST(Npy, ErrorsNameRowAndColumn) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(error_of(read(npy(header("<f4", "(2, 2)"), raw<float>({1, 2, 3, nan})))),
              HasSubstr("row 1, column 1 is nan"));
  EXPECT_THAT(error_of(read(npy(header("<f8", "(1, 2)"), raw<double>({1, 1e300})))),
              HasSubstr("column 1 is 1e+300, too large"));
  EXPECT_THAT(error_of(read(npy(header("<f2", "(1, 2)"), raw<std::uint16_t>({0x3C00, 0x7C00})))),
              HasSubstr("row 0, column 1 is infinite"));
  EXPECT_THAT(error_of(read(npy(header("<i4", "(1, 2)"), raw<std::int32_t>({1, (1 << 24) + 1})))),
              HasSubstr("column 1 is 16777217, which a float vector cannot hold exactly"));
  EXPECT_THAT(error_of(read(npy(header("<f8", "(1,)"), raw<double>({std::numeric_limits<double>::infinity()})))),
              HasSubstr("value 0 is inf"));
  EXPECT_THAT(error_of(read(npy(header("<i8", "(1,)"), raw<std::int64_t>({(std::int64_t{1} << 60) + 1})))),
              HasSubstr("cannot hold exactly"));
}

TEST(Npy, SurvivesWritingAndReading) {
  const TestFolder folder;
  for (const Element element : {Element::F32, Element::F16, Element::I8, Element::U8}) {
    Matrix matrix(5, 7);
    for (std::size_t i = 0; i < 35; ++i) matrix.row(i / 7)[i % 7] = static_cast<float>(i);
    const Rows rows = Rows::dense(*to_element(matrix.view(), element), {});
    ASSERT_TRUE(write_vectors(folder / "a.npy", rows).has_value());
    const Items back = *read_items(folder / "a.npy", "", {});
    EXPECT_EQ(element_of(back), element);
    EXPECT_THAT(second_row(back), ElementsAre(7, 8, 9, 10, 11, 12, 13));
    EXPECT_EQ(*back.hashes(), *Items::of("vectors", rows).hashes());
  }
  EXPECT_THAT(error_of(write_vectors(folder / "b.npy", Rows::dense(TypedMatrix(Element::Bit, 1, 8), {}))),
              HasSubstr("npy has no type for bit values"));
  const std::int32_t values[] = {1, -2, 2147483647, 4};
  ASSERT_TRUE(write_integers(folder / "t.npy", {values, 2, 2, 2}).has_value());
  EXPECT_THAT(read_integers(folder / "t.npy")->values, ElementsAre(1, -2, 2147483647, 4));
}

TEST(Npy, IntegersOfEveryWidthAreNeighbours) {
  const TestFolder folder;
  const auto integers = [&](const std::string& bytes) { return read_integers(folder.write("t.npy", bytes)); };
  EXPECT_THAT(integers(npy(header("<i8", "(1, 2)"), raw<std::int64_t>({5, 6})))->values, ElementsAre(5, 6));
  EXPECT_THAT(integers(npy(header("|u1", "(2, 1)", true), raw<std::uint8_t>({5, 255})))->values, ElementsAre(5, 255));
  EXPECT_THAT(error_of(integers(npy(header("<i8", "(1, 1)"), raw<std::int64_t>({std::int64_t{1} << 40})))),
              HasSubstr("is 1099511627776, which is no 32-bit integer"));
  EXPECT_THAT(error_of(integers(npy(header("<f4", "(1, 1)"), raw<float>({1})))), HasSubstr("floating-point"));
  EXPECT_THAT(error_of(integers(npy(header("<i4", "(1,)"), raw<std::int32_t>({1})))), HasSubstr("need two"));
}

TEST(Npy, MoreRowsThanU32AreRefusedBeforeTheyAreRead) {
  const TestFolder folder;
  const std::string head = npy(header("|u1", "(4294967295, 1)"), "");
  const auto path = folder.write("huge.npy", head);
  std::filesystem::resize_file(path, head.size() + 4294967295u);  // sparse: takes no space
  EXPECT_THAT(error_of(read_items(path, "", {})), HasSubstr("4294967295 rows, more than row numbers of 32 bits"));
}

TEST(Npy, DamageNeverCrashes) {
  const std::string bytes = npy(header("<f4", "(2, 3)"), raw<float>({1, 2, 3, 4, 5, 6}));
  EXPECT_GT(internal::read_damaged(
                bytes, [](const std::string& d) { return read(d); }, 4),
            80);
}

}  // namespace
}  // namespace quiver
