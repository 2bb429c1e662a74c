#include "quiver/data/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "quiver/core/file.h"
#include "quiver/core/metric.h"
#include "quiver/core/options.h"
#include "quiver/data/image_column.h"
#include "quiver/data/read_image_folder.h"
#include "quiver/data/read_wordnet.h"
#include "quiver/data/reader.h"

namespace quiver {
namespace {
struct Opened {
  Items items;
  std::string together, notice;  // what the source says of itself
};

// Data that is made or gathered rather than read from one file: the closed list of what may stand before a colon.
struct Generator {
  std::string_view name;
  Result<Opened> (*open)(std::string_view arguments);
};
Result<Opened> open_wordnet(std::string_view arguments) {
  const std::filesystem::path folder = arguments.empty() ? "/usr/share/wordnet" : std::filesystem::path(arguments);
  QUIVER_TRY(Items items, read_wordnet(folder));
  QUIVER_TRY(std::string notice, wordnet_notice(folder));
  return Opened{std::move(items), "synset", std::move(notice)};
}
constexpr std::array kGenerators{Generator{"wordnet", open_wordnet}};

struct Spec {
  std::string place;
  Settings settings;
};
Result<Spec> parse_spec(std::string_view text) {
  std::error_code failed;
  if (std::filesystem::exists(text, failed)) return Spec{std::string(text), {}};  // a file may have '?' in its name
  const std::size_t mark = text.rfind('?');
  Spec spec{std::string(text.substr(0, mark)), {}};
  if (spec.place.empty()) return Error::invalid_argument("a data set spec begins with a path or a generator");
  if (mark == std::string_view::npos) return spec;
  std::string_view rest = text.substr(mark + 1);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) {
      return Error::invalid_argument(fmt::format("'{}' is no option; write name=value, parted by &", pair));
    }
    spec.settings.set(std::string(pair.substr(0, equals)), std::string(pair.substr(equals + 1)));
  }
  return spec;
}

// The generator that stands before the colon of `place`; nullptr if the place is a file's.
Result<const Generator*> find_generator(std::string_view place) {
  const std::size_t colon = place.find(':');
  std::error_code failed;
  if (colon == std::string_view::npos || std::filesystem::exists(place, failed)) return nullptr;
  const std::string_view name = place.substr(0, colon);
  const auto found = std::ranges::find(kGenerators, name, &Generator::name);
  if (found != kGenerators.end()) return &*found;
  std::vector<std::string> names;
  for (const Generator& generator : kGenerators) names.emplace_back(generator.name);
  const std::string near = did_you_mean(name, names);
  return Error::not_found(fmt::format("there is no file '{}' and no generator '{}'{}; the generators are {}", place,
                                      name, near.empty() ? "" : fmt::format(", did you mean '{}:'?", near),
                                      fmt::join(names, ", ")));
}

std::vector<std::string_view> split_names(std::string_view text) {
  std::vector<std::string_view> names;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    names.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return names;
}

Result<Opened> open_file(const std::string& path, const DatasetOptions& options) {
  ReadOptions reading{.part = options.part, .header = options.header};
  if (!options.metric.empty()) {
    QUIVER_TRY(reading.metric, parse_metric(options.metric));
  }
  QUIVER_TRY(Items items, read_items(path, options.format, reading));
  if (!options.images.empty()) {
    const auto folder = std::filesystem::path(path).parent_path();
    QUIVER_TRY(items, with_images(items, split_names(options.images), folder).within("reading " + path));
  }
  return Opened{std::move(items), {}, {}};
}

// Opens the place; `select` is what the spec says of rows and columns.
Result<Opened> open_place(const Spec& spec, SelectOptions& select) {
  QUIVER_TRY(const Generator* generator, find_generator(spec.place));
  if (generator != nullptr) {
    QUIVER_TRY(apply(select, spec.settings).within(fmt::format("the options of '{}:'", generator->name)));
    return generator->open(std::string_view(spec.place).substr(generator->name.size() + 1));
  }
  std::error_code failed;
  if (std::filesystem::is_directory(spec.place, failed)) {
    QUIVER_TRY(apply(select, spec.settings).within("the options of a folder"));
    QUIVER_TRY(Items items, read_image_folder(spec.place));
    return Opened{std::move(items), {}, {}};
  }
  DatasetOptions options;
  QUIVER_TRY(apply(options, spec.settings));
  select = options;
  return open_file(spec.place, options);
}
}  // namespace

Result<Dataset> Dataset::open(std::string_view text) {
  const std::string step = fmt::format("opening data set '{}'", text);
  QUIVER_TRY(const Spec spec, parse_spec(text).within(step));
  SelectOptions options;
  QUIVER_TRY(Opened opened, open_place(spec, options).within(step));
  if (options.rows != 0 && opened.items.size() != options.rows) {
    return Error::invalid_argument(
        fmt::format("{}: it holds {} rows where rows={} was declared", step, opened.items.size(), options.rows));
  }
  Dataset data;
  data.items_ = std::move(opened.items);
  data.spec_ = text;
  data.together_ = options.together.empty() ? opened.together : options.together;
  data.notice_ = std::move(opened.notice);
  if (options.split != "all" || !options.together.empty()) {
    QUIVER_TRY(data, data.split(options.split).within(step));
  }
  // Columns last, so that the split may use one that is not kept.
  if (!options.columns.empty()) {
    QUIVER_TRY(data.items_, data.items_.select(split_names(options.columns)).within(step));
  }
  if (options.limit != 0 && options.limit < data.size()) data.items_ = data.items_.slice(0, options.limit);
  return data;
}

Dataset Dataset::of(Items items, std::string name, std::string together) {
  Dataset data;
  data.items_ = std::move(items);
  data.spec_ = std::move(name);
  data.together_ = std::move(together);
  return data;
}

Result<std::string> Dataset::digest() const {
  QUIVER_TRY(const std::vector<std::uint64_t> hashes, items_.hashes());
  std::string text;
  for (const Field& field : fields()) text += describe(field) + '\n';
  text.append(reinterpret_cast<const char*>(hashes.data()), hashes.size() * sizeof(std::uint64_t));
  return digest_of(text);
}

Result<Items> Dataset::items(std::span<const std::string_view> columns) const {
  if (columns.empty()) return items_;
  return items_.select(columns).within(spec_);
}

Result<Dataset> Dataset::split(std::string_view name, std::string_view together) const {
  const std::string_view key = together.empty() ? std::string_view(together_) : together;
  QUIVER_TRY(const Part part, parse_part(name));
  QUIVER_TRY(const std::vector<std::uint32_t> rows, split_rows(items_, part, key).within(spec_));
  if (rows.empty()) {
    return Error::failed_precondition(
        fmt::format("{}: none of its {} rows falls on the {} side of the split", spec_, size(), name_of(part)));
  }
  Dataset out = *this;
  out.together_ = key;
  if (part != Part::All) out.items_ = items_.take(rows);
  return out;
}

}  // namespace quiver
