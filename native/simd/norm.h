#pragma once
#include "drop.h"

namespace tutti::simd {

// s = x + drop(y); z = (s - mean) * rstd * weight + bias over rows of `width`.
struct NormRows {
  int64_t width;
  const float* weight;
  const float* bias;
  float eps;
  Drop drop;
  const float* x;
  const void* y;
  float* s;
  float* z;
  float* mean;                                                // a number per row, as rstd
  float* rstd;
};

struct NormGradients {
  int64_t width;
  const float* weight;
  Drop drop;
  const float* dz;
  const float* s;
  const float* mean;
  const float* rstd;
  float* dx;
  void* dy;
};

struct Norm {
  void (*forward32)(const NormRows&, int64_t begin, int64_t end);   // y float32
  void (*forward16)(const NormRows&, int64_t begin, int64_t end);   // y bfloat16
  // Also adds the rows' share to dweight and dbias.
  void (*backward32)(const NormGradients&, int64_t begin, int64_t end, float* dweight, float* dbias);
  void (*backward16)(const NormGradients&, int64_t begin, int64_t end, float* dweight, float* dbias);
};
TUTTI_SIMD_TABLE(Norm, norm)

}  // namespace tutti::simd
