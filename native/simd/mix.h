// The counter-based random bits of dropout, for numbers and for vectors of them.
#pragma once
#include <cstdint>

namespace tutti::simd {

constexpr uint64_t golden = 0x9e3779b97f4a7c15ULL;

// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): a counter in, 64 well-mixed bits out.
template <class T> static inline T mix(T z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

// Where the bits of a row begin: 64 bits for elements 4i to 4i+3, 16 each from the lowest, are mix(start + golden * (i + 1)).
static inline uint64_t row_start(uint64_t key, uint64_t row) { return mix(key ^ mix(row + golden)); }

}  // namespace tutti::simd
