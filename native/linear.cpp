// Linear layers that share one input: products by oneDNN in float32, or in bfloat16 under autocast. Beside aten::linear under autocast this
// saves passes over memory: the input is cast once for all of them and kept once, weights are cast once per update, gradients of weights
// and biases leave the product in float32, and those of the input are added up inside it.
#include "casts.h"
#include "products.h"
#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/saved_variable.h>
#include <torch/library.h>

namespace tutti {

namespace {

using torch::autograd::SavedVariable;
using torch::autograd::variable_list;

// Results y_i = x w_i^T + b_i. Edges: x, then all weights, then all biases.
struct Linears : torch::autograd::Node {
  SavedVariable x;                                            // (T, inputs), in the type of the products
  std::vector<int64_t> shape;                                 // of the input as it was given
  at::ScalarType given;                                       // its type
  std::vector<SavedVariable> weights;

  variable_list apply(variable_list&& grads) override {
    const size_t count = weights.size();
    variable_list out(1 + 2 * count);
    const auto input = x.unpack(shared_from_this());
    at::Tensor dx;
    for (size_t i = 0; i < count; i++) {
      if (!grads[i].defined()) continue;
      const auto dy = std::exchange(grads[i], {}).to(input.scalar_type()).reshape({input.size(0), -1}).contiguous();
      if (task_should_compute_output(1 + i)) out[1 + i] = product_weight(dy, input);
      if (task_should_compute_output(1 + count + i)) out[1 + count + i] = column_sums(dy);
      if (!task_should_compute_output(0)) continue;
      const bool first = !dx.defined();
      // One consumer needs no wider sum than the type that the input came in.
      if (first) dx = at::empty(input.sizes(), input.options().dtype(count > 1 ? at::kFloat : given));
      product_input(dy, weight_as(weights[i].unpack(shared_from_this()), input.scalar_type()), dx, !first);
    }
    if (dx.defined()) out[0] = dx.to(given).view(shape);
    return out;
  }
  void release_variables() override {
    x.reset_data();
    for (auto& weight : weights) weight.reset_data();
  }
};

std::vector<at::Tensor> linears(const at::Tensor& x, at::TensorList weights, at::TensorList biases) {
  TORCH_CHECK(!weights.empty() && weights.size() == biases.size(), "got ", weights.size(), " weights and ", biases.size(), " biases");
  TORCH_CHECK(x.is_cpu() && x.dim() > 0, "tutti::linears takes a CPU tensor of at least one axis");
  for (size_t i = 0; i < weights.size(); i++) {
    TORCH_CHECK(weights[i].is_cpu() && weights[i].dim() == 2 && weights[i].scalar_type() == at::kFloat, "weight ", i, " is not a float32 matrix on the CPU");
    TORCH_CHECK(weights[i].size(1) == x.size(-1), "an input of size ", x.sizes(), " does not go with weight ", i, " of size ", weights[i].sizes());
    TORCH_CHECK(biases[i].is_cpu() && biases[i].dim() == 1 && biases[i].scalar_type() == at::kFloat && biases[i].size(0) == weights[i].size(0), "bias ", i, " is not a float32 row of ", weights[i].size(0));
  }
  const bool cast = at::autocast::is_cpu_enabled() && at::autocast::get_autocast_cpu_dtype() == at::kBFloat16;
  const auto type = cast ? at::kBFloat16 : at::kFloat;
  TORCH_CHECK(cast || x.scalar_type() == at::kFloat, "an input of ", x.scalar_type(), " takes autocast to bfloat16");
  variable_list inputs{x};
  inputs.insert(inputs.end(), weights.begin(), weights.end());
  inputs.insert(inputs.end(), biases.begin(), biases.end());
  const bool recorded = at::GradMode::is_enabled() && torch::autograd::any_variable_requires_grad(inputs);

  at::AutoDispatchBelowAutograd below;
  const auto input = x.detach().to(type).reshape({-1, x.size(-1)}).contiguous();
  auto shape = x.sizes().vec();
  std::vector<at::Tensor> results;
  for (size_t i = 0; i < weights.size(); i++) {
    shape.back() = weights[i].size(0);
    results.push_back(product_forward(input, weight_as(weights[i], type), biases[i].detach().contiguous()).view(shape));
  }
  if (recorded) {
    std::shared_ptr<Linears> node(new Linears(), torch::autograd::deleteNode);
    node->set_next_edges(torch::autograd::collect_next_edges(inputs));
    node->x = SavedVariable(input, false);
    node->shape = x.sizes().vec();
    node->given = x.scalar_type();
    for (const auto& weight : weights) node->weights.emplace_back(weight, false);
    for (auto& result : results) torch::autograd::set_history(result, node);
  }
  return results;
}

TORCH_LIBRARY_FRAGMENT(tutti, m) {
  m.def("linears(Tensor x, Tensor[] weights, Tensor[] biases) -> Tensor[]");
}
TORCH_LIBRARY_IMPL(tutti, CPU, m) { m.impl("linears", linears); }
TORCH_LIBRARY_IMPL(tutti, Autograd, m) { m.impl("linears", linears); }

}  // namespace

}  // namespace tutti
