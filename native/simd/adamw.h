// AdamW and sums of squares over raw memory. The same bits at every level: a product and its sum are rounded one by one (-ffp-contract=off).
#pragma once
#include "simd.h"

namespace tutti::simd {

// What one step does to a weight, whatever its gradient: w * keep - size * m / (sqrt(v) / root + eps), after m and v have taken the gradient in.
struct AdamWStep {
  double keep, size, root, beta1;
};

// What does not change from step to step; scale multiplies every gradient (the clipping coefficient).
struct AdamWFixed {
  double beta2, eps, scale;
};

template <class T> struct AdamWKernels {
  // One step of n weights; `copy`, where it is not null, gets the new weights in bfloat16.
  void (*step)(T* w, const T* g, T* m, T* v, bf16* copy, int64_t n, const AdamWStep& step, const AdamWFixed& fixed);
  // `count` steps of n weights one after the other: with a gradient of zero, but the last one with g where that is not null. The same bits as `step` so often.
  void (*steps)(T* w, const T* g, T* m, T* v, int64_t n, const AdamWStep* steps, int64_t count, const AdamWFixed& fixed);
  // The sum of the squares of n numbers in double, in a fixed order.
  double (*squares)(const T* x, int64_t n);
};

TUTTI_SIMD_TABLE(AdamWKernels<float>, adamw_f32)
TUTTI_SIMD_TABLE(AdamWKernels<double>, adamw_f64)

inline const AdamWKernels<float>& adamw_kernels(const float*) { return adamw_f32(); }
inline const AdamWKernels<double>& adamw_kernels(const double*) { return adamw_f64(); }

}  // namespace tutti::simd
