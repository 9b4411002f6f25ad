#include "simd/simd.h"
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
}  // namespace

Level level() {
  static const Level found = detect();
  return found;
}

}  // namespace tutti::simd
