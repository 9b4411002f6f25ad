#pragma once
#include "simd.h"

namespace tutti::simd {

// Which elements of a row are dropped: by 16 bits of mix(key, row, element / 4), those below `threshold`. 0 drops none.
struct Drop {
  const int64_t* rows;                                        // a key per row
  uint64_t key;
  uint32_t threshold;
  float scale;                                                // of those that stay
};

// y = drop(x), rows of `width`.
struct Dropped {
  void (*rows32)(const Drop& drop, const float* x, float* y, int64_t width, int64_t begin, int64_t end);
  void (*rows16)(const Drop& drop, const bf16* x, bf16* y, int64_t width, int64_t begin, int64_t end);
};
TUTTI_SIMD_TABLE(Dropped, dropped)

}  // namespace tutti::simd
