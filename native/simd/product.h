// Products of small matrices, C (rows, columns) = or += A (rows, steps) B (steps, columns), in float32 or in pairs of bf16 with float32 sums.
// A step is 32 bits of an operand: one float, or two bf16 that follow each other along the summed axis. B is packed in panels of whole
// vectors; A is read where it lies, with any distance between rows and between steps, so that a transposed A needs no copy.
#pragma once
#include "vector.h"
#include <cstddef>

namespace tutti::simd::TUTTI_SIMD {
namespace {

template <class T> constexpr bool is_pair = sizeof(T) == 2;
template <class T> constexpr int per_step = is_pair<T> ? 2 : 1;
template <class T> inline int64_t steps_of(int64_t n) { return (n + per_step<T> - 1) / per_step<T>; }
inline int64_t vectors_of(int64_t n) { return (n + lanes - 1) / lanes; }

// Sums, right operands and one left operand fit the registers.
constexpr int panel_vectors = lanes == 16 ? 4 : 2;
template <class T> constexpr int tile_rows = is_pair<T> && !has_bf16 ? 4 : 6;

struct Left { const char* at; int64_t row, step; };  // distances in bytes

// Panels of nearly the same width, at most panel_vectors: body(first vector, vectors).
template <class F> inline void for_panels(int64_t vectors, F body) {
  const int64_t count = (vectors + panel_vectors - 1) / panel_vectors;
  for (int64_t i = 0, first = 0; i < count; i++) {
    const int64_t width = (vectors - first + count - i - 1) / (count - i);
    body(first, width);
    first += width;
  }
}

template <class T, int M, int V> inline void multiply_add(Floats (&to)[M][V], const char* a, int64_t row, const uint32_t* b) {
  if constexpr (!is_pair<T>) {
    Floats right[V];
#pragma GCC unroll 8
    for (int v = 0; v < V; v++) right[v] = get<Floats>(b + v * lanes);
#pragma GCC unroll 8
    for (int m = 0; m < M; m++) {
      const Floats left = all(get<float>(a + m * row));
#pragma GCC unroll 8
      for (int v = 0; v < V; v++) to[m][v] += left * right[v];
    }
  } else {
#if defined(__AVX512BF16__)
    __m512bh right[V];
#pragma GCC unroll 8
    for (int v = 0; v < V; v++) right[v] = get<__m512bh>(b + v * lanes);
#pragma GCC unroll 8
    for (int m = 0; m < M; m++) {
      const __m512bh left = (__m512bh)_mm512_set1_epi32(get<int32_t>(a + m * row));
#pragma GCC unroll 8
      for (int v = 0; v < V; v++) to[m][v] = (Floats)_mm512_dpbf16_ps((__m512)to[m][v], left, right[v]);
    }
#else
    Floats low[V], high[V];
#pragma GCC unroll 8
    for (int v = 0; v < V; v++) {
      const Words both = get<Words>(b + v * lanes);
      low[v] = bits(both << 16);
      high[v] = bits(both & 0xffff0000u);
    }
#pragma GCC unroll 8
    for (int m = 0; m < M; m++) {
      const uint32_t both = get<uint32_t>(a + m * row), first = both << 16, second = both & 0xffff0000u;
      const Floats left = all(get<float>(&first)), right = all(get<float>(&second));
#pragma GCC unroll 8
      for (int v = 0; v < V; v++) to[m][v] = to[m][v] + left * low[v] + right * high[v];
    }
#endif
  }
}

template <class T, bool Add, int M, int V> void tile(Left a, const uint32_t* b, int64_t steps, float* c, int64_t ld) {
  Floats to[M][V];
#pragma GCC unroll 8
  for (int m = 0; m < M; m++)
#pragma GCC unroll 8
    for (int v = 0; v < V; v++) to[m][v] = Add ? get<Floats>(c + m * ld + v * lanes) : Floats{};
  for (int64_t k = 0; k < steps; k++, a.at += a.step, b += V * lanes) multiply_add<T, M, V>(to, a.at, a.row, b);
#pragma GCC unroll 8
  for (int m = 0; m < M; m++)
#pragma GCC unroll 8
    for (int v = 0; v < V; v++) put(c + m * ld + v * lanes, to[m][v]);
}

template <class T, bool Add, int V> void tile_of(int64_t rows, Left a, const uint32_t* b, int64_t steps, float* c, int64_t ld) {
  switch (rows) {
    case 1: return tile<T, Add, 1, V>(a, b, steps, c, ld);
    case 2: return tile<T, Add, 2, V>(a, b, steps, c, ld);
    case 3: return tile<T, Add, 3, V>(a, b, steps, c, ld);
    case 4: return tile<T, Add, 4, V>(a, b, steps, c, ld);
  }
  if constexpr (tile_rows<T> > 4) return rows == 5 ? tile<T, Add, 5, V>(a, b, steps, c, ld) : tile<T, Add, 6, V>(a, b, steps, c, ld);
}

// c has room for whole vectors: what stands behind the last column is overwritten.
template <class T, bool Add> void product(Left a, int64_t rows, const uint32_t* b, int64_t steps, int64_t columns, float* c, int64_t ld) {
  for_panels(vectors_of(columns), [&](int64_t first, int64_t width) {
    const uint32_t* panel = b + first * lanes * steps;
    const int64_t count = (rows + tile_rows<T> - 1) / tile_rows<T>;
    for (int64_t i = 0, m = 0; i < count; i++) {
      const int64_t some = (rows - m + count - i - 1) / (count - i);
      const Left from{a.at + m * a.row, a.row, a.step};
      float* const to = c + m * ld + first * lanes;
      if (width == 1) tile_of<T, Add, 1>(some, from, panel, steps, to, ld);
      if (width == 2) tile_of<T, Add, 2>(some, from, panel, steps, to, ld);
      if constexpr (panel_vectors > 2) {
        if (width == 3) tile_of<T, Add, 3>(some, from, panel, steps, to, ld);
        if (width == 4) tile_of<T, Add, 4>(some, from, panel, steps, to, ld);
      }
      m += some;
    }
  });
}
template <class T> void product(bool add, Left a, int64_t rows, const uint32_t* b, int64_t steps, int64_t columns, float* c, int64_t ld) {
  if (add) product<T, true>(a, rows, b, steps, columns, c, ld);
  else product<T, false>(a, rows, b, steps, columns, c, ld);
}

inline int64_t packed_words(int64_t steps, int64_t columns) { return steps * vectors_of(columns) * lanes; }

// Packs x (rows, size) for a sum over `size`: the rows become columns.
template <class T> void pack_across(const T* x, int64_t stride, int64_t rows, int64_t size, uint32_t* to) {
  const int64_t steps = steps_of<T>(size);
  for_panels(vectors_of(rows), [&](int64_t first, int64_t width) {
    for (int64_t v = 0; v < width; v++) {
      const int64_t row = (first + v) * lanes, there = rows - row < lanes ? rows - row : lanes;
      for (int64_t step = 0; step < steps; step += lanes) {
        const int64_t some = steps - step < lanes ? steps - step : lanes, behind = size - step * per_step<T>;
        const size_t bytes = behind < lanes * per_step<T> ? size_t(behind) * sizeof(T) : sizeof(Words);
        Words block[lanes] = {};
        for (int64_t i = 0; i < there; i++) {
          const T* const from = x + (row + i) * stride + step * per_step<T>;
          if (bytes == sizeof(Words)) block[i] = get<Words>(from);
          else __builtin_memcpy(&block[i], from, bytes);
        }
        transpose(block);
        for (int64_t i = 0; i < some; i++) put(to + (first * steps + (step + i) * width + v) * lanes, block[i]);
      }
    }
  });
}

// Packs x (rows, size) for a sum over rows: the columns stay columns.
template <class T> void pack_down(const T* x, int64_t stride, int64_t rows, int64_t size, uint32_t* to) {
  const int64_t steps = steps_of<T>(rows);
  for_panels(vectors_of(size), [&](int64_t first, int64_t width) {
    for (int64_t step = 0; step < steps; step++)
      for (int64_t v = 0; v < width; v++, to += lanes) {
        const int64_t column = (first + v) * lanes;
        const T* const from = x + step * per_step<T> * stride + column;
        const size_t bytes = size - column < lanes ? size_t(size - column) * sizeof(T) : lanes * sizeof(T);
        if constexpr (is_pair<T>) {
          Shorts low = {}, high = {};
          const bool second = step * 2 + 1 < rows;
          if (bytes == sizeof low) {
            low = get<Shorts>(from);
            if (second) high = get<Shorts>(from + stride);
          } else {
            __builtin_memcpy(&low, from, bytes);
            if (second) __builtin_memcpy(&high, from + stride, bytes);
          }
          put(to, __builtin_convertvector(low, Words) | (__builtin_convertvector(high, Words) << 16));
        } else {
          Words value = {};
          if (bytes == sizeof value) value = get<Words>(from);
          else __builtin_memcpy(&value, from, bytes);
          put(to, value);
        }
      }
  });
}

}  // namespace
}  // namespace tutti::simd::TUTTI_SIMD
