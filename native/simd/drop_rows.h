// The masks of counter-based dropout, a vector at a time; included by kernels of this folder only.
#pragma once
#include "drop.h"
#include "mix.h"
#include "vector.h"

namespace tutti::simd::TUTTI_SIMD {
namespace {

constexpr int64_t block = 64;                                 // elements whose dropout bits are drawn at once

// The bits of elements e to e + 63 of a row.
inline void draw(uint64_t start, int64_t e, uint64_t (&words)[block / 4]) {
  constexpr int count = lanes / 2;
  Longs step;
  for (int i = 0; i < count; i++) step[i] = uint64_t(i + 1);
  for (int i = 0; i < int(block / 4); i += count) put(words + i, mix(start + golden * (step + uint64_t(e / 4 + i))));
}

// Calls body(e, kept) for every vector of a row, and tail(e, keep) for the elements that fill none.
template <class Body, class Tail>
inline void over_row(const Drop& drop, int64_t row, int64_t width, Body body, Tail tail) {
  const bool drops = drop.threshold > 0;
  const uint64_t start = drops ? row_start(drop.key, uint64_t(drop.rows[row])) : 0;
  uint64_t words[block / 4] = {};
  for (int64_t e = 0; e < width; e += block) {
    if (drops) draw(start, e, words);
    const int64_t used = width - e < block ? width - e : block;
    int64_t k = 0;
    for (; k + lanes <= used; k += lanes) {
      const Ints drawn = __builtin_convertvector(get<Shorts>(reinterpret_cast<const char*>(words) + 2 * k), Ints);
      body(e + k, Words(drawn >= int32_t(drop.threshold)));
    }
    for (; k < used; k++) tail(e + k, ((words[k / 4] >> (16 * (k % 4))) & 0xffff) >= drop.threshold);
  }
}

}  // namespace
}  // namespace tutti::simd::TUTTI_SIMD
