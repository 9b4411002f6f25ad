// Rows of a factor model, padded to whole blocks: products, gradients, and AdamW steps of which most come without a gradient.
#pragma once
#include "simd.h"

namespace tutti::simd {

constexpr int64_t row_block = 16;  // floats; rows are multiples of it, and lie at multiples of its size

// One step of AdamW as a row sees it: w * keep - size * m / (sqrt(v) * grow + eps).
struct RowStep {
  float keep, size, grow, beta1;
};

// The steps of an epoch. The logarithms of all keeps, and of all beta1, up to a step give what is left of a row that coasts.
struct RowSteps {
  const RowStep* steps;
  const double *keep_logs, *beta1_logs;  // one more than there are steps
  float beta2, eps, largest;             // the largest size
};

// s is the root of the second moment: without a gradient it shrinks by a factor, so that no root has to be taken.
struct RowKernels {
  float (*dot)(const float* a, const float* b, int64_t n);
  void (*add)(float* to, const float* x, float factor, int64_t n);  // to += factor * x
  // Steps [from, to) without a gradient. What changes a weight by less than 1e-9 a step is left out.
  void (*coast)(float* w, float* m, float* s, int64_t n, const RowSteps& all, int64_t from, int64_t to);
  // Step `at` with a gradient.
  void (*step)(float* w, float* m, float* s, const float* g, int64_t n, const RowSteps& all, int64_t at);
};

TUTTI_SIMD_TABLE(RowKernels, row_kernels)

}  // namespace tutti::simd
