// Our own files: every truncation and every flipped byte is an Error, never a wrong answer.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "quiver/core/container.h"
#include "quiver/core/file.h"
#include "quiver/index/ground_truth.h"
#include "quiver/index/spec.h"
#include "tests/property/generate.h"

namespace quiver {
namespace {
using property::Folder;
using property::rows_of;

// Without the sync of write_file(): thousands of damaged copies.
void overwrite(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  ASSERT_TRUE(file.good());
}

void expect_every_damage_detected(const std::filesystem::path& path, const std::function<bool()>& opens) {
  ASSERT_TRUE(opens());
  const auto whole = read_file(path);
  ASSERT_TRUE(whole.has_value()) << whole.error().message();
  for (std::size_t size = 0; size < whole->size(); ++size) {
    overwrite(path, std::string_view(*whole).substr(0, size));
    EXPECT_FALSE(opens()) << "cut to " << size << " of " << whole->size() << " bytes";
  }
  for (std::size_t at = 0; at < whole->size(); ++at) {
    std::string flipped = *whole;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << (at % 8)));
    overwrite(path, flipped);
    EXPECT_FALSE(opens()) << "bit " << at % 8 << " of byte " << at << " flipped";
  }
}

TEST(Files, DamageToAnIndexIsDetected) {
  const Folder folder;
  quiver::Run run({.threads = 1});
  const Matrix base = rows_of(property::Shape::Normal, 3, 5, 1);
  const auto index = build_index(*IndexSpec::parse("flat + lvq(8) + rerank(f16)"), base.view(),
                                 {.id = "qv:1", .dims = 5, .metric = Metric::Cosine}, {}, run);
  ASSERT_TRUE(index.has_value()) << index.error().message();
  const std::uint32_t row = 1;
  ASSERT_TRUE((*index)->remove({&row, 1}).has_value());
  ASSERT_TRUE((*index)->save(folder / "a.qvi").has_value());
  expect_every_damage_detected(folder / "a.qvi", [&] { return open_index(folder / "a.qvi").has_value(); });
}

TEST(Files, DamageToAGraphIsDetected) {
  const Folder folder;
  quiver::Run run({.threads = 1});
  const Matrix base = rows_of(property::Shape::Normal, 3, 2, 4);
  const auto index = build_index(*IndexSpec::parse("graph(2,4)"), base.view(),
                                 {.id = "qv:1", .dims = 2, .metric = Metric::Cosine}, {}, run);
  ASSERT_TRUE(index.has_value()) << index.error().message();
  ASSERT_TRUE((*index)->save(folder / "g.qvi").has_value());
  expect_every_damage_detected(folder / "g.qvi", [&] { return open_index(folder / "g.qvi").has_value(); });
}

TEST(Files, DamageToAnInvertedFileIsDetected) {
  const Folder folder;
  quiver::Run run({.threads = 1});
  const Matrix base = rows_of(property::Shape::Normal, 3, 2, 4);
  const auto index = build_index(*IndexSpec::parse("ivf(2,2) + pq(4,4)"), base.view(),
                                 {.id = "qv:1", .dims = 2, .metric = Metric::Cosine}, {}, run);
  ASSERT_TRUE(index.has_value()) << index.error().message();
  ASSERT_TRUE((*index)->save(folder / "i.qvi").has_value());
  expect_every_damage_detected(folder / "i.qvi", [&] { return open_index(folder / "i.qvi").has_value(); });
}

// Files of indexes that rows came to and went from have sections that others have not.
struct Churned {
  const char* spec;
  std::size_t start, gone, more;
  std::vector<const char*> sections;  // that must be in the file
};
void PrintTo(const Churned& churned, std::ostream* out) { *out << churned.spec; }
class ChurnedFiles : public testing::TestWithParam<Churned> {};
INSTANTIATE_TEST_SUITE_P(
    Kinds, ChurnedFiles,
    testing::Values(Churned{"graph(2,4)", 10, 3, 2, {"graph/slots", "graph/free", "graph/churn", "graph/queries"}},
                    Churned{"hnsw(2,4)", 5, 2, 1, {"removed", "links/upper"}},
                    Churned{"ivf(2,2) + pq(4,4)", 4, 1, 2, {"removed"}},
                    Churned{"ivf(2,2) + lvq(8)", 4, 2, 2, {"removed", "ivf/added"}}),
    [](const auto& kind) {
      return std::string(kind.param.spec, std::strcspn(kind.param.spec, "(")) + std::to_string(kind.index);
    });

TEST_P(ChurnedFiles, DamageIsDetected) {
  const Churned& churned = GetParam();
  const Folder folder;
  quiver::Run run({.threads = 1});
  const Matrix base = rows_of(property::Shape::Normal, churned.start, 2, 4),
               more = rows_of(property::Shape::Normal, churned.more, 2, 5),
               queries = rows_of(property::Shape::Normal, 3, 2, 6);
  const auto index = build_index(*IndexSpec::parse(churned.spec), base.view(),
                                 {.id = "qv:1", .dims = 2, .metric = Metric::L2}, queries.view(), run);
  ASSERT_TRUE(index.has_value()) << index.error().message();
  for (std::uint32_t row = 0; row < churned.gone; ++row) ASSERT_TRUE((*index)->remove({&row, 1}).has_value());
  ASSERT_TRUE((*index)->add(more.view()).has_value());
  const std::filesystem::path path = folder / "churned.qvi";
  ASSERT_TRUE((*index)->save(path).has_value());
  {
    const auto file = Container::open(path, "index", 2);
    ASSERT_TRUE(file.has_value()) << file.error().message();
    for (const char* section : churned.sections) EXPECT_TRUE(file->has(section)) << section;
  }
  expect_every_damage_detected(path, [&] { return open_index(path).has_value(); });
}

TEST(Files, DamageToInvertedListsIsDetected) {
  const Folder folder;
  quiver::Run run({.threads = 1});
  SparseRows rows;
  rows.dims = 4;
  rows.offsets = {0, 2, 3};
  rows.terms = {0, 3, 2};
  rows.weights = {1, 2, 3};
  const auto index =
      build_index(*IndexSpec::parse("sparse"), rows.view(), {.id = "", .dims = 4, .metric = Metric::Dot}, {}, run);
  ASSERT_TRUE(index.has_value()) << index.error().message();
  ASSERT_TRUE((*index)->save(folder / "s.qvi").has_value());
  expect_every_damage_detected(folder / "s.qvi", [&] { return open_index(folder / "s.qvi").has_value(); });
}

TEST(Files, DamageToCodesIsDetected) {
  const Folder folder;
  quiver::Run run({.threads = 1});
  const Matrix base = rows_of(property::Shape::Normal, 3, 4, 2);
  for (const char* spec : {"f16", "lvq(4)", "lvq(4,8)", "sq(4)", "pq(2,4)", "opq(2,4)", "grvq(2,1)", "rabitq(1)",
                           "binary", "itq", "prefix(3) + lvq(8,8)", "random(2) + lvq(8)"}) {
    SCOPED_TRACE(spec);
    const auto quantizer = make_quantizer(*QuantizerSpec::parse(spec), {.id = "", .dims = 4, .metric = Metric::L2});
    ASSERT_TRUE(quantizer.has_value());
    ASSERT_TRUE((*quantizer)->fit(base.view(), {}, run).has_value());
    const auto codes = (*quantizer)->encode(base.view(), run);
    ASSERT_TRUE(codes.has_value());
    ContainerWriter writer("codes");
    (*codes)->save(writer, "");
    ASSERT_TRUE(writer.save(folder / "c.qv").has_value());
    expect_every_damage_detected(folder / "c.qv", [&] {
      const auto file = Container::open(folder / "c.qv", "codes");
      return file.has_value() && load_codes(*file, "").has_value();
    });
  }
}

TEST(Files, DamageToGroundTruthIsDetected) {
  const Folder folder;
  const GroundTruth truth{{2, {{4, 0.5F}, {1, 0.75F}}, {2}}};
  ASSERT_TRUE(truth.save(folder / "t.qvg").has_value());
  expect_every_damage_detected(folder / "t.qvg", [&] { return GroundTruth::open(folder / "t.qvg").has_value(); });
}

}  // namespace
}  // namespace quiver
