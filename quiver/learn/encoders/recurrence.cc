#include "quiver/learn/encoders/recurrence.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "quiver/core/check.h"
#include "quiver/core/linalg.h"
#include "quiver/simd/kernels.h"

namespace quiver::learn {
namespace {
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// A block of rows inside a contiguous tensor.
MatrixView rows_at(const float* rows, std::int64_t count, std::int64_t width) {
  const auto cols = static_cast<std::size_t>(width);
  return {rows, static_cast<std::size_t>(count), cols, cols};
}
void tanh_in_place(float* values, const float* bias, std::int64_t count) {
  simd::kernels().activate(simd::Activation::Tanh)(values, bias, static_cast<std::size_t>(count));
}
void add(float* to, const float* what, std::int64_t count) {
  simd::kernels().add(to, what, static_cast<std::size_t>(count));
}

// The states that the rows of every step found: those of the first step `start`, zeros if there is none.
Tensor states_found(const Tensor& states, const Tensor& start, const std::vector<std::int64_t>& active) {
  Tensor out = torch::zeros_like(states);
  if (active.empty()) return out;
  if (start.defined()) out.narrow(0, 0, active[0]).copy_(start.unsqueeze(0));
  const std::int64_t width = states.size(1);
  const float* from = states.data_ptr<float>();
  float* to = out.data_ptr<float>() + active[0] * width;
  for (std::size_t t = 1; t < active.size(); ++t) {
    std::memcpy(to, from, static_cast<std::size_t>(active[t] * width) * sizeof(float));
    to += active[t] * width;
    from += active[t - 1] * width;
  }
  return out;
}

struct ElmanSteps : torch::autograd::Function<ElmanSteps> {
  static Tensor forward(AutogradContext* context, const Tensor& drive, const Tensor& weight, const Tensor& start,
                        const std::vector<std::int64_t>& active) {
    const std::int64_t width = drive.size(1);
    Tensor states = drive.contiguous().clone();     // (tokens, width)
    const Tensor first = torch::mv(weight, start);  // (width): what the start adds to the first step
    const MatrixView square = rows_of(weight);
    float* row = states.data_ptr<float>();
    const float* found = nullptr;
    for (const std::int64_t count : active) {
      if (found == nullptr) {
        for (std::int64_t i = 0; i < count; ++i) add(row + i * width, first.data_ptr<float>(), width);
      } else {
        gemm_nt(rows_at(found, count, width), square, row, static_cast<std::size_t>(width), 1, 1);
      }
      tanh_in_place(row, nullptr, count * width);
      found = row;
      row += count * width;
    }
    context->save_for_backward({weight, start, states});
    context->saved_data["active"] = active;
    return states;
  }

  static variable_list backward(AutogradContext* context, const variable_list& outer) {
    const variable_list saved = context->get_saved_variables();
    const Tensor &weight = saved[0], &start = saved[1], &states = saved[2];
    const std::vector<std::int64_t> active = context->saved_data["active"].toIntVector();
    const std::int64_t width = states.size(1);
    const MatrixView square = rows_of(weight);
    Tensor gradient = outer[0].contiguous().clone();  // (tokens, width): becomes that of the drive
    const float* state = states.data_ptr<float>() + states.numel();
    float* row = gradient.data_ptr<float>() + gradient.numel();
    for (std::size_t t = active.size(); t-- > 0;) {
      const std::int64_t count = active[t] * width;
      row -= count;
      state -= count;
      for (std::int64_t i = 0; i < count; ++i) row[i] *= 1 - state[i] * state[i];
      if (t == 0) break;
      gemm(rows_at(row, active[t], width), square, row - active[t - 1] * width, static_cast<std::size_t>(width), 1, 1);
    }
    Tensor to_start = torch::zeros_like(start);
    if (!active.empty()) to_start = torch::mv(weight.t(), gradient.narrow(0, 0, active[0]).sum(0));
    return {gradient, torch::mm(gradient.t(), states_found(states, start, active)), to_start, Tensor()};
  }
};

// What a step of an LSTM leaves for its backward pass, row by row: gates (i, f, g, o), cells, their tanh.
struct LstmSteps : torch::autograd::Function<LstmSteps> {
  static Tensor forward(AutogradContext* context, const Tensor& drive, const Tensor& weight,
                        const std::vector<std::int64_t>& active) {
    const std::int64_t width = drive.size(1) / 4, rows = drive.size(0);
    Tensor gates = drive.contiguous().clone();                                       // (tokens, 4 width)
    Tensor cells = torch::empty({rows, width}), bent = torch::empty({rows, width});  // c, tanh(c)
    Tensor states = torch::empty({rows, width});
    const MatrixView recurrent = rows_of(weight);
    float *gate = gates.data_ptr<float>(), *cell = cells.data_ptr<float>(), *bend = bent.data_ptr<float>();
    float* state = states.data_ptr<float>();
    std::int64_t before = 0;  // rows of the step before
    for (const std::int64_t count : active) {
      if (before > 0) {
        gemm_nt(rows_at(state - before * width, count, width), recurrent, gate, static_cast<std::size_t>(4 * width), 1,
                1);
      }
      open_gates(gate, count, width);
      for (std::int64_t r = 0; r < count; ++r) {
        const float *i = gate + 4 * r * width, *f = i + width, *g = f + width;
        float* c = cell + r * width;
        const float* old = c - before * width;
        for (std::int64_t j = 0; j < width; ++j) c[j] = i[j] * g[j] + (before > 0 ? f[j] * old[j] : 0);
      }
      std::memcpy(bend, cell, static_cast<std::size_t>(count * width) * sizeof(float));
      tanh_in_place(bend, nullptr, count * width);
      for (std::int64_t r = 0; r < count; ++r) {
        const float* o = gate + (4 * r + 3) * width;
        for (std::int64_t j = 0; j < width; ++j) state[r * width + j] = o[j] * bend[r * width + j];
      }
      gate += 4 * count * width;
      cell += count * width;
      bend += count * width;
      state += count * width;
      before = count;
    }
    context->save_for_backward({weight, gates, cells, bent, states});
    context->saved_data["active"] = active;
    return states;
  }

  static variable_list backward(AutogradContext* context, const variable_list& outer) {
    const variable_list saved = context->get_saved_variables();
    const Tensor &weight = saved[0], &gates = saved[1], &cells = saved[2], &bent = saved[3], &states = saved[4];
    const std::vector<std::int64_t> active = context->saved_data["active"].toIntVector();
    const std::int64_t width = states.size(1), rows = states.size(0);
    const MatrixView recurrent = rows_of(weight);
    Tensor to_states = outer[0].contiguous().clone();  // (tokens, width): d h, with what later steps add
    Tensor to_cells = torch::zeros({rows, width});     // d c, likewise
    Tensor to_drive = torch::empty({rows, 4 * width});
    std::int64_t at = rows;
    for (std::size_t t = active.size(); t-- > 0;) {
      at -= active[t];
      const std::int64_t before = t > 0 ? active[t - 1] : 0;
      for (std::int64_t r = at; r < at + active[t]; ++r) {
        const float *i = gates.data_ptr<float>() + 4 * r * width, *f = i + width, *g = f + width, *o = g + width;
        const float *b = bent.data_ptr<float>() + r * width, *dh = to_states.data_ptr<float>() + r * width;
        float *dc = to_cells.data_ptr<float>() + r * width, *dz = to_drive.data_ptr<float>() + 4 * r * width;
        const float* old = cells.data_ptr<float>() + (r - before) * width;
        float* to_old = to_cells.data_ptr<float>() + (r - before) * width;
        for (std::int64_t j = 0; j < width; ++j) {
          const float d = dc[j] + dh[j] * o[j] * (1 - b[j] * b[j]);
          dz[j] = d * g[j] * i[j] * (1 - i[j]);
          dz[width + j] = before > 0 ? d * old[j] * f[j] * (1 - f[j]) : 0;
          dz[2 * width + j] = d * i[j] * (1 - g[j] * g[j]);
          dz[3 * width + j] = dh[j] * b[j] * o[j] * (1 - o[j]);
          if (before > 0) to_old[j] = d * f[j];
        }
      }
      if (t == 0) break;
      gemm(rows_at(to_drive.data_ptr<float>() + 4 * at * width, active[t], 4 * width), recurrent,
           to_states.data_ptr<float>() + (at - before) * width, static_cast<std::size_t>(width), 1, 1);
    }
    return {to_drive, torch::mm(to_drive.t(), states_found(states, Tensor(), active)), Tensor()};
  }

 private:
  // (count, 4 width) in place: sigmoid of i, f and o, which is (1 + tanh(x / 2)) / 2, and tanh of g.
  static void open_gates(float* gates, std::int64_t count, std::int64_t width) {
    const auto each_sigmoid = [&](auto&& change) {
      for (std::int64_t r = 0; r < count; ++r) {
        float* row = gates + 4 * r * width;
        for (std::int64_t j = 0; j < 2 * width; ++j) change(row[j]);
        for (std::int64_t j = 3 * width; j < 4 * width; ++j) change(row[j]);
      }
    };
    each_sigmoid([](float& x) { x *= 0.5F; });
    tanh_in_place(gates, nullptr, 4 * count * width);
    each_sigmoid([](float& x) { x = 0.5F + 0.5F * x; });
  }
};

Tensor numbers(const std::vector<std::int64_t>& values) { return torch::tensor(values, torch::kInt64); }
}  // namespace

Sweep::Sweep(const PackedTokens& tokens, Direction direction) {
  const auto texts = static_cast<std::size_t>(tokens.texts());
  std::vector<std::int64_t> by_length(texts);
  std::iota(by_length.begin(), by_length.end(), 0);
  std::stable_sort(by_length.begin(), by_length.end(),
                   [&](std::int64_t a, std::int64_t b) { return tokens.length(a) > tokens.length(b); });
  const auto count = static_cast<std::size_t>(tokens.tokens());
  std::vector<std::int64_t> order, places(count), found(count), ends(texts, 0);
  order.reserve(count);
  std::int64_t before = 0;  // where the step before begins
  for (std::int64_t t = 0; t < tokens.longest(); ++t) {
    const auto begin = static_cast<std::int64_t>(order.size());
    for (std::size_t rank = 0; rank < texts && tokens.length(by_length[rank]) > t; ++rank) {
      const std::int64_t text = by_length[rank], length = tokens.length(text);
      const std::int64_t first = tokens.batch().offsets[static_cast<std::size_t>(text)];
      const std::int64_t token = direction == Direction::Forth ? first + t : first + length - 1 - t;
      const auto place = static_cast<std::int64_t>(order.size());
      places[static_cast<std::size_t>(token)] = place;
      found[static_cast<std::size_t>(token)] = t == 0 ? 0 : 1 + before + static_cast<std::int64_t>(rank);
      ends[static_cast<std::size_t>(text)] = 1 + place;
      order.push_back(token);
    }
    active_.push_back(static_cast<std::int64_t>(order.size()) - begin);
    before = begin;
  }
  order_ = numbers(order);
  places_ = numbers(places);
  found_ = numbers(found);
  ends_ = numbers(ends);
}

Tensor Sweep::enter(const Tensor& rows) const { return rows.index_select(0, order_); }
Tensor Sweep::after(const Tensor& states) const { return states.index_select(0, places_); }
Tensor Sweep::before(const Tensor& states, const Tensor& start) const {
  return torch::cat({start.unsqueeze(0), states}).index_select(0, found_);
}
Tensor Sweep::last(const Tensor& states, const Tensor& start) const {
  return torch::cat({start.unsqueeze(0), states}).index_select(0, ends_);
}

Tensor elman(const Tensor& drive, const Tensor& weight, const Tensor& start, const Sweep& sweep) {
  QUIVER_CHECK(drive.dim() == 2 && drive.size(0) == sweep.tokens() && start.size(0) == drive.size(1));
  QUIVER_CHECK(weight.size(0) == drive.size(1) && weight.size(1) == drive.size(1));
  return ElmanSteps::apply(drive, weight, start, sweep.active());
}

Tensor lstm(const Tensor& drive, const Tensor& weight, const Sweep& sweep) {
  QUIVER_CHECK(drive.dim() == 2 && drive.size(0) == sweep.tokens() && drive.size(1) == weight.size(0));
  QUIVER_CHECK(weight.size(0) == 4 * weight.size(1));
  return LstmSteps::apply(drive, weight, sweep.active());
}

}  // namespace quiver::learn
