#include "products.h"
#include "simd/sums.h"
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include "onednn.h"

namespace tutti {

#ifdef TUTTI_ONEDNN

namespace {

using dnnl::memory;

// A matrix as its transpose: (columns, rows) without a copy.
memory::desc flipped(const at::Tensor& t) { return {{t.size(1), t.size(0)}, type_of(t.scalar_type()), memory::dims{1, t.size(1)}}; }
memory::desc plain(const at::Tensor& t) { return {{t.size(0), t.size(1)}, type_of(t.scalar_type()), memory::dims{t.size(1), 1}}; }

// c = a b (+ bias), or c += a b. oneDNN keeps the code that it made for a shape, so asking for it again costs microseconds.
void multiply(const memory::desc& a, const at::Tensor& a_data, const memory::desc& b, const at::Tensor& b_data, const at::Tensor& bias, at::Tensor& c, bool add) {
  auto attributes = scratch_from_us();
  if (add) {
    dnnl::post_ops then;
    then.append_sum();
    attributes.set_post_ops(then);
  }
  const auto row = bias.defined() ? memory::desc({1, bias.size(0)}, memory::data_type::f32, memory::dims{bias.size(0), 1}) : memory::desc();
  const auto operation = bias.defined() ? dnnl::matmul::desc(a, b, row, plain(c)) : dnnl::matmul::desc(a, b, plain(c));
  const dnnl::matmul::primitive_desc found(operation, attributes, cpu());
  const auto scratch = room(found.scratchpad_desc());
  std::unordered_map<int, memory> arguments{
      {DNNL_ARG_SRC, {a, cpu(), a_data.data_ptr()}},
      {DNNL_ARG_WEIGHTS, {b, cpu(), b_data.data_ptr()}},
      {DNNL_ARG_DST, {plain(c), cpu(), c.data_ptr()}},
      {DNNL_ARG_SCRATCHPAD, {found.scratchpad_desc(), cpu(), scratch.data_ptr()}},
  };
  if (bias.defined()) arguments.emplace(DNNL_ARG_BIAS, memory(row, cpu(), bias.data_ptr()));
  dnnl::stream stream(cpu());
  dnnl::matmul(found).execute(stream, arguments);
  stream.wait();
}

}  // namespace

at::Tensor product_forward(const at::Tensor& x, const at::Tensor& w, const at::Tensor& bias) {
  auto y = at::empty({x.size(0), w.size(0)}, x.options());
  product_forward_into(x, w, bias, y);
  return y;
}

void product_forward_into(const at::Tensor& x, const at::Tensor& w, const at::Tensor& bias, at::Tensor& y) {
  if (y.numel() > 0) multiply(plain(x), x, flipped(w), w, bias, y, false);
}

void product_input(const at::Tensor& dy, const at::Tensor& w, at::Tensor& into, bool add) {
  if (into.numel() > 0) multiply(plain(dy), dy, plain(w), w, {}, into, add);
}

at::Tensor product_weight(const at::Tensor& dy, const at::Tensor& x) {
  auto dw = at::empty({dy.size(1), x.size(1)}, x.options().dtype(at::kFloat));
  if (x.size(0) == 0) return dw.zero_();
  multiply(flipped(dy), dy, plain(x), x, {}, dw, false);
  return dw;
}

void product_weight_add(const at::Tensor& dy, const at::Tensor& x, at::Tensor& into) {
  if (x.numel() > 0 && dy.numel() > 0) multiply(flipped(dy), dy, plain(x), x, {}, into, true);
}

#else

at::Tensor product_forward(const at::Tensor& x, const at::Tensor& w, const at::Tensor& bias) {
  return bias.defined() ? at::addmm(bias.to(x.scalar_type()), x, w.t()) : at::mm(x, w.t());
}
void product_forward_into(const at::Tensor& x, const at::Tensor& w, const at::Tensor& bias, at::Tensor& y) { y.copy_(product_forward(x, w, bias)); }
void product_input(const at::Tensor& dy, const at::Tensor& w, at::Tensor& into, bool add) {
  if (add) into.add_(at::mm(dy, w));
  else into.copy_(at::mm(dy, w));
}
at::Tensor product_weight(const at::Tensor& dy, const at::Tensor& x) { return at::mm(dy.t(), x).to(at::kFloat); }
void product_weight_add(const at::Tensor& dy, const at::Tensor& x, at::Tensor& into) { into.add_(product_weight(dy, x)); }

#endif

at::Tensor column_sums(const at::Tensor& x) {
  const int64_t rows = x.size(0), columns = x.size(1);
  auto sums = at::empty({columns}, x.options().dtype(at::kFloat));
  auto* to = sums.data_ptr<float>();
  constexpr int64_t block = 64;
  at::parallel_for(0, (columns + block - 1) / block, std::max<int64_t>(1, 65536 / std::max<int64_t>(1, rows * block)), [&](int64_t begin, int64_t end) {
    const int64_t from = begin * block, count = std::min(columns, end * block) - from;
    if (x.scalar_type() == at::kBFloat16) simd::sums().columns16(static_cast<const simd::bf16*>(x.data_ptr()) + from, rows, columns, count, to + from);
    else simd::sums().columns32(x.data_ptr<float>() + from, rows, columns, count, to + from);
  });
  return sums;
}

}  // namespace tutti
