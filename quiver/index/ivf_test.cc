#include "quiver/index/ivf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "quiver/core/file.h"
#include "quiver/core/metric.h"
#include "quiver/core/temporary_folder.h"
#include "quiver/index/internal/index_testing.h"

namespace quiver {
namespace {
using internal::all_alike;
using internal::all_hits;
using internal::clustered;
using internal::hits_of;
using internal::kQueries;
using internal::kSeed;
using internal::made;
using internal::opened_with;
using internal::recall_beside;
using internal::space_of;
using testing::HasSubstr;

// Lists in either form, and what decides their order in the end.
constexpr const char* kForms[] = {"ivf(40)", "ivf(40) + pq(12,4) + rerank(lvq(8))", "ivf(40) + lvq(8)",
                                  "ivf(40) + lvq(4) + rerank(f16)"};
// A scan of the codes that order the hits of a form in the end.
const char* scan_of(std::string_view form) {
  return form.find("lvq(8)") != std::string_view::npos ? "flat + lvq(8)" : "flat + f16";
}

TEST(Ivf, FindsWhatAScanFinds) {
  struct {
    std::size_t dims, rows;
  } const shapes[] = {{3, 3000}, {17, 5000}, {64, 4000}, {200, 3000}};
  for (const auto [dims, rows] : shapes) {
    for (const Metric metric : {Metric::L2, Metric::Dot, Metric::Cosine}) {
      Matrix base = clustered(rows, dims, kSeed);
      const Matrix queries = clustered(100, dims, kSeed, kQueries);
      if (metric == Metric::Dot) {  // lengths that vary forty times over
        for (std::size_t i = 0; i < rows; ++i) {
          Random random(kSeed, i);
          const float scale = std::exp2(static_cast<float>(random.uniform()) * std::log2(40.0F)) / 8;
          for (float& x : base.row(i)) x *= scale;
        }
      }
      const auto index = made("ivf", base.view(), metric);
      const auto exact = made("flat + f16", base.view(), metric);
      const std::string what = std::string(name_of(metric)) + ", " + std::to_string(dims) + " dims";
      SearchStats stats;
      all_hits(*index, queries.view(), {.k = 10}, &stats);
      EXPECT_EQ(stats.plan, "inverted lists") << what;
      EXPECT_GE(recall_beside(*index, *exact, queries.view(), {.k = 10}), 0.9) << what;
      EXPECT_GE(recall_beside(*index, *exact, queries.view(), {.k = 10, .recall = 0.99F}), 0.975) << what;
      EXPECT_GE(recall_beside(*index, *exact, queries.view(), {.k = 100, .recall = 0.99F}),
                metric == Metric::Dot ? 0.75 : 0.87)
          << what;  // recall is measured at 10: a hundred products lie closer together
      EXPECT_GE(recall_beside(*index, *exact, queries.view(), {.k = 1, .recall = 0.99F}), 0.96) << what;
    }
  }
}

TEST(Ivf, HoldsAnyCodes) {
  const Matrix base = clustered(2500, 24, kSeed), queries = clustered(60, 24, kSeed, kQueries);
  for (const char* codes : {"f32", "f16", "bf16", "lvq(8)", "sq(8)", "pq(6)", "opq(6,4)", "rq(2)", "rabitq(4)",
                            "lvq(4,8)", "pca(16) + lvq(8)"}) {
    const auto index = made((std::string("ivf(30) + ") + codes).c_str(), base.view(), Metric::L2);
    const auto same = made((std::string("flat + ") + codes).c_str(), base.view(), Metric::L2);
    // A quarter of the lists hold nearly all that a scan of the same codes finds; all of them everything.
    EXPECT_GE(recall_beside(*index, *same, queries.view(), {.k = 10, .effort = 8}), 0.85) << codes;
    const Hits all = all_hits(*index, queries.view(), {.k = 10, .effort = 30});
    EXPECT_GE(GroundTruth{all_hits(*same, queries.view(), {.k = 10})}.recall(all, 10), 0.999) << codes;
    const auto exact = made("flat", base.view(), Metric::L2);
    const auto finer = made((std::string("ivf(30) + ") + codes + " + rerank(f32)").c_str(), base.view(), Metric::L2);
    EXPECT_GE(recall_beside(*finer, *exact, queries.view(), {.k = 10, .recall = 0.99F}), 0.95) << codes;
  }
}

TEST(Ivf, TakesEveryElementType) {
  Matrix base = clustered(2000, 24, kSeed), queries = clustered(60, 24, kSeed, kQueries);
  for (Matrix* rows : {&base, &queries}) {
    for (std::size_t i = 0; i < rows->rows(); ++i) {
      for (float& x : rows->row(i)) x = std::clamp(std::round(60 + 20 * x), 0.0F, 127.0F);
    }
  }
  const auto exact = made("flat", base.view(), Metric::L2);
  for (const Element element : {Element::F16, Element::Bf16, Element::I8, Element::U8}) {
    const auto typed_base = to_element(base.view(), element);
    ASSERT_TRUE(typed_base.has_value());
    const auto index = made("ivf", typed_base->view(), Metric::L2);
    const auto typed_queries = to_element(queries.view(), element);
    EXPECT_GE(recall_beside(*index, *exact, queries.view(), {.k = 10, .recall = 0.99F}), 0.97) << name_of(element);
    EXPECT_EQ(all_hits(*index, typed_queries->view(), {.k = 10}).hits, all_hits(*index, queries.view(), {.k = 10}).hits)
        << name_of(element);
    ASSERT_TRUE(index->add(typed_queries->view()).has_value());
    EXPECT_EQ(index->size(), 2060U);
  }
}

TEST(Ivf, ChoosesWhatIsLeftOpen) {
  const Matrix base = clustered(900, 24, kSeed);
  EXPECT_EQ(made("ivf(20,16)", base.view(), Metric::L2)->spec(), "ivf(20,16) + pq(12,4) + rerank(f16)");
  EXPECT_EQ(made("ivf(20,16) + pq(8,4)", base.view(), Metric::L2)->spec(), "ivf(20,16) + pq(8,4) + rerank(f16)");
  EXPECT_EQ(made("ivf(20,16) + lvq(8)", base.view(), Metric::L2)->spec(), "ivf(20,16) + lvq(8)");
  EXPECT_EQ(made("ivf(20,16) + rerank(f32)", base.view(), Metric::L2)->spec(), "ivf(20,16) + pq(12,4) + rerank(f32)");
  const auto open = IndexSpec::parse("ivf");
  const auto chosen = IndexSpec::parse(made("ivf", base.view(), Metric::L2)->spec());
  EXPECT_EQ(chosen->arguments[0], 30U) << "lists, of 900 rows";
  EXPECT_TRUE(open->allows(*chosen));
  EXPECT_FALSE(chosen->allows(*open));
  EXPECT_FALSE(IndexSpec::parse("ivf(31)")->allows(*chosen));
}

TEST(Ivf, EveryNumberOfRows) {
  for (const char* spec : {"ivf", "ivf(5) + f16"}) {
    for (const Metric metric : {Metric::L2, Metric::Dot, Metric::Cosine}) {
      for (const std::size_t rows : {1U, 2U, 3U, 31U, 32U, 33U, 65U}) {
        for (const std::size_t dims : {1U, 2U, 5U, 70U}) {
          const std::string what =
              std::to_string(rows) + " rows of " + std::to_string(dims) + ", " + std::string(name_of(metric));
          const Matrix base = clustered(rows, dims, kSeed), queries = clustered(4, dims, kSeed, kQueries);
          const auto index = made(spec, base.view(), metric);
          const auto exact = made("flat + f16", base.view(), metric);
          for (const std::uint32_t k : {1U, 10U, 70U}) {
            const Hits found = all_hits(*index, queries.view(), {.k = k}),
                       truth = all_hits(*exact, queries.view(), {.k = k});
            ASSERT_EQ(found.counts, truth.counts) << what;
            if (k >= rows) {
              ASSERT_EQ(found.hits, truth.hits) << what;
            }
            ASSERT_EQ(all_hits(*index, queries.view(), {.k = k, .effort = 1}).counts, truth.counts) << what;
          }
          EXPECT_EQ(all_hits(*index, queries.view(), {.k = 0}).hits.size(), 0U);
          EXPECT_EQ(all_hits(*index, queries.view().slice(0, 0), {.k = 3}).queries(), 0U);
        }
      }
    }
  }
}

TEST(Ivf, RowsAddedToRowsAllAlikeAreFound) {
  for (const Metric metric : {Metric::L2, Metric::Dot, Metric::Cosine}) {
    for (const float value : {0.0F, 2.0F}) {
      const Matrix base = all_alike(800, 6, value), more = clustered(300, 6, kSeed);
      const auto index = made("ivf(9)", base.view(), metric);
      ASSERT_TRUE(index->add(more.view()).has_value());
      if (metric == Metric::Dot) continue;  // a row need not be the largest product with itself
      EXPECT_EQ(all_hits(*index, more.view().slice(5, 1), {.k = 1}).of(0).front().row, 805U);
    }
  }
}

TEST(Ivf, IsTheSameAfterSavingAndOpening) {
  const Matrix base = clustered(1500, 20, kSeed), queries = clustered(40, 20, kSeed, kQueries);
  for (const char* spec : kForms) {
    for (const Metric metric : {Metric::L2, Metric::Dot, Metric::Cosine}) {
      const auto index = made(spec, base.view(), metric);
      const std::uint32_t gone[] = {0, 5, 77};
      ASSERT_TRUE(index->remove(gone).has_value());
      const TemporaryFolder folder;
      ASSERT_TRUE(index->save(folder.path() / "x.qvi").has_value());
      const auto opened = open_index(folder.path() / "x.qvi");
      ASSERT_TRUE(opened.has_value()) << opened.error().message();
      EXPECT_EQ((*opened)->spec(), index->spec());
      EXPECT_EQ((*opened)->space(), index->space());
      EXPECT_EQ((*opened)->bytes(), index->bytes());
      EXPECT_EQ((*opened)->live(), 1497U);
      EXPECT_EQ(dynamic_cast<const IvfIndex&>(**opened).calibration(),
                dynamic_cast<const IvfIndex&>(*index).calibration());
      EXPECT_EQ(all_hits(**opened, queries.view(), {.k = 7}).hits, all_hits(*index, queries.view(), {.k = 7}).hits);
      std::vector<std::uint32_t> many(400);
      std::iota(many.begin(), many.end(), 1000U);
      for (Index* each : {index.get(), opened->get()}) {
        ASSERT_TRUE(each->add(queries.view()).has_value());
        ASSERT_TRUE(each->remove(many).has_value());  // so many that lists close up
        ASSERT_TRUE(each->add(queries.view()).has_value());
      }
      EXPECT_EQ((*opened)->size(), 1580U);
      EXPECT_EQ(all_hits(**opened, queries.view(), {.k = 7}).hits, all_hits(*index, queries.view(), {.k = 7}).hits);
      ASSERT_TRUE((*opened)->save(folder.path() / "y.qvi").has_value());
      const auto again = open_index(folder.path() / "y.qvi");
      ASSERT_TRUE(again.has_value()) << again.error().message();
      EXPECT_EQ((*again)->bytes(), (*opened)->bytes());
      EXPECT_EQ(all_hits(**again, queries.view(), {.k = 7}).hits, all_hits(*index, queries.view(), {.k = 7}).hits);
    }
  }
}

TEST(Ivf, RowsAddedLaterAreFound) {
  const Matrix base = clustered(3200, 20, kSeed), queries = clustered(100, 20, kSeed, kQueries);
  for (const char* spec : kForms) {
    for (const Metric metric : {Metric::L2, Metric::Dot, Metric::Cosine}) {
      const auto index = made(spec, base.view().slice(0, 1600), metric);
      const auto exact = made(scan_of(spec), base.view().slice(0, 1600), metric);
      for (std::size_t first = 1600; first < 3200; first += 400) {
        for (Index* each : {index.get(), exact.get()}) {
          ASSERT_TRUE(each->add(base.view().slice(first, 400)).has_value());
        }
      }
      ASSERT_TRUE(index->add(base.view().slice(0, 0)).has_value());
      EXPECT_EQ(index->size(), 3200U);
      EXPECT_GE(recall_beside(*index, *exact, queries.view(), {.k = 10, .recall = 0.99F}), 0.93)
          << spec << ", " << name_of(metric);
    }
  }
  // Rows far outside those the index was made of; the squared distances of the last are no f16.
  const auto index = made("ivf + rerank(f32)", base.view(), Metric::L2);
  for (const float scale : {3.0F, 10.0F, 100.0F}) {
    const std::size_t first = index->size();
    Matrix far = Matrix::copy_of(queries.view());
    for (std::size_t i = 0; i < far.rows(); ++i) {
      for (float& x : far.row(i)) x *= scale;
    }
    ASSERT_TRUE(index->add(far.view()).has_value());
    const Hits hits = all_hits(*index, far.view(), {.k = 1, .recall = 0.99F});
    std::size_t found = 0;
    for (std::size_t q = 0; q < far.rows(); ++q) found += hits.of(q).front().row == first + q ? 1 : 0;
    EXPECT_GE(found, 70U) << scale;
  }
}

TEST(Ivf, RemovedRowsAreNoHitsAndListsCloseUp) {
  const Matrix base = clustered(3000, 12, kSeed), queries = clustered(40, 12, kSeed, kQueries);
  for (const char* spec : kForms) {
    const auto index = made(spec, base.view(), Metric::L2);
    const auto exact = made(scan_of(spec), base.view(), Metric::L2);
    SearchStats before, after;
    all_hits(*index, queries.view(), {.k = 10, .effort = 6}, &before);
    std::vector<std::uint32_t> even, odd;
    for (std::uint32_t row = 0; row < 3000; ++row) (row % 2 == 0 ? even : odd).push_back(row);
    const std::uint32_t first[] = {0};
    ASSERT_TRUE(index->remove(first).has_value());
    const Hits left = all_hits(*index, base.view().slice(0, 1), {.k = 10});
    for (const Hit& hit : left.of(0)) EXPECT_NE(hit.row, 0U);
    ASSERT_TRUE(index->remove(std::span(even).subspan(1)).has_value());
    ASSERT_TRUE(exact->remove(even).has_value());
    EXPECT_EQ(index->live(), 1500U);
    EXPECT_GE(recall_beside(*index, *exact, queries.view(), {.k = 10, .recall = 0.99F}), 0.93) << spec;
    const Hits hits = all_hits(*index, queries.view(), {.k = 10, .effort = 6}, &after);
    for (const Hit& hit : hits.hits) EXPECT_EQ(hit.row % 2, 1U);
    if (IndexSpec::parse(index->spec())->codes->name == "pq") {
      EXPECT_LT(after.distances, before.distances * 2 / 3) << "the lists read are shorter";
    }
    EXPECT_EQ(all_hits(*index, queries.view(), {.k = 2000}).counts, std::vector<std::uint32_t>(40, 1500));
    EXPECT_THAT(index->remove({even.data(), 1}).error().message(), HasSubstr("removed already"));
    ASSERT_TRUE(index->remove(odd).has_value());
    EXPECT_EQ(index->live(), 0U);
    EXPECT_EQ(all_hits(*index, queries.view(), {.k = 10}).counts, std::vector<std::uint32_t>(40, 0));
    Scratch scratch;
    EXPECT_TRUE(hits_of(*index, queries.view().slice(0, 1), {.k = 10}, scratch).empty());
    ASSERT_TRUE(index->add(queries.view().slice(0, 1)).has_value());
    const auto only = hits_of(*index, queries.view().slice(0, 1), {.k = 10}, scratch);
    ASSERT_EQ(only.size(), 1U) << spec;
    EXPECT_EQ(only.front().row, 3000U);
  }
}

TEST(Ivf, EffortAndRerankDoWhatTheySay) {
  const Matrix base = clustered(3000, 16, kSeed), queries = clustered(50, 16, kSeed, kQueries);
  const auto index = made("ivf(50)", base.view(), Metric::L2), exact = made("flat + f16", base.view(), Metric::L2);
  SearchStats little, much;
  all_hits(*index, queries.view(), {.k = 10, .effort = 2}, &little);
  all_hits(*index, queries.view(), {.k = 10, .effort = 20}, &much);
  EXPECT_LT(3 * little.bytes_read, much.bytes_read);
  EXPECT_GE(recall_beside(*index, *exact, queries.view(), {.k = 10, .rerank = 200, .effort = 50}), 0.999);
  SearchStats stats;
  all_hits(*index, queries.view(), {.k = 10, .rerank = 33, .effort = 10}, &stats);
  EXPECT_EQ(stats.reranked, 50U * 33);
  stats = {};
  all_hits(*index, queries.view(), {.k = 10, .rerank = 1, .effort = 10}, &stats);
  EXPECT_EQ(stats.reranked, 50U * 10) << "never fewer than k";
  SearchStats low, high;
  all_hits(*index, queries.view(), {.k = 10, .recall = 0.5F}, &low);
  all_hits(*index, queries.view(), {.k = 10, .recall = 1}, &high);
  EXPECT_LE(low.distances, high.distances);
  const auto steps = dynamic_cast<const IvfIndex&>(*index).calibration();
  ASSERT_FALSE(steps.empty());
  EXPECT_GE(steps.back().second, 0.98F);
}

TEST(Ivf, SaysWhatIsWrong) {
  const Matrix base = clustered(60, 4, kSeed), longer(1, 5), two(2, 4), none(0, 4);
  Matrix bad(1, 4);
  bad.row(0)[1] = NAN;
  quiver::Run run({.threads = 1});
  const auto message = [&](const char* spec, const RowsView& rows, Metric metric) {
    const auto built = build_index(*IndexSpec::parse(spec), rows, space_of(4, metric), {}, run);
    EXPECT_FALSE(built.has_value()) << spec;
    return built.has_value() ? "" : built.error().message();
  };
  EXPECT_THAT(message("ivf", base.view(), Metric::Manhattan), HasSubstr("not manhattan; use hnsw or flat"));
  EXPECT_THAT(message("ivf", base.view(), Metric::Hamming), HasSubstr("not hamming"));
  EXPECT_THAT(message("ivf", none.view(), Metric::L2), HasSubstr("there are none; use flat"));
  EXPECT_THAT(message("ivf", bad.view(), Metric::L2), HasSubstr("column 1 is NaN"));
  EXPECT_THAT(message("ivf", longer.view(), Metric::L2), HasSubstr("5 dims"));
  EXPECT_THAT(message("ivf", SparseView{}, Metric::L2), HasSubstr("sparse"));
  EXPECT_THAT(message("ivf(3,5)", base.view(), Metric::L2), HasSubstr("5 dimensions of rows of 4: at most 4"));
  EXPECT_THAT(message("ivf + pq(6,4)", base.view(), Metric::L2), HasSubstr("multiples of 4 up to 256; write pq(8,4)"));
  EXPECT_THAT(message("ivf + pq(260,4)", base.view(), Metric::L2), HasSubstr("write pq(256,4)"));
  EXPECT_THAT(message("ivf + f16 + rerank(lvq(8)) + rerank(f32)", base.view(), Metric::L2),
              HasSubstr("one rerank(...), not by 2; leave out rerank(lvq(8))"));
  EXPECT_THAT(message("ivf + pq(5)", base.view(), Metric::L2), HasSubstr("cuts 4 dims into 5 parts"));
  EXPECT_THAT(IndexSpec::parse("ivf(4194305)").error().message(), HasSubstr("takes up to 4194304"));
  EXPECT_FALSE(IndexSpec::parse("ivf(4,8,1)").has_value());

  IndexSpec by_hand;
  by_hand.structure = "ivf";
  const auto from_defaults = build_index(by_hand, base.view(), space_of(4, Metric::L2), {}, run);
  ASSERT_TRUE(from_defaults.has_value()) << from_defaults.error().message();
  EXPECT_EQ((*from_defaults)->spec(), "ivf(7,4) + pq(8,4) + rerank(f16)");

  const auto index = made("ivf", base.view(), Metric::L2);
  Scratch scratch;
  std::vector<Hit> out(1);
  EXPECT_THAT(index->search(longer.view(), {.k = 1}, scratch, out).error().message(), HasSubstr("5 dims"));
  EXPECT_THAT(index->search(two.view(), {.k = 1}, scratch, out).error().message(), HasSubstr("use search_batch"));
  EXPECT_THAT(index->search(bad.view(), {.k = 1}, scratch, out).error().message(), HasSubstr("column 1 is NaN"));
  EXPECT_THAT(index->search_batch(bad.view(), {.k = 1}, run).error().message(), HasSubstr("row 0, column 1 is NaN"));
  EXPECT_THAT(index->search_batch(longer.view(), {.k = 1}, run).error().message(), HasSubstr("5 dims"));
  const std::uint32_t beyond[] = {0, 60};
  EXPECT_THAT(index->remove(beyond).error().message(), HasSubstr("rows 0 .. 59"));
  run.cancel();
  EXPECT_EQ(index->search_batch(two.view(), {.k = 1}, run).error().code(), Code::Cancelled);
  EXPECT_EQ(build_index(*IndexSpec::parse("ivf"), base.view(), space_of(4, Metric::L2), {}, run).error().code(),
            Code::Cancelled);
}

TEST(Ivf, AFailedAddChangesNothing) {
  const Matrix base = clustered(60, 4, kSeed), longer(1, 5);
  Matrix bad(2, 4);
  bad.row(1)[1] = NAN;
  const auto index = made("ivf", base.view(), Metric::L2);
  EXPECT_THAT(index->add(bad.view()).error().message(), HasSubstr("row 1, column 1 is NaN"));
  EXPECT_THAT(index->add(longer.view()).error().message(), HasSubstr("5 dims"));
  EXPECT_FALSE(index->add(SparseView{}).has_value());
  Matrix bytes(60, 4), large(2, 4);
  for (std::size_t i = 0; i < 60; ++i) bytes.row(i)[i % 4] = static_cast<float>(i % 100);
  large.row(1)[0] = 1000;
  const auto fine_of_bytes = made("ivf + rerank(i8)", bytes.view(), Metric::L2),
             lists_of_bytes = made("ivf + i8 + rerank(f32)", bytes.view(), Metric::L2);
  EXPECT_FALSE(fine_of_bytes->add(large.view()).has_value());
  EXPECT_FALSE(lists_of_bytes->add(large.view()).has_value());
  for (const Index* after : {index.get(), fine_of_bytes.get(), lists_of_bytes.get()}) {
    EXPECT_EQ(after->size(), 60U);
    EXPECT_EQ(all_hits(*after, base.view(), {.k = 60}).counts, std::vector<std::uint32_t>(60, 60));
  }
  ASSERT_TRUE(index->add(base.view().slice(0, 2)).has_value());
  EXPECT_EQ(all_hits(*index, base.view().slice(1, 1), {.k = 2}).of(0).back().row, 61U);
}

TEST(Ivf, OpensNothingBroken) {
  const Matrix base = clustered(40, 4, kSeed);
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "x.qvi";
  for (const char* spec : {"ivf(3,4) + pq(4,4)", "ivf(3,4) + lvq(8)"}) {
    const auto index = made(spec, base.view(), Metric::L2);
    ASSERT_TRUE(index->add(base.view().slice(0, 2)).has_value());
    ASSERT_TRUE(index->save(path).has_value());
    const Container file = *Container::open(path, "index");
    const auto text = [&](const char* section) { return std::string(*file.text(section)); };
    const auto message = [&](const char* section, const std::string& content) {
      const auto opened = opened_with(path, section, content);
      EXPECT_FALSE(opened.has_value()) << section;
      if (opened.has_value()) return std::string();
      EXPECT_EQ(opened.error().code(), Code::Corruption) << section << ": " << opened.error().message();
      return opened.error().message();
    };
    std::string header = text("index");
    header.replace(header.find("\"rows\": 42"), 10, "\"rows\": 43")
        .replace(header.find("\"live\": 42"), 10, "\"live\": 43");
    EXPECT_NE(message("index", header), "");
    EXPECT_THAT(message("ivf/order", text("ivf/order").substr(4)), HasSubstr("no order of the rows"));
    EXPECT_THAT(message("ivf/order", std::string(160, '\0')), HasSubstr("no order of the rows"));
    EXPECT_THAT(message("ivf/centres", text("ivf/centres").substr(4)), HasSubstr("do not fit its points"));
    EXPECT_THAT(message("ivf/centres", ""), HasSubstr("do not fit its points"));
    EXPECT_THAT(message("ivf/centres", text("ivf/centres").substr(16)), HasSubstr("do not fit"));
    EXPECT_THAT(message("ivf/sizes", text("ivf/sizes").substr(4)), HasSubstr("do not fit"));
    EXPECT_THAT(message("ivf/levels", text("ivf/levels").substr(12)), HasSubstr("not those it measured"));
    EXPECT_THAT(message("ivf/levels", std::string(text("ivf/levels").size(), '\0')), HasSubstr("not those"));
    EXPECT_THAT(message("ivf/calibration", std::string(12, '\0')), HasSubstr("not a rising list"));
    EXPECT_THAT(message("ivf/space", R"({"longest":1,"unit":0})"), HasSubstr("does not fit the index's space"));
    if (file.has("ivf/blocks")) {
      constexpr std::size_t kNumbers = 16 * 4 + 128, kBlock = 16 * 4 + 256;
      const std::string blocks = text("ivf/blocks");
      EXPECT_THAT(message("ivf/blocks", blocks.substr(64)), HasSubstr("its lists take"));
      std::string broken = blocks;
      const std::uint32_t beyond = 42, no_row = 0x7fffffff;
      std::memcpy(broken.data() + kNumbers + 4, &beyond, 4);
      EXPECT_THAT(message("ivf/blocks", broken), HasSubstr("list 0 of the index has position 42 of 42 in place 1"));
      broken = blocks;
      std::memcpy(broken.data() + kNumbers + 4, broken.data() + kNumbers, 4);
      EXPECT_THAT(message("ivf/blocks", broken), HasSubstr("in place 1"));
      broken = blocks;  // no row, and yet at a finite distance
      std::memcpy(broken.data() + blocks.size() - kBlock + kNumbers + 124, &no_row, 4);
      std::memset(broken.data() + blocks.size() - kBlock + 16 * 4 + 62, 0, 2);
      EXPECT_THAT(message("ivf/blocks", broken), HasSubstr("position 2147483647"));
      EXPECT_THAT(message("ivf/starts", text("ivf/starts").substr(2)), HasSubstr("do not agree"));
    } else {
      std::string added = text("ivf/added");
      added[0] = 3;
      EXPECT_THAT(message("ivf/added", added), HasSubstr("do not fit their codes"));
    }
    // Any section gone; the spectrum is for people.
    for (const std::string& left_out : file.names()) {
      ContainerWriter writer("index");
      for (const std::string& section : file.names()) {
        if (section != left_out) writer.add(section, std::string(*file.text(section)));
      }
      ASSERT_TRUE(writer.save(folder.path() / "less.qvi").has_value());
      EXPECT_EQ(open_index(folder.path() / "less.qvi").has_value(), left_out == "ivf/spectrum") << left_out;
    }
    const std::string bytes = *read_file(path);
    const auto opens = [&](std::string_view changed) {
      std::ofstream out(folder.path() / "damaged.qvi", std::ios::binary | std::ios::trunc);
      out.write(changed.data(), static_cast<std::streamsize>(changed.size()));
      out.close();
      return open_index(folder.path() / "damaged.qvi").has_value();
    };
    ASSERT_TRUE(opens(bytes));
    for (std::size_t at = 0; at < bytes.size(); at += 101) {
      std::string flipped = bytes;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << (at % 8)));
      ASSERT_FALSE(opens(flipped)) << "byte " << at << " flipped";
      ASSERT_FALSE(opens(std::string_view(bytes).substr(0, at))) << "cut to " << at;
    }
  }
}

}  // namespace
}  // namespace quiver
