// Table: a parameter of many rows of which a batch touches few: embeddings, per-feature weights. Its gradient names the
// rows it is about, so a step costs what the batch holds, not what the table holds.
//
//   Table table("table", torch::randn({rows, dim}));
//   table.accumulate({3, 17}, grad);                  // (2, dim); from a module's backward pass, once per use
//   const RowGradient& g = table.gradient();          // rows 3 and 17, uses of one row added up
//   optimizer.step(rate);  table.clear_gradient();
//
// Torch has sparse gradients of its own; merging them costs more than the whole forward pass of a bag on a CPU.
// Invariants: value is contiguous float32 (rows, dim); rows of the merged gradient rise strictly.
// Thread-safety: one owner.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "quiver/learn/tensor.h"

namespace quiver::learn {

struct RowGradient {
  std::vector<std::uint32_t> rows;  // rising strictly
  Tensor values;                    // (rows, dim)
};

class Table {
 public:
  Table(std::string name, Tensor value);
  const std::string& name() const noexcept { return name_; }
  const Tensor& value() const noexcept { return value_; }  // (rows, dim); a handle: changing it changes the table
  std::int64_t rows() const { return value_.size(0); }
  std::int64_t dim() const { return value_.size(1); }

  // Requires: part.rows rise strictly and are below rows(); part.values is (part.rows, dim).
  void accumulate(RowGradient part);
  const RowGradient& gradient();  // of all parts since the last clear
  void clear_gradient();

 private:
  std::string name_;
  Tensor value_;
  std::vector<RowGradient> parts_;
};

}  // namespace quiver::learn
