// Convolutions of maps with channels last in memory. Beside aten::conv2d with oneDNN: those of single pixels are products where the maps are small, maps of few pixels lie as oneDNN is fastest on them,
// weights go from the parameter into the order of the computation in one step (libtorch copies them to channels last first), are cast once per update, and their gradients come back in float32.
#include "casts.h"
#include "onednn.h"
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

constexpr auto last = at::MemoryFormat::ChannelsLast;

// Windows of `size` x `size` pixels, `stride` apart, with `padding` zeros around: maps (n,inputs,H,W) to (n,outputs,h,w).
struct Windows {
  int64_t n, inputs, outputs, H, W, h, w, size, stride, padding;
  Windows(const at::Tensor& x, const at::Tensor& weight, int64_t stride, int64_t padding)
      : n(x.size(0)), inputs(x.size(1)), outputs(weight.size(0)), H(x.size(2)), W(x.size(3)), h((H + 2 * padding - weight.size(2)) / stride + 1), w((W + 2 * padding - weight.size(2)) / stride + 1),
        size(weight.size(2)), stride(stride), padding(padding) {}
  // Above so many pixels oneDNN's convolutions of single pixels are as fast as its products, or faster (measured: ResNet-50, float32 and bfloat16).
  bool product() const { return size == 1 && padding == 0 && n * h * w <= 4096; }
};

// Pixels that are looked at, as rows of channels.
at::Tensor seen(const at::Tensor& x, int64_t stride) {
  auto pixels = x.permute({0, 2, 3, 1});
  if (stride > 1) pixels = pixels.slice(1, 0, x.size(2), stride).slice(2, 0, x.size(3), stride);
  return pixels.reshape({-1, x.size(1)}).contiguous();         // of one pixel a picture it is a view with gaps
}
at::Tensor maps(const Windows& s, int64_t channels, int64_t height, int64_t width, const at::TensorOptions& options) { return at::empty({s.n, channels, height, width}, options, last); }
at::Tensor matrix(const at::Tensor& weight) { return weight.view({weight.size(0), weight.size(1)}); }
at::Tensor rows(const at::Tensor& maps) { return maps.permute({0, 2, 3, 1}).view({-1, maps.size(1)}); }

#ifdef TUTTI_ONEDNN

using dnnl::memory;

// What oneDNN is asked for: maps with channels last, or as it likes; weights as it likes.
struct Asked {
  memory::dims x, weight, y, stride, padding;
  memory::data_type type;
  Asked(const Windows& s, at::ScalarType type) : x{s.n, s.inputs, s.H, s.W}, weight{s.outputs, s.inputs, s.size, s.size}, y{s.n, s.outputs, s.h, s.w}, stride{s.stride, s.stride}, padding{s.padding, s.padding}, type(type_of(type)) {}
  memory::desc maps(const memory::dims& of, bool any = false) const { return {of, type, any ? memory::format_tag::any : memory::format_tag::nhwc}; }
  memory::desc any_weight(memory::data_type type) const { return {weight, type, memory::format_tag::any}; }
  memory::desc plain_weight(memory::data_type type) const { return {weight, type, memory::format_tag::oihw}; }
  dnnl::convolution_forward::primitive_desc forward(bool any) const {
    return {{dnnl::prop_kind::forward_training, dnnl::algorithm::convolution_direct, maps(x, any), any_weight(type), maps(y, any), stride, padding, padding}, scratch_from_us(), cpu()};
  }
};

// Data and how it lies in memory.
struct Held {
  memory::desc order;
  at::Tensor data;
  memory view() const { return {order, cpu(), data.data_ptr()}; }
};

void reorder(const Held& from, const Held& to, dnnl::stream& stream) {
  auto source = from.view(), target = to.view();
  dnnl::reorder(source, target).execute(stream, source, target);
}

// The data in the order that a computation wants: itself where it is.
Held ordered(const Held& held, const memory::desc& order, dnnl::stream& stream) {
  if (held.order == order) return held;
  const Held moved{order, room(order)};
  reorder(held, moved, stream);
  return moved;
}

// Runs a computation that leaves its result in an order of its own.
template <class Found> void compute(const Found& found, std::unordered_map<int, memory> arguments, int result, const memory::desc& order, const Held& into, dnnl::stream& stream) {
  const auto scratch = room(found.scratchpad_desc());
  const auto made = order == into.order ? into : Held{order, room(order)};
  arguments.emplace(result, made.view());
  arguments.emplace(DNNL_ARG_SCRATCHPAD, memory(found.scratchpad_desc(), cpu(), scratch.data_ptr()));
  dnnl::primitive(found.get()).execute(stream, arguments);
  if (order != into.order) reorder(made, into, stream);
  stream.wait();
}

at::Tensor forward(const Windows& s, const at::Tensor& x, const at::Tensor& weight) {
  const Asked asked(s, x.scalar_type());
  const auto y = maps(s, s.outputs, s.h, s.w, x.options());
  const bool few = s.h * s.w <= (x.scalar_type() == at::kBFloat16 ? 64 : 16);  // measured as above
  const auto found = asked.forward(few);
  dnnl::stream stream(cpu());
  const auto in = ordered({asked.maps(asked.x), x}, found.src_desc(), stream), by = ordered({asked.plain_weight(asked.type), weight}, found.weights_desc(), stream);
  compute(found, {{DNNL_ARG_SRC, in.view()}, {DNNL_ARG_WEIGHTS, by.view()}}, DNNL_ARG_DST, found.dst_desc(), {asked.maps(asked.y), y}, stream);
  return y;
}

at::Tensor input_gradient(const Windows& s, const at::Tensor& dy, const at::Tensor& weight) {
  const Asked asked(s, dy.scalar_type());
  const auto dx = maps(s, s.inputs, s.H, s.W, dy.options());
  const dnnl::convolution_backward_data::primitive_desc found({dnnl::algorithm::convolution_direct, asked.maps(asked.x), asked.any_weight(asked.type), asked.maps(asked.y), asked.stride, asked.padding, asked.padding}, scratch_from_us(), cpu(), asked.forward(false));
  dnnl::stream stream(cpu());
  const Held given{asked.maps(asked.y), dy};
  const auto by = ordered({asked.plain_weight(asked.type), weight}, found.weights_desc(), stream);
  compute(found, {{DNNL_ARG_DIFF_DST, given.view()}, {DNNL_ARG_WEIGHTS, by.view()}}, DNNL_ARG_DIFF_SRC, found.diff_src_desc(), {asked.maps(asked.x), dx}, stream);
  return dx;
}

at::Tensor weight_gradient(const Windows& s, const at::Tensor& dy, const at::Tensor& x) {
  const Asked asked(s, x.scalar_type());
  const auto dw = at::empty({s.outputs, s.inputs, s.size, s.size}, x.options().dtype(at::kFloat));
  const auto floats = memory::data_type::f32;
  const dnnl::convolution_backward_weights::primitive_desc found({dnnl::algorithm::convolution_direct, asked.maps(asked.x), asked.any_weight(floats), asked.maps(asked.y), asked.stride, asked.padding, asked.padding}, scratch_from_us(), cpu(), asked.forward(false));
  dnnl::stream stream(cpu());
  const Held in{asked.maps(asked.x), x}, given{asked.maps(asked.y), dy};
  compute(found, {{DNNL_ARG_SRC, in.view()}, {DNNL_ARG_DIFF_DST, given.view()}}, DNNL_ARG_DIFF_WEIGHTS, found.diff_weights_desc(), {asked.plain_weight(floats), dw}, stream);
  return dw;
}

#else

std::vector<int64_t> both(int64_t number) { return {number, number}; }

at::Tensor forward(const Windows& s, const at::Tensor& x, const at::Tensor& weight) { return at::conv2d(x, weight, {}, both(s.stride), both(s.padding)).contiguous(last); }

at::Tensor gradient(const Windows& s, const at::Tensor& dy, const at::Tensor& x, const at::Tensor& weight, bool of_input) {
  const auto [dx, dw, db] = at::convolution_backward(dy, x, weight, c10::nullopt, both(s.stride), both(s.padding), both(1), false, both(0), 1, {of_input, !of_input, false});
  return of_input ? dx.contiguous(last) : dw.to(at::kFloat).contiguous();
}
at::Tensor input_gradient(const Windows& s, const at::Tensor& dy, const at::Tensor& weight) { return gradient(s, dy, maps(s, s.inputs, s.H, s.W, dy.options()), weight, true); }
at::Tensor weight_gradient(const Windows& s, const at::Tensor& dy, const at::Tensor& x) { return gradient(s, dy, x, at::empty({s.outputs, s.inputs, s.size, s.size}, x.options()), false); }

#endif

at::Tensor convolved(const Windows& s, const at::Tensor& x, const at::Tensor& weight) {
  if (!s.product()) return forward(s, x, weight);
  auto y = maps(s, s.outputs, s.h, s.w, x.options());
  auto to = rows(y);
  product_forward_into(seen(x, s.stride), matrix(weight), {}, to);
  return y;
}

at::Tensor convolved_input(const Windows& s, const at::Tensor& dy, const at::Tensor& weight) {
  if (!s.product()) return input_gradient(s, dy, weight);
  const auto some = maps(s, s.inputs, s.h, s.w, dy.options());   // of the pixels that were looked at
  auto to = rows(some);
  product_input(rows(dy), matrix(weight), to, false);
  if (s.stride == 1) return some;
  auto dx = maps(s, s.inputs, s.H, s.W, dy.options()).zero_();
  dx.slice(2, 0, s.H, s.stride).slice(3, 0, s.W, s.stride).copy_(some);
  return dx;
}

at::Tensor convolved_weight(const Windows& s, const at::Tensor& dy, const at::Tensor& x) {
  return s.product() ? product_weight(rows(dy), seen(x, s.stride)).view({s.outputs, s.inputs, 1, 1}) : weight_gradient(s, dy, x);
}

struct Convolution : torch::autograd::Node {
  SavedVariable x, weight;                                    // x in the type of the computation
  at::ScalarType given;                                       // the type it came in
  int64_t stride, padding;

  variable_list apply(variable_list&& grads) override {
    variable_list out(2);
    if (!grads[0].defined()) return out;
    const auto input = x.unpack(shared_from_this()), by = weight.unpack(shared_from_this());
    const Windows s(input, by, stride, padding);
    const auto dy = std::exchange(grads[0], {}).to(input.scalar_type()).contiguous(last);
    if (task_should_compute_output(1)) out[1] = convolved_weight(s, dy, input);
    if (task_should_compute_output(0)) out[0] = convolved_input(s, dy, weight_as(by, input.scalar_type())).to(given);
    return out;
  }
  void release_variables() override {
    x.reset_data();
    weight.reset_data();
  }
};

at::Tensor convolution(const at::Tensor& x, const at::Tensor& weight, int64_t stride, int64_t padding) {
  TORCH_CHECK(x.is_cpu() && x.dim() == 4 && x.numel() > 0, "tutti::convolution takes maps (n,C,H,W) on the CPU, got ", x.sizes());
  TORCH_CHECK(weight.is_cpu() && weight.dim() == 4 && weight.scalar_type() == at::kFloat && weight.numel() > 0 && weight.size(2) == weight.size(3), "tutti::convolution takes a float32 weight (outputs,inputs,size,size) on the CPU, got ", weight.sizes());
  TORCH_CHECK(weight.size(1) == x.size(1), "maps of size ", x.sizes(), " do not go with a weight of size ", weight.sizes());
  TORCH_CHECK(stride > 0 && padding >= 0 && x.size(2) + 2 * padding >= weight.size(2) && x.size(3) + 2 * padding >= weight.size(2), "windows of size ", weight.size(2), ", stride ", stride, ", padding ", padding, " do not fit maps of size ", x.sizes());
  const bool cast = at::autocast::is_cpu_enabled() && at::autocast::get_autocast_cpu_dtype() == at::kBFloat16;
  const auto type = cast ? at::kBFloat16 : at::kFloat;
  TORCH_CHECK(cast || x.scalar_type() == at::kFloat, "an input of ", x.scalar_type(), " takes autocast to bfloat16");
  const variable_list inputs{x, weight};
  const bool recorded = at::GradMode::is_enabled() && torch::autograd::any_variable_requires_grad(inputs);

  at::AutoDispatchBelowAutograd below;
  const auto input = x.detach().to(type).contiguous(last);
  auto y = convolved(Windows(input, weight, stride, padding), input, weight_as(weight, type));
  if (recorded) {
    std::shared_ptr<Convolution> node(new Convolution(), torch::autograd::deleteNode);
    node->set_next_edges(torch::autograd::collect_next_edges(inputs));
    node->x = SavedVariable(input, false);
    node->weight = SavedVariable(weight, false);
    node->given = x.scalar_type();
    node->stride = stride;
    node->padding = padding;
    torch::autograd::set_history(y, node);
  }
  return y;
}

TORCH_LIBRARY_FRAGMENT(tutti, m) {
  m.def("convolution(Tensor x, Tensor weight, int stride, int padding) -> Tensor");
}
TORCH_LIBRARY_IMPL(tutti, CPU, m) { m.impl("convolution", convolution); }
TORCH_LIBRARY_IMPL(tutti, Autograd, m) { m.impl("convolution", convolution); }

}  // namespace

}  // namespace tutti
