// AdamW and the gradient's norm: one parallel sweep over all tensors, and rows of tables that are brought up to date when somebody asks for them.
#include "simd/adamw.h"
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/library.h>
#include <algorithm>
#include <cmath>
#include <vector>

namespace {

using tutti::simd::AdamWFixed;
using tutti::simd::AdamWStep;
using tutti::simd::adamw_kernels;

constexpr int64_t grain = 32768;  // numbers below which a second thread costs more than it does

// Numbers of several tensors, counted through.
class Places {
  std::vector<int64_t> ends_{0};

 public:
  void add(int64_t count) { ends_.push_back(ends_.back() + count); }
  int64_t all() const { return ends_.back(); }

  // Calls part(tensor, from, to) for what lies within [begin, end).
  template <class F> void within(int64_t begin, int64_t end, F part) const {
    size_t i = size_t(std::upper_bound(ends_.begin(), ends_.end(), begin) - ends_.begin()) - 1;
    for (; i + 1 < ends_.size() && ends_[i] < end; i++) {
      const int64_t from = std::max(begin, ends_[i]) - ends_[i], to = std::min(end, ends_[i + 1]) - ends_[i];
      if (from < to) part(i, from, to);
    }
  }
};

void check(const at::Tensor& weight, const at::Tensor& other) {
  TORCH_CHECK(other.is_cpu() && other.is_contiguous() && other.scalar_type() == weight.scalar_type() && other.numel() == weight.numel(),
              "AdamW takes gradients and moments of the weight's size and dtype, contiguous on the CPU");
}

// decay: one value per weight. copies: a tensor in bfloat16 for each weight, undefined for none, or an empty list. size: the rate over the first moment's bias
// correction; root: the root of the second's.
void adamw_step(at::TensorList weights, at::TensorList grads, at::TensorList m, at::TensorList v, at::TensorList copies, at::ArrayRef<double> decay, double rate, double size,
                double root, double beta1, double beta2, double eps, double scale) {
  at::NoGradGuard no_grad;
  TORCH_CHECK(grads.size() == weights.size() && m.size() == weights.size() && v.size() == weights.size() && decay.size() == weights.size() &&
                  (copies.empty() || copies.size() == weights.size()),
              "AdamW got lists of different lengths");
  if (weights.empty()) return;
  std::vector<at::Tensor> gradients;
  Places places;
  for (size_t i = 0; i < weights.size(); i++) {
    const auto& weight = weights[i];
    gradients.push_back(grads[i].contiguous());
    TORCH_CHECK(weight.is_cpu() && weight.is_contiguous() && weight.scalar_type() == weights[0].scalar_type(), "AdamW takes contiguous CPU weights of one dtype");
    for (const auto& other : {gradients.back(), m[i], v[i]}) check(weight, other);
    if (!copies.empty() && copies[i].defined())
      TORCH_CHECK(copies[i].is_cpu() && copies[i].is_contiguous() && copies[i].scalar_type() == at::kBFloat16 && copies[i].numel() == weight.numel(),
                  "AdamW takes contiguous bfloat16 copies of the weight's size");
    places.add(weight.numel());
  }
  const AdamWFixed fixed{beta2, eps, scale};
  AT_DISPATCH_FLOATING_TYPES(weights[0].scalar_type(), "tutti_adamw", [&] {
    const auto& kernels = adamw_kernels(static_cast<const scalar_t*>(nullptr));
    at::parallel_for(0, places.all(), grain, [&](int64_t begin, int64_t end) {
      places.within(begin, end, [&](size_t i, int64_t from, int64_t to) {
        auto* copy = copies.empty() || !copies[i].defined() ? nullptr : static_cast<tutti::simd::bf16*>(copies[i].data_ptr()) + from;
        kernels.step(weights[i].data_ptr<scalar_t>() + from, gradients[i].data_ptr<scalar_t>() + from, m[i].data_ptr<scalar_t>() + from, v[i].data_ptr<scalar_t>() + from, copy,
                     to - from, AdamWStep{1 - rate * decay[i], size, root, beta1}, fixed);
      });
    });
  });
  for (const auto& weight : weights) weight.unsafeGetTensorImpl()->bump_version();
}

// ---- tables whose rows are brought up to date when they are needed

// A table, its moments, and for every row how many of the steps in `history` it has done.
struct Table {
  const at::Tensor &weight, &m, &v, &done, &history;
  int64_t rows, width;
  int32_t* at;
  const AdamWStep* steps;

  Table(const at::Tensor& w, const at::Tensor& first, const at::Tensor& second, const at::Tensor& d, const at::Tensor& h) : weight(w), m(first), v(second), done(d), history(h) {
    TORCH_CHECK(w.is_cpu() && w.dim() == 2 && w.is_contiguous(), "a table is a contiguous CPU tensor of two axes");
    check(w, m);
    check(w, v);
    rows = w.size(0);
    width = w.size(1);
    TORCH_CHECK(d.is_cpu() && d.is_contiguous() && d.scalar_type() == at::kInt && d.numel() == rows, "a table's steps are 32-bit integers, one per row");
    TORCH_CHECK(h.is_cpu() && h.is_contiguous() && h.scalar_type() == at::kDouble && h.dim() == 2 && h.size(1) == 4, "a history has rows of four doubles");
    at = d.data_ptr<int32_t>();
    steps = static_cast<const AdamWStep*>(h.data_ptr());
  }

  // Brings a row to `count` steps; the last of them has a gradient where g is not null.
  template <class T> void forward(int64_t row, int64_t count, const T* g, const AdamWFixed& fixed) const {
    const int64_t before = at[row];
    if (before >= count) return;
    const int64_t place = row * width;
    adamw_kernels(g).steps(weight.data_ptr<T>() + place, g, m.data_ptr<T>() + place, v.data_ptr<T>() + place, width, steps + before, count - before, fixed);
    at[row] = int32_t(count);
  }
};

void checked_ids(const at::Tensor& ids, int64_t rows) {
  TORCH_CHECK(ids.is_cpu() && ids.is_contiguous() && ids.scalar_type() == at::kLong, "rows are named by contiguous 64-bit integers on the CPU");
  const auto* id = ids.data_ptr<int64_t>();
  for (int64_t i = 0; i < ids.numel(); i++) TORCH_CHECK(id[i] >= 0 && id[i] < rows, "id ", id[i], " is out of range: the table has ", rows, " rows");
}

// Step number `count` (from 0) of a table's history: the rows `ids`, each named once, have the gradients `grads`; the others wait.
void adamw_rows(const at::Tensor& weight, const at::Tensor& ids, const at::Tensor& grads, const at::Tensor& m, const at::Tensor& v, const at::Tensor& done, const at::Tensor& history, int64_t count,
                double decay, double rate, double size, double root, double beta1, double beta2, double eps, double scale) {
  at::NoGradGuard no_grad;
  const Table table(weight, m, v, done, history);
  checked_ids(ids, table.rows);
  TORCH_CHECK(count >= 0 && count < history.size(0), "the history has room for ", history.size(0), " steps, got number ", count);
  TORCH_CHECK(grads.is_contiguous() && grads.scalar_type() == weight.scalar_type() && grads.numel() == ids.numel() * table.width, "AdamW takes a contiguous gradient for every row that is named");
  static_cast<AdamWStep*>(history.data_ptr())[count] = AdamWStep{1 - rate * decay, size, root, beta1};
  const AdamWFixed fixed{beta2, eps, scale};
  AT_DISPATCH_FLOATING_TYPES(weight.scalar_type(), "tutti_adamw_rows", [&] {
    const auto* id = ids.data_ptr<int64_t>();
    const auto* g = grads.data_ptr<scalar_t>();
    at::parallel_for(0, ids.numel(), std::max<int64_t>(1, grain / std::max<int64_t>(1, table.width)), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) table.forward<scalar_t>(id[i], count + 1, g + i * table.width, fixed);
    });
  });
  weight.unsafeGetTensorImpl()->bump_version();
}

// Brings rows to `count` steps: those that `ids` names (as often as it likes), or all.
void adamw_catch_up(const at::Tensor& weight, const c10::optional<at::Tensor>& ids, const at::Tensor& m, const at::Tensor& v, const at::Tensor& done, const at::Tensor& history, int64_t count, double beta2,
                    double eps) {
  at::NoGradGuard no_grad;
  const Table table(weight, m, v, done, history);
  TORCH_CHECK(count >= 0 && count <= history.size(0), "the history has ", history.size(0), " steps, got ", count);
  const AdamWFixed fixed{beta2, eps, 1};
  AT_DISPATCH_FLOATING_TYPES(weight.scalar_type(), "tutti_adamw_catch_up", [&] {
    const scalar_t* const none = nullptr;
    if (!ids) {
      at::parallel_for(0, table.rows, std::max<int64_t>(1, grain / std::max<int64_t>(1, table.width)), [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; row++) table.forward(row, count, none, fixed);
      });
    } else {
      checked_ids(*ids, table.rows);
      // Every part goes through all names and does its share of the rows, so that no row is in two hands.
      const int64_t parts = at::in_parallel_region() ? 1 : at::get_num_threads(), named = ids->numel();
      const auto* id = ids->data_ptr<int64_t>();
      at::parallel_for(0, parts, 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = 0; i < named; i++)
          if (const int64_t share = id[i] % parts; share >= begin && share < end) table.forward(id[i], count, none, fixed);
      });
    }
  });
  weight.unsafeGetTensorImpl()->bump_version();
}

// ---- norm

// The Euclidean norm of all tensors together, summed in double in a fixed order, row by row (of the first of several axes): the same bits for any thread count, and
// for a table of which only the rows that are not zero are given, in their order.
double norm(at::TensorList tensors) {
  std::vector<at::Tensor> plain;
  Places places;
  std::vector<int64_t> first{0};
  for (const auto& t : tensors) {
    TORCH_CHECK(t.is_cpu(), "the norm is of CPU tensors");
    plain.push_back(t.contiguous());
    const int64_t rows = t.dim() < 2 ? 1 : t.size(0);
    places.add(t.numel());
    first.push_back(first.back() + rows);
  }
  std::vector<double> sums(size_t(first.back()), 0.0);
  at::parallel_for(0, places.all(), grain, [&](int64_t begin, int64_t end) {
    places.within(begin, end, [&](size_t i, int64_t from, int64_t to) {
      const auto& x = plain[i];
      const int64_t rows = first[i + 1] - first[i], width = x.numel() / rows;
      AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "tutti_norm", [&] {
        const auto* values = x.data_ptr<scalar_t>();
        for (int64_t row = (from + width - 1) / width; row * width < to; row++)  // the rows that begin here
          sums[size_t(first[i] + row)] = adamw_kernels(values).squares(values + row * width, width);
      });
    });
  });
  double all = 0;
  for (size_t i = 0; i < plain.size(); i++) {
    double sum = 0;
    for (int64_t row = first[i]; row < first[i + 1]; row++) sum += sums[size_t(row)];
    all += sum;
  }
  return std::sqrt(all);
}

TORCH_LIBRARY_FRAGMENT(tutti, m) {
  m.def("adamw_(Tensor(a!)[] weights, Tensor[] grads, Tensor(b!)[] m, Tensor(c!)[] v, Tensor(d!)[] copies, float[] decay, float rate, float size, float root, float beta1, float beta2, float eps, float scale) -> ()");
  m.def("adamw_rows_(Tensor(a!) weight, Tensor ids, Tensor grads, Tensor(b!) m, Tensor(c!) v, Tensor(d!) done, Tensor(e!) history, int count, float decay, float rate, float size, float root, float beta1, float beta2, float eps, float scale) -> ()");
  m.def("adamw_catch_up_(Tensor(a!) weight, Tensor? ids, Tensor(b!) m, Tensor(c!) v, Tensor(d!) done, Tensor history, int count, float beta2, float eps) -> ()");
  m.def("norm(Tensor[] tensors) -> float");
}
TORCH_LIBRARY_IMPL(tutti, CPU, m) {
  m.impl("adamw_", adamw_step);
  m.impl("adamw_rows_", adamw_rows);
  m.impl("adamw_catch_up_", adamw_catch_up);
  m.impl("norm", norm);
}
TORCH_LIBRARY_IMPL(tutti, Autograd, m) {
  m.impl("adamw_", adamw_step);
  m.impl("adamw_rows_", adamw_rows);
  m.impl("adamw_catch_up_", adamw_catch_up);
  m.impl("norm", norm);
}

}  // namespace
