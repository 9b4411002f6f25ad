#pragma once
#include "simd.h"

namespace tutti::simd {

// y = x * Phi(x), Phi the normal distribution's cumulative function; dx = dy * (Phi(x) + x * phi(x)).
struct Gelu {
  void (*forward32)(const float* x, float* y, int64_t count);
  void (*forward16)(const bf16* x, bf16* y, int64_t count);
  void (*backward32)(const float* x, const float* dy, float* dx, int64_t count);
  void (*backward16)(const bf16* x, const bf16* dy, bf16* dx, int64_t count);
};
TUTTI_SIMD_TABLE(Gelu, gelu)

}  // namespace tutti::simd
