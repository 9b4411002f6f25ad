#pragma once
#include "simd.h"

namespace tutti::simd {

struct Sums {
  // to[c] = sum over rows of x[r * stride + c], for `count` columns.
  void (*columns32)(const float* x, int64_t rows, int64_t stride, int64_t count, float* to);
  void (*columns16)(const bf16* x, int64_t rows, int64_t stride, int64_t count, float* to);
};
TUTTI_SIMD_TABLE(Sums, sums)

}  // namespace tutti::simd
