// LayerNorm(x + dropout(y)) in one pass over a row that lies in the first cache.
#include "norm.h"
#include "drop_rows.h"

namespace tutti::simd::TUTTI_SIMD {

namespace {

template <class T>
void forward(const NormRows& n, int64_t begin, int64_t end) {
  for (int64_t r = begin; r < end; r++) {
    const float* x = n.x + r * n.width;
    const T* y = static_cast<const T*>(n.y) + r * n.width;
    float* s = n.s + r * n.width;
    float* z = n.z + r * n.width;
    Floats sums{};
    float rest = 0;
    over_row(n.drop, r, n.width,
        [&](int64_t e, Words keep) {
          const Floats value = read(x + e) + bits(bits(read(y + e) * n.drop.scale) & keep);
          write(s + e, value);
          sums += value;
        },
        [&](int64_t e, bool keep) {
          s[e] = x[e] + (keep ? load(y[e]) * n.drop.scale : 0.f);
          rest += s[e];
        });
    const float mean = (sum(sums) + rest) / float(n.width);
    const int64_t whole = n.width / lanes * lanes;
    sums = Floats{};
    rest = 0;
    for (int64_t e = 0; e < whole; e += lanes) {
      const Floats away = read(s + e) - mean;
      sums += away * away;
    }
    for (int64_t e = whole; e < n.width; e++) rest += (s[e] - mean) * (s[e] - mean);
    const float rstd = 1.f / __builtin_sqrtf((sum(sums) + rest) / float(n.width) + n.eps);
    for (int64_t e = 0; e < whole; e += lanes) write(z + e, (read(s + e) - mean) * rstd * read(n.weight + e) + read(n.bias + e));
    for (int64_t e = whole; e < n.width; e++) z[e] = (s[e] - mean) * rstd * n.weight[e] + n.bias[e];
    n.mean[r] = mean;
    n.rstd[r] = rstd;
  }
}

template <class T>
void backward(const NormGradients& n, int64_t begin, int64_t end, float* dweight, float* dbias) {
  const int64_t whole = n.width / lanes * lanes;
  for (int64_t r = begin; r < end; r++) {
    const float* dz = n.dz + r * n.width;
    const float* s = n.s + r * n.width;
    float* dx = n.dx + r * n.width;
    T* dy = static_cast<T*>(n.dy) + r * n.width;
    const float mean = n.mean[r], rstd = n.rstd[r];
    Floats means{}, products{};
    float mean_rest = 0, product_rest = 0;
    for (int64_t e = 0; e < whole; e += lanes) {
      const Floats given = read(dz + e), normal = (read(s + e) - mean) * rstd, scaled = given * read(n.weight + e);
      means += scaled;
      products += scaled * normal;
      write(dweight + e, read(dweight + e) + given * normal);
      write(dbias + e, read(dbias + e) + given);
    }
    for (int64_t e = whole; e < n.width; e++) {
      const float normal = (s[e] - mean) * rstd, scaled = dz[e] * n.weight[e];
      mean_rest += scaled;
      product_rest += scaled * normal;
      dweight[e] += dz[e] * normal;
      dbias[e] += dz[e];
    }
    const float a = (sum(means) + mean_rest) / float(n.width), b = (sum(products) + product_rest) / float(n.width);
    over_row(n.drop, r, n.width,
        [&](int64_t e, Words keep) {
          const Floats value = (read(dz + e) * read(n.weight + e) - a - (read(s + e) - mean) * rstd * b) * rstd;
          write(dx + e, value);
          write(dy + e, bits(bits(value * n.drop.scale) & keep));
        },
        [&](int64_t e, bool keep) {
          const float value = (dz[e] * n.weight[e] - a - (s[e] - mean) * rstd * b) * rstd;
          dx[e] = value;
          store(dy[e], keep ? value * n.drop.scale : 0.f);
        });
  }
}

}  // namespace

const Norm norm{forward<float>, forward<bf16>, backward<float>, backward<bf16>};

}  // namespace tutti::simd::TUTTI_SIMD
