#include "drop_rows.h"

namespace tutti::simd::TUTTI_SIMD {

namespace {

template <class T> void rows(const Drop& drop, const T* x, T* y, int64_t width, int64_t begin, int64_t end) {
  for (int64_t r = begin; r < end; r++) {
    const T* const from = x + r * width;
    T* const to = y + r * width;
    over_row(drop, r, width, [&](int64_t e, Words keep) { write(to + e, bits(bits(read(from + e) * drop.scale) & keep)); },
             [&](int64_t e, bool keep) { store(to[e], keep ? load(from[e]) * drop.scale : 0.f); });
  }
}

}  // namespace

const Dropped dropped{rows<float>, rows<bf16>};

}  // namespace tutti::simd::TUTTI_SIMD
