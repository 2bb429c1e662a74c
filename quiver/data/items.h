// Items: rows of named columns, what data sets hold and models take. A column has one modality, a cell may be missing,
// and with `many` a cell is a list (captions of an image, lemmas of a synset).
//
//   QUIVER_TRY(Items items, data.items({}));                  // from a Dataset, or row by row by items_builder.h
//   QUIVER_TRY(TextColumn text, items.text("definition"));    // the Error for an absent column lists those that exist
//   for (std::size_t row = 0; row < text.size(); ++row) use(text[row]);
//   Items page = items.slice(100, 20);                        // shares the columns
//
// Modalities kept today: Text, Image (a path: decoded when asked for, see image_column.h), Number (double), Category (a
// code into a list of names), Rows (vectors with their Space). Audio and the others arrive with their readers.
//
// Invariants: all columns have size() cells; fewer than 2^32 rows. A column never changes once inside an Items; copies,
// slices and selections of columns share it. Thread-safety: immutable, so share freely.
// Cost: copying, slice() and select() touch no cell; take() copies the chosen cells.
#pragma once
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/result.h"
#include "quiver/core/rows.h"
#include "quiver/data/strings.h"

namespace quiver {

enum class Modality : std::uint8_t { Text, Image, Number, Category, Rows };
std::string_view name_of(Modality modality) noexcept;  // "text"

struct Field {
  std::string name;
  Modality modality = Modality::Text;
  bool many = false;      // a list per row
  bool optional = false;  // some cells may be missing
  bool operator==(const Field&) const = default;
};
std::string describe(const Field& field);  // "examples (text, many)"

namespace internal {
struct Column;
}
class ImageColumn;

// One text a row; a missing cell reads as empty. Keeps its column alive.
class TextColumn {
 public:
  std::size_t size() const noexcept { return count_; }
  std::string_view operator[](std::size_t row) const;
  bool missing(std::size_t row) const;
  std::vector<std::string_view> to_vector() const;  // views into the column, for what takes a span of texts

 private:
  friend class Items;
  std::shared_ptr<const internal::Column> column_;
  std::size_t first_ = 0, count_ = 0;
};

// A list of texts a row. Keeps its column alive; the lists are views into it.
class TextLists {
 public:
  std::size_t size() const noexcept { return count_; }
  StringsView operator[](std::size_t row) const;
  std::size_t total() const;  // texts in all rows

 private:
  friend class Items;
  std::shared_ptr<const internal::Column> column_;
  std::size_t first_ = 0, count_ = 0;
};

// A list of numbers a row.
class NumberLists {
 public:
  std::size_t size() const noexcept { return count_; }
  std::span<const double> operator[](std::size_t row) const;

 private:
  friend class Items;
  std::shared_ptr<const internal::Column> column_;
  std::size_t first_ = 0, count_ = 0;
};

// Codes into a list of names; kMissingCategory marks a missing cell.
inline constexpr std::uint32_t kMissingCategory = std::numeric_limits<std::uint32_t>::max();
struct Categories {
  std::vector<std::uint32_t> codes;  // one a row
  Strings names;                     // a name for every code, in order of first appearance unless the column says more
};

class Items {
 public:
  Items() = default;
  // One column of texts, vectors or numbers.
  static Items of(std::string column, std::span<const std::string> texts);
  static Items of(std::string column, Rows rows);
  static Items of(std::string column, std::vector<double> numbers);
  static Items of(std::string column, std::vector<double> numbers, std::size_t list_size);  // lists of that many each

  std::size_t size() const noexcept { return count_; }
  bool empty() const noexcept { return count_ == 0; }
  std::span<const Field> fields() const noexcept;
  bool has(std::string_view column) const noexcept;
  // Errors: NotFound, naming the columns that exist and the nearest one.
  Result<Field> field(std::string_view column) const;

  Items slice(std::size_t first, std::size_t count) const;  // Requires: first + count <= size()
  Items take(std::span<const std::uint32_t> rows) const;    // these rows, in this order. Requires: each below size()
  Result<Items> select(std::span<const std::string_view> columns) const;  // these columns, in this order
  Result<Items> beside(const Items& other) const;  // the columns of both; equal sizes, different names

  // Each fails with NotFound for an absent column and InvalidArgument for one of another kind; both say what there is.
  Result<TextColumn> text(std::string_view column) const;  // of a Category column, its names
  Result<TextLists> texts(std::string_view column) const;  // a `many` column; of a single one, lists of 0 or 1
  Result<std::span<const double>> numbers(
      std::string_view column) const;  // NaN where missing; borrowed from this Items
  Result<NumberLists> number_lists(std::string_view column) const;
  Result<Categories> categories(std::string_view column) const;  // also of a Text or Number column: a code per value
  Result<ImageColumn> images(std::string_view column) const;
  // A Rows column; or Number lists of one length as float vectors (the Error names the row that differs).
  Result<Rows> rows(std::string_view column) const;
  // The one column that holds vectors. Errors: there is none, or several.
  Result<Rows> only_rows() const;

  // A stable 64-bit hash of every row's cells (of one column): equal cells give equal hashes, on every machine. Of a
  // picture the bytes of its file count, which are read for it; Error: a file that cannot be read.
  Result<std::vector<std::uint64_t>> hashes(std::string_view column = {}) const;

 private:
  friend class ItemsBuilder;
  struct Table;
  static Items of_columns(std::vector<std::shared_ptr<const internal::Column>> columns, std::size_t rows);
  Result<std::shared_ptr<const internal::Column>> find(std::string_view column) const;
  std::shared_ptr<const Table> table_;
  std::size_t first_ = 0, count_ = 0;
};

}  // namespace quiver
