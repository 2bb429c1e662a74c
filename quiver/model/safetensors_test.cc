#include "quiver/model/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <limits>

#include "quiver/core/file.h"
#include "quiver/core/random.h"
#include "quiver/core/temporary_folder.h"

namespace quiver {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;

class SafetensorsFile : public testing::Test {
 protected:
  std::filesystem::path at(const std::string& name) const { return folder_.path() / name; }
  // A file of this header and these numbers; `claimed`: the header's length as the file tells it.
  std::filesystem::path write(const std::string& header, const std::string& data, std::uint64_t claimed) const {
    std::string bytes(sizeof claimed, '\0');
    std::memcpy(bytes.data(), &claimed, sizeof claimed);
    const auto path = at("crafted.safetensors");
    EXPECT_TRUE(write_file(path, bytes + header + data).has_value());
    return path;
  }
  Result<Safetensors> open(const std::string& header, const std::string& data) const {
    return Safetensors::open(write(header, data, header.size()));
  }
  void expect_corrupt(const std::string& header, const std::string& data, const std::string& message) const {
    const auto file = open(header, data);
    ASSERT_FALSE(file.has_value()) << header;
    EXPECT_EQ(file.error().code(), Code::Corruption) << file.error().message();
    EXPECT_THAT(file.error().message(), HasSubstr("crafted.safetensors"));
    EXPECT_THAT(file.error().message(), HasSubstr(message));
  }

 private:
  TemporaryFolder folder_;
};

template <class T>
std::string bytes_of_values(std::initializer_list<T> values) {
  std::string out(values.size() * sizeof(T), '\0');
  std::memcpy(out.data(), values.begin(), out.size());
  return out;
}
std::vector<float> floats(const Tensor& tensor) {
  std::vector<float> out(tensor.count());
  std::memcpy(out.data(), tensor.bytes.data(), tensor.bytes.size());
  return out;
}

TEST_F(SafetensorsFile, WhatIsWrittenIsReadBack) {
  Weights weights;
  Matrix matrix(2, 3);
  for (std::size_t i = 0; i < 6; ++i) matrix.row(i / 3)[i % 3] = static_cast<float>(i) - 2.5F;
  const std::vector<float> bias{7};
  const std::vector<std::uint16_t> halves{0x3c00, 0xc000, 0x0001};        // 1, -2 and the least half
  ASSERT_TRUE(weights.add("text", std::string_view("odd")).has_value());  // three bytes: must not misalign the floats
  ASSERT_TRUE(weights.add("a/matrix", matrix.view()).has_value());
  ASSERT_TRUE(weights.add("bias", bias).has_value());
  ASSERT_TRUE(weights.add("halves", Tensor{Element::F16, {3}, std::as_bytes(std::span(halves)), {}}).has_value());
  ASSERT_TRUE(write_safetensors(at("w.safetensors"), weights, {{"made", "here"}}).has_value());

  const auto file = Safetensors::open(at("w.safetensors"));
  ASSERT_TRUE(file.has_value()) << file.error().message();
  EXPECT_THAT(file->metadata(), ElementsAre(std::pair<const std::string, std::string>{"made", "here"}));
  EXPECT_EQ(file->entries().size(), 4u);
  for (const auto& [name, wanted] : weights.tensors()) {
    const auto found = file->tensor(name);
    ASSERT_TRUE(found.has_value()) << found.error().message();
    EXPECT_EQ(found->element, wanted.element) << name;
    EXPECT_EQ(found->shape, wanted.shape) << name;
    ASSERT_EQ(found->bytes.size(), wanted.bytes.size()) << name;
    EXPECT_EQ(std::memcmp(found->bytes.data(), wanted.bytes.data(), wanted.bytes.size()), 0) << name;
    EXPECT_EQ(found->owner.get(), file->entries().find(name)->second.owner.get()) << name << " was copied";
  }
}

TEST_F(SafetensorsFile, NothingIsAFileToo) {
  ASSERT_TRUE(write_safetensors(at("none.safetensors"), Weights(), {}).has_value());
  const auto file = Safetensors::open(at("none.safetensors"));
  ASSERT_TRUE(file.has_value()) << file.error().message();
  EXPECT_TRUE(file->entries().empty());
  EXPECT_TRUE(file->metadata().empty());
}

TEST_F(SafetensorsFile, OtherTypesConvertOrAreRefused) {
  const auto file = open(R"({"d":{"dtype":"F64","shape":[2],"data_offsets":[0,16]},)"
                         R"("i":{"dtype":"I64","shape":[1,2],"data_offsets":[16,32]},)"
                         R"("n":{"dtype":"I32","shape":[],"data_offsets":[32,36]},)"
                         R"("u":{"dtype":"U8","shape":[1],"data_offsets":[36,37]},)"
                         R"("f":{"dtype":"F32","shape":[1],"data_offsets":[37,41]}})",
                         bytes_of_values({0.5, -3.0}) + bytes_of_values<std::int64_t>({-1, 1LL << 40}) +
                             bytes_of_values({7}) + "\x05" + bytes_of_values({2.5F}));
  ASSERT_TRUE(file.has_value()) << file.error().message();
  EXPECT_THAT(floats(*file->tensor("d")), ElementsAre(0.5F, -3.0F));
  EXPECT_THAT(floats(*file->tensor("f")), ElementsAre(2.5F));  // at an odd place: copied
  EXPECT_THAT(*file->integers("i"), ElementsAre(-1, std::int64_t{1} << 40));
  EXPECT_THAT(*file->integers("n"), ElementsAre(7));
  EXPECT_THAT(*file->integers("u"), ElementsAre(5));
  EXPECT_THAT(file->tensor("i").error().message(), HasSubstr("tensor 'i' is I64 (1, 2); weights are kept as f32"));
  EXPECT_EQ(file->tensor("i").error().code(), Code::Unsupported);
  EXPECT_THAT(file->integers("d").error().message(), HasSubstr("F64 (2), no whole numbers"));
  EXPECT_EQ(file->tensor("x").error().code(), Code::NotFound);
}

TEST_F(SafetensorsFile, AMissingTensorNamesTheNearest) {
  const auto file = open(R"({"layer.weight":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}})", "");
  ASSERT_TRUE(file.has_value()) << file.error().message();
  EXPECT_THAT(file->tensor("layer.weigth").error().message(), HasSubstr("the nearest is 'layer.weight'"));
}

TEST_F(SafetensorsFile, LiesAboutSizesAreNamed) {
  const std::string four(4, '\0'), eight(8, '\0');
  const std::string a = R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  EXPECT_THAT(Safetensors::open(write("{}", "", 1000)).error().message(),
              HasSubstr("claims 1000 bytes, the file has 2"));
  EXPECT_THAT(Safetensors::open(write("{}", "", std::numeric_limits<std::uint64_t>::max())).error().message(),
              HasSubstr("cut short or no safetensors file"));
  ASSERT_TRUE(write_file(at("short.safetensors"), "abc").has_value());
  EXPECT_THAT(Safetensors::open(at("short.safetensors")).error().message(), HasSubstr("it has 3 bytes"));
  expect_corrupt("{" + a + "}", "", "tensor 'a': its numbers end at byte 4, the file holds 0");
  expect_corrupt("{" + a + "}", eight, "the last 4 bytes of the file belong to no tensor");
  expect_corrupt(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", eight, "bytes 0 .. 3 before tensor 'a'");
  expect_corrupt(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", four, "takes 8 bytes");
  expect_corrupt(R"({"a":{"dtype":"F32","shape":[18446744073709551615,2],"data_offsets":[0,4]}})", four,
                 "larger than any file");
  expect_corrupt("{" + a + R"(,"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}})", four + "ab",
                 "tensors 'a' and 'b' overlap");
  expect_corrupt("{" + a + R"(,"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", four, "overlap");
  expect_corrupt(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", four, "[4, 0]");
  expect_corrupt(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}})", four, "[0]");
  expect_corrupt("{" + a + "," + a + "}", four, "names tensor 'a' twice");
}

TEST_F(SafetensorsFile, HeadersThatAreNoHeadersAreNamed) {
  const std::string four(4, '\0');
  expect_corrupt("{\"a\":", "", "its header is no JSON");
  expect_corrupt("[1]", "", "a JSON array");
  expect_corrupt(R"({"a":3})", "", "tensor 'a': the header gives it no dtype");
  expect_corrupt(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", four, "its shape is not a list");
  expect_corrupt(R"({"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}})", four, "its shape is not a list");
  expect_corrupt(R"({"a":{"dtype":"F32","data_offsets":[0,4]}})", four, "its shape is not a list");
  expect_corrupt(R"({"a":{"dtype":"F32","shape":[1]}})", four, "its data_offsets is not a list");
  const auto unknown = open(R"({"a":{"dtype":"F4","shape":[8],"data_offsets":[0,4]}})", four);
  EXPECT_EQ(unknown.error().code(), Code::Unsupported);
  EXPECT_THAT(unknown.error().message(), HasSubstr("tensor 'a' is of type 'F4'"));
  EXPECT_EQ(Safetensors::open(at("nosuch.safetensors")).error().code(), Code::NotFound);
}

TEST_F(SafetensorsFile, NumbersThatAreNoneAreNamed) {
  const auto file = open(R"({"bad":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},)"
                         R"("worse":{"dtype":"F64","shape":[1],"data_offsets":[8,16]}})",
                         bytes_of_values({1.0F, std::numeric_limits<float>::quiet_NaN()}) + bytes_of_values({1e300}));
  ASSERT_TRUE(file.has_value()) << file.error().message();
  EXPECT_EQ(file->tensor("bad").error().code(), Code::Corruption);
  EXPECT_THAT(file->tensor("bad").error().message(), HasSubstr("tensor 'bad'"));
  EXPECT_THAT(file->tensor("bad").error().message(), HasSubstr("row 0, column 1 is NaN or infinite"));
  EXPECT_THAT(file->tensor("worse").error().message(), HasSubstr("tensor 'worse'"));  // infinite once it is a float
}

TEST_F(SafetensorsFile, EveryTruncationIsNoticed) {
  Weights weights;
  const std::vector<float> numbers{1, 2, 3};
  ASSERT_TRUE(weights.add("numbers", numbers).has_value());
  ASSERT_TRUE(write_safetensors(at("w.safetensors"), weights).has_value());
  const std::string whole = *read_file(at("w.safetensors"));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    ASSERT_TRUE(write_file(at("cut.safetensors"), std::string_view(whole).substr(0, size)).has_value());
    EXPECT_EQ(Safetensors::open(at("cut.safetensors")).error().code(), Code::Corruption) << size;
  }
}

TEST_F(SafetensorsFile, AFlippedBitGivesAnErrorOrNumbersThatAreThere) {
  constexpr std::uint64_t kSeed = 5;
  Random random(kSeed);
  Weights weights;
  const std::vector<float> numbers{1, 2, 3};
  ASSERT_TRUE(weights.add("numbers", numbers).has_value());
  ASSERT_TRUE(weights.add("text", std::string_view("words")).has_value());
  ASSERT_TRUE(write_safetensors(at("w.safetensors"), weights).has_value());
  const std::string whole = *read_file(at("w.safetensors"));
  for (int turn = 0; turn < 200; ++turn) {
    std::string bytes = whole;
    for (std::uint64_t flips = 1 + random.below(3); flips > 0; --flips) {
      char& byte = bytes[random.below(bytes.size())];
      byte = static_cast<char>(byte ^ (1 << random.below(8)));
    }
    ASSERT_TRUE(write_file(at("flipped.safetensors"), bytes).has_value());
    const auto file = Safetensors::open(at("flipped.safetensors"));
    if (!file.has_value()) {
      EXPECT_FALSE(file.error().message().empty());
      continue;
    }
    for (const auto& [name, entry] : file->entries()) {  // whatever is read lies inside of the file
      const auto tensor = file->tensor(name);
      if (!tensor.has_value()) continue;
      EXPECT_LE(tensor->bytes.size(), whole.size()) << "seed " << kSeed << ", turn " << turn;
    }
  }
}

TEST_F(SafetensorsFile, AnIndexJoinsItsFiles) {
  Weights first, second;
  const std::vector<float> one{1}, two{2};
  ASSERT_TRUE(first.add("one", one).has_value());
  ASSERT_TRUE(second.add("two", two).has_value());
  ASSERT_TRUE(write_safetensors(at("m-1.safetensors"), first).has_value());
  ASSERT_TRUE(write_safetensors(at("m-2.safetensors"), second).has_value());
  const auto index = at("model.safetensors.index.json");
  const auto open_index = [&](const std::string& map) {
    EXPECT_TRUE(write_file(index, R"({"metadata": {}, "weight_map": )" + map + "}").has_value());
    return Safetensors::open(index);
  };
  const auto both = open_index(R"({"one": "m-1.safetensors", "two": "m-2.safetensors"})");
  ASSERT_TRUE(both.has_value()) << both.error().message();
  EXPECT_THAT(floats(*both->tensor("one")), ElementsAre(1.0F));
  EXPECT_THAT(floats(*both->tensor("two")), ElementsAre(2.0F));
  EXPECT_THAT(open_index(R"({"one": "m-2.safetensors"})").error().message(),
              HasSubstr("tensor 'one' is said to be in m-2.safetensors, which lacks it"));
  EXPECT_THAT(open_index(R"({"one": "../m-1.safetensors"})").error().message(), HasSubstr("no file beside the index"));
  EXPECT_EQ(open_index(R"({"one": "m-3.safetensors"})").error().code(), Code::NotFound);
  ASSERT_TRUE(write_file(index, "{}").has_value());
  EXPECT_THAT(Safetensors::open(index).error().message(), HasSubstr("weight_map"));
}

}  // namespace
}  // namespace quiver
