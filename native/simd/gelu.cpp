#include "gelu.h"
#include "vector.h"

namespace tutti::simd::TUTTI_SIMD {

namespace {

struct Normal { Floats cumulative, density; };

// Abramowitz and Stegun 7.1.26 for the complement of erf, absolute error 7.5e-8 of the distribution; both halves from one exponential.
inline Normal normal(Floats x) {
  const Floats away = x < 0.f ? -x : x;
  const Floats bell = exp2(x * x * -0.72134752f);             // e^(-x^2 / 2)
  const Floats t = 1.f / (away * 0.23164189f + 1.f);          // 0.3275911 / sqrt(2)
  Floats p = t * 0.53070271f - 0.72657601f;                   // half of the published coefficients
  p = p * t + 0.71070687f;
  p = p * t - 0.14224837f;
  p = p * t + 0.12741480f;
  const Floats beyond = p * t * bell;
  return {x < 0.f ? beyond : 1.f - beyond, bell * 0.39894228f};
}

template <class T>
void forward(const T* x, T* y, int64_t count) {
  const int64_t whole = count / lanes * lanes;
  const auto one = [](Floats v) { return v * normal(v).cumulative; };
  for (int64_t i = 0; i < whole; i += lanes) write(y + i, one(read(x + i)));
  if (whole == count) return;
  T in[lanes] = {}, out[lanes];
  for (int64_t i = whole; i < count; i++) in[i - whole] = x[i];
  write(out, one(read(in)));
  for (int64_t i = whole; i < count; i++) y[i] = out[i - whole];
}

template <class T>
void backward(const T* x, const T* dy, T* dx, int64_t count) {
  const int64_t whole = count / lanes * lanes;
  const auto one = [](Floats v, Floats d) {
    const Normal n = normal(v);
    return d * (n.cumulative + v * n.density);
  };
  for (int64_t i = 0; i < whole; i += lanes) write(dx + i, one(read(x + i), read(dy + i)));
  if (whole == count) return;
  T in[lanes] = {}, given[lanes] = {}, out[lanes];
  for (int64_t i = whole; i < count; i++) in[i - whole] = x[i], given[i - whole] = dy[i];
  write(out, one(read(in), read(given)));
  for (int64_t i = whole; i < count; i++) dx[i] = out[i - whole];
}

}  // namespace

const Gelu gelu{forward<float>, forward<bf16>, backward<float>, backward<bf16>};

}  // namespace tutti::simd::TUTTI_SIMD
