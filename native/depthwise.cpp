// Convolutions of every channel for itself, on maps with channels last in memory. libtorch 1.13 and its oneDNN take most of a ConvNeXt's time for the backward of these.
#include "simd/depthwise.h"
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

namespace {

using namespace tutti;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

bool is_half(const at::Tensor& x) { return x.scalar_type() == at::kBFloat16; }
template <class T> const T* of(const at::Tensor& x) { return static_cast<const T*>(x.data_ptr()); }

simd::Windows windows(const at::Tensor& x, const at::Tensor& weight) { return {x.size(1), x.size(2), x.size(3), weight.size(2)}; }

// (C,1,s,s) -> (s*s,C); turned round, for the gradient of the input.
at::Tensor by_place(const at::Tensor& weight, bool turned) {
  const auto places = weight.reshape({weight.size(0), -1}).t();
  return (turned ? places.flip({0}) : places).contiguous();
}

at::Tensor windowed(const at::Tensor& x, const at::Tensor& places, const float* bias, int64_t size) {
  auto y = at::empty_like(x);
  const simd::Windows n{x.size(1), x.size(2), x.size(3), size};
  at::parallel_for(0, x.size(0) * x.size(1), 1, [&](int64_t begin, int64_t end) {
    if (is_half(x)) simd::depthwise().forward16(n, of<simd::bf16>(x), of<float>(places), bias, static_cast<simd::bf16*>(y.data_ptr()), begin, end);
    else simd::depthwise().forward32(n, of<float>(x), of<float>(places), bias, y.data_ptr<float>(), begin, end);
  });
  return y;
}

struct DepthwiseWindows : torch::autograd::Function<DepthwiseWindows> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
    at::AutoDispatchBelowADInplaceOrView guard;
    const auto in = x.contiguous();
    context->save_for_backward({in, weight});
    return windowed(in, by_place(weight, false), of<float>(bias), weight.size(2));
  }
  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    const auto &x = saved[0], &weight = saved[1];
    const auto dy = grads[0].to(x.scalar_type()).contiguous();
    at::Tensor dx, dweight, dbias;
    if (context->needs_input_grad(0)) dx = windowed(dy, by_place(weight, true), nullptr, weight.size(2));
    if (context->needs_input_grad(1)) {
      // Blocks of rows have sums of their own, added up in order: the bits do not depend on the number of threads.
      const int64_t rows = x.size(0) * x.size(1), block = std::max<int64_t>(8, (rows + 63) / 64), blocks = (rows + block - 1) / block, C = x.size(3), places = weight.size(2) * weight.size(3);
      const auto parts = at::zeros({blocks, places, C}, weight.options());
      const auto n = windows(x, weight);
      at::parallel_for(0, blocks, 1, [&](int64_t begin, int64_t end) {
        for (int64_t b = begin; b < end; b++) {
          float* const to = parts.data_ptr<float>() + b * places * C;
          const int64_t first = b * block, after = std::min(rows, (b + 1) * block);
          if (is_half(x)) simd::depthwise().weight16(n, of<simd::bf16>(x), of<simd::bf16>(dy), to, first, after);
          else simd::depthwise().weight32(n, of<float>(x), of<float>(dy), to, first, after);
        }
      });
      dweight = parts.sum(0).t().reshape(weight.sizes());
    }
    if (context->needs_input_grad(2)) dbias = dy.sum({0, 1, 2}, false, at::kFloat);
    return {dx, dweight, dbias};
  }
};

at::Tensor depthwise(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  TORCH_CHECK(x.is_cpu() && x.dim() == 4 && x.numel() > 0 && (x.scalar_type() == at::kFloat || is_half(x)), "tutti::depthwise takes float32 or bfloat16 maps (n,H,W,C) on the CPU, got ", x.scalar_type(), " ", x.sizes());
  TORCH_CHECK(weight.is_cpu() && weight.scalar_type() == at::kFloat && weight.dim() == 4 && weight.size(0) == x.size(3) && weight.size(1) == 1 && weight.size(2) == weight.size(3)
                && (weight.size(2) == 3 || weight.size(2) == 5 || weight.size(2) == 7), "tutti::depthwise takes a float32 weight (", x.size(3), ",1,s,s) with s 3, 5 or 7, got ", weight.sizes());
  TORCH_CHECK(bias.is_cpu() && bias.scalar_type() == at::kFloat && bias.is_contiguous() && bias.dim() == 1 && bias.size(0) == x.size(3), "tutti::depthwise takes a float32 bias of ", x.size(3), ", got ", bias.sizes());
  if (at::GradMode::is_enabled()) return DepthwiseWindows::apply(x, weight, bias);
  at::AutoDispatchBelowADInplaceOrView guard;
  return windowed(x.contiguous(), by_place(weight, false), of<float>(bias), weight.size(2));
}

TORCH_LIBRARY_FRAGMENT(tutti, m) {
  m.def("depthwise(Tensor x, Tensor weight, Tensor bias) -> Tensor");
}
TORCH_LIBRARY_IMPL(tutti, CPU, m) { m.impl("depthwise", depthwise); }
TORCH_LIBRARY_IMPL(tutti, Autograd, m) { m.impl("depthwise", depthwise); }

}  // namespace
