#include "rows.h"

namespace tutti::simd::TUTTI_SIMD {

namespace {

// The sums of sixteen columns apart: the same order at every width of vectors.
float dot(const float* __restrict a, const float* __restrict b, int64_t n) {
  constexpr int64_t width = 16;
  float sums[width] = {};
  int64_t i = 0;
  for (; i + width <= n; i += width)
    for (int64_t lane = 0; lane < width; lane++) sums[lane] += a[i + lane] * b[i + lane];
  for (; i < n; i++) sums[i % width] += a[i] * b[i];
  for (int64_t half = width / 2; half > 0; half /= 2)
    for (int64_t lane = 0; lane < half; lane++) sums[lane] += sums[lane + half];
  return sums[0];
}

void add(float* __restrict to, const float* __restrict x, float factor, int64_t n) {
  for (int64_t i = 0; i < n; i++) to[i] += factor * x[i];
}

}  // namespace

const RowKernels row_kernels = {dot, add};

}  // namespace tutti::simd::TUTTI_SIMD
