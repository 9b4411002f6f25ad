// Training of a dot product with biases (fastai's EmbeddingDotBias): every update of an epoch in one call, with the gradients that autograd would give. Gradients are dense: rows outside of an
// update decay and go on by their momentum; they do so when they are needed again.
#include "simd/rows.h"
#include <ATen/ATen.h>
#include <torch/library.h>
#include <algorithm>
#include <cmath>
#include <new>
#include <vector>

namespace {

using tutti::simd::row_block;
using tutti::simd::row_kernels;
using tutti::simd::RowStep;
using tutti::simd::RowSteps;

template <class T> struct Aligned {
  using value_type = T;
  Aligned() = default;
  template <class U> Aligned(const Aligned<U>&) {}
  T* allocate(size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), std::align_val_t(64))); }
  void deallocate(T* p, size_t) { ::operator delete(p, std::align_val_t(64)); }
  template <class U> bool operator==(const Aligned<U>&) const { return true; }
  template <class U> bool operator!=(const Aligned<U>&) const { return false; }
};
using Floats = std::vector<float, Aligned<float>>;

void check(const at::Tensor& t, const at::Tensor& like) {
  TORCH_CHECK(t.is_cpu() && t.is_contiguous() && t.scalar_type() == at::kFloat && t.dim() == 2 && t.sizes() == like.sizes(), "tables and their moments are contiguous float32 CPU tensors of two axes and one size");
}

// The rows of users or of items: factors, then the bias in a place where rows of the other side have a zero, so that the product of two whole rows is that of their factors.
class Rows {
  at::Tensor factors_[3], biases_[3];  // weight, first and second moment
  Floats values_[3];                   // the same as padded rows; of the second moment its root
  Floats grads_;
  std::vector<int64_t> done_, touched_;
  std::vector<int32_t> slot_;
  int64_t width_, place_;

 public:
  const int64_t count;

  // place: of the bias, behind the factors.
  Rows(const at::Tensor factors[3], const at::Tensor biases[3], int64_t place) : count(factors[0].size(0)) {
    for (int i = 0; i < 3; i++) {
      check(factors[i], factors[0]);
      check(biases[i], biases[0]);
      factors_[i] = factors[i];
      biases_[i] = biases[i];
    }
    const int64_t k = factors[0].size(1);
    TORCH_CHECK(biases[0].size(0) == count && biases[0].size(1) == 1, "there is one bias for every row of factors");
    place_ = k + place;
    width_ = (k + 2 + row_block - 1) / row_block * row_block;
    for (int i = 0; i < 3; i++) {
      values_[i].assign(size_t(count * width_), 0.0f);
      const float *f = factors[i].data_ptr<float>(), *b = biases[i].data_ptr<float>();
      for (int64_t r = 0; r < count; r++) {
        float* to = values_[i].data() + r * width_;
        std::copy_n(f + r * k, k, to);
        to[place_] = b[r];
        if (i == 2) std::transform(to, to + width_, to, [](float v) { return std::sqrt(v); });
      }
    }
    done_.assign(size_t(count), 0);
    slot_.assign(size_t(count), -1);
  }

  int64_t width() const { return width_; }
  const float* row(int64_t r) const { return values_[0].data() + r * width_; }
  float bias(int64_t r) const { return row(r)[place_]; }

  // Brings a row to where all steps before `at` are done, and makes room for its gradient.
  void take(int64_t r, int64_t at, const RowSteps& steps) {
    if (slot_[size_t(r)] >= 0) return;
    coast(r, at, steps);
    slot_[size_t(r)] = int32_t(touched_.size());
    touched_.push_back(r);
    if (grads_.size() < touched_.size() * size_t(width_)) grads_.resize(touched_.size() * size_t(width_));
    std::fill_n(grads_.data() + (touched_.size() - 1) * size_t(width_), width_, 0.0f);
  }

  // The slope of a rating's sum is `down`: along the row it is that times the row of the other side, along the bias itself.
  void add(int64_t r, const float* other, float down) {
    float* grad = grads_.data() + int64_t(slot_[size_t(r)]) * width_;
    const float before = grad[place_];
    row_kernels().add(grad, other, down, width_);
    grad[place_] = before + down;
  }

  // Step `at` for the rows that were taken. The other side's bias has no place in a row of this one.
  void step(int64_t at, const RowSteps& steps, int64_t others_place) {
    for (size_t i = 0; i < touched_.size(); i++) {
      const int64_t r = touched_[i], from = r * width_;
      float* grad = grads_.data() + i * size_t(width_);
      grad[others_place] = 0;
      row_kernels().step(values_[0].data() + from, values_[1].data() + from, values_[2].data() + from, grad, width_, steps, at);
      done_[size_t(r)] = at + 1;
      slot_[size_t(r)] = -1;
    }
    touched_.clear();
  }

  int64_t place() const { return place_; }

  // Does what is left of `all` steps for every row, and writes all to the tensors.
  void finish(int64_t all, const RowSteps& steps) {
    const int64_t k = factors_[0].size(1);
    for (int64_t r = 0; r < count; r++) coast(r, all, steps);
    for (int i = 0; i < 3; i++) {
      float *f = factors_[i].data_ptr<float>(), *b = biases_[i].data_ptr<float>();
      for (int64_t r = 0; r < count; r++) {
        float* from = values_[i].data() + r * width_;
        if (i == 2) std::transform(from, from + width_, from, [](float s) { return s * s; });
        std::copy_n(from, k, f + r * k);
        b[r] = from[place_];
      }
    }
    for (const auto& changed : {factors_[0], biases_[0]}) changed.unsafeGetTensorImpl()->bump_version();
  }

 private:
  void coast(int64_t r, int64_t to, const RowSteps& steps) {
    const int64_t from = done_[size_t(r)], place = r * width_;
    if (from < to) row_kernels().coast(values_[0].data() + place, values_[1].data() + place, values_[2].data() + place, width_, steps, from, to);
    done_[size_t(r)] = to;
  }
};

struct Epoch {
  const int64_t *users, *items;
  const float* ratings;
  int64_t count, batch;
  float low, width;  // of the sigmoid; none where the width is 0
};

// The steps of an epoch as rows see them.
struct Steps {
  std::vector<RowStep> each;
  std::vector<double> keep_logs{0}, beta1_logs{0};
  RowSteps all;

  // numbers: of every step keep, size, grow, beta1.
  Steps(const double* numbers, int64_t count, double beta2, double eps) {
    float largest = 0;
    for (int64_t i = 0; i < count; i++, numbers += 4) {
      TORCH_CHECK(numbers[0] > 0 && numbers[3] > 0, "a step keeps something of weights and moments");
      each.push_back({float(numbers[0]), float(numbers[1]), float(numbers[2]), float(numbers[3])});
      keep_logs.push_back(keep_logs.back() + std::log(numbers[0]));
      beta1_logs.push_back(beta1_logs.back() + std::log(numbers[3]));
      largest = std::max(largest, float(numbers[1]));
    }
    all = {each.data(), keep_logs.data(), beta1_logs.data(), float(beta2), float(eps), largest};
  }
};

// The mean of squared errors of ratings [from, to) goes down the slope; gives the sum of squared errors before.
double update(const Epoch& of, int64_t from, int64_t to, Rows& users, Rows& items, const RowSteps& steps, int64_t at) {
  double squares = 0;
  for (int64_t r = from; r < to; r++) {
    users.take(of.users[r], at, steps);
    items.take(of.items[r], at, steps);
  }
  for (int64_t r = from; r < to; r++) {
    const int64_t u = of.users[r], i = of.items[r];
    const float sum = row_kernels().dot(users.row(u), items.row(i), users.width()) + users.bias(u) + items.bias(i);
    float predicted = sum, slope = 1;
    if (of.width != 0) {
      const float s = 1.0f / (1.0f + std::exp(-sum));
      predicted = s * of.width + of.low;
      slope = of.width * s * (1.0f - s);
    }
    const float error = predicted - of.ratings[r], down = 2.0f / float(to - from) * error * slope;
    users.add(u, items.row(i), down);
    items.add(i, users.row(u), down);
    squares += double(error) * double(error);
  }
  users.step(at, steps, items.place());
  items.step(at, steps, users.place());
  return squares;
}

const int64_t* checked(const at::Tensor& ids, int64_t rows, int64_t count) {
  TORCH_CHECK(ids.is_cpu() && ids.is_contiguous() && ids.scalar_type() == at::kLong && ids.numel() == count, "users and items are contiguous 64-bit integers on the CPU, one per rating");
  const auto* id = ids.data_ptr<int64_t>();
  for (int64_t i = 0; i < count; i++) TORCH_CHECK(id[i] >= 0 && id[i] < rows, "id ", id[i], " is out of range: the table has ", rows, " rows");
  return id;
}

// weights, m, v: users (U,k), items (I,k), biases of users (U,1) and of items (I,1). steps: of every update what its decay leaves of a weight, the rate over the first moment's bias correction,
// one over the root of the second's, and beta1.
double dot_bias(at::TensorList weights, at::TensorList m, at::TensorList v, const at::Tensor& users, const at::Tensor& items, const at::Tensor& ratings, int64_t batch, const at::Tensor& steps,
                double beta2, double eps, double low, double high) {
  at::NoGradGuard no_grad;
  TORCH_CHECK(weights.size() == 4 && m.size() == 4 && v.size() == 4, "a dot product with biases has four tables");
  for (const auto& weight : weights) TORCH_CHECK(weight.dim() == 2, "tables have two axes");
  TORCH_CHECK(weights[0].size(1) == weights[1].size(1), "users have ", weights[0].size(1), " factors, items ", weights[1].size(1));
  TORCH_CHECK(ratings.is_cpu() && ratings.is_contiguous() && ratings.scalar_type() == at::kFloat, "ratings are contiguous float32 on the CPU");
  const int64_t n = ratings.numel(), updates = batch > 0 ? (n + batch - 1) / batch : 0;
  TORCH_CHECK(batch > 0 && steps.is_cpu() && steps.is_contiguous() && steps.scalar_type() == at::kDouble && steps.dim() == 2 && steps.size(1) == 4 && steps.size(0) >= updates,
              "steps have four doubles for every ", batch, " of ", n, " ratings");
  const Epoch epoch{checked(users, weights[0].size(0), n), checked(items, weights[1].size(0), n), ratings.data_ptr<float>(), n, batch, float(low), float(high - low)};
  const at::Tensor user[2][3] = {{weights[0], m[0], v[0]}, {weights[2], m[2], v[2]}}, item[2][3] = {{weights[1], m[1], v[1]}, {weights[3], m[3], v[3]}};
  Rows user_rows(user[0], user[1], 0), item_rows(item[0], item[1], 1);
  const Steps all(steps.data_ptr<double>(), updates, beta2, eps);
  double squares = 0;
  for (int64_t at = 0; at < updates; at++) squares += update(epoch, at * batch, std::min(n, (at + 1) * batch), user_rows, item_rows, all.all, at);
  user_rows.finish(updates, all.all);
  item_rows.finish(updates, all.all);
  return squares;
}

TORCH_LIBRARY_FRAGMENT(tutti, m) {
  m.def("dot_bias_(Tensor(a!)[] weights, Tensor(b!)[] m, Tensor(c!)[] v, Tensor users, Tensor items, Tensor ratings, int batch, Tensor steps, float beta2, float eps, float low, float high) -> float");
}
TORCH_LIBRARY_IMPL(tutti, CPU, m) { m.impl("dot_bias_", dot_bias); }
TORCH_LIBRARY_IMPL(tutti, Autograd, m) { m.impl("dot_bias_", dot_bias); }

}  // namespace
