// Batch normalisation of pictures' maps, the residual that is added to it and the activation behind it, in one pass each way where libtorch makes four: on maps with channels last in memory, which is how
// convolutions read and write them fastest.
#include "simd/maps.h"
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

namespace {

using namespace tutti;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr auto last = at::MemoryFormat::ChannelsLast;
constexpr int64_t one_block = 16384;                          // numbers of rows that stay in a cache between two looks

// What is written does not wait in a cache for its reader: then it need not displace what else is there, nor be read before it is written (measured: ResNet-50).
bool past_caches(const at::Tensor& to) {
  return int64_t(to.nbytes()) >= int64_t(16) << 20 && to.size(1) % 32 == 0 && reinterpret_cast<uintptr_t>(to.data_ptr()) % 64 == 0;
}

bool is_half(const at::Tensor& x) { return x.scalar_type() == at::kBFloat16; }

// Pixels as rows of channels, in blocks that do not depend on the number of threads.
struct Rows {
  int64_t width, count, block, blocks;
  explicit Rows(const at::Tensor& x) : width(x.size(1)), count(x.numel() / x.size(1)), block(std::max<int64_t>(16, one_block / x.size(1))), blocks((count + block - 1) / block) {}
  template <class F> void each(F body) const {
    at::parallel_for(0, blocks, std::max<int64_t>(1, 65536 / (block * width)), [&](int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; b++) body(b, b * block, std::min(count, (b + 1) * block));
    });
  }
};

// Of every channel the mean and the sum of squared distances from it, put together from those of blocks (Chan et al. 1979).
void moments(const at::Tensor& x, const Rows& rows, float* mean, double* squares) {
  const auto parts = at::empty({rows.blocks, 2, rows.width}, x.options().dtype(at::kFloat));
  float* const p = parts.data_ptr<float>();
  rows.each([&](int64_t b, int64_t begin, int64_t end) {
    float* const to = p + b * 2 * rows.width;
    if (is_half(x)) simd::maps().moments16(static_cast<const simd::bf16*>(x.data_ptr()) + begin * rows.width, rows.width, end - begin, to, to + rows.width);
    else simd::maps().moments32(x.data_ptr<float>() + begin * rows.width, rows.width, end - begin, to, to + rows.width);
  });
  std::vector<double> means(size_t(rows.width), 0.0);
  const auto many = [&](int64_t b) { return double(std::min(rows.count, (b + 1) * rows.block) - b * rows.block); };
  for (int64_t b = 0; b < rows.blocks; b++)
    for (int64_t c = 0; c < rows.width; c++) means[size_t(c)] += many(b) * p[b * 2 * rows.width + c];
  for (auto& m : means) m /= double(rows.count);
  std::fill(squares, squares + rows.width, 0.0);
  for (int64_t b = 0; b < rows.blocks; b++)
    for (int64_t c = 0; c < rows.width; c++) {
      const double away = p[b * 2 * rows.width + c] - means[size_t(c)];
      squares[c] += p[(b * 2 + 1) * rows.width + c] + many(b) * away * away;
    }
  for (int64_t c = 0; c < rows.width; c++) mean[c] = float(means[size_t(c)]);
}

// The result, and mean, reciprocal deviation, scale and shift of each channel (4,C). Statistics of the batch are left in means and variances.
struct Normed { at::Tensor y, factors; };

Normed normed(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& means, const at::Tensor& variances, const at::Tensor& added, bool batch, double eps, int64_t after) {
  const Rows rows(x);
  const int64_t C = rows.width;
  auto factors = at::empty({4, C}, weight.options());
  float* const f = factors.data_ptr<float>();
  if (batch) {
    std::vector<double> squares(static_cast<size_t>(C));
    moments(x, rows, f, squares.data());
    for (int64_t c = 0; c < C; c++) {
      means.data_ptr<float>()[c] = f[c];
      variances.data_ptr<float>()[c] = float(squares[size_t(c)] / double(std::max<int64_t>(1, rows.count - 1)));
      f[C + c] = float(1 / std::sqrt(squares[size_t(c)] / double(rows.count) + eps));
    }
  } else {
    for (int64_t c = 0; c < C; c++) f[c] = means.data_ptr<float>()[c], f[C + c] = float(1 / std::sqrt(double(variances.data_ptr<float>()[c]) + eps));
  }
  for (int64_t c = 0; c < C; c++) {
    f[2 * C + c] = weight.data_ptr<float>()[c] * f[C + c];
    f[3 * C + c] = bias.data_ptr<float>()[c];
  }
  auto y = at::empty_like(x, x.options(), last);
  const simd::MapRows n{C, f, f + 2 * C, f + 3 * C, int(after), x.data_ptr(), added.defined() ? added.data_ptr() : nullptr, y.data_ptr(), past_caches(y)};
  rows.each([&](int64_t, int64_t begin, int64_t end) { (is_half(x) ? simd::maps().forward16 : simd::maps().forward32)(n, begin, end); });
  return {y, factors};
}

struct NormMaps : torch::autograd::Function<NormMaps> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& means, const at::Tensor& variances, const c10::optional<at::Tensor>& added, bool batch, double eps, int64_t after) {
    at::AutoDispatchBelowADInplaceOrView guard;
    const auto in = x.contiguous(last), more = added.has_value() ? added->to(x.scalar_type()).contiguous(last) : at::Tensor();
    const auto [y, factors] = normed(in, weight, bias, means, variances, more, batch, eps, after);
    // Where something was added, ReLU's gradient is read off the result, which the layer behind keeps anyway; else off the input, which is read for the norm too.
    context->save_for_backward({in, weight, factors, after == 1 && more.defined() ? y : at::Tensor(), after == 2 ? more : at::Tensor()});
    context->saved_data["batch"] = batch;
    context->saved_data["after"] = after == 1 && !more.defined() ? int64_t(3) : after;
    context->saved_data["added"] = added.has_value();
    return y;
  }
  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    const auto &x = saved[0], &weight = saved[1], &factors = saved[2], &y = saved[3], &more = saved[4];
    const bool batch = context->saved_data["batch"].toBool(), added = context->saved_data["added"].toBool();
    const auto dy = grads[0].to(x.scalar_type()).contiguous(last);
    const Rows rows(x);
    const int64_t C = rows.width;
    const float* const f = factors.data_ptr<float>();
    const bool half = is_half(x);
    simd::MapGradients n{C, f + 2 * C, f + 3 * C, int(context->saved_data["after"].toInt()), x.data_ptr(), more.defined() ? more.data_ptr() : nullptr, y.defined() ? y.data_ptr() : nullptr, dy.data_ptr(),
                         f, f + C, nullptr, nullptr, nullptr, nullptr, nullptr, false};
    auto dx = at::empty_like(x, x.options(), last), g = added ? at::empty_like(x, x.options(), last) : at::Tensor();
    n.g = added ? g.data_ptr() : nullptr;
    n.stream = past_caches(dx) && (!added || past_caches(g));
    const auto parts = at::empty({rows.blocks, 2, C}, factors.options());
    rows.each([&](int64_t b, int64_t begin, int64_t end) {
      float* const to = parts.data_ptr<float>() + b * 2 * C;
      (half ? simd::maps().sums16 : simd::maps().sums32)(n, begin, end, to, to + C);
    });
    const auto sums = parts.sum(0, false, at::kDouble);
    const double* const s = sums.data_ptr<double>();
    const auto abc = at::empty({3, C}, factors.options());
    float* const a = abc.data_ptr<float>();
    // dx = scale * (g - mean g - normal * mean(g normal)), as a line in g and x - mean.
    for (int64_t c = 0; c < C; c++) {
      const double scale = double(weight.data_ptr<float>()[c]) * f[C + c], mean = batch ? s[c] / double(rows.count) : 0, slope = batch ? s[C + c] / double(rows.count) * f[C + c] : 0;
      a[c] = float(scale);
      a[C + c] = float(-scale * slope);
      a[2 * C + c] = float(-scale * mean);
    }
    n.a = a, n.b = a + C, n.c = a + 2 * C, n.dx = dx.data_ptr();
    if (added) n.dy = n.g, n.after = 0;                       // what was written is what would be computed again
    rows.each([&](int64_t, int64_t begin, int64_t end) { (half ? simd::maps().backward16 : simd::maps().backward32)(n, begin, end); });
    const auto floats = sums.to(at::kFloat);
    return {dx, floats[1], floats[0], {}, {}, g, {}, {}, {}};
  }
};

at::Tensor norm_maps(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& means, const at::Tensor& variances, const c10::optional<at::Tensor>& added, bool batch, double eps, int64_t after) {
  TORCH_CHECK(x.is_cpu() && x.dim() == 4 && x.numel() > 0 && (x.scalar_type() == at::kFloat || is_half(x)), "tutti::norm_maps takes float32 or bfloat16 maps (n,C,H,W) on the CPU, got ", x.scalar_type(), " ", x.sizes());
  for (const auto& w : {weight, bias, means, variances})
    TORCH_CHECK(w.is_cpu() && w.scalar_type() == at::kFloat && w.is_contiguous() && w.dim() == 1 && w.size(0) == x.size(1), "tutti::norm_maps takes float32 rows of ", x.size(1), " channels, got ", w.sizes());
  TORCH_CHECK(after >= 0 && after <= 2, "tutti::norm_maps knows no activation ", after);
  TORCH_CHECK(!added.has_value() || (added->is_cpu() && added->sizes() == x.sizes()), "tutti::norm_maps adds maps of size ", x.sizes(), ", got ", added.has_value() ? added->sizes() : x.sizes());
  if (at::GradMode::is_enabled()) return NormMaps::apply(x, weight, bias, means, variances, added, batch, eps, after);
  at::AutoDispatchBelowADInplaceOrView guard;
  return normed(x.contiguous(last), weight, bias, means, variances, added.has_value() ? added->to(x.scalar_type()).contiguous(last) : at::Tensor(), batch, eps, after).y;
}

TORCH_LIBRARY_FRAGMENT(tutti, m) {
  m.def("norm_maps(Tensor x, Tensor weight, Tensor bias, Tensor means, Tensor variances, Tensor? added, bool batch, float eps, int after) -> Tensor");
}
TORCH_LIBRARY_IMPL(tutti, CPU, m) { m.impl("norm_maps", norm_maps); }
TORCH_LIBRARY_IMPL(tutti, Autograd, m) { m.impl("norm_maps", norm_maps); }

}  // namespace
