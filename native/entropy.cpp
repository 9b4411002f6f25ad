// The cross-entropy of a linear layer to very many classes, such as the words of a language model. Its logits and their gradients would be two
// matrices of (tokens, words), walked several times; here a block of rows exists at a time, and the gradients are made while its logits are there
// (as Liger and cut cross-entropy do): forward does the products of backward, backward only scales.
#include "casts.h"
#include "products.h"
#include "simd/entropy.h"
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/saved_variable.h>
#include <torch/library.h>
#include <cmath>

namespace tutti {

namespace {

using torch::autograd::SavedVariable;
using torch::autograd::variable_list;

constexpr int64_t block_bytes = 48 << 20;                     // of logits at once

// Edges: x, weight, bias.
struct LinearEntropy : torch::autograd::Node {
  SavedVariable gradients[3];                                 // of a loss that counts once

  variable_list apply(variable_list&& grads) override {
    variable_list out(3);
    if (!grads[0].defined()) return out;
    for (size_t i = 0; i < 3; i++)
      if (task_should_compute_output(i)) out[i] = gradients[i].unpack(shared_from_this()) * grads[0];
    return out;
  }
  void release_variables() override {
    for (auto& saved : gradients) saved.reset_data();
  }
};

void check(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& targets) {
  TORCH_CHECK(x.is_cpu() && x.dim() == 2 && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16), "tutti::linear_cross_entropy takes a CPU matrix of float32 or bfloat16, got ", x.scalar_type(), " of size ", x.sizes());
  TORCH_CHECK(weight.is_cpu() && weight.scalar_type() == at::kFloat && weight.dim() == 2 && weight.size(0) > 0 && weight.size(1) == x.size(1), "an input of size ", x.sizes(), " does not go with a weight of size ", weight.sizes());
  TORCH_CHECK(bias.is_cpu() && bias.scalar_type() == at::kFloat && bias.dim() == 1 && bias.size(0) == weight.size(0), "the bias is not a float32 row of ", weight.size(0));
  TORCH_CHECK(targets.is_cpu() && targets.scalar_type() == at::kLong && targets.dim() == 1 && targets.size(0) == x.size(0), "expected ", x.size(0), " int64 targets, got ", targets.scalar_type(), " of size ", targets.sizes());
  const auto wanted = targets.contiguous();
  for (int64_t i = 0; i < wanted.numel(); i++)
    TORCH_CHECK(wanted.data_ptr<int64_t>()[i] >= 0 && wanted.data_ptr<int64_t>()[i] < weight.size(0), "target ", i, " is ", wanted.data_ptr<int64_t>()[i], ", expected 0 to ", weight.size(0) - 1);
}

// The summed loss, and the gradients of what is wanted.
double pass(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& targets, at::Tensor (&gradients)[3], bool recorded) {
  const int64_t rows = x.size(0), classes = weight.size(0), most = std::max<int64_t>(64, block_bytes / (4 * classes)), blocks = (rows + most - 1) / most;
  const bool half = x.scalar_type() == at::kBFloat16;
  const auto floats = x.options().dtype(at::kFloat);
  at::Tensor logits, slopes;
  const auto moments = at::empty({3, rows}, floats);
  auto* const m = moments.data_ptr<float>();
  for (int64_t b = 0, at = 0; b < blocks; b++) {
    const int64_t count = (rows - at + blocks - b - 1) / (blocks - b);
    if (!logits.defined()) logits = at::empty({count, classes}, floats), slopes = half && recorded ? at::empty({count, classes}, x.options()) : logits;
    auto z = logits.narrow(0, 0, count), dz = slopes.narrow(0, 0, count), part = x.narrow(0, at, count);
    product_forward_into(part, weight, bias, z);
    const simd::EntropyRows n{classes, z.data_ptr<float>(), targets.data_ptr<int64_t>() + at, m + at, m + rows + at, m + 2 * rows + at, recorded ? dz.data_ptr() : nullptr};
    at::parallel_for(0, count, std::max<int64_t>(1, 16384 / classes), [&](int64_t begin, int64_t end) { (half ? simd::entropy().rows16 : simd::entropy().rows32)(n, begin, end); });
    if (gradients[0].defined()) {
      auto dx = gradients[0].narrow(0, at, count);
      product_input(dz, weight, dx, false);
    }
    if (gradients[1].defined()) product_weight_add(dz, part, gradients[1]);
    if (gradients[2].defined()) gradients[2].add_(column_sums(dz));
    at += count;
  }
  double loss = 0;
  for (int64_t r = 0; r < rows; r++) loss += double(m[r]) + std::log(double(m[rows + r])) - double(m[2 * rows + r]);
  return loss;
}

at::Tensor linear_cross_entropy(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& targets) {
  check(x, weight, bias, targets);
  const bool cast = at::autocast::is_cpu_enabled() && at::autocast::get_autocast_cpu_dtype() == at::kBFloat16;
  TORCH_CHECK(cast || x.scalar_type() == at::kFloat, "an input of ", x.scalar_type(), " takes autocast to bfloat16");
  const auto type = cast ? at::kBFloat16 : at::kFloat;
  const variable_list inputs{x, weight, bias};
  const bool recorded = at::GradMode::is_enabled() && torch::autograd::any_variable_requires_grad(inputs);

  at::AutoDispatchBelowAutograd below;
  const auto source = x.detach().to(type).contiguous(), w = cast ? cast_weight(weight) : weight.detach().contiguous();
  at::Tensor gradients[3];
  if (recorded) {
    if (x.requires_grad()) gradients[0] = at::empty(x.sizes(), x.options().dtype(at::kFloat));
    if (weight.requires_grad()) gradients[1] = at::zeros(weight.sizes(), weight.options());
    if (bias.requires_grad()) gradients[2] = at::zeros(bias.sizes(), bias.options());
  }
  auto loss = at::scalar_tensor(pass(source, w, bias.detach().contiguous(), targets.contiguous(), gradients, recorded), weight.options());
  if (recorded) {
    std::shared_ptr<LinearEntropy> node(new LinearEntropy(), torch::autograd::deleteNode);
    node->set_next_edges(torch::autograd::collect_next_edges(inputs));
    if (gradients[0].defined()) gradients[0] = gradients[0].to(x.scalar_type());
    for (size_t i = 0; i < 3; i++) node->gradients[i] = SavedVariable(gradients[i], false);
    torch::autograd::set_history(loss, node);
  }
  return loss;
}

TORCH_LIBRARY_FRAGMENT(tutti, m) {
  m.def("linear_cross_entropy(Tensor x, Tensor weight, Tensor bias, Tensor targets) -> Tensor");
}
TORCH_LIBRARY_IMPL(tutti, CPU, m) { m.impl("linear_cross_entropy", linear_cross_entropy); }
TORCH_LIBRARY_IMPL(tutti, Autograd, m) { m.impl("linear_cross_entropy", linear_cross_entropy); }

}  // namespace

}  // namespace tutti
