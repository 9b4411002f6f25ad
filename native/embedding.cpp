// Rows of a table by ids, with a gradient of the rows that were named instead of one as large as the table.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/SparseTensorUtils.h>
#include <torch/library.h>
#include <torch/csrc/autograd/custom_function.h>
#include <algorithm>
#include <functional>
#include <vector>

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

at::Tensor rows_of(const at::Tensor& weight, const at::Tensor& ids) {
  auto sizes = ids.sizes().vec();
  sizes.push_back(weight.size(1));
  return weight.index_select(0, ids.reshape(-1)).view(sizes);
}

// A gradient by rows: a sparse tensor of one sparse axis, an id for each row of `values`.
at::Tensor by_rows(const at::Tensor& ids, const at::Tensor& values, int64_t rows) {
  TORCH_CHECK(ids.dim() == 1 && ids.scalar_type() == at::kLong && values.dim() == 2 && values.size(0) == ids.numel(), "a gradient by rows takes one 64-bit id for each of its rows");
  return at::_sparse_coo_tensor_unsafe(ids.unsqueeze(0), values, {rows, values.size(1)});
}

struct Embedding : torch::autograd::Function<Embedding> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& weight, const at::Tensor& ids, int64_t padding) {
    context->save_for_backward({ids});
    context->saved_data["rows"] = weight.size(0);
    context->saved_data["padding"] = padding;
    at::AutoDispatchBelowADInplaceOrView guard;
    return rows_of(weight, ids);
  }
  static variable_list backward(AutogradContext* context, variable_list grads) {
    auto ids = context->get_saved_variables()[0].reshape(-1).contiguous();
    auto values = grads[0].reshape({ids.numel(), -1}).contiguous();
    const int64_t padding = context->saved_data["padding"].toInt(), count = ids.numel();
    const auto* id = ids.data_ptr<int64_t>();
    if (std::find(id, id + count, padding) != id + count) {
      const auto kept = ids.ne(padding).nonzero().squeeze(1);
      values = values.index_select(0, kept);
      ids = ids.index_select(0, kept);
    }
    return {by_rows(ids, values, context->saved_data["rows"].toInt()), {}, {}};
  }
};

template <class T> void add_up(const std::vector<std::pair<int64_t, int64_t>>& order, const std::vector<int64_t>& begins, const T* from, T* to, int64_t width) {
  at::parallel_for(0, int64_t(begins.size()) - 1, std::max<int64_t>(1, 16384 / std::max<int64_t>(1, width)), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      T* sum = to + row * width;
      std::fill(sum, sum + width, T(0));
      for (int64_t k = begins[size_t(row)]; k < begins[size_t(row) + 1]; k++) {
        const T* one = from + order[size_t(k)].second * width;
        for (int64_t c = 0; c < width; c++) sum[c] += one[c];
      }
    }
  });
}

// Every id of a gradient by rows once, in their order, and no memory beside it. The rows of an id are added up in the order in which they came, whatever the threads.
// Where memory ends the gradient stays as it was, and what it counts as changes never go back.
void settle_rows(const at::Tensor& grad) {
  at::NoGradGuard no_grad;
  TORCH_CHECK(grad.is_sparse() && grad.is_cpu() && grad.sparse_dim() == 1 && grad.dense_dim() == 1, "expected a CPU gradient by rows");
  const auto ids = grad._indices().contiguous().view({-1}), values = grad._values().contiguous();
  const auto* id = ids.data_ptr<int64_t>();
  const int64_t count = ids.numel(), width = values.size(1);
  const bool once = std::adjacent_find(id, id + count, std::greater_equal<int64_t>()) == id + count;
  if (once && values.storage().nbytes() == size_t(values.numel()) * values.element_size()) return;
  std::vector<std::pair<int64_t, int64_t>> order(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; i++) order[size_t(i)] = {id[i], i};
  std::sort(order.begin(), order.end());
  std::vector<int64_t> begins;
  for (int64_t i = 0; i < count; i++)
    if (i == 0 || order[size_t(i)].first != order[size_t(i) - 1].first) begins.push_back(i);
  const auto rows = int64_t(begins.size());
  begins.push_back(count);
  const auto named = at::empty({1, rows}, ids.options());
  const auto sums = at::empty({rows, width}, values.options());
  for (int64_t row = 0; row < rows; row++) named.data_ptr<int64_t>()[row] = order[size_t(begins[size_t(row)])].first;
  AT_DISPATCH_FLOATING_TYPES(values.scalar_type(), "tutti_settle_rows", [&] { add_up(order, begins, values.data_ptr<scalar_t>(), sums.data_ptr<scalar_t>(), width); });
  auto* impl = at::sparse::get_sparse_impl(grad);
  impl->set_indices_and_values_unsafe(named, sums);
  impl->bump_version();
}

TORCH_LIBRARY_FRAGMENT(tutti, m) {
  m.def("embedding(Tensor weight, Tensor ids, int padding) -> Tensor");
  m.def("by_rows(Tensor ids, Tensor values, int rows) -> Tensor", by_rows);
  m.def("settle_rows_(Tensor(a!) grad) -> ()", settle_rows);
}
TORCH_LIBRARY_IMPL(tutti, CompositeExplicitAutograd, m) {
  m.impl("embedding", [](const at::Tensor& weight, const at::Tensor& ids, int64_t) { return rows_of(weight, ids); });
}
TORCH_LIBRARY_IMPL(tutti, Autograd, m) {
  m.impl("embedding", [](const at::Tensor& weight, const at::Tensor& ids, int64_t padding) { return Embedding::apply(weight, ids, padding); });
}

}  // namespace
