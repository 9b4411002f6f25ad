// Kernels worth more vector width than the baseline of the platform. Every .cpp file of this folder is compiled once per level, in the
// namespace tutti::simd::LEVEL, and the level of this processor is chosen when the process starts.
// Such a file sees raw pointers only: a header of libtorch or an inline function of the standard library, compiled with wider instructions,
// could be the copy that the linker keeps for everybody.
#pragma once
#include <cstdint>

namespace tutti::simd {

enum class Level { plain, avx2, avx512 };  // avx2: with FMA; avx512: F, BW, VL, DQ and BF16

// What this processor has; TUTTI_SIMD=plain or avx2 in the environment lowers it.
Level level();

// Declares the tables of kernels `name` of every level, and name(), the one to use.
#if defined(__x86_64__)
#define TUTTI_SIMD_TABLE(Type, name)           \
  namespace plain { extern const Type name; }  \
  namespace avx2 { extern const Type name; }   \
  namespace avx512 { extern const Type name; } \
  inline const Type& name() { return level() == Level::avx512 ? avx512::name : level() == Level::avx2 ? avx2::name : plain::name; }
#else
#define TUTTI_SIMD_TABLE(Type, name)          \
  namespace plain { extern const Type name; } \
  inline const Type& name() { return plain::name; }
#endif

struct bf16 { uint16_t bits; };

// GCC and Clang turn loops of these into vector conversions.
static inline float load(float x) { return x; }
static inline float load(bf16 x) {
  const uint32_t bits = uint32_t(x.bits) << 16;
  float out;
  __builtin_memcpy(&out, &bits, 4);
  return out;
}
static inline void store(float& to, float x) { to = x; }
static inline void store(bf16& to, float x) {  // to nearest, ties to even; a NaN stays one
  uint32_t bits;
  __builtin_memcpy(&bits, &x, 4);
  const uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  to.bits = uint16_t((bits & 0x7fffffffu) > 0x7f800000u ? 0x7fc0u : rounded);
}

}  // namespace tutti::simd
