// What every quantizer promises (compress/quantizer.h), for all of them alike: a new one adds its name to the table
// below.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "quiver/compress/spec.h"
#include "quiver/core/linalg.h"
#include "tests/property/generate.h"

namespace quiver {
namespace {
using property::done;
using property::Folder;
using property::norm_of;
using property::rows_of;
using property::Shape;
using property::value_of;

// What decode() promises of the rows that were fitted: a bound of each coordinate; that all rows together are no
// further from their codes than from their mean; or nothing for single rows (estimators have tests of their own).
enum class Promise { Coordinate, Local, Range, Sign, Variance, None };

struct Kind {
  const char* spec;
  Promise promise = Promise::Variance;
  double (*bound)(std::span<const float> row, std::size_t column) = nullptr;  // Coordinate: of |x - decoded|
  bool integers = false;                                                      // takes whole numbers only
  std::size_t least_dims = 1;
  std::size_t (*shared)(std::size_t dims) = [](std::size_t) { return std::size_t{0}; };  // bytes beside the rows
  std::size_t prefix = 0;      // coordinates of a query that count; 0: all
  std::size_t least_rows = 0;  // to learn from

  // The metrics it scores: the first three of kAllMetrics, or all.
  bool all_metrics() const { return promise == Promise::Coordinate || promise == Promise::Sign; }
  // Cells that a range is cut into: those of a second level cut the cells of the first.
  double levels() const {
    const auto of_bits = [](unsigned bits) { return bits == 8 ? 255.0 : 15.0; };
    const std::vector<unsigned> bits = value_of(QuantizerSpec::parse(spec)).arguments;
    return bits.size() > 1 ? of_bits(bits[0]) * of_bits(bits[1]) : of_bits(bits[0]);
  }
};

double range_of(std::span<const float> row, std::span<const float> mean) {
  double low = HUGE_VAL, high = -HUGE_VAL;
  for (std::size_t i = 0; i < row.size(); ++i) {
    low = std::min(low, static_cast<double>(row[i]) - mean[i]);
    high = std::max(high, static_cast<double>(row[i]) - mean[i]);
  }
  return high - low;
}

constexpr auto floats = [](std::size_t count) { return count * sizeof(float); };
constexpr auto nothing = [](std::span<const float>, std::size_t) { return 0.0; };

template <std::size_t count>
std::size_t floats_of(std::size_t) {
  return floats(count);
}
// random(4): what is subtracted and four directions; behind it the mean of four coordinates.
std::size_t map_alone(std::size_t dims) { return floats(5 * dims); }
std::size_t map_and_mean(std::size_t dims) { return floats(5 * dims + 4); }

const Kind kKinds[] = {
    {"f32", Promise::Coordinate, nothing},
    {"f16", Promise::Coordinate,
     [](std::span<const float> r, std::size_t j) { return std::abs(r[j]) * 0x1p-11 + 0x1p-25; }},
    {"bf16", Promise::Coordinate, [](std::span<const float> r, std::size_t j) { return std::abs(r[j]) * 0x1p-8; }},
    {"i8", Promise::Coordinate, nothing, true},
    {"u8", Promise::Coordinate, nothing, true},
    {"bit", Promise::Sign},
    {.spec = "lvq(8)", .promise = Promise::Local, .shared = floats},
    {.spec = "lvq(4)", .promise = Promise::Local, .shared = floats},
    {.spec = "lvq(4,4)", .promise = Promise::Local, .shared = floats},
    {.spec = "lvq(4,8)", .promise = Promise::Local, .shared = floats},
    {.spec = "lvq(8,8)", .promise = Promise::Local, .shared = floats},
    {.spec = "prefix(3) + lvq(8)", .promise = Promise::None, .least_dims = 3, .shared = floats_of<3>, .prefix = 3},
    {.spec = "prefix(2) + lvq(4,8)", .promise = Promise::None, .least_dims = 2, .shared = floats_of<2>, .prefix = 2},
    {.spec = "prefix(5) + f16", .promise = Promise::None, .least_dims = 5, .prefix = 5},
    {.spec = "random(4) + lvq(8)", .promise = Promise::None, .least_dims = 4, .shared = map_and_mean, .least_rows = 1},
    {.spec = "random(4) + f32", .promise = Promise::None, .least_dims = 4, .shared = map_alone, .least_rows = 1},
    {.spec = "sq(8)", .promise = Promise::Range, .shared = [](std::size_t dims) { return floats(2 * dims); }},
    {.spec = "sq(4)", .shared = [](std::size_t dims) { return floats(2 * dims); }},
    {.spec = "pq(2)", .least_dims = 2, .shared = [](std::size_t dims) { return floats(256 * dims); }},
    {.spec = "pq(7,4)", .least_dims = 7, .shared = [](std::size_t dims) { return floats(16 * dims); }},
    {.spec = "opq(3,4)", .least_dims = 3, .shared = [](std::size_t dims) { return floats((16 + dims) * dims); }},
    {.spec = "rq(3)", .shared = [](std::size_t dims) { return floats(256 * 3 * dims); }},
    {.spec = "grvq(3,2)", .least_dims = 3, .shared = [](std::size_t dims) { return floats(256 * 2 * dims); }},
    {.spec = "binary", .promise = Promise::None, .shared = [](std::size_t dims) { return floats(dims + 1); }},
    {.spec = "itq",
     .promise = Promise::None,
     .shared = [](std::size_t dims) { return floats(dims + 1 + dims * dims); }},
    {.spec = "itq(5)",
     .promise = Promise::None,
     .least_dims = 5,
     .shared = [](std::size_t dims) { return floats(dims + 1 + 5 * dims); }},
    {.spec = "rabitq(1)", .promise = Promise::None, .shared = [](std::size_t dims) { return floats(dims) + 8; }},
    {.spec = "rabitq(2)", .promise = Promise::None, .shared = [](std::size_t dims) { return floats(dims) + 8; }},
    {.spec = "rabitq(4)", .promise = Promise::None, .shared = [](std::size_t dims) { return floats(dims) + 8; }},
    {.spec = "rabitq(8)", .promise = Promise::None, .shared = [](std::size_t dims) { return floats(dims) + 8; }},
};
constexpr Metric kAllMetrics[] = {Metric::L2, Metric::Dot, Metric::Cosine, Metric::Manhattan, Metric::Hamming};

// One quantizer, space and base, drawn by RapidCheck.
struct Drawn {
  const Kind* kind;
  Space space;
  Matrix base;
  std::uint64_t seed;
  std::unique_ptr<Quantizer> quantizer;
  std::unique_ptr<Codes> codes;
};

Matrix base_of(const Kind& kind, std::size_t rows, std::size_t dims, std::uint64_t seed) {
  Matrix base = rows_of(kind.integers ? Shape::SmallIntegers : property::shape_of(seed), rows, dims, seed);
  if (std::string_view(kind.spec) == "u8") {
    for (std::size_t i = 0; i < rows; ++i) {
      for (float& x : base.row(i)) x += 2;
    }
  }
  return base;
}

// Below `count`, all alike likely: inRange alone favours the small ones.
std::size_t one_of(std::size_t count) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<std::size_t>(0, count));
}

Drawn draw(std::size_t least_rows = 0) {
  const Kind* kind = &kKinds[one_of(std::size(kKinds))];
  const auto rows = *rc::gen::inRange<std::size_t>(std::max(least_rows, kind->least_rows), 40);
  const std::size_t least = kind->least_dims;
  const auto dims =
      *rc::gen::oneOf(rc::gen::inRange<std::size_t>(least, least + 10), rc::gen::inRange<std::size_t>(least, 300));
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  const Metric metric = kAllMetrics[one_of(kind->all_metrics() ? 5 : 3)];
  RC_CLASSIFY(true, std::string(kind->spec) + " " + std::string(name_of(metric)));
  Drawn d{kind, Space{.id = "qv:test", .dims = dims, .metric = metric}, base_of(*kind, rows, dims, seed), seed, {}, {}};
  Run run({.threads = 2});
  d.quantizer = value_of(make_quantizer(value_of(QuantizerSpec::parse(kind->spec)), d.space));
  done(d.quantizer->fit(d.base.view(), {}, run));
  d.codes = value_of(d.quantizer->encode(d.base.view(), run));
  if (mix(seed, 2) % 2 == 0) d.codes->arrange_for_scans();  // no law knows the difference
  return d;
}

Matrix decoded(const Codes& codes) {
  Matrix out(codes.rows(), codes.space().dims);
  codes.decode_range(0, codes.rows(), out.data(), out.stride());
  return out;
}
Matrix query_for(const Drawn& d) { return base_of(*d.kind, 1, d.space.dims, mix(d.seed, 1)); }

std::vector<float> distances(const Codes& codes, const Matrix& query) {
  const auto scorer = value_of(codes.scorer(query.view()));
  std::vector<float> out(codes.rows());
  scorer->score_range(0, codes.rows(), out.data());
  return out;
}

bool equal(const Matrix& a, const Matrix& b) {
  if (a.rows() != b.rows() || a.cols() != b.cols()) return false;
  for (std::size_t i = 0; i < a.rows(); ++i) {
    if (!std::equal(a.row(i).begin(), a.row(i).end(), b.row(i).begin())) return false;
  }
  return true;
}

// The largest |x - decoded| of coordinate j of a row; `range` of the coordinate over all rows, `mean` of the rows.
double bound_of(const Kind& kind, std::span<const float> row, std::size_t j, double range,
                std::span<const float> mean) {
  double largest = 0;
  for (std::size_t i = 0; i < row.size(); ++i) {
    largest = std::max({largest, std::abs(static_cast<double>(row[i])), std::abs(static_cast<double>(mean[i]))});
  }
  const double rounding = 8 * 0x1p-24 * largest;
  if (kind.promise == Promise::Coordinate) return kind.bound(row, j);
  if (kind.promise == Promise::Local) range = range_of(row, mean);
  return range / kind.levels() / 2 * (1 + 0x1p-10) + rounding;
}

RC_GTEST_PROP(Quantizers, DecodeComesBackWithinTheStatedBound, ()) {
  const Drawn d = draw();
  const Matrix back = decoded(*d.codes);
  const std::size_t rows = back.rows(), dims = d.space.dims;
  const std::vector<float> mean = column_means(d.base.view());
  double error = 0, variance = 0, squares = 0;
  for (std::size_t j = 0; j < dims; ++j) {
    double low = HUGE_VAL, high = -HUGE_VAL;
    for (std::size_t i = 0; i < rows; ++i) {
      low = std::min(low, static_cast<double>(d.base.row(i)[j]));
      high = std::max(high, static_cast<double>(d.base.row(i)[j]));
    }
    for (std::size_t i = 0; i < rows; ++i) {
      const double x = d.base.row(i)[j], off = std::abs(x - back.row(i)[j]);
      error += off * off;
      variance += (x - mean[j]) * (x - mean[j]);
      squares += x * x;
      if (d.kind->promise == Promise::Sign) {
        RC_ASSERT(back.row(i)[j] == (x > 0 ? 1.0F : 0.0F));
      } else if (d.kind->promise != Promise::Variance && d.kind->promise != Promise::None) {
        RC_ASSERT(off <= bound_of(*d.kind, d.base.row(i), j, high - low, mean));
      }
    }
  }
  if (d.kind->promise == Promise::Variance) RC_ASSERT(error <= variance * (1 + 1e-4) + squares * 0x1p-40);
}

RC_GTEST_PROP(Quantizers, DistancesAreThoseOfTheDecodedRows, ()) {
  const Drawn d = draw();
  const Matrix query = query_for(d), back = decoded(*d.codes);
  Matrix seen = Matrix::copy_of(query.view());
  if (d.kind->prefix > 0) std::ranges::fill(seen.row(0).subspan(d.kind->prefix), 0.0F);
  const auto scorer = value_of(d.codes->scorer(query.view()));
  const std::vector<float> scores = distances(*d.codes, query);
  for (std::size_t i = 0; i < back.rows(); ++i) {
    const double norm = norm_of(back.row(i));
    const double bound = scorer->error_bound(norm, norm);
    RC_ASSERT(std::isfinite(bound));
    const double expected = distance(d.space.metric, seen.row(0), back.row(i));
    RC_ASSERT(std::abs(expected - static_cast<double>(scores[i])) <= bound + std::abs(expected) * 0x1p-24);
  }
}

RC_GTEST_PROP(Quantizers, ARowScoresTheSameWhereverItIsReached, ()) {
  const Drawn d = draw(1);
  const Matrix query = query_for(d);
  const auto scorer = value_of(d.codes->scorer(query.view()));
  const std::vector<float> scan = distances(*d.codes, query);
  const auto rows = *rc::gen::container<std::vector<std::uint32_t>>(
      rc::gen::inRange<std::uint32_t>(0, static_cast<std::uint32_t>(d.codes->rows())));
  std::vector<float> listed(rows.size());
  scorer->score(rows, listed.data());
  for (std::size_t i = 0; i < rows.size(); ++i) RC_ASSERT(listed[i] == scan[rows[i]]);
  const float most = scan[scan.size() / 2];
  std::vector<std::uint32_t> chosen(scan.size()), near;
  std::vector<float> below(scan.size());
  for (std::uint32_t i = 0; i < scan.size(); ++i) {
    if (scan[i] <= most) near.push_back(i);
  }
  chosen.resize(scorer->score_below(0, scan.size(), most, chosen.data(), below.data()));
  RC_ASSERT(chosen == near);
  for (std::size_t i = 0; i < near.size(); ++i) RC_ASSERT(below[i] == scan[near[i]]);
  // Alone in codes of its own, by the same quantizer.
  Run run({.threads = 1});
  const auto alone = value_of(d.quantizer->encode(d.base.view().slice(d.base.rows() - 1, 1), run));
  RC_ASSERT(distances(*alone, query)[0] == scan.back());
}

RC_GTEST_PROP(Quantizers, AppendingIsEncodingAtOnce, ()) {
  const Drawn d = draw();
  const auto cut = *rc::gen::inRange<std::size_t>(0, d.base.rows() + 1);
  Run run({.threads = 3});
  const auto grown = value_of(d.quantizer->encode(d.base.view().slice(0, cut), run));
  done(grown->append(d.base.view().slice(cut, d.base.rows() - cut)));
  RC_ASSERT(equal(decoded(*grown), decoded(*d.codes)));
  RC_ASSERT(grown->bytes() == d.codes->bytes());
  const Matrix query = query_for(d);
  RC_ASSERT(distances(*grown, query) == distances(*d.codes, query));
  grown->truncate(cut);
  RC_ASSERT(grown->rows() == cut);
  done(grown->append(d.base.view().slice(cut, d.base.rows() - cut)));
  RC_ASSERT(equal(decoded(*grown), decoded(*d.codes)));
}

RC_GTEST_PROP(Quantizers, RowsMoveAsTheyAre, ()) {
  const Drawn d = draw();
  const auto rows = static_cast<std::uint32_t>(d.codes->rows());
  const auto from = *rc::gen::inRange<std::uint32_t>(0, rows), to = *rc::gen::inRange<std::uint32_t>(0, rows);
  Matrix wanted = decoded(*d.codes);
  std::copy_n(wanted.row(from).data(), d.space.dims, wanted.row(to).data());
  d.codes->overwrite(to, from);
  RC_ASSERT(equal(decoded(*d.codes), wanted));
  const std::vector<std::uint32_t> kept{to, 0};
  const Matrix query = query_for(d);
  const std::vector<float> before = distances(*d.codes, query);
  d.codes->keep(kept);
  RC_ASSERT(d.codes->rows() == 2U);
  RC_ASSERT(distances(*d.codes, query) == (std::vector<float>{before[to], before[0]}));
}

RC_GTEST_PROP(Quantizers, SavingAndLoadingChangesNothing, ()) {
  const Drawn d = draw();
  const Folder folder;
  ContainerWriter writer("codes");
  d.codes->save(writer, "a/");
  d.quantizer->save(writer, "b/");
  done(writer.save(folder / "codes.qv"));
  const Container file = value_of(Container::open(folder / "codes.qv", "codes"));
  const auto loaded = value_of(load_codes(file, "a/"));
  const Matrix query = query_for(d);
  RC_ASSERT(loaded->spec() == d.codes->spec());
  RC_ASSERT(loaded->space() == d.space);
  RC_ASSERT(loaded->bytes() == d.codes->bytes());
  RC_ASSERT(equal(decoded(*loaded), decoded(*d.codes)));
  RC_ASSERT(distances(*loaded, query) == distances(*d.codes, query));
  // Mapped codes grow like others, and a loaded quantizer encodes the same.
  Run run({.threads = 1});
  const auto again = value_of(value_of(load_quantizer(file, "b/"))->encode(d.base.view(), run));
  done(again->append(d.base.view()));
  done(loaded->append(d.base.view()));
  RC_ASSERT(equal(decoded(*loaded), decoded(*again)));
}

RC_GTEST_PROP(Quantizers, BytesAreExactAndKnownBeforehand, ()) {
  const Drawn d = draw();
  RC_ASSERT(d.codes->bytes() == d.codes->rows() * d.codes->bytes_per_row() + d.kind->shared(d.space.dims));
  RC_ASSERT(value_of(QuantizerSpec::parse(d.kind->spec)).bytes_per_row(d.space) == d.codes->bytes_per_row());
}

RC_GTEST_PROP(Quantizers, NanAndInfinityAreRefusedByName, ()) {
  const Drawn d = draw(1);
  const auto row = *rc::gen::inRange<std::size_t>(0, d.base.rows());
  const auto column = *rc::gen::inRange<std::size_t>(0, d.space.dims);
  Matrix bad = Matrix::copy_of(d.base.view());
  bad.row(row)[column] = *rc::gen::element(std::numeric_limits<float>::quiet_NaN(), HUGE_VALF, -HUGE_VALF);
  Run run({.threads = 1});
  const std::string name = fmt::format("row {}, column {}", row, column);
  const auto encoded = d.quantizer->encode(bad.view(), run);
  RC_ASSERT(!encoded.has_value());
  RC_ASSERT(encoded.error().code() == Code::InvalidArgument);
  RC_ASSERT(encoded.error().message().find(name) != std::string::npos);
  const std::size_t before = d.codes->rows();
  const auto appended = d.codes->append(bad.view());
  RC_ASSERT(!appended.has_value());
  RC_ASSERT(d.codes->rows() == before);
  RC_ASSERT(!d.codes->scorer(bad.view().slice(row, 1)).has_value());
}

RC_GTEST_PROP(Quantizers, RowsOfTheStoredElementMeetExactly, ()) {
  // i8, u8 and bit rows given as such, asked by a query of the same element: distances of whole numbers are exact.
  const Element element = *rc::gen::element(Element::I8, Element::U8, Element::Bit);
  const auto rows = *rc::gen::inRange<std::size_t>(1, 20);
  const auto dims = *rc::gen::inRange<std::size_t>(1, 200);
  const Metric metric = kAllMetrics[*rc::gen::inRange<std::size_t>(0, 5)];
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  Matrix values(rows + 1, dims);
  for (std::size_t i = 0; i < values.rows(); ++i) {
    Random random(seed, i);
    for (float& x : values.row(i)) {
      x = element == Element::I8 ? static_cast<float>(random.below(256)) - 128
                                 : static_cast<float>(random.below(element == Element::U8 ? 256 : 2));
    }
  }
  const TypedMatrix typed_values = value_of(to_element(values.view(), element));
  const TypedView all = typed_values.view();
  const TypedView base{element, all.bytes.slice(0, rows), dims}, query{element, all.bytes.slice(rows, 1), dims};
  Run run({.threads = 1});
  const Space space{.id = "", .dims = dims, .metric = metric};
  const auto quantizer = value_of(make_quantizer({std::string(name_of(element)), {}}, space));
  const auto codes = value_of(quantizer->encode(base, run));
  const auto scorer = value_of(codes->scorer(query));
  std::vector<float> scores(rows);
  scorer->score_range(0, rows, scores.data());
  for (std::size_t i = 0; i < rows; ++i) {
    const double expected = distance(metric, values.row(rows), values.row(i));
    RC_ASSERT(std::abs(expected - static_cast<double>(scores[i])) <= 0x1p-22 * std::max(1.0, std::abs(expected)));
  }
  // The same numbers as floats give the same distances.
  const auto by_float = value_of(codes->scorer(values.view().slice(rows, 1)));
  std::vector<float> again(rows);
  by_float->score_range(0, rows, again.data());
  RC_ASSERT(scores == again);
}

}  // namespace
}  // namespace quiver
