// Training of a dot product with biases (fastai's EmbeddingDotBias): every update of an epoch in one call, with the gradients that autograd would give and a whole sweep of AdamW after each.
#include "simd/adamw.h"
#include "simd/rows.h"
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/library.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace {

using tutti::simd::AdamWFixed;
using tutti::simd::AdamWStep;

constexpr int64_t grain = 16384;  // numbers of a sweep below which a second thread costs more than it does

// One of the four tables with its moments and the gradient of one update.
struct Table {
  float *weight, *m, *v;
  int64_t width, count;
  std::vector<float> grad;

  Table(const at::Tensor& w, const at::Tensor& first, const at::Tensor& second) : width(w.dim() == 2 ? w.size(1) : 0), count(w.numel()) {
    for (const auto& t : {w, first, second})
      TORCH_CHECK(t.is_cpu() && t.is_contiguous() && t.scalar_type() == at::kFloat && t.dim() == 2 && t.sizes() == w.sizes(), "tables and their moments are contiguous float32 CPU tensors of two axes and one size");
    weight = w.data_ptr<float>();
    m = first.data_ptr<float>();
    v = second.data_ptr<float>();
    grad.assign(size_t(count), 0.0f);
  }

  float* row(int64_t i) { return weight + i * width; }
  float* slope(int64_t i) { return grad.data() + i * width; }
  void forget(int64_t i) { std::fill_n(slope(i), width, 0.0f); }
};

struct Ratings {
  const int64_t *users, *items;
  const float* values;
  int64_t count;
};

const int64_t* checked(const at::Tensor& ids, int64_t rows, int64_t count) {
  TORCH_CHECK(ids.is_cpu() && ids.is_contiguous() && ids.scalar_type() == at::kLong && ids.numel() == count, "users and items are contiguous 64-bit integers on the CPU, one per rating");
  const auto* id = ids.data_ptr<int64_t>();
  for (int64_t i = 0; i < count; i++) TORCH_CHECK(id[i] >= 0 && id[i] < rows, "id ", id[i], " is out of range: the table has ", rows, " rows");
  return id;
}

class Updates {
  std::array<Table, 4> tables_;  // users, items, and their biases
  Ratings ratings_;
  float low_, width_;            // of the sigmoid; none where the width is 0
  AdamWFixed fixed_;

 public:
  Updates(std::array<Table, 4> tables, Ratings ratings, double low, double high, AdamWFixed fixed) : tables_(std::move(tables)), ratings_(ratings), low_(float(low)), width_(float(high - low)), fixed_(fixed) {}

  // The mean of squared errors of ratings [from, to) goes down the slope; gives the sum of squared errors before.
  double update(int64_t from, int64_t to, const AdamWStep& step) {
    double squares = 0;
    for (int64_t r = from; r < to; r++) squares += slopes(ratings_.users[r], ratings_.items[r], ratings_.values[r], 2.0f / float(to - from));
    sweep(step);
    for (int64_t r = from; r < to; r++)
      for (size_t t = 0; t < 4; t++) tables_[t].forget(t % 2 == 0 ? ratings_.users[r] : ratings_.items[r]);
    return squares;
  }

 private:
  double slopes(int64_t user, int64_t item, float rating, float share) {
    const auto& kernels = tutti::simd::row_kernels();
    auto& [u, i, ub, ib] = tables_;
    const float sum = kernels.dot(u.row(user), i.row(item), u.width) + *ub.row(user) + *ib.row(item);
    float predicted = sum, slope = 1;
    if (width_ != 0) {
      const float s = 1.0f / (1.0f + std::exp(-sum));
      predicted = s * width_ + low_;
      slope = width_ * s * (1.0f - s);
    }
    const float error = predicted - rating, down = share * error * slope;
    kernels.add(u.slope(user), i.row(item), down, u.width);
    kernels.add(i.slope(item), u.row(user), down, i.width);
    *ub.slope(user) += down;
    *ib.slope(item) += down;
    return double(error) * double(error);
  }

  // Rows outside the update decay and go on by their momentum, as dense gradients make them.
  void sweep(const AdamWStep& step) {
    int64_t all = 0;
    for (const auto& table : tables_) all += table.count;
    const auto& kernels = tutti::simd::adamw_f32();
    at::parallel_for(0, all, grain, [&](int64_t begin, int64_t end) {
      int64_t before = 0;
      for (auto& table : tables_) {
        const int64_t from = std::max(begin - before, int64_t(0)), to = std::min(end - before, table.count);
        if (from < to) kernels.step(table.weight + from, table.grad.data() + from, table.m + from, table.v + from, nullptr, to - from, step, fixed_);
        before += table.count;
      }
    });
  }
};

// steps: of every update what its decay leaves of a weight, the rate over the first moment's bias correction, one over the root of the second's, and beta1.
double dot_bias(at::TensorList weights, at::TensorList m, at::TensorList v, const at::Tensor& users, const at::Tensor& items, const at::Tensor& ratings, int64_t batch, const at::Tensor& steps,
                double beta2, double eps, double low, double high) {
  at::NoGradGuard no_grad;
  TORCH_CHECK(weights.size() == 4 && m.size() == 4 && v.size() == 4, "a dot product with biases has four tables");
  std::array<Table, 4> tables{Table(weights[0], m[0], v[0]), Table(weights[1], m[1], v[1]), Table(weights[2], m[2], v[2]), Table(weights[3], m[3], v[3])};
  TORCH_CHECK(tables[0].width == tables[1].width && tables[2].width == 1 && tables[3].width == 1 && weights[2].size(0) == weights[0].size(0) && weights[3].size(0) == weights[1].size(0),
              "tables of users, items and their biases do not fit each other");
  TORCH_CHECK(ratings.is_cpu() && ratings.is_contiguous() && ratings.scalar_type() == at::kFloat, "ratings are contiguous float32 on the CPU");
  const int64_t n = ratings.numel();
  const Ratings rows{checked(users, weights[0].size(0), n), checked(items, weights[1].size(0), n), ratings.data_ptr<float>(), n};
  TORCH_CHECK(batch > 0 && steps.is_cpu() && steps.is_contiguous() && steps.scalar_type() == at::kDouble && steps.dim() == 2 && steps.size(1) == 4 && steps.size(0) * batch >= n,
              "steps have four doubles for every ", batch, " of ", n, " ratings");
  const auto* step = static_cast<const AdamWStep*>(steps.data_ptr());
  Updates updates(std::move(tables), rows, low, high, AdamWFixed{beta2, eps, 1});
  double squares = 0;
  for (int64_t from = 0; from < n; from += batch) squares += updates.update(from, std::min(n, from + batch), step[from / batch]);
  for (const auto& weight : weights) weight.unsafeGetTensorImpl()->bump_version();
  return squares;
}

TORCH_LIBRARY_FRAGMENT(tutti, m) {
  m.def("dot_bias_(Tensor(a!)[] weights, Tensor(b!)[] m, Tensor(c!)[] v, Tensor users, Tensor items, Tensor ratings, int batch, Tensor steps, float beta2, float eps, float low, float high) -> float");
}
TORCH_LIBRARY_IMPL(tutti, CPU, m) { m.impl("dot_bias_", dot_bias); }
TORCH_LIBRARY_IMPL(tutti, Autograd, m) { m.impl("dot_bias_", dot_bias); }

}  // namespace
