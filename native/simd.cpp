#include "simd/simd.h"
#include "tutti.h"
#include <atomic>
#include <cstdlib>
#include <string>

namespace tutti::simd {

namespace {
Level detect() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const char* const wanted = std::getenv("TUTTI_SIMD");
  const std::string most = wanted == nullptr ? "" : wanted;
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bf16");
  if (most == "plain") return Level::plain;
  if (avx512 && most != "avx2") return Level::avx512;
  if (avx2) return Level::avx2;
#endif
  return Level::plain;
}

std::atomic<Level>& current() {
  static std::atomic<Level> found{detect()};
  return found;
}
}  // namespace

Level level() { return current().load(std::memory_order_relaxed); }

}  // namespace tutti::simd

// For tests: the level from now on, at most what this processor has (0 plain, 1 AVX2, 2 AVX-512). Gives the former one.
TUTTI_API int32_t tutti_simd_level(int32_t wanted) {
  using namespace tutti::simd;
  static const Level most = level();
  return int32_t(current().exchange(static_cast<Level>(wanted < 0 ? 0 : wanted < int32_t(most) ? wanted : int32_t(most))));
}

// Whether products of bfloat16 are instructions here, rather than emulated.
TUTTI_API int32_t tutti_multiplies_bf16() { return tutti::simd::level() == tutti::simd::Level::avx512; }
