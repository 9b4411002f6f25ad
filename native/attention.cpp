// Attention of every sequence of a ragged batch with itself, in one pass per head: scores and shares of a few query rows at a time live in
// a thread's scratch, never the whole (n, H, L, L), and nothing is padded to the longest sequence. A query of n rows instead of T asks for
// the first position of each sequence alone.
#include "simd/attention.h"
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>
#include <torch/version.h>
#include <algorithm>
#include <cmath>

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using tutti::simd::AttentionHead;

struct Mask { double p; int64_t key; };  // of dropout, as in tutti::dropout

// T rows, Q of them asked, C channels in H heads of D, n sequences.
struct Batch {
  int64_t T, Q, C, H, D, n;
  const int64_t *offsets, *examples;
  bool half;
  AttentionHead common{};  // what all heads share

  Batch(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, const at::Tensor& offset, const at::Tensor& example, int64_t heads, double scale, Mask mask) {
    TORCH_CHECK(query.dim() == 2 && key.dim() == 2 && query.size(1) == key.size(1) && key.sizes() == value.sizes(), "attention takes query, key and value of one size (T, C), got ", query.sizes(), ", ", key.sizes(), " and ", value.sizes());
    TORCH_CHECK(query.is_cpu() && key.is_cpu() && value.is_cpu() && query.scalar_type() == key.scalar_type() && query.scalar_type() == value.scalar_type() &&
                  (query.scalar_type() == at::kFloat || query.scalar_type() == at::kBFloat16),
                "attention takes CPU tensors, all float32 or all bfloat16, got ", query.toString(), ", ", key.toString(), " and ", value.toString());
    T = key.size(0), Q = query.size(0), C = query.size(1), H = heads;
    TORCH_CHECK(H > 0 && C % H == 0, "attention cannot cut ", C, " channels into ", H, " heads");
    TORCH_CHECK(scale > 0 && std::isfinite(scale), "attention takes a scale above 0, got ", scale);
    TORCH_CHECK(mask.p >= 0 && mask.p < 1, "attention takes a share of dropout from 0 to below 1, got ", mask.p);
    D = C / H, half = query.scalar_type() == at::kBFloat16;
    for (const auto& list : {offset, example})
      TORCH_CHECK(list.is_cpu() && list.scalar_type() == at::kLong && list.dim() == 1 && list.is_contiguous(), "attention takes offsets and examples as contiguous lists of int64 on the CPU");
    n = example.numel(), offsets = offset.data_ptr<int64_t>(), examples = example.data_ptr<int64_t>();
    TORCH_CHECK(offset.numel() == n + 1, "attention got ", offset.numel(), " offsets for ", n, " examples, expected one more than examples");
    TORCH_CHECK(offsets[0] == 0 && offsets[n] == T, "offsets go from ", offsets[0], " to ", offsets[n], ", expected 0 to ", T, ", the rows of the key");
    TORCH_CHECK(Q == T || Q == n, "attention takes a query of ", T, " rows as the key, or of ", n, ", one for each sequence, got ", Q);
    for (int64_t i = 0; i < n; i++) TORCH_CHECK(offsets[i + 1] >= offsets[i] + (Q == T ? 0 : 1), "sequence ", i, " goes from row ", offsets[i], " to ", offsets[i + 1]);
    common.size = D, common.scale = float(scale), common.weight_stride = H;
    common.mask_key = uint64_t(mask.key);
    common.threshold = uint32_t(std::min<long>(std::lround(mask.p * 65536.0), 65535));
    common.factor = float(65536.0 / (65536.0 - common.threshold));
    common.query_stride = query.stride(0), common.key_stride = key.stride(0), common.value_stride = value.stride(0);
  }

  // body(kernels, head of a sequence, first row, first row of the query, number of the head) for all, each on one thread. Threads get heads rather than sequences, so that
  // one with the long sequences of a sorted batch does not keep the others waiting.
  template <class F> void run(bool backward, const F& body) const {
    if (T == 0 || C == 0) return;
    const auto& kernels = tutti::simd::attention_kernels();
    int64_t bytes = 64;  // a shorter sequence may need more than a longer one, because it is cut into fewer blocks
    for (int64_t i = 0; i < n; i++) bytes = std::max(bytes, kernels.scratch(half, backward, offsets[i + 1] - offsets[i], D));
    const auto scratch = at::empty({at::get_num_threads(), bytes}, at::kByte);
    auto* const room = static_cast<char*>(scratch.data_ptr());
    at::parallel_for(0, H * n, 1, [&](int64_t begin, int64_t end) {
      for (int64_t unit = begin; unit < end; unit++) {
        const int64_t h = unit / n, i = unit % n;
        if (offsets[i + 1] == offsets[i]) continue;
        AttentionHead head = common;
        head.length = offsets[i + 1] - offsets[i];
        head.queries = Q == T ? head.length : 1;
        head.row = uint64_t(examples[i]) << 32 | uint64_t(h) << 20;
        head.scratch = room + at::get_thread_num() * bytes;
        body(kernels, head, offsets[i], Q == T ? offsets[i] : i, h);
      }
    });
  }
};

// Where channel h * D of a row stands.
template <class Tensor> auto* at_row(const Tensor& x, int64_t row, int64_t column) {
  return static_cast<char*>(x.data_ptr()) + (row * x.stride(0) + column) * int64_t(x.element_size());
}

at::Tensor rows_of(const at::Tensor& x) { return x.dim() == 2 && x.size(1) > 1 && x.stride(1) != 1 ? x.contiguous() : x; }

// The context (Q, C), and the logarithms of the sums of exponentials (Q, H) that backward needs.
std::pair<at::Tensor, at::Tensor> attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& offsets, const at::Tensor& examples, int64_t heads, double scale, Mask mask) {
  const auto query = rows_of(q), key = rows_of(k), value = rows_of(v);
  Batch batch(query, key, value, offsets, examples, heads, scale, mask);
  auto context = at::empty({batch.Q, batch.C}, query.options()), weights = at::empty({batch.Q, batch.H}, query.options().dtype(at::kFloat));
  batch.common.context_stride = batch.C;
  batch.run(false, [&](const auto& kernels, AttentionHead& head, int64_t row, int64_t asked, int64_t h) {
    const int64_t column = h * batch.D;
    head.query = at_row(query, asked, column), head.key = at_row(key, row, column), head.value = at_row(value, row, column);
    head.context = at_row(context, asked, column);
    head.weight = weights.template data_ptr<float>() + asked * batch.H + h;
    kernels.forward(batch.half, head);
  });
  return {context, weights};
}

// The gradients of query, key and value.
variable_list attend_backward(const variable_list& saved, const at::Tensor& g, int64_t heads, double scale, Mask mask) {
  const auto query = rows_of(saved[0]), key = rows_of(saved[1]), value = rows_of(saved[2]), grad = rows_of(g.to(query.scalar_type()));
  const auto weights = saved[3];
  Batch batch(query, key, value, saved[4], saved[5], heads, scale, mask);
  TORCH_CHECK(grad.sizes() == query.sizes(), "attention's backward got a gradient of size ", grad.sizes(), ", expected ", query.sizes());
  const auto to_query = at::empty({batch.Q, batch.C}, query.options()), to_key = at::empty({batch.T, batch.C}, query.options()), to_value = at::empty_like(to_key);
  batch.common.grad_stride = grad.stride(0), batch.common.out_stride = batch.C;
  batch.run(true, [&](const auto& kernels, AttentionHead& head, int64_t row, int64_t asked, int64_t h) {
    const int64_t column = h * batch.D;
    head.query = at_row(query, asked, column), head.key = at_row(key, row, column), head.value = at_row(value, row, column), head.grad = at_row(grad, asked, column);
    head.weight = weights.template data_ptr<float>() + asked * batch.H + h;
    head.grad_query = at_row(to_query, asked, column), head.grad_key = at_row(to_key, row, column), head.grad_value = at_row(to_value, row, column);
    kernels.backward(batch.half, head);
  });
  return {to_query, to_key, to_value};
}

struct Attention : torch::autograd::Function<Attention> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, const at::Tensor& offsets, const at::Tensor& examples, int64_t heads, double scale, double p, int64_t mask_key) {
    at::AutoDispatchBelowADInplaceOrView guard;
    auto [out, weights] = attend(query, key, value, offsets, examples, heads, scale, {p, mask_key});
    context->save_for_backward({query, key, value, weights, offsets, examples});
    context->saved_data["heads"] = heads;
    context->saved_data["scale"] = scale;
    context->saved_data["p"] = p;
    context->saved_data["key"] = mask_key;
    return out;
  }
  static variable_list backward(AutogradContext* context, variable_list grads) {
    at::AutoDispatchBelowADInplaceOrView guard;
    auto all = attend_backward(context->get_saved_variables(), grads[0], context->saved_data["heads"].toInt(), context->saved_data["scale"].toDouble(), {context->saved_data["p"].toDouble(), context->saved_data["key"].toInt()});
    all.resize(9);
    return all;
  }
};

at::Tensor attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, const at::Tensor& offsets, const at::Tensor& examples, int64_t heads, double scale, double p, int64_t mask_key) {
  return attend(query, key, value, offsets, examples, heads, scale, {p, mask_key}).first;
}

// Under autocast its products run in autocast's type, like those of matmul.
at::Tensor autocast_attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, const at::Tensor& offsets, const at::Tensor& examples, int64_t heads, double scale, double p, int64_t mask_key) {
  c10::impl::ExcludeDispatchKeyGuard guard(c10::DispatchKey::AutocastCPU);
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
  const auto type = at::autocast::get_autocast_dtype(at::kCPU);
#else
  const auto type = at::autocast::get_autocast_cpu_dtype();
#endif
  const auto cast = [&](const at::Tensor& x) { return at::autocast::cached_cast(type, x, c10::DeviceType::CPU); };
  static const auto op = c10::Dispatcher::singleton().findSchemaOrThrow("tutti::attention", "").typed<decltype(attention)>();
  return op.call(cast(query), cast(key), cast(value), offsets, examples, heads, scale, p, mask_key);
}

TORCH_LIBRARY_FRAGMENT(tutti, m) {
  m.def("attention(Tensor query, Tensor key, Tensor value, Tensor offsets, Tensor examples, int heads, float scale, float p, int mask_key) -> Tensor");
}
TORCH_LIBRARY_IMPL(tutti, CPU, m) { m.impl("attention", attention); }
TORCH_LIBRARY_IMPL(tutti, Autograd, m) {
  m.impl("attention", [](const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, const at::Tensor& offsets, const at::Tensor& examples, int64_t heads, double scale, double p, int64_t mask_key) {
    return Attention::apply(query, key, value, offsets, examples, heads, scale, p, mask_key);
  });
}
TORCH_LIBRARY_IMPL(tutti, AutocastCPU, m) { m.impl("attention", autocast_attention); }

}  // namespace
