#include "sums.h"

namespace tutti::simd::TUTTI_SIMD {

namespace {

template <class T>
void columns(const T* x, int64_t rows, int64_t stride, int64_t count, float* to) {
  constexpr int64_t width = 64;                               // four registers of 512 bits
  for (int64_t c = 0; c < count; c += width) {
    const int64_t used = count - c < width ? count - c : width;
    float sum[width] = {};
    if (used == width)
      for (int64_t r = 0; r < rows; r++) {
        const T* row = x + r * stride + c;
        for (int64_t k = 0; k < width; k++) sum[k] += load(row[k]);
      }
    else
      for (int64_t r = 0; r < rows; r++)
        for (int64_t k = 0; k < used; k++) sum[k] += load(x[r * stride + c + k]);
    for (int64_t k = 0; k < used; k++) to[c + k] = sum[k];
  }
}

}  // namespace

const Sums sums{columns<float>, columns<bf16>};

}  // namespace tutti::simd::TUTTI_SIMD
