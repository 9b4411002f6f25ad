#pragma once
#include "simd.h"

namespace tutti::simd {

// Softmax and what cross-entropy asks of it, row by row.
struct EntropyRows {
  int64_t classes;
  float* logits;                    // (rows, classes)
  const int64_t* targets;           // (rows)
  float *most, *sums, *wanted;      // (rows): the largest logit, the sum of e^(logit - most), the target's logit
  void* gradients;                  // (rows, classes): softmax less 1 at the target, may be the logits themselves; null for none
};
struct Entropy {
  void (*rows32)(const EntropyRows& n, int64_t begin, int64_t end);  // gradients in float32
  void (*rows16)(const EntropyRows& n, int64_t begin, int64_t end);  // in bfloat16
};
TUTTI_SIMD_TABLE(Entropy, entropy)

}  // namespace tutti::simd
