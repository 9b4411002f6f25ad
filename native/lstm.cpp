// An LSTM layer over packed sequences. libtorch's adds up a gradient as large as the recurrent weight at every step, and packs that weight for its
// product anew each time. Here the weight is packed once, a step is one product with the gates' functions at its end, and gradients of weights are
// one product each over all steps.
#include "casts.h"
#include "products.h"
#include "simd/lstm.h"
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/saved_variable.h>
#include <torch/library.h>

namespace tutti {

namespace {

using torch::autograd::SavedVariable;
using torch::autograd::variable_list;

constexpr int64_t gates = 4;

// Sequences of each step, and where its rows begin.
struct Steps {
  std::vector<int64_t> sizes, begins;
  explicit Steps(at::IntArrayRef given) : sizes(given.begin(), given.end()), begins(1, 0) {
    for (const auto size : sizes) begins.push_back(begins.back() + size);
  }
  int64_t count() const { return int64_t(sizes.size()); }
  int64_t size(int64_t step) const { return step < count() ? sizes[size_t(step)] : 0; }
  int64_t begin(int64_t step) const { return begins[size_t(step)]; }
  at::Tensor of(const at::Tensor& rows, int64_t step) const { return rows.narrow(0, begin(step), size(step)); }

  // The last row of every sequence: (T, H) to (n, H).
  at::Tensor last(const at::Tensor& rows) const {
    auto out = at::empty({size(0), rows.size(1)}, rows.options());
    for (int64_t s = 0; s < count(); s++)
      if (size(s + 1) < size(s)) out.narrow(0, size(s + 1), size(s) - size(s + 1)).copy_(rows.narrow(0, begin(s) + size(s + 1), size(s) - size(s + 1)));
    return out;
  }
};

// What a pass works on and leaves for backward: gates after their functions (T, 4H) and h before each step (T, H), both in the type of the products, c after each step (T, H).
struct Work { at::Tensor gates, before, cells, old; };

// One product's rows of weights, in the order that a step reads them.
template <class Pack> at::Tensor packed(int64_t words, int64_t pieces, Pack pack) {
  auto to = at::empty({words}, at::kInt);
  at::parallel_for(0, pieces, 1, [&](int64_t begin, int64_t end) { pack(begin, end, static_cast<uint32_t*>(to.data_ptr())); });
  return to;
}
const simd::LstmSteps& kernel(const at::Tensor& x) { return x.scalar_type() == at::kBFloat16 ? simd::lstm().half : simd::lstm().full; }
// Pieces of a step that are worth a thread.
int64_t grain(int64_t rows, int64_t units) { return std::max<int64_t>(1, 8192 / std::max<int64_t>(1, rows * units / 16)); }
const float* at_row(const at::Tensor& t, int64_t row) { return t.defined() ? t.data_ptr<float>() + row * t.size(1) : nullptr; }
char* at_bytes(const at::Tensor& t, int64_t row) { return static_cast<char*>(t.data_ptr()) + row * t.size(1) * int64_t(t.element_size()); }

void forward_steps(const Steps& steps, const at::Tensor& recurrent, const Work& work, const at::Tensor& outputs) {
  const int64_t units = recurrent.size(1);
  const auto& run = kernel(work.gates);
  const auto weights = packed(run.words(units), run.vectors(units), [&](int64_t begin, int64_t end, uint32_t* to) { run.pack_forward(recurrent.data_ptr(), units, begin, end, to); });
  for (int64_t s = 0; s < steps.count(); s++) {
    const int64_t at = steps.begin(s), rows = steps.size(s), next = steps.size(s + 1);
    const simd::LstmForward n{units, rows, next, at_bytes(work.before, at), static_cast<const uint32_t*>(weights.data_ptr()), at_bytes(work.gates, at),
                              s == 0 ? at_row(work.old, 0) : at_row(work.cells, steps.begin(s - 1)), work.cells.data_ptr<float>() + at * units, outputs.data_ptr<float>() + at * units,
                              next == 0 ? nullptr : at_bytes(work.before, at + rows)};
    at::parallel_for(0, run.vectors(units), grain(rows, units), [&](int64_t begin, int64_t end) { run.forward(n, begin, end); });
  }
}

// Gradients of the gates (T, 4H) and of h before the first step; `carried` is that of c after the last steps, and then before the first.
std::pair<at::Tensor, at::Tensor> backward_steps(const Steps& steps, const at::Tensor& recurrent, const Work& work, const at::Tensor& outputs, const at::Tensor& last, const at::Tensor& carried) {
  const int64_t units = recurrent.size(1);
  const auto& run = kernel(work.gates);
  const auto weights = packed(run.words(units), run.panels(units), [&](int64_t begin, int64_t end, uint32_t* to) { run.pack_backward(recurrent.data_ptr(), units, begin, end, to); });
  auto slopes = at::empty_like(work.gates), first = at::empty_like(carried);
  for (int64_t s = steps.count() - 1; s >= -1; s--) {
    const int64_t at = s < 0 ? 0 : steps.begin(s), rows = s < 0 ? steps.size(0) : steps.size(s), later = steps.size(s + 1);
    simd::LstmBackward n{units, rows, later, later == 0 ? nullptr : at_bytes(slopes, steps.begin(s + 1)), static_cast<const uint32_t*>(weights.data_ptr()), at_row(last, 0), nullptr,
                         nullptr, nullptr, nullptr, carried.data_ptr<float>(), nullptr, first.data_ptr<float>()};
    if (s >= 0) {
      n.outputs = at_row(outputs, at), n.gates = at_bytes(work.gates, at), n.cells = at_row(work.cells, at), n.to = at_bytes(slopes, at);
      n.old = s == 0 ? at_row(work.old, 0) : at_row(work.cells, steps.begin(s - 1));
    }
    at::parallel_for(0, run.panels(units), grain(rows, units * 4), [&](int64_t begin, int64_t end) { run.backward(n, begin, end); });
  }
  return {slopes, first};
}

// ---- the same by operators, for float64

void forward_exact(const Steps& steps, const at::Tensor& recurrent, const Work& work, const at::Tensor& outputs) {
  for (int64_t s = 0; s < steps.count(); s++) {
    const int64_t rows = steps.size(s), next = steps.size(s + 1);
    auto all = steps.of(work.gates, s);
    all.addmm_(steps.of(work.before, s), recurrent.t());
    auto gate = all.view({rows, gates, -1}).unbind(1);
    for (const int g : {0, 1, 3}) gate[size_t(g)].sigmoid_();
    gate[2].tanh_();
    const auto old = s == 0 ? work.old : steps.of(work.cells, s - 1).narrow(0, 0, rows), c = gate[1] * old + gate[0] * gate[2], h = gate[3] * c.tanh();
    steps.of(work.cells, s).copy_(c);
    steps.of(outputs, s).copy_(h);
    if (next > 0) steps.of(work.before, s + 1).copy_(h.narrow(0, 0, next));
  }
}

std::pair<at::Tensor, at::Tensor> backward_exact(const Steps& steps, const at::Tensor& recurrent, const Work& work, const at::Tensor& outputs, const at::Tensor& last, const at::Tensor& carried) {
  auto slopes = at::empty_like(work.gates), dh = last.defined() ? last.clone() : at::zeros_like(carried);
  for (int64_t s = steps.count() - 1; s >= 0; s--) {
    const int64_t rows = steps.size(s);
    auto now = dh.narrow(0, 0, rows), dc = carried.narrow(0, 0, rows);
    const auto given = outputs.defined() ? now + steps.of(outputs, s) : now;
    const auto gate = steps.of(work.gates, s).view({rows, gates, -1}).unbind(1);
    const auto shown = steps.of(work.cells, s).tanh(), old = s == 0 ? work.old : steps.of(work.cells, s - 1).narrow(0, 0, rows);
    dc.add_(given * gate[3] * (1 - shown * shown));
    auto to = steps.of(slopes, s).view({rows, gates, -1}).unbind(1);
    to[0].copy_(dc * gate[2] * gate[0] * (1 - gate[0]));
    to[1].copy_(dc * old * gate[1] * (1 - gate[1]));
    to[2].copy_(dc * gate[0] * (1 - gate[2] * gate[2]));
    to[3].copy_(given * shown * gate[3] * (1 - gate[3]));
    dc.mul_(gate[1]);
    now.copy_(at::mm(steps.of(slopes, s), recurrent));
  }
  return {slopes, dh};
}

// ---- autograd

bool exact(const at::Tensor& t) { return t.scalar_type() == at::kDouble; }

at::Tensor weight_in(const at::Tensor& weight, at::ScalarType type) {
  // Kept casts are for weights that live longer than an update; a weight that was dropped from is not one.
  return type == at::kBFloat16 ? weight.is_leaf() && weight.requires_grad() ? cast_weight(weight) : weight.detach().to(type).contiguous() : weight.detach().contiguous();
}

enum Input { X, H, C, Inputs, Recurrent, InputBias, RecurrentBias, InputCount };

struct Lstm : torch::autograd::Node {
  explicit Lstm(const Steps& s) : steps(s) {}
  Steps steps;
  at::ScalarType given;                                       // the type of the input
  SavedVariable x, inputs, recurrent;                         // x (T, C) in the type of the products
  SavedVariable old;                                          // c before the first step
  Work work;                                                  // without `old`

  variable_list apply(variable_list&& grads) override {
    TORCH_CHECK(work.gates.defined(), "tutti::lstm: what backward needs was freed; a second backward takes retain_graph");
    const auto self = shared_from_this();
    const auto in = x.unpack(self), wi = weight_in(inputs.unpack(self), in.scalar_type()), wr = weight_in(recurrent.unpack(self), in.scalar_type());
    Work all = work;
    all.old = old.unpack(self).detach().contiguous();
    const auto type = all.cells.scalar_type();
    const auto take = [&](int i) { return grads[size_t(i)].defined() ? std::exchange(grads[size_t(i)], {}).to(type).contiguous() : at::Tensor(); };
    const auto outputs = take(0), last = take(1), end = take(2), carried = end.defined() ? end.clone() : at::zeros_like(all.old);
    const auto [slopes, first] = exact(in) ? backward_exact(steps, wr, all, outputs, last, carried) : backward_steps(steps, wr, all, outputs, last, carried);
    variable_list out(InputCount);
    const auto wanted = [&](int i) { return task_should_compute_output(size_t(i)); };
    if (wanted(X)) {
      out[X] = at::empty(in.sizes(), in.options().dtype(given));
      if (exact(in)) at::mm_out(out[X], slopes, wi);
      else product_input(slopes, wi, out[X], false);
    }
    if (wanted(H)) out[H] = first;
    if (wanted(C)) out[C] = carried;
    const auto weight = [&](const at::Tensor& right) { return exact(in) ? at::mm(slopes.t(), right) : product_weight(slopes, right); };
    if (wanted(Inputs)) out[Inputs] = weight(in);
    if (wanted(Recurrent)) out[Recurrent] = weight(all.before);
    at::Tensor sums;
    if (wanted(InputBias) || wanted(RecurrentBias)) sums = exact(in) ? slopes.sum(0) : column_sums(slopes);
    if (wanted(InputBias)) out[InputBias] = sums;
    if (wanted(RecurrentBias)) out[RecurrentBias] = sums;
    return out;
  }
  void release_variables() override {
    for (auto* saved : {&x, &inputs, &recurrent, &old}) saved->reset_data();
    work = {};
  }
};

void check(const variable_list& in, const Steps& steps) {
  const auto &x = in[X], &h = in[H], &recurrent = in[Recurrent];
  for (const auto& t : in) TORCH_CHECK(t.is_cpu(), "tutti::lstm takes CPU tensors");
  for (size_t i = H; i < InputCount; i++)
    TORCH_CHECK(in[i].scalar_type() == recurrent.scalar_type() && (exact(in[i]) || in[i].scalar_type() == at::kFloat), "tutti::lstm takes weights and states that are all float32 or all float64, got ", in[i].scalar_type());
  TORCH_CHECK(steps.count() > 0 && steps.size(steps.count() - 1) > 0, "tutti::lstm takes at least one step, and a sequence in each");
  for (int64_t s = 1; s < steps.count(); s++) TORCH_CHECK(steps.size(s) <= steps.size(s - 1), "step ", s, " has ", steps.size(s), " sequences, the one before it ", steps.size(s - 1), ": the longest come first");
  const int64_t n = steps.size(0), units = recurrent.dim() == 2 ? recurrent.size(1) : 0, wide = gates * units;
  TORCH_CHECK(units > 0 && recurrent.size(0) == wide, "the recurrent weight is of size ", recurrent.sizes(), ", expected (4H, H)");
  TORCH_CHECK(x.dim() == 2 && x.size(0) == steps.begins.back(), "the input is of size ", x.sizes(), ", the steps have ", steps.begins.back(), " rows");
  TORCH_CHECK(in[Inputs].dim() == 2 && in[Inputs].size(0) == wide && in[Inputs].size(1) == x.size(1), "the input's weight is of size ", in[Inputs].sizes(), ", expected (", wide, ", ", x.size(1), ")");
  for (const auto& state : {h, in[C]}) TORCH_CHECK(state.dim() == 2 && state.size(0) == n && state.size(1) == units, "a state is of size ", state.sizes(), ", expected (", n, ", ", units, ")");
  for (const auto& bias : {in[InputBias], in[RecurrentBias]}) TORCH_CHECK(bias.dim() == 1 && bias.size(0) == wide, "a bias is of size ", bias.sizes(), ", expected ", wide);
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> lstm(const at::Tensor& x, at::IntArrayRef sizes, const at::Tensor& h, const at::Tensor& c, const at::Tensor& inputs, const at::Tensor& recurrent,
                                                    const at::Tensor& input_bias, const at::Tensor& recurrent_bias) {
  const variable_list in{x, h, c, inputs, recurrent, input_bias, recurrent_bias};
  const Steps steps(sizes);
  check(in, steps);
  const int64_t units = recurrent.size(1);
  const bool cast = at::autocast::is_cpu_enabled() && at::autocast::get_autocast_cpu_dtype() == at::kBFloat16 && !exact(recurrent);
  // Pairs of bfloat16 take an even number of units.
  const auto own = recurrent.scalar_type(), type = cast && units % 2 == 0 ? at::kBFloat16 : own;
  TORCH_CHECK(cast || x.scalar_type() == own, "an input of ", x.scalar_type(), " with weights of ", own, " takes autocast to bfloat16");
  const bool recorded = at::GradMode::is_enabled() && torch::autograd::any_variable_requires_grad(in);

  at::AutoDispatchBelowAutograd below;
  const auto source = x.detach().to(type).contiguous(), wi = weight_in(inputs, type), wr = weight_in(recurrent, type), bias = (input_bias + recurrent_bias).contiguous();
  Work work;
  work.gates = exact(recurrent) ? at::addmm(bias, source, wi.t()) : product_forward(source, wi, bias);
  work.before = at::empty({source.size(0), units}, source.options());
  work.before.narrow(0, 0, steps.size(0)).copy_(h.detach());
  work.cells = at::empty(work.before.sizes(), work.before.options().dtype(own));
  work.old = c.detach().contiguous();
  auto outputs = at::empty_like(work.cells);
  if (exact(recurrent)) forward_exact(steps, wr, work, outputs);
  else forward_steps(steps, wr, work, outputs);
  auto last = steps.last(outputs), end = steps.last(work.cells);
  if (recorded) {
    std::shared_ptr<Lstm> node(new Lstm(steps), torch::autograd::deleteNode);
    node->set_next_edges(torch::autograd::collect_next_edges(in));
    node->given = x.scalar_type();
    node->x = SavedVariable(source, false);
    node->inputs = SavedVariable(inputs, false);
    node->recurrent = SavedVariable(recurrent, false);
    node->old = SavedVariable(c, false);
    work.old.reset();
    node->work = work;
    for (auto* result : {&outputs, &last, &end}) torch::autograd::set_history(*result, node);
  }
  return {outputs, last, end};
}

TORCH_LIBRARY_FRAGMENT(tutti, m) {
  m.def("lstm(Tensor x, int[] sizes, Tensor h, Tensor c, Tensor inputs, Tensor recurrent, Tensor input_bias, Tensor recurrent_bias) -> (Tensor, Tensor, Tensor)");
}
TORCH_LIBRARY_IMPL(tutti, CPU, m) { m.impl("lstm", lstm); }
TORCH_LIBRARY_IMPL(tutti, Autograd, m) { m.impl("lstm", lstm); }

}  // namespace

}  // namespace tutti
