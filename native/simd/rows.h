// Products and sums of rows of floats, as factor models need them.
#pragma once
#include "simd.h"

namespace tutti::simd {

struct RowKernels {
  float (*dot)(const float* a, const float* b, int64_t n);
  void (*add)(float* to, const float* x, float factor, int64_t n);  // to += factor * x
};

TUTTI_SIMD_TABLE(RowKernels, row_kernels)

}  // namespace tutti::simd
