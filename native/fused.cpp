// What stands between the products of a transformer layer, each in one pass: LayerNorm(x + dropout(y)) and GELU. libtorch 1.13 makes three
// to five passes of the former, in backward too, and its erf takes longer than the memory that it walks.
#include "simd/gelu.h"
#include "simd/norm.h"
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>
#include <cmath>

namespace {

using namespace tutti;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

bool is_half(const at::Tensor& x) { return x.scalar_type() == at::kBFloat16; }
int64_t grain(int64_t width) { return std::max<int64_t>(1, 8192 / std::max<int64_t>(1, width)); }

// ---- LayerNorm(x + dropout(y))

simd::Drop drop_of(const at::Tensor& rows, double p, int64_t key) {
  const auto threshold = uint32_t(std::min<long>(std::lround(p * 65536.0), 65535));
  return {threshold == 0 ? nullptr : rows.data_ptr<int64_t>(), uint64_t(key), threshold, float(65536.0 / (65536.0 - threshold))};
}

// The result, and what backward needs: the sums, and mean and reciprocal deviation of each row. Without backward the sums lie where the result will.
struct Normed { at::Tensor z, s, moments; };

Normed normed(const at::Tensor& x, const at::Tensor& y, const at::Tensor& weight, const at::Tensor& bias, double eps, const at::Tensor& rows, double p, int64_t key, bool recorded) {
  at::AutoDispatchBelowADInplaceOrView guard;
  const auto in = x.to(at::kFloat).contiguous(), added = y.contiguous(), gain = weight.contiguous(), shift = bias.contiguous();
  const int64_t width = x.size(-1), count = width == 0 ? 0 : x.numel() / width;
  const auto z = at::empty_like(in), s = recorded ? at::empty_like(in) : z, moments = at::empty({2, count}, in.options());
  const simd::NormRows n{width, gain.data_ptr<float>(), shift.data_ptr<float>(), float(eps), drop_of(rows, p, key), in.data_ptr<float>(), added.data_ptr(), s.data_ptr<float>(), z.data_ptr<float>(),
                         moments.data_ptr<float>(), moments.data_ptr<float>() + count};
  const auto run = is_half(added) ? simd::norm().forward16 : simd::norm().forward32;
  at::parallel_for(0, count, grain(width), [&](int64_t begin, int64_t end) { run(n, begin, end); });
  return {z, s, moments};
}

struct ResidualNorm : torch::autograd::Function<ResidualNorm> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& y, const at::Tensor& weight, const at::Tensor& bias, double eps, const at::Tensor& rows, double p, int64_t key) {
    const auto [z, s, moments] = normed(x, y, weight, bias, eps, rows, p, key, true);
    context->save_for_backward({s, moments, weight, rows});
    context->saved_data["p"] = p;
    context->saved_data["key"] = key;
    context->saved_data["half"] = is_half(y);
    return z;
  }
  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    const auto dz = grads[0].to(at::kFloat).contiguous(), gain = saved[2].contiguous();
    const auto &s = saved[0], &moments = saved[1];
    const int64_t width = s.size(-1), count = moments.size(1);
    const double p = context->saved_data["p"].toDouble();
    const bool half = context->saved_data["half"].toBool();
    auto dx = at::empty_like(dz), dy = at::empty(dz.sizes(), dz.options().dtype(half ? at::kBFloat16 : at::kFloat));
    // Every block of rows has sums of its own, added up in order: the bits do not depend on the thread count.
    constexpr int64_t block = 64;
    const int64_t blocks = (count + block - 1) / block;
    auto parts = at::zeros({blocks, 2, width}, dz.options());
    const simd::NormGradients n{width, gain.data_ptr<float>(), drop_of(saved[3], p, context->saved_data["key"].toInt()), dz.data_ptr<float>(), s.data_ptr<float>(),
                                moments.data_ptr<float>(), moments.data_ptr<float>() + count, dx.data_ptr<float>(), dy.data_ptr()};
    const auto run = half ? simd::norm().backward16 : simd::norm().backward32;
    at::parallel_for(0, blocks, std::max<int64_t>(1, grain(width) / block), [&](int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; b++) {
        float* sums = parts.data_ptr<float>() + b * 2 * width;
        run(n, b * block, std::min(count, (b + 1) * block), sums, sums + width);
      }
    });
    const auto sums = parts.sum(0);
    return {dx, dy, sums[0], sums[1], {}, {}, {}, {}};
  }
};

at::Tensor residual_norm(const at::Tensor& x, const at::Tensor& y, const at::Tensor& weight, const at::Tensor& bias, double eps, const at::Tensor& rows, double p, int64_t key) {
  TORCH_CHECK(x.is_cpu() && y.is_cpu() && x.dim() > 0 && x.sizes() == y.sizes(), "tutti::residual_norm takes CPU tensors of the same size, got ", x.sizes(), " and ", y.sizes());
  TORCH_CHECK((x.scalar_type() == at::kFloat || is_half(x)) && (y.scalar_type() == at::kFloat || is_half(y)), "tutti::residual_norm takes float32 and bfloat16, got ", x.scalar_type(), " and ", y.scalar_type());
  for (const auto& w : {weight, bias})
    TORCH_CHECK(w.is_cpu() && w.scalar_type() == at::kFloat && w.dim() == 1 && w.size(0) == x.size(-1), "tutti::residual_norm takes float32 weight and bias of ", x.size(-1), ", got ", w.sizes());
  TORCH_CHECK(p >= 0 && p < 1, "dropout takes a share from 0 to below 1, got ", p);
  TORCH_CHECK(p == 0 || (rows.is_cpu() && rows.scalar_type() == at::kLong && rows.is_contiguous() && rows.numel() * x.size(-1) == x.numel()), "got ", rows.numel(), " row keys for a tensor of size ", x.sizes());
  if (!at::GradMode::is_enabled()) return normed(x, y, weight, bias, eps, rows, p, key, false).z;
  return ResidualNorm::apply(x, y, weight, bias, eps, rows, p, key);
}

// ---- GELU

template <class Half, class Full>
void sweep(const at::Tensor& out, Half half, Full full) {
  const int64_t count = out.numel();
  constexpr int64_t block = 2048;                             // whole vectors, wherever the work is cut
  at::parallel_for(0, (count + block - 1) / block, 4, [&](int64_t begin, int64_t end) {
    const int64_t from = begin * block, many = std::min(count, end * block) - from;
    if (is_half(out)) half(from, many);
    else full(from, many);
  });
}
const simd::bf16* halves(const at::Tensor& x) { return static_cast<const simd::bf16*>(x.data_ptr()); }
simd::bf16* halves(at::Tensor& x) { return static_cast<simd::bf16*>(x.data_ptr()); }

struct Gelu : torch::autograd::Function<Gelu> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x) {
    at::AutoDispatchBelowADInplaceOrView guard;
    context->save_for_backward({x});
    const auto in = x.contiguous();
    auto y = at::empty_like(in);
    sweep(y, [&](int64_t at, int64_t n) { simd::gelu().forward16(halves(in) + at, halves(y) + at, n); },
          [&](int64_t at, int64_t n) { simd::gelu().forward32(in.data_ptr<float>() + at, y.data_ptr<float>() + at, n); });
    return y;
  }
  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto in = context->get_saved_variables()[0].contiguous(), dy = grads[0].to(in.scalar_type()).contiguous();
    auto dx = at::empty_like(in);
    sweep(dx, [&](int64_t at, int64_t n) { simd::gelu().backward16(halves(in) + at, halves(dy) + at, halves(dx) + at, n); },
          [&](int64_t at, int64_t n) { simd::gelu().backward32(in.data_ptr<float>() + at, dy.data_ptr<float>() + at, dx.data_ptr<float>() + at, n); });
    return {dx};
  }
};

at::Tensor gelu(const at::Tensor& x) {
  if (!x.is_cpu() || (x.scalar_type() != at::kFloat && !is_half(x))) return at::gelu(x);
  return Gelu::apply(x);
}

TORCH_LIBRARY_FRAGMENT(tutti, m) {
  m.def("residual_norm(Tensor x, Tensor y, Tensor weight, Tensor bias, float eps, Tensor rows, float p, int key) -> Tensor");
  m.def("gelu(Tensor x) -> Tensor", gelu);
}
TORCH_LIBRARY_IMPL(tutti, CPU, m) { m.impl("residual_norm", residual_norm); }
TORCH_LIBRARY_IMPL(tutti, Autograd, m) { m.impl("residual_norm", residual_norm); }

}  // namespace
