// A device for tests that is not the CPU: its tensors lie in ordinary memory, but every operator sees another device, as it would see a GPU.
// An operator that mixes devices fails, copies that make the host wait are counted, backward runs on a thread of its own, and
// Tutti's own CPU kernels do not exist there. Operators are computed by libtorch's fallback to the CPU.
#include <ATen/ATen.h>
#include <ATen/EmptyTensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/native/CPUFallback.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/view_native.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>
#include <torch/version.h>
#include <atomic>
#include <cstring>

namespace {

constexpr auto other = c10::DeviceType::PrivateUse1;

// Copies to the host, and copies from it that the host waits for; and calls of the operators that only newer libtorch has.
std::atomic<int64_t> reads{0}, blocking_writes{0}, flash_calls{0}, fused_calls{0};
thread_local bool falling_back = false;

struct Allocator final : c10::Allocator {
  // Without `override`, as the engine's own: libtorch 1.13 declares allocate const, 2.x does not.
  c10::DataPtr allocate(size_t bytes) const { return on_device(bytes); }
  c10::DataPtr allocate(size_t bytes) { return on_device(bytes); }
  c10::DeleterFnPtr raw_deleter() const override { return c10::GetCPUAllocator()->raw_deleter(); }
  void copy_data(void* to, const void* from, std::size_t count) const { std::memcpy(to, from, count); }

 private:
  static c10::DataPtr on_device(size_t bytes) {
    auto* cpu = c10::GetCPUAllocator();
    void* data = bytes == 0 ? nullptr : cpu->raw_allocate(bytes);
    return {data, data, cpu->raw_deleter(), c10::Device(other, 0)};
  }
};
Allocator allocator;

struct Guard final : c10::impl::DeviceGuardImplInterface {
  c10::Device here() const { return c10::Device(other, 0); }
  c10::DeviceType type() const override { return other; }
  c10::Device exchangeDevice(c10::Device) const override { return here(); }
  c10::Device getDevice() const override { return here(); }
  void setDevice(c10::Device) const override {}
  void uncheckedSetDevice(c10::Device) const noexcept override {}
  c10::Stream getStream(c10::Device) const noexcept override { return c10::Stream(c10::Stream::DEFAULT, here()); }
  c10::Stream getDefaultStream(c10::Device) const override { return c10::Stream(c10::Stream::DEFAULT, here()); }
  c10::Stream exchangeStream(c10::Stream) const noexcept override { return c10::Stream(c10::Stream::DEFAULT, here()); }
  c10::DeviceIndex deviceCount() const noexcept override { return 1; }
  void record(void**, const c10::Stream&, const c10::DeviceIndex, const c10::EventFlag) const override {}
  void block(void*, const c10::Stream&) const override {}
};
C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard)

at::Tensor empty(at::IntArrayRef size, c10::optional<at::ScalarType> dtype, c10::optional<at::Layout>, c10::optional<at::Device>, c10::optional<bool>, c10::optional<at::MemoryFormat> format) {
  return at::detail::empty_generic(size, &allocator, c10::DispatchKeySet(c10::DispatchKey::PrivateUse1), dtype.value_or(at::kFloat), format);
}
at::Tensor empty_strided(at::IntArrayRef size, at::IntArrayRef stride, c10::optional<at::ScalarType> dtype, c10::optional<at::Layout>, c10::optional<at::Device>, c10::optional<bool>) {
  return at::detail::empty_strided_generic(size, stride, &allocator, c10::DispatchKeySet(c10::DispatchKey::PrivateUse1), dtype.value_or(at::kFloat));
}

// The same memory, seen as the CPU's.
at::Tensor as_cpu(const at::Tensor& t) {
  return t.is_cpu() ? t : at::from_blob(t.data_ptr(), t.sizes(), t.strides(), t.options().device(at::kCPU));
}
at::Tensor copy_from(const at::Tensor& from, const at::Tensor& to, bool non_blocking) {
  at::AutoDispatchBelowADInplaceOrView guard;
  if (!falling_back && to.is_cpu()) reads++;
  if (!falling_back && from.is_cpu() && !non_blocking) blocking_writes++;
  if (from.numel() > 0) as_cpu(to).copy_(as_cpu(from));
  return to;
}
at::Tensor copy_from_and_resize(const at::Tensor& from, const at::Tensor& to) {
  TORCH_CHECK(from.sizes() == to.sizes(), "the other device does not resize");
  return copy_from(from, to, true);
}

void check(const c10::IValue& value, const std::string& op) {
  const auto one = [&](const at::Tensor& t) {
    TORCH_CHECK(!t.defined() || t.device().type() == other || (t.is_cpu() && t.dim() == 0), op, " mixes devices: a tensor of size ", t.sizes(), " is on ", t.device());
  };
  if (value.isTensor()) one(value.toTensor());
  if (value.isTensorList()) for (const at::Tensor& t : value.toTensorVector()) one(t);
}

void fallback(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const auto name = c10::toString(op.operator_name());
  TORCH_CHECK(name.rfind("tutti::", 0) != 0, name, " has no kernel for the other device");
  for (const auto& argument : torch::jit::last(*stack, op.schema().arguments().size())) check(argument, name);
  if (name == "aten::_local_scalar_dense" && !falling_back) reads++;
  const bool before = falling_back;
  falling_back = true;
  try {
    at::native::cpu_fallback(op, stack);
  } catch (...) {
    falling_back = before;
    throw;
  }
  falling_back = before;
}

TORCH_LIBRARY_IMPL(_, PrivateUse1, m) { m.fallback(torch::CppFunction::makeFromBoxedFunction<&fallback>()); }
TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("empty.memory_format", empty);
  m.impl("empty_strided", empty_strided);
  m.impl("as_strided", at::native::as_strided_tensorimpl);
  m.impl("view", at::native::view);
  m.impl("_reshape_alias", at::native::_reshape_alias);
  m.impl("_copy_from", copy_from);
  m.impl("_copy_from_and_resize", copy_from_and_resize);
}

#if TORCH_VERSION_MAJOR < 2
// Operators of libtorch 2 that are used on CUDA: its schemas, so that calling them is tested, with plain arithmetic behind. They refuse what the real ones do.

using Five = std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor, at::Tensor>;

Five flash(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const c10::optional<at::Tensor>& ends_q, const c10::optional<at::Tensor>& ends_k, int64_t max_q,
           int64_t max_k, double share, bool causal, bool debug, c10::optional<double> scale) {
  TORCH_CHECK(q.scalar_type() == at::kBFloat16 || q.scalar_type() == at::kHalf, "FlashAttention only supports fp16 and bf16 data type");
  TORCH_CHECK(q.dim() == 3 && q.stride(-1) == 1 && q.size(2) % 8 == 0 && q.size(2) <= 256, "head_size should be a multiple of 8");
  for (const auto& ends : {*ends_q, *ends_k}) TORCH_CHECK(ends.device().type() == other && ends.scalar_type() == at::kInt && ends.is_contiguous(), "cu_seqlens must be int32 on the device");
  TORCH_CHECK(!causal && !debug && !scale, "only what is used");
  flash_calls++;
  const auto queries = as_cpu(*ends_q), keys = as_cpu(*ends_k);
  TORCH_CHECK(queries.numel() == keys.numel(), "batch size of queries and keys");
  std::vector<at::Tensor> parts;
  for (int64_t i = 0; i + 1 < queries.numel(); i++) {
    const auto heads = [&](const at::Tensor& x, const at::Tensor& ends, int64_t most) {                                         // (H,L,D)
      const auto *from = ends.data_ptr<int32_t>() + i, *to = from + 1;
      TORCH_CHECK(*to - *from <= most, "a sequence is longer than said");
      return x.slice(0, *from, *to).transpose(0, 1).to(at::kFloat);
    };
    const auto weights = (heads(q, queries, max_q).matmul(heads(k, keys, max_k).transpose(1, 2)) / std::sqrt(double(q.size(2)))).softmax(-1);
    parts.push_back(at::dropout(weights, share, share > 0).matmul(heads(v, keys, max_k)).transpose(0, 1).to(q.scalar_type()));
  }
  const auto none = at::empty({0}, q.options());
  return {at::cat(parts), none, none, none, none};
}

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const c10::optional<at::Tensor>& mask, double share, bool causal) {
  return std::get<0>(at::_scaled_dot_product_attention(q, k, v, mask, share, false, causal));
}

void fused_adamw(at::TensorList weights, at::TensorList grads, at::TensorList m, at::TensorList v, at::TensorList most, at::TensorList steps, double rate, double beta1, double beta2,
                 double decay, double eps, bool amsgrad, bool maximize, const c10::optional<at::Tensor>& grad_scale, const c10::optional<at::Tensor>& found_inf) {
  at::NoGradGuard none;
  TORCH_CHECK(most.empty() && !amsgrad && !maximize && !found_inf, "only what is used");
  TORCH_CHECK(grads.size() == weights.size() && m.size() == weights.size() && v.size() == weights.size() && steps.size() == weights.size(), "lists of different lengths");
  TORCH_CHECK(!grad_scale || (grad_scale->device().type() == other && grad_scale->scalar_type() == at::kFloat), "grad_scale is a float on the device");
  fused_calls++;
  for (size_t i = 0; i < weights.size(); i++) {
    for (const auto& t : {weights[i], grads[i], m[i], v[i], steps[i]}) TORCH_CHECK(t.device().type() == other, "a tensor of the fused AdamW is on ", t.device());
    TORCH_CHECK(steps[i].scalar_type() == at::kFloat && steps[i].numel() == 1, "steps are floats");
    auto w = as_cpu(weights[i]), g = as_cpu(grads[i]), first = as_cpu(m[i]), second = as_cpu(v[i]);
    const double step = *as_cpu(steps[i]).data_ptr<float>();
    if (grad_scale) g.div_(as_cpu(*grad_scale));               // the real one writes it back too
    w.mul_(1 - rate * decay);
    first.mul_(beta1).add_(g, 1 - beta1);
    second.mul_(beta2).addcmul_(g, g, 1 - beta2);
    w.addcdiv_(first, (second.sqrt() / std::sqrt(1 - std::pow(beta2, step))).add_(eps), -rate / (1 - std::pow(beta1, step)));
  }
}

TORCH_LIBRARY_FRAGMENT(aten, m) {
  m.def("_flash_attention_forward(Tensor query, Tensor key, Tensor value, Tensor? cum_seq_q, Tensor? cum_seq_k, int max_q, int max_k, float dropout_p, bool is_causal, "
        "bool return_debug_mask, *, float? scale=None) -> (Tensor output, Tensor softmax_logsumexp, Tensor rng_state, Tensor unused, Tensor debug_attn_mask)");
  m.impl("_flash_attention_forward", c10::DispatchKey::CompositeImplicitAutograd, flash);
  m.def("scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, float dropout_p=0.0, bool is_causal=False) -> Tensor");
  m.impl("scaled_dot_product_attention", c10::DispatchKey::CompositeImplicitAutograd, attention);
  m.def("_fused_adamw_(Tensor(a!)[] self, Tensor(b!)[] grads, Tensor(c!)[] exp_avgs, Tensor(d!)[] exp_avg_sqs, Tensor(e!)[] max_exp_avg_sqs, Tensor[] state_steps, *, float lr, "
        "float beta1, float beta2, float weight_decay, float eps, bool amsgrad, bool maximize, Tensor? grad_scale=None, Tensor? found_inf=None) -> ()");
  m.impl("_fused_adamw_", c10::DispatchKey::PrivateUse1, fused_adamw);
  m.impl("_fused_adamw_", c10::DispatchKey::Autograd, torch::CppFunction::makeFallthrough());
}
#endif

}  // namespace

extern "C" __attribute__((visibility("default"))) void other_device_counts(int64_t* out) {
  int64_t i = 0;
  for (auto* count : {&reads, &blocking_writes, &flash_calls, &fused_calls}) out[i++] = count->load();
}
extern "C" __attribute__((visibility("default"))) int32_t other_device_type() { return int32_t(other); }
