// Gradient steps of factor models on the caller's arrays.
#include "simd/factors.h"
#include "tutti.h"

TUTTI_API double tutti_factor_steps(const tutti::simd::FactorTables* tables, const tutti::simd::FactorRating* ratings, int64_t count, float rate, float bias_rate) {
  return tutti::simd::factor_kernels().steps(*tables, ratings, count, rate, bias_rate);
}
