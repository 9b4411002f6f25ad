// The few kernels that libtorch lacks: ragged rows to a padded rectangle and back, counter-based dropout.
// They are registered with the dispatcher, so managed code calls them like any other operator.
#include "simd/drop.h"
#include "simd/mix.h"
#include <ATen/ATen.h>
#include <ATen/OpMathType.h>
#include <ATen/Parallel.h>
#include <torch/library.h>
#include <torch/csrc/autograd/custom_function.h>
#include <cmath>
#include <cstring>

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// ---- ragged <-> padded

// The offsets of n sequences of at most `length` rows: what is copied below stays within both tensors.
const int64_t* checked(const at::Tensor& x, const at::Tensor& offsets, int64_t length) {
  TORCH_CHECK(x.is_cpu() && offsets.is_cpu() && offsets.scalar_type() == at::kLong && offsets.is_contiguous() && offsets.numel() > 0,
              "ragged rows take CPU tensors and contiguous long offsets");
  const auto n = offsets.numel() - 1;
  const auto* o = offsets.data_ptr<int64_t>();
  TORCH_CHECK(o[0] == 0, "offsets begin at ", o[0], ", expected 0");
  for (int64_t i = 0; i < n; i++)
    TORCH_CHECK(o[i + 1] >= o[i] && o[i + 1] - o[i] <= length, "sequence ", i, " has ", o[i + 1] - o[i], " rows, expected 0 to ", length);
  return o;
}

// x (T, ...) with offsets (n+1) -> (n, length, ...), zeros behind each sequence's end.
at::Tensor pad_rows(const at::Tensor& x, const at::Tensor& offsets, int64_t length) {
  const auto* o = checked(x, offsets, length);
  const auto n = offsets.numel() - 1;
  TORCH_CHECK(x.dim() > 0 && o[n] == x.size(0), "offsets end at ", o[n], ", the tensor is of size ", x.sizes());
  const auto source = x.contiguous();
  auto sizes = x.sizes().vec();
  sizes[0] = length;
  sizes.insert(sizes.begin(), n);
  auto out = at::empty(sizes, x.options());
  if (x.size(0) == 0) return out.zero_();
  const int64_t row = x.numel() / x.size(0) * int64_t(x.element_size());
  const auto* from = static_cast<const char*>(source.data_ptr());
  auto* to = static_cast<char*>(out.data_ptr());
  at::parallel_for(0, n, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      const int64_t used = o[i + 1] - o[i];
      std::memcpy(to + i * length * row, from + o[i] * row, size_t(used * row));
      std::memset(to + (i * length + used) * row, 0, size_t((length - used) * row));
    }
  });
  return out;
}

// x (n, length, ...) -> (T, ...): the inverse of pad_rows.
at::Tensor unpad_rows(const at::Tensor& x, const at::Tensor& offsets) {
  TORCH_CHECK(x.dim() > 1 && offsets.numel() == x.size(0) + 1, "got ", offsets.numel(), " offsets for a tensor of size ", x.sizes());
  const auto n = x.size(0), length = x.size(1);
  const auto* o = checked(x, offsets, length);
  const auto source = x.contiguous();
  std::vector<int64_t> sizes(x.sizes().begin() + 1, x.sizes().end());
  sizes[0] = o[n];
  auto out = at::empty(sizes, x.options());
  if (x.numel() == 0) return out;
  const int64_t row = x.numel() / (n * length) * int64_t(x.element_size());
  const auto* from = static_cast<const char*>(source.data_ptr());
  auto* to = static_cast<char*>(out.data_ptr());
  at::parallel_for(0, n, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) std::memcpy(to + o[i] * row, from + i * length * row, size_t((o[i + 1] - o[i]) * row));
  });
  return out;
}

struct Pad : torch::autograd::Function<Pad> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& offsets, int64_t length) {
    context->save_for_backward({offsets});
    at::AutoDispatchBelowADInplaceOrView guard;
    return pad_rows(x, offsets, length);
  }
  static variable_list backward(AutogradContext* context, variable_list grads) {
    return {unpad_rows(grads[0], context->get_saved_variables()[0]), {}, {}};
  }
};

struct Unpad : torch::autograd::Function<Unpad> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& offsets) {
    context->save_for_backward({offsets});
    context->saved_data["length"] = x.size(1);
    at::AutoDispatchBelowADInplaceOrView guard;
    return unpad_rows(x, offsets);
  }
  static variable_list backward(AutogradContext* context, variable_list grads) {
    return {pad_rows(grads[0], context->get_saved_variables()[0], context->saved_data["length"].toInt()), {}};
  }
};

// ---- dropout

// Element e of the row whose key is rows[r] is dropped by 16 bits of mix(key, rows[r], e / 4): the mask depends on the seed, the
// update, the layer, the example and the position only, so cutting a batch differently draws the same mask, and backward draws it again.
template <class T>
void drop(const T* x, T* out, const int64_t* rows, int64_t count, int64_t width, uint64_t key, double p) {
  using Wide = at::opmath_type<T>;  // a scale rounded to bfloat16 would be off by up to 0.4 %
  const auto threshold = uint32_t(std::min<long>(std::lround(p * 65536.0), 65535));
  const auto scale = Wide(65536.0 / (65536.0 - threshold));
  at::parallel_for(0, count, std::max<int64_t>(1, 16384 / std::max<int64_t>(1, width)), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; r++) {
      const uint64_t start = tutti::simd::row_start(key, uint64_t(rows[r]));
      const T* in = x + r * width;
      T* to = out + r * width;
      for (int64_t e = 0; e < width; e += 4) {
        uint64_t bits = tutti::simd::mix(start + tutti::simd::golden * uint64_t(e / 4 + 1));
        const int64_t stop = std::min<int64_t>(4, width - e);
        for (int64_t k = 0; k < stop; k++, bits >>= 16)
          to[e + k] = (bits & 0xffff) < threshold ? T(0) : T(Wide(in[e + k]) * scale);
      }
    }
  });
}

// x: rows of `x.size(-1)` elements; rows: one key per row (numel = x.numel() / x.size(-1)).
at::Tensor drop_rows(const at::Tensor& x, const at::Tensor& rows, double p, int64_t key) {
  TORCH_CHECK(x.is_cpu() && rows.is_cpu() && rows.scalar_type() == at::kLong, "tutti::dropout takes CPU tensors and long row keys");
  TORCH_CHECK(p >= 0 && p < 1, "dropout takes a share from 0 to below 1, got ", p);
  const auto source = x.contiguous();
  const auto keys = rows.contiguous();
  const int64_t width = x.dim() == 0 ? 1 : x.size(-1), count = width == 0 ? 0 : x.numel() / width;
  TORCH_CHECK(keys.numel() == count, "got ", keys.numel(), " row keys for ", count, " rows");
  auto out = at::empty_like(source);
  if (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16) {
    const auto threshold = uint32_t(std::min<long>(std::lround(p * 65536.0), 65535));
    const tutti::simd::Drop drop{keys.data_ptr<int64_t>(), uint64_t(key), threshold, float(65536.0 / (65536.0 - threshold))};
    at::parallel_for(0, count, std::max<int64_t>(1, 16384 / std::max<int64_t>(1, width)), [&](int64_t begin, int64_t end) {
      if (x.scalar_type() == at::kFloat) tutti::simd::dropped().rows32(drop, source.data_ptr<float>(), out.data_ptr<float>(), width, begin, end);
      else tutti::simd::dropped().rows16(drop, static_cast<const tutti::simd::bf16*>(source.data_ptr()), static_cast<tutti::simd::bf16*>(out.data_ptr()), width, begin, end);
    });
    return out;
  }
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kBFloat16, at::kHalf, x.scalar_type(), "tutti_dropout", [&] {
    drop(source.data_ptr<scalar_t>(), out.data_ptr<scalar_t>(), keys.data_ptr<int64_t>(), count, width, uint64_t(key), p);
  });
  return out;
}

struct Dropout : torch::autograd::Function<Dropout> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& rows, double p, int64_t key) {
    context->save_for_backward({rows});
    context->saved_data["p"] = p;
    context->saved_data["key"] = key;
    at::AutoDispatchBelowADInplaceOrView guard;
    return drop_rows(x, rows, p, key);
  }
  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto rows = context->get_saved_variables()[0];
    return {drop_rows(grads[0], rows, context->saved_data["p"].toDouble(), context->saved_data["key"].toInt()), {}, {}, {}};
  }
};

TORCH_LIBRARY(tutti, m) {
  m.def("pad(Tensor x, Tensor offsets, int length) -> Tensor");
  m.def("unpad(Tensor x, Tensor offsets) -> Tensor");
  m.def("dropout(Tensor x, Tensor rows, float p, int key) -> Tensor");
}
TORCH_LIBRARY_IMPL(tutti, CPU, m) {
  m.impl("pad", pad_rows);
  m.impl("unpad", unpad_rows);
  m.impl("dropout", drop_rows);
}
TORCH_LIBRARY_IMPL(tutti, Autograd, m) {
  m.impl("pad", [](const at::Tensor& x, const at::Tensor& offsets, int64_t length) { return Pad::apply(x, offsets, length); });
  m.impl("unpad", [](const at::Tensor& x, const at::Tensor& offsets) { return Unpad::apply(x, offsets); });
  m.impl("dropout", [](const at::Tensor& x, const at::Tensor& rows, double p, int64_t key) { return Dropout::apply(x, rows, p, key); });
}

}  // namespace
