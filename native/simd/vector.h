// Vectors of this level's width, in the compilers' own notation; included by kernels of this folder only.
#pragma once
#include "simd.h"
#include <utility>
#if defined(__AVX512F__)
#include <immintrin.h>
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC's own header reads undefined vectors on purpose
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

namespace tutti::simd::TUTTI_SIMD {
namespace {

#if defined(__AVX512F__)
constexpr int lanes = 16;
#elif defined(__AVX2__)
constexpr int lanes = 8;
#else
constexpr int lanes = 4;
#endif
#if defined(__AVX512BF16__)
constexpr bool has_bf16 = true;
#else
constexpr bool has_bf16 = false;
#endif

typedef float Floats __attribute__((vector_size(lanes * 4)));
typedef int32_t Ints __attribute__((vector_size(lanes * 4)));
typedef uint32_t Words __attribute__((vector_size(lanes * 4)));  // 32 bits of operands: a float, or a pair of bf16
typedef uint64_t Longs __attribute__((vector_size(lanes * 4)));
typedef uint16_t Shorts __attribute__((vector_size(lanes * 2)));

template <class V> inline V get(const void* from) {
  V v;
  __builtin_memcpy(&v, from, sizeof v);
  return v;
}
template <class V> inline void put(void* to, V v) { __builtin_memcpy(to, &v, sizeof v); }
inline Floats all(float x) { return x - Floats{}; }
inline Words all(uint32_t x) { return x | Words{}; }
inline Floats bits(Words x) { return get<Floats>(&x); }
inline Words bits(Floats x) { return get<Words>(&x); }

inline float sum(Floats x) {
  float total = 0;
  for (int i = 0; i < lanes; i++) total += x[i];
  return total;
}
inline float most(Floats x) {
  float found = x[0];
  for (int i = 1; i < lanes; i++) found = x[i] > found ? x[i] : found;
  return found;
}

// The bf16 nearest to each number, in the low halves.
inline Words narrow(Floats x) {
  const Words from = bits(x);
  const Words rounded = (from + 0x7fffu + ((from >> 16) & 1u)) >> 16;
  return (from & 0x7fffffffu) > 0x7f800000u ? all(0x7fc0u) : rounded;
}
// A vector of numbers of either type, as float32.
inline Floats read(const float* from) { return get<Floats>(from); }
inline Floats read(const bf16* from) { return bits(Words(__builtin_convertvector(get<Shorts>(from), Ints)) << 16); }
inline void write(float* to, Floats x) { put(to, x); }
inline void write(bf16* to, Floats x) { put(to, __builtin_convertvector(narrow(x), Shorts)); }
// The same, past the caches where this level can: to a place at a multiple of the vector's size. `streamed` before another thread reads it.
template <class T> inline void stream(T* to, Floats x) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == sizeof(float)) _mm512_stream_ps(reinterpret_cast<float*>(to), (__m512)x);
  else _mm256_stream_si256(reinterpret_cast<__m256i*>(to), (__m256i)__builtin_convertvector(narrow(x), Shorts));
#else
  write(to, x);
#endif
}
inline void streamed() {
#if defined(__AVX512F__)
  _mm_sfence();
#endif
}
// Two vectors as bf16, one behind the other.
inline void put_narrow(bf16* to, Floats first, Floats second) {
#if defined(__AVX512BF16__)
  put(to, _mm512_cvtne2ps_pbh((__m512)second, (__m512)first));
#else
  put(to, __builtin_convertvector(narrow(first), Shorts));
  put(to + lanes, __builtin_convertvector(narrow(second), Shorts));
#endif
}
// Pairs of bf16: the first of each in the low half.
inline Words pairs(Floats low, Floats high) {
#if defined(__AVX512BF16__)
  const __m512i a = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh((__m512)low));
  const __m512i b = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh((__m512)high));
  return (Words)_mm512_or_si512(a, _mm512_slli_epi32(b, 16));
#else
  return narrow(low) | (narrow(high) << 16);
#endif
}

// 2^x within about one unit in the last place for results from the least normal number; 0 below, NaN for NaN.
inline Floats exp2(Floats x) {
#if defined(__AVX512F__)
  const __m512 y = _mm512_max_ps(_mm512_set1_ps(-150.f), (__m512)x);  // the second operand where one is NaN
  const __m512 whole = _mm512_roundscale_ps(y, 0);
  const Floats r = (Floats)_mm512_sub_ps(y, whole);
#else
  const Floats y = x < -126.f ? all(-126.f) : x;
  const Floats shifted = y + 12582912.f;                              // 1.5 * 2^23: rounds to a whole number, which then stands in the low bits
  const Floats r = y - (shifted - 12582912.f);
#endif
  Floats p = r * 0.00015353362f + 0.00133988739f;                     // minimax on [-0.5, 0.5], relative error 2e-9
  p = p * r + 0.00961843692f;
  p = p * r + 0.0555033237f;
  p = p * r + 0.240226477f;
  p = p * r + 0.693147182f;
  p = p * r + 1.f;
#if defined(__AVX512F__)
  return (Floats)_mm512_scalef_ps((__m512)p, whole);
#else
  return x < -126.f ? Floats{} : p * bits((bits(shifted) << 23) + 0x3f800000u);
#endif
}

template <int Distance, int... J> inline void swap_blocks(Words& a, Words& b, std::integer_sequence<int, J...>) {
  const Words low = __builtin_shufflevector(a, b, ((J & Distance) ? J - Distance + lanes : J)...);
  b = __builtin_shufflevector(a, b, ((J & Distance) ? J + lanes : J + Distance)...);
  a = low;
}
template <int Distance = lanes / 2> inline void transpose(Words (&rows)[lanes]) {
#pragma GCC unroll 16
  for (int i = 0; i < lanes; i++)
    if ((i & Distance) == 0) swap_blocks<Distance>(rows[i], rows[i + Distance], std::make_integer_sequence<int, lanes>());
  if constexpr (Distance > 1) transpose<Distance / 2>(rows);
}

}  // namespace
}  // namespace tutti::simd::TUTTI_SIMD
