#include "adamw.h"

namespace tutti::simd::TUTTI_SIMD {

namespace {

inline float root_of(float x) { return __builtin_sqrtf(x); }
inline double root_of(double x) { return __builtin_sqrt(x); }
inline float size_of(float x) { return __builtin_fabsf(x); }
inline double size_of(double x) { return __builtin_fabs(x); }

template <class T> struct Limits;
template <> struct Limits<float> {
  static constexpr float least = __FLT_MIN__, unseen = 0x1p-28f;  // a quarter of the last place is at least 2^-26 of a number
};
template <> struct Limits<double> {
  static constexpr double least = __DBL_MIN__, unseen = 0x1p-57;
};

// Moments of a weight that gets no gradient fall for ever; arithmetic with numbers below the normal ones is many times slower, and they are as good as zero.
template <class T> inline T normal(T x) { return size_of(x) < Limits<T>::least ? T(0) : x; }

template <class T> struct Scalars {
  T keep, size, root, beta1, rest1, beta2, rest2, eps;
  Scalars(const AdamWStep& s, const AdamWFixed& f)
      : keep(T(s.keep)), size(T(s.size)), root(T(s.root)), beta1(T(s.beta1)), rest1(T(1 - s.beta1)), beta2(T(f.beta2)), rest2(T(1 - f.beta2)), eps(T(f.eps)) {}
};

// The arithmetic of torch.optim.AdamW in its order: decay, moments, step.
template <class T> inline void update(T& w, T grad, T& m, T& v, const Scalars<T>& s) {
  m = normal(s.beta1 * m + s.rest1 * grad);
  v = normal(s.beta2 * v + s.rest2 * grad * grad);
  w = w * s.keep - s.size * m / (root_of(v) / s.root + s.eps);
}

template <class T> void step(T* __restrict w, const T* __restrict g, T* __restrict m, T* __restrict v, bf16* __restrict copy, int64_t n, const AdamWStep& of, const AdamWFixed& fixed) {
  const Scalars<T> s(of, fixed);
  const T scale = T(fixed.scale);
  if (copy == nullptr) {
    for (int64_t i = 0; i < n; i++) update(w[i], g[i] * scale, m[i], v[i], s);
    return;
  }
  for (int64_t i = 0; i < n; i++) {
    T x = w[i];
    update(x, g[i] * scale, m[i], v[i], s);
    w[i] = x;
    store(copy[i], float(x));
  }
}

constexpr int lanes = 128;

// What a run of steps without gradients has in common.
struct Run {
  double largest = 0, kept = 1, left = 1;  // the largest size, all keeps and all beta2 multiplied
  bool decays = false;
  Run(const AdamWStep* steps, int64_t count, double beta2) {
    for (int64_t i = 0; i < count; i++) {
      largest = steps[i].size > largest ? steps[i].size : largest;
      kept *= steps[i].keep;
      left *= beta2;
      decays |= steps[i].keep != 1;
    }
  }
};

// Whether no step of the run can change a weight but by its decay: what the moments would take from it is less than a quarter of its last place.
template <class T> bool at_rest(const T* w, const T* m, const T* v, const Run& run, T eps) {
  if (!(run.kept >= 0.5 && run.kept <= 1)) return false;
  const T largest = T(run.largest), left = T(run.left * 0.98), unseen = Limits<T>::unseen;
  int moving = 0;
  for (int i = 0; i < lanes; i++) {
    const T most = largest * size_of(m[i]) / (root_of(normal(v[i] * left)) + eps);  // no root is above 1
    moving += !(m[i] == 0 || most < size_of(w[i]) * unseen);
  }
  return moving == 0;
}

template <class T> bool any(const T* x) {
  int found = 0;
  for (int i = 0; i < lanes; i++) found += x[i] != 0;
  return found != 0;
}

// The rest of a run for weights at rest.
template <class T> void decay(T* w, T* m, T* v, const AdamWStep* steps, int64_t count, const Run& run, const AdamWFixed& fixed) {
  const T beta2 = T(fixed.beta2);
  if (run.decays)
    for (int64_t k = 0; k < count; k++) {
      const T keep = T(steps[k].keep);
      for (int i = 0; i < lanes; i++) w[i] = w[i] * keep;
    }
  for (int64_t k = 0; k < count && (k % 16 != 0 || any(m)); k++) {
    const T beta1 = T(steps[k].beta1);
    for (int i = 0; i < lanes; i++) m[i] = normal(beta1 * m[i] + T(0));
  }
  if (any(v))
    for (int64_t k = 0; k < count; k++)
      for (int i = 0; i < lanes; i++) v[i] = normal(beta2 * v[i] + T(0));
}

template <class T> void steps(T* w, const T* g, T* m, T* v, int64_t n, const AdamWStep* of, int64_t count, const AdamWFixed& fixed) {
  const int64_t missed = g == nullptr ? count : count - 1;
  const Run run(of, missed, fixed.beta2);
  const T scale = T(fixed.scale);
  for (int64_t from = 0; from < n; from += lanes) {
    const int used = int(n - from < lanes ? n - from : lanes);
    alignas(64) T a[lanes] = {}, b[lanes] = {}, c[lanes] = {};
    for (int i = 0; i < used; i++) a[i] = w[from + i], b[i] = m[from + i], c[i] = v[from + i];
    for (int64_t k = 0; k < missed; k++) {
      if (k % 16 == 0 && at_rest(a, b, c, run, T(fixed.eps))) {
        decay(a, b, c, of + k, missed - k, run, fixed);
        break;
      }
      const Scalars<T> s(of[k], fixed);
      for (int i = 0; i < lanes; i++) update(a[i], T(0), b[i], c[i], s);
    }
    if (g != nullptr) {
      alignas(64) T d[lanes] = {};
      for (int i = 0; i < used; i++) d[i] = g[from + i] * scale;
      const Scalars<T> s(of[missed], fixed);
      for (int i = 0; i < lanes; i++) update(a[i], d[i], b[i], c[i], s);
    }
    for (int i = 0; i < used; i++) w[from + i] = a[i], m[from + i] = b[i], v[from + i] = c[i];
  }
}

template <class T> double squares(const T* x, int64_t n) {
  constexpr int64_t width = 16;  // independent sums: registers enough to hide the additions' latency
  double sums[width] = {};
  int64_t i = 0;
  for (; i + width <= n; i += width)
    for (int64_t lane = 0; lane < width; lane++) sums[lane] += double(x[i + lane]) * double(x[i + lane]);
  for (; i < n; i++) sums[i % width] += double(x[i]) * double(x[i]);
  double sum = 0;
  for (int64_t lane = 0; lane < width; lane++) sum += sums[lane];
  return sum;
}

}  // namespace

const AdamWKernels<float> adamw_f32 = {step<float>, steps<float>, squares<float>};
const AdamWKernels<double> adamw_f64 = {step<double>, steps<double>, squares<double>};

}  // namespace tutti::simd::TUTTI_SIMD
