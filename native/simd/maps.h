#pragma once
#include "simd.h"

namespace tutti::simd {

// Maps as rows of `width` channels, float32 or bfloat16 as the function's name says.
// y = after((x - mean) * scale + shift + added), with after 0 none, 1 ReLU, 2 SiLU; `added` may be null.
struct MapRows {
  int64_t width;
  const float* mean;
  const float* scale;
  const float* shift;
  int after;
  const void* x;
  const void* added;
  void* y;
  bool stream;                                                // y is larger than the caches, its rows begin at multiples of 64 bytes
};

// The gradient g before the activation, from that behind it and from y (ReLU, 1), x and added (SiLU, 2) or x alone (ReLU to which nothing was added, 3); dx = a * g + b * (x - mean) + c.
struct MapGradients {
  int64_t width;
  const float* scale;
  const float* shift;
  int after;
  const void* x;
  const void* added;
  const void* y;
  const void* dy;
  const float* mean;
  const float* rstd;
  const float* a;                                             // a number per channel, as b and c
  const float* b;
  const float* c;
  void* g;                                                    // may be null
  void* dx;
  bool stream;                                                // as above, of g and dx
};

struct Maps {
  // Mean, and sum of squared distances from it, of each channel over some rows.
  void (*moments32)(const float* x, int64_t width, int64_t rows, float* mean, float* squares);
  void (*moments16)(const bf16* x, int64_t width, int64_t rows, float* mean, float* squares);
  void (*forward32)(const MapRows&, int64_t begin, int64_t end);
  void (*forward16)(const MapRows&, int64_t begin, int64_t end);
  // Sums over rows of g, and of g * (x - mean) * rstd; writes g where it is wanted.
  void (*sums32)(const MapGradients&, int64_t begin, int64_t end, float* sum, float* product);
  void (*sums16)(const MapGradients&, int64_t begin, int64_t end, float* sum, float* product);
  // Writes dx.
  void (*backward32)(const MapGradients&, int64_t begin, int64_t end);
  void (*backward16)(const MapGradients&, int64_t begin, int64_t end);
};
TUTTI_SIMD_TABLE(Maps, maps)

}  // namespace tutti::simd
