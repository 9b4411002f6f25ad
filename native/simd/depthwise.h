#pragma once
#include "simd.h"

namespace tutti::simd {

// Windows of `size` x `size` around every pixel of maps (n, height, width, channels), zeros beyond the edges.
struct Windows {
  int64_t height, width, channels, size;
};

// Rows of pixels from begin to end of the n * height ones; weight (size * size, channels).
struct Depthwise {
  void (*forward32)(const Windows&, const float* x, const float* weight, const float* bias, float* y, int64_t begin, int64_t end);
  void (*forward16)(const Windows&, const bf16* x, const float* weight, const float* bias, bf16* y, int64_t begin, int64_t end);
  // Adds to the weight's gradient.
  void (*weight32)(const Windows&, const float* x, const float* dy, float* weight, int64_t begin, int64_t end);
  void (*weight16)(const Windows&, const bf16* x, const bf16* dy, float* weight, int64_t begin, int64_t end);
};
TUTTI_SIMD_TABLE(Depthwise, depthwise)

}  // namespace tutti::simd
